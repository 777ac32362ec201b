"""How a language with types writes those of the values that a block imports."""

from __future__ import annotations

from collections.abc import Mapping

from polyrun.model.frozen import frozen


@frozen
class Bindings:
    """How the types of imported values are written in a language with types.

    `file` gets `text`, in which `{declarations}` are the types that are made for these values and `{imports}` is
    `each_import` of each value. `types` maps a kind, `any`, or a dtype or column type (`array.int8`, `column.str`,
    `column.timestamp.us`), to how it is written; `list`, `optional`, `array`, `column` and `map` are written around the
    `{item}` in them, `missing` (else `optional`) around a field that not every record has, and `name` says what a type
    that is made is called. Integers are `int`, those beyond int64 `big`; in a language with `wide`, those beyond 2**53
    are `big`, and `wide` is for both (`column.int64.wide`). `record` and `table` are declarations:
    `{fields}` in them stands for `field` of every key (`column` of every column), `{each}` for `each` (`each_column`),
    and in those `{text}` for the name as a string; a `field` with that can have any name.
    `uniform` is put for `{uniform}` in a record whose fields all have the type `{item}`. `args` are the arguments of
    the build step in place of `{values}`, `prepare` those of the prepare step.
    """

    file: str
    text: str
    types: Mapping[str, str]
    each_import: str = ""
    record: str = ""
    uniform: str = ""
    table: str = ""
    field: str = ""
    each: str = ""
    column: str = ""
    each_column: str = ""
    args: tuple[str, ...] = ()
    prepare: tuple[str, ...] = ()
