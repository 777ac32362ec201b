"""Types made for the values that a block imports, in a language that needs to know them before it runs.

What is written how stands in the language's specification; here is only what a value's type is made of. Values of one
type give one text, so a build is reused as long as the types stay the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping

from polyrun.model.bindings import Bindings
from polyrun.model.values import INT53_HIGH, INT64_HIGH, INT64_LOW, Column, Field, Kind, ValueType
from polyrun.values.columns import column_type, moment_of

MAX_UNIFORM_FIELDS = 16
"""A map with more keys whose values have one type is a map, not a record: its keys are data."""


def bind(
    written: Bindings,
    imports: Mapping[str, ValueType],
    *,
    exports: Collection[str] = (),
    identifier: str,
    reserved: Collection[str] = (),
    maps: Collection[str] = (),
    wide: Collection[str] = (),
) -> dict[str, str]:
    """The file that gives `imports` their types and names the `exports`: its name and its text.

    `identifier` and `reserved` tell what a field can be called. Those `maps` are maps even if their keys could be
    fields. Those in `wide` have lists or columns of numbers, some of them beyond 2**53.
    """
    binder = _Binder(written, re.compile(identifier), reserved, imports)
    lines = []
    for name, found in imports.items():
        binder.wide = name in wide
        kind = binder.map_type(found, name) if name in maps and found.kind is Kind.MAP else binder.type(found, name)
        lines.append(fill(written.each_import, {"name": name, "type": kind}))
    names = [fill(written.each_export, {"name": name}) for name in exports]
    parts = {"declarations": binder.declarations, "made": binder.registered, "imports": lines, "exports": names}
    text = fill(written.text, {part: "".join(pieces) for part, pieces in parts.items()})
    return {written.file: text}


def fill(template: str, words: Mapping[str, str]) -> str:
    """`template` with `{word}` replaced for every one of `words`, in one pass; other braces stay."""
    return re.sub(r"\{(\w+)\}", lambda match: words.get(match[1], match[0]), template)


class _Binder:
    def __init__(
        self, written: Bindings, identifier: re.Pattern[str], reserved: Collection[str], names: Collection[str]
    ) -> None:
        self._written = written
        self._identifier = identifier
        self._reserved = reserved
        self._names = set(names)
        self.declarations: list[str] = []
        self.registered: list[str] = []
        self.wide = False
        self._made = {Kind.LIST: self._list, Kind.MAP: self._map, Kind.ARRAY: self._array, Kind.TABLE: self._table}

    def type(self, found: ValueType, name: str) -> str:
        """How the type `found` is written; `name` is what a type made for it is called."""
        if found.kinds == (Kind.NULL,):
            return self._written.types["null"]
        inner = self._present(found, name)
        if not found.nullable or inner == self._any():  # whatever holds any value holds null
            return inner
        return self._around("optional", inner)

    def _around(self, outer: str, item: str) -> str:
        """A type made of `item`, which may be written in another way inside of one."""
        types = self._written.types
        item = types.get(f"boxed.{item}", item)
        return fill(types.get(f"{outer}.{item}", types[outer]), {"item": item})

    def _made_of(self, outer: str, declaration: str, item: str, name: str) -> str:
        """A type made of `item`, which is declared if the language needs that; `name` is what it is called then."""
        if not declaration or f"{outer}.{item}" in self._written.types:
            return self._around(outer, item)
        own = self._new_name(name)
        self._add(own, fill(declaration, {"name": own, "item": item}))
        return own

    def _present(self, found: ValueType, name: str) -> str:
        """The type of what is there when it is not null."""
        kinds = {kind for kind in found.kinds if kind is not Kind.NULL}
        types = self._written.types
        if kinds == {Kind.INT, Kind.FLOAT}:
            return types["wide"] if "wide" in types and _beyond(found) else types["float"]
        if len(kinds) != 1:
            return self._any()
        kind = next(iter(kinds))
        if kind is Kind.INT:
            return self._int(found)
        if kind is Kind.TIMESTAMP and len(found.moments) == 1:
            return types.get(f"timestamp.{found.moments[0]}", types["timestamp"])
        make = self._made.get(kind)
        return make(found, name) if make is not None else types[kind.value]

    def _int(self, found: ValueType) -> str:
        types = self._written.types
        if "wide" not in types:
            return types["int"] if _fits(found) else types.get("big", self._any())
        if _all_beyond(found):
            return types["big"]
        unknown = found.low is None and self.wide
        return types["wide"] if unknown or _beyond(found) else types["int"]

    def _list(self, found: ValueType, name: str) -> str:
        return self._made_of("list", self._written.made_list, self._item(found, f"{name}_item"), name)

    def _array(self, found: ValueType, _name: str) -> str:
        if found.dtype is None:
            return self._any()
        types = self._written.types
        return fill(types["array"], {"item": types[f"array.{found.dtype}"]})

    def _any(self) -> str:
        return self._written.types["any"]

    def _item(self, found: ValueType, name: str) -> str:
        return self.type(found.item, name) if found.item is not None else self._any()

    def _map(self, found: ValueType, name: str) -> str:
        fields = found.fields or ()
        plain = len({str(field.type) for field in fields}) <= 1 and all(field.type.kind in _PLAIN for field in fields)
        data = plain and len(fields) > MAX_UNIFORM_FIELDS
        if not fields or data or not all(map(self._legal, fields)) or not self._written.record:
            return self.map_type(found, name)
        return self._record(fields, name, uniform=plain)

    def map_type(self, found: ValueType, name: str) -> str:
        """A map from text to values of one type."""
        return self._made_of("map", self._written.made_map, self._item(found, f"{name}_item"), name)

    def _legal(self, field: Field) -> bool:
        if "{text}" in self._written.field:
            return True
        free = field.name not in self._reserved or "renamed" in self._written.types
        return free and self._identifier.fullmatch(field.name) is not None

    def _absent(self, kind: str, *, nullable: bool) -> str:
        """The type of a field that not every record has."""
        types = self._written.types
        if "absent" in types:
            return fill(types["absent"], {"item": kind})
        return kind if nullable and "missing" not in types else self._around("optional", kind)

    def _record(self, fields: tuple[Field, ...], name: str, *, uniform: bool) -> str:
        written = self._written
        own = self._new_name(name)
        parts = []
        keys = {field.name for field in fields}
        for position, field in enumerate(fields):
            kind = self.type(field.type, f"{name}_{field.name}")
            if not field.always:
                kind = self._absent(kind, nullable=field.type.nullable)
            parts.append(
                {
                    "type": kind,
                    "field": self._renamed(field.name, keys),
                    "key": field.name,
                    "text": json.dumps(field.name),
                    "missing": "" if field.always else written.types.get("missing", ""),
                    "position": str(position),
                }
            )
        same = len({part["type"] for part in parts}) == 1 and uniform
        item = parts[0]["type"]
        boxed = written.types.get(f"boxed.{item}", item)
        base = fill(written.uniform, {"name": own, "item": boxed}) if same else ""
        self._declare(written.record, own, parts, (written.field, written.each), base)
        return own

    def _renamed(self, key: str, keys: Collection[str]) -> str:
        """What the field for `key` is called: so, unless that is a word of the language."""
        field = key
        if "renamed" not in self._written.types:
            return field
        while field in self._reserved or (field != key and field in keys):
            field = fill(self._written.types["renamed"], {"field": field})
        return field

    def _table(self, found: ValueType, name: str) -> str:
        if found.columns is None:
            return self._any()
        written = self._written
        own = self._new_name(name)
        parts = []
        used = set(written.taken)
        for position, column in enumerate(found.columns):
            item = self._column(column)
            field = self._field_name(column.name, used)
            words = {"field": field, "column": _quoted(column.name), "text": json.dumps(column.name)}
            parts.append({"type": item, "position": str(position), **words})
        self._declare(written.table, own, parts, (written.column, written.each_column), "")
        return own

    def _column(self, column: Column) -> str:
        types = self._written.types
        kind = column_type(column.type)
        key = f"{kind.base}.{kind.unit}" if kind.unit is not None else kind.base
        if kind.base == "timestamp" and f"column.timestamp.{moment_of(kind)}" in types:
            key = f"timestamp.{moment_of(kind)}"
        if self.wide and f"column.{key}.wide" in types:
            key += ".wide"
        item = types[f"column.{key}"] if f"column.{key}" in types else types[f"array.{key}"]
        around = types["column_null"] if column.nulls and "column_null" in types else types["column"]
        return fill(around, {"item": item})

    def _declare(
        self, template: str, name: str, parts: list[dict[str, str]], pieces: tuple[str, str], uniform: str
    ) -> None:
        fields, each = ("".join(fill(piece, {"name": name, **part}) for part in parts) for piece in pieces)
        self._add(name, fill(template, {"name": name, "fields": fields, "each": each, "uniform": uniform}))

    def _add(self, name: str, declaration: str) -> None:
        self.declarations.append(declaration)
        self.registered.append(fill(self._written.each_made, {"name": name}))

    def _new_name(self, name: str) -> str:
        """A name for a type that is not in use yet."""
        camel = "".join(word[:1].upper() + word[1:] for word in name.split("_"))
        own = fill(self._written.types["name"], {"name": name, "Name": name[:1].upper() + name[1:], "NameOf": camel})
        while own in self._names:
            own += "_"
        self._names.add(own)
        return own

    def _field_name(self, name: str, used: set[str]) -> str:
        """A name for a column's field: its own where it can be one."""
        field = re.sub(r"\W", "_", name, flags=re.ASCII)
        if not self._identifier.fullmatch(field) or field in self._reserved:
            field = f"column_{field}"
        while field in used:
            field += "_"
        used.add(field)
        return field


_PLAIN = frozenset({Kind.BOOL, Kind.INT, Kind.FLOAT, Kind.STR, Kind.DECIMAL, Kind.DATE, Kind.TIMESTAMP})


def _fits(found: ValueType) -> bool:
    """Whether all integers have 64 bits at most."""
    low, high = found.low or 0, found.high or 0
    return low >= INT64_LOW and high <= INT64_HIGH


def _beyond(found: ValueType) -> bool:
    """Whether some of the integers are beyond 2**53."""
    return (found.low or 0) < -INT53_HIGH or (found.high or 0) > INT53_HIGH


def _all_beyond(found: ValueType) -> bool:
    """Whether all of them are, on one side."""
    return (found.low or 0) > INT53_HIGH or (found.high or 0) < -INT53_HIGH


def _quoted(text: str) -> str:
    """`text` as a string literal of C and its kin: what is not plain ASCII is escaped in octal."""
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b'"\\?`' else f"\\{byte:03o}" for byte in text.encode())
    return '"' + "".join(plain) + '"'
