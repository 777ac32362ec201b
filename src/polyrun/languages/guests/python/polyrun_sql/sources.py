"""Imported tables and arrays as views that DuckDB scans where they lie, in the files they came in."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from polyrun_guest.incoming import FORMATS  # type: ignore[import-not-found]

from .arrow import Column, Source
from .inbox import ArrayIn, Inbox, TableIn
from .parameters import Unfit, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FORMATS = {
    "bool": "b", "int8": "c", "int16": "s", "int32": "i", "int64": "l", "uint8": "C", "uint16": "S", "uint32": "I",
    "uint64": "L", "float32": "f", "float64": "g", "str": "u", "bytes": "z", "date": "tdD", "time(us)": "ttu",
    "time(ns)": "ttn", "timestamp(us)": "tsu:", "timestamp(ns)": "tsn:", "duration(us)": "tDu", "duration(ns)": "l",
}  # fmt: skip
_MAX_ITEMS = 100_000
"""The longest ARRAY that DuckDB has."""


def add_view(connection: DuckDBPyConnection, inbox: Inbox, name: str, value: TableIn | ArrayIn) -> None:
    """Make `value` readable under `name`. Raises `Unfit`."""
    import duckdb

    columns = _table(inbox, value) if isinstance(value, TableIn) else [_array(inbox, value)]
    names = [column.name.lower() for column, _ in columns]
    if len(set(names)) < len(names):
        raise Unfit(
            "two of its columns have names that differ in upper and lower case only, which SQL does not tell apart"
        )
    rows = value.rows if isinstance(value, TableIn) else (value.shape or [1])[0]
    source = Source([column for column, _ in columns], rows)
    scans_again = not duckdb.__version__.startswith("1.4.")  # which reads a source once and no more
    if scans_again and all(turned is None for _, turned in columns):
        connection.register(name, source)
        return
    raw = f"{name} as it came"
    connection.register(raw, source)
    items = ", ".join(
        quoted(column.name) if turned is None else f"{turned} AS {quoted(column.name)}" for column, turned in columns
    )
    kind = "VIEW" if scans_again else "TABLE"
    connection.execute(f"CREATE TEMP {kind} {quoted(name)} AS SELECT {items} FROM {quoted(raw)}")  # noqa: S608


def _table(inbox: Inbox, table: TableIn) -> list[tuple[Column, str | None]]:
    """The columns, each with the expression that makes of it what it is, if it is not that already."""
    found = []
    for name, kind, *refs in table.columns:
        validity, data, offsets = (None if ref is None else inbox.bytes(ref) for ref in refs)
        base, _, inside = kind.partition("(")
        turned = None
        if base == "decimal":
            form = f"d:{inside[:-1]}"
        elif base == "timestamp" and "," in kind:
            form, turned = _moment(name, kind, data)
        elif kind == "duration(ns)":
            _whole_microseconds(name, data)
            form, turned = "l", f"to_microseconds({quoted(name)} // 1000)"
        else:
            form = _FORMATS[kind]
        buffers = (validity, data) if offsets is None else (validity, offsets, data)
        found.append((Column(name, form, buffers, table.rows), turned))
    return found


def _moment(name: str, kind: str, data: Any) -> tuple[str, str | None]:
    """Moments in UTC; DuckDB counts them in microseconds."""
    if kind.startswith("timestamp(us"):
        return "tsu:UTC", None
    _whole_microseconds(name, data)
    return "l", f"make_timestamptz({quoted(name)} // 1000)"


def _whole_microseconds(name: str, data: Any) -> None:
    if any(number % 1000 for number in data.cast("q")):
        raise Unfit(f"its column `{name}` has times as exact as nanoseconds, and SQL has microseconds there")


def _array(inbox: Inbox, found: ArrayIn) -> tuple[Column, str | None]:
    """A column `value`: a row for each position in the first dimension, with the other ones as ARRAYs in it."""
    inner = found.shape[1:]
    if any(not 0 < length <= _MAX_ITEMS for length in inner):
        raise Unfit(f"an ARRAY has 1 to {_MAX_ITEMS} items, and its shape is {'x'.join(map(str, found.shape))}")
    data: Any = inbox.bytes(found.data)
    if found.order == "F" and inner:
        data = memoryview(bytearray(_by_rows(data.cast(FORMATS[found.dtype]), found.shape)))
    form = _FORMATS["uint8" if found.dtype == "bool" else found.dtype]
    column = Column("value", form, (None, data), math.prod(found.shape))
    length = math.prod(found.shape)
    for size in reversed(inner):
        length //= size
        column = Column("value", f"+w:{size}", (None,), length, column)
    dimensions = "".join(f"[{size}]" for size in reversed(inner))
    return column, f'"value"::BOOLEAN{dimensions}' if found.dtype == "bool" else None


def _by_rows(numbers: Any, shape: Sequence[int]) -> Any:
    """Numbers whose first index moves fastest, with the last one fastest."""
    rows, step = shape[0], math.prod(shape[1:])
    made = array(numbers.format if numbers.format != "?" else "B", bytes(len(numbers) * numbers.itemsize))
    flat = numbers if numbers.format != "?" else numbers.cast("B")
    strides = [math.prod(shape[n + 1 :]) for n in range(1, len(shape))]
    for at in range(step):
        start, rest = 0, at
        for size, stride in zip(shape[1:], strides, strict=True):
            start += rest % size * stride
            rest //= size
        made[start::step] = array(made.typecode, flat[at * rows : (at + 1) * rows].tolist())
    return made
