"""Imported values as parameters of statements: `$rate` has the type in SQL that fits what was exported."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Type = Any
"""A type of SQL: its name, or `("list", item)`, `("struct", ((name, type), …))` or `("map", type of the values)`."""

NULL, JSON = '"NULL"', "JSON"
_INTEGERS = ("BIGINT", "HUGEINT", "BIGNUM")
_EXACT = 1 << 53
_FIELDS = 16  # more values of one type are data, and their keys too
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_NAMES = {
    bool: "BOOLEAN", float: "DOUBLE", str: "VARCHAR", bytes: "BLOB", type(None): NULL,
}  # fmt: skip


class Unfit(ValueError):
    """A value that SQL cannot hold; the message says why."""


class Binder:
    """Makes parameters for one connection."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection

    def bind(self, value: Any) -> Any:
        """`value` as what DuckDB takes for a parameter. Raises `Unfit`."""
        return self._bound(value, type_of(value))

    def _bound(self, value: Any, kind: Type) -> Any:
        if value is None:
            return None
        if isinstance(kind, tuple):
            makers: dict[str, Callable[..., Any]] = {"list": self._list, "struct": self._struct, "map": self._map}
            return makers[kind[0]](value, kind[1])
        if kind == "DOUBLE":
            return self._number(value)
        if kind == "BIGINT":
            return self._typed(value, kind)
        write = _WRITTEN.get(kind.partition("(")[0])
        return self._typed(write(value), kind) if write is not None else _known(value)

    def _number(self, value: float) -> Any:
        if isinstance(value, int) and abs(value) > _EXACT:
            raise Unfit("it mixes fractions with integers of more than 53 bits")
        return float(value) if value == value else self._typed("nan", "DOUBLE")  # noqa: PLR0124 - 1.4 makes it NULL

    def _list(self, value: list[Any], item: Type) -> Any:
        if item == "BIGINT" and value:  # a list of many is quicker as one
            return self._typed(value, "BIGINT[]")
        if item == "DOUBLE" and all(one is not None and one == one for one in value):  # noqa: PLR0124
            return [*map(float, value)]
        return [self._bound(one, item) for one in value]

    def _struct(self, value: dict[str, Any], fields: tuple[tuple[str, Type], ...]) -> Any:
        made = {name: self._bound(value[name], kind) for name, kind in fields}
        if made.keys() == {"key", "value"}:  # which DuckDB takes for a MAP
            return self._typed(made, text_of(("struct", fields)))
        return made

    def _map(self, value: dict[str, Any], item: Type) -> Any:
        return {"key": [*value], "value": [self._bound(one, item) for one in value.values()]}

    def _typed(self, value: Any, kind: str) -> Any:
        from duckdb import Value

        return Value(value, self._connection.sqltype(kind))


def _known(value: Any) -> Any:
    """What DuckDB takes as it is; a file is its path."""
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def text_of(kind: Type) -> str:
    """`kind` as SQL writes it."""
    if not isinstance(kind, tuple):
        return str(kind)
    if kind[0] == "list":
        return f"{text_of(kind[1])}[]"
    if kind[0] == "map":
        return f"MAP(VARCHAR, {text_of(kind[1])})"
    return f"STRUCT({', '.join(f'{quoted(name)} {text_of(one)}' for name, one in kind[1])})"


def quoted(name: str) -> str:
    """`name` as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def type_of(value: Any) -> Type:
    """The type that holds `value` exactly. Raises `Unfit`."""
    if isinstance(value, list):
        item = _common(value)
        return JSON if item == JSON else ("list", item)
    if isinstance(value, dict):
        return _of_map(value)
    name = _NAMES.get(type(value))
    if name is not None:
        return name
    if isinstance(value, int):
        return next(
            (kind for kind, bits in (("BIGINT", 63), ("HUGEINT", 127)) if -(1 << bits) <= value < 1 << bits), "BIGNUM"
        )
    name = type(value).__name__
    return _decimal(value) if name == "Decimal" else name  # or a date, a time or a path, which DuckDB knows by itself


def _decimal(value: Any) -> str:
    _, digits, exponent = value.as_tuple()
    scale = max(0, -exponent)
    width = max(len(digits) + max(exponent, 0), scale)
    if width > 38:
        raise Unfit("it is a decimal of more than 38 digits; import it as text (`:str`) or as `:float`")
    return f"DECIMAL({width},{scale})"


def _of_map(value: dict[str, Any]) -> Type:
    """A STRUCT if the keys can be names of fields, else a MAP; JSON if that cannot be because the values differ."""
    kinds = {name: type_of(one) for name, one in value.items()}
    names = {name.lower() for name in value}  # SQL does not tell `A` from `a`
    is_record = len(names) == len(value) and "" not in names
    uniform = _all(kinds.values())
    if value and is_record and not (len(value) > _FIELDS and uniform != JSON):
        return "struct", tuple(kinds.items())
    return JSON if uniform == JSON and value else ("map", uniform)


def _common(values: list[Any]) -> Type:
    """The type of all items of a list; JSON when they have none in common."""
    if set(map(type, values)) == {int} and -(1 << 63) <= min(values) <= max(values) < 1 << 63:
        return "BIGINT"
    if set(map(type, values)) == {float}:
        return "DOUBLE"
    found = _all(map(type_of, values))
    if found == "DOUBLE" and any(isinstance(one, int) and abs(one) > _EXACT for one in values):
        return JSON
    return found


def _all(kinds: Iterable[Type]) -> Type:
    found: Type = NULL
    for kind in kinds:
        found = _both(found, kind)
    return found


def _both(one: Type, other: Type) -> Type:
    """The type that holds values of two types; JSON when no other does."""
    if NULL in (one, other) or one == other:
        return other if one == NULL else one
    if isinstance(one, tuple) or isinstance(other, tuple):
        return _both_nested(one, other) if isinstance(one, tuple) and isinstance(other, tuple) else JSON
    if one in _INTEGERS and other in _INTEGERS:
        return max(one, other, key=_INTEGERS.index)
    if {one, other} == {"BIGINT", "DOUBLE"}:
        return "DOUBLE"
    widths = [(int(found[1]), int(found[2])) for found in map(_DECIMAL.fullmatch, (one, other)) if found]
    if len(widths) < 2:
        return JSON
    scale = max(scale for _, scale in widths)
    width = scale + max(width - scale for width, scale in widths)
    return f"DECIMAL({width},{scale})" if width <= 38 else JSON


def _both_nested(one: Any, other: Any) -> Type:
    if one[0] != other[0]:
        return JSON
    if one[0] != "struct":
        inner = _both(one[1], other[1])
        return JSON if inner == JSON else (one[0], inner)
    if [name for name, _ in one[1]] != [name for name, _ in other[1]]:  # a key that is missing is not one that is null
        return JSON
    return "struct", tuple((name, _both(kind, dict(other[1])[name])) for name, kind in one[1])


def _json(value: Any) -> str:
    import json

    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise Unfit("it mixes types that SQL has no common one for, and JSON cannot say all of them") from None


_WRITTEN: dict[str, Callable[[Any], str]] = {
    JSON: _json,
    "HUGEINT": str,
    "BIGNUM": str,
    "DECIMAL": "{:f}".format,
}
"""What DuckDB is better given as text: Python's own objects of these it takes for something else."""
