"""How a language with types writes those of the values that a block imports."""

from __future__ import annotations

from collections.abc import Mapping

from polyrun.model.frozen import frozen


@frozen
class Bindings:
    """How the types of imported values are written in a language with types.

    `file` gets `text`, in which `{declarations}` are the types that are made for these values, `{imports}` is
    `each_import` of each value and `{exports}` is `each_export` of each name. `types` maps a kind, `any`, or a dtype or
    column type (`array.int8`, `column.str`, `column.timestamp.us`), to how it is written; timestamps may have one for
    each of `MOMENTS` (`timestamp.utc`, `column.timestamp.utc`). `list`, `optional`, `array`, `column` and `map` are
    written around the `{item}` in them, for which `boxed.TYPE` stands where there is one; `list.TYPE`, `optional.TYPE`
    and `map.TYPE` come before them where the item is that type. `name` says what a type that is made is called:
    `{name}`, `{Name}`, or `{NameOf}` in camel case. Integers are `int`, those beyond int64 `big`; in a language with
    `wide`, those beyond 2**53 are `big`, and `wide` is for both (`column.int64.wide`).

    `record` and `table` are declarations: `{fields}` in them stands for `field` of every key (`column` of every
    column), `{each}` for `each` (`each_column`); in those `{key}` is the key or column itself and `{text}` that as a
    string in JSON. `made_list` and `made_map` are declarations too, in a language where every type of lists or maps
    must have one. `{made}` in `text` stands for `each_made` of every type that is declared. No column's field is called
    as one of `taken`. With the type `renamed`, the field of a key that is a word of the language is called so; a
    `field` with `{text}` can have any name. A field that may be missing is `absent`, else `optional`; with the type
    `missing`, that is put for `{missing}` in it, and one that may also be null is optional twice.
    `uniform` is put for `{uniform}` in a record whose fields all have the type `{item}`. `args` are the arguments of
    the build step in place of `{values}`, `prepare` those of the prepare step.
    """

    file: str
    text: str
    types: Mapping[str, str]
    each_import: str = ""
    each_export: str = ""
    record: str = ""
    uniform: str = ""
    table: str = ""
    field: str = ""
    each: str = ""
    column: str = ""
    each_column: str = ""
    made_list: str = ""
    made_map: str = ""
    each_made: str = ""
    taken: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    prepare: tuple[str, ...] = ()
