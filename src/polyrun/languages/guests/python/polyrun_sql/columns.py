"""Columns on their way out: how DuckDB is asked for each type, and what is done with the memory that it gives."""

from __future__ import annotations

from collections.abc import Sequence
from struct import calcsize
from typing import Any, NamedTuple

from polyrun_guest.columns import TableWriter  # type: ignore[import-not-found]
from polyrun_guest.incoming import FORMATS  # type: ignore[import-not-found]
from polyrun_guest.wire import Tagged, Unsupported  # type: ignore[import-not-found]

from . import arrow
from .parameters import quoted

SQL_NUMBERS = {
    "boolean": "bool", "tinyint": "int8", "smallint": "int16", "integer": "int32", "bigint": "int64",
    "utinyint": "uint8", "usmallint": "uint16", "uinteger": "uint32", "ubigint": "uint64", "float": "float32",
    "double": "float64",
}  # fmt: skip
"""Types of SQL that are types of numbers in arrays and tables."""

NO_NULL = "an array has no place for NULL, and it has one"

_INT64 = f"BETWEEN {-(1 << 63)} AND {(1 << 63) - 1}"
_DAYS = "BETWEEN '0001-01-01' AND '9999-12-31 23:59:59.999999'"
_YEARS = "NOT BETWEEN -62135596800000000 AND 253402300799999999"  # the same in microseconds since 1970
_TEXTS = {"varchar": None, "uuid": "VARCHAR", "enum": "VARCHAR", "null": "VARCHAR"}


class Plan(NamedTuple):
    """A column: its name, its type in the value file, what is asked of DuckDB, and what must not be true of any row."""

    name: str
    type: str
    item: str
    tests: Sequence[tuple[str, str]] = ()


def plan(name: str, kind: Any) -> Plan:
    """How a column of the SQL type `kind` goes out. Raises `Unsupported`."""
    column, base = quoted(name), kind.id
    if base in SQL_NUMBERS:
        return Plan(name, SQL_NUMBERS[base], column)
    if base in _TEXTS:
        return Plan(name, "str", column if _TEXTS[base] is None else f"{column}::VARCHAR AS {column}")
    if base == "blob":
        return Plan(name, "bytes", column)
    if base == "decimal":
        sizes = dict(kind.children)
        return Plan(name, f"decimal({sizes['precision']},{sizes['scale']})", column)
    if base in {"hugeint", "uhugeint", "bignum"}:
        test = f"{column}::HUGEINT NOT {_INT64}" if base == "bignum" else f"{column} NOT {_INT64}"
        reason = (
            f"its column `{name}` ({kind}) has an integer of more than 64 bits; cast it to DOUBLE, DECIMAL or VARCHAR"
        )
        return Plan(name, "int64", f"{column}::BIGINT AS {column}", [(test, reason)])
    if base not in _TIMES:
        raise Unsupported(_no_type(name, kind))
    typed, item, test, reason = _TIMES[base]
    asked = column if item is None else f"{item.format(c=column)} AS {column}"
    return Plan(name, typed, asked, [(test.format(c=column), f"its column `{name}` has {reason}")])


_DAY = "a day outside of the years 1 to 9999, or an infinite one"
_CLOCK = "the time 24:00, which is no time of day"
_MONTHS = "an INTERVAL with months, which have no fixed length"
_TIMES: dict[str, tuple[str, str | None, str, str]] = {
    "date": ("date", None, "{c} NOT BETWEEN '0001-01-01' AND '9999-12-31'", _DAY),
    "timestamp": ("timestamp(us)", None, f"{{c}} NOT {_DAYS}", _DAY),
    "timestamp_s": ("timestamp(us)", "{c}::TIMESTAMP", f"{{c}}::TIMESTAMP NOT {_DAYS}", _DAY),
    "timestamp_ms": ("timestamp(us)", "{c}::TIMESTAMP", f"{{c}}::TIMESTAMP NOT {_DAYS}", _DAY),
    "timestamp_ns": ("timestamp(ns)", None, "NOT isfinite({c}::TIMESTAMP)", _DAY),
    "timestamp with time zone": (
        "timestamp(us,UTC)",
        "epoch_us({c})",
        f"NOT isfinite({{c}}) OR epoch_us({{c}}) {_YEARS}",
        _DAY,
    ),
    "time": ("time(us)", None, "{c} >= '24:00:00'", _CLOCK),
    "time_ns": ("time(ns)", "epoch_ns({c})", "epoch_ns({c}) >= 86400000000000", _CLOCK),
    "interval": ("duration(us)", "epoch_us({c})", "datepart('year', {c}) <> 0 OR datepart('month', {c}) <> 0", _MONTHS),
}
"""For a type of SQL: that of the column, what is asked for, and what must not be true of any row, with the reason."""


def _no_type(name: str, kind: Any) -> str:
    text = str(kind) if len(str(kind)) <= 60 else f"{str(kind)[:57]}..."
    nested = kind.id in {"list", "array", "struct", "map", "tuple"}
    way = "declare the export as `list`, or cast the column to JSON" if nested else "cast it to another one"
    return f"its column `{name}` is of the type {text}, which no column of a table can be; {way}"


def write_table(outgoing: Any, query: Any, plans: Sequence[Plan]) -> Tagged:
    """What `query` finds, as a table."""
    rows = arrow.Rows(query.__arrow_c_stream__())
    try:
        columns = rows.pieces()
        writer = TableWriter(outgoing, [one.name for one in plans], rows.count)
        for one, pieces in zip(plans, columns, strict=True):
            writer.add(one.name, one.type, *_parts(one.type.partition("(")[0], pieces))
        return writer.finish()
    finally:
        rows.close()


def _parts(base: str, pieces: Sequence[arrow.Piece]) -> tuple[Any, Any, Any]:
    """Validity, data and offsets of a column."""
    valid = arrow.validity(pieces)
    if base in {"str", "bytes"}:
        offsets, data = arrow.texts(pieces)
        return valid, data, offsets
    if base == "bool":
        return valid, arrow.bits(pieces, 1), None
    width = {"date": 4, "decimal": 16}.get(base, 8) if base not in FORMATS else _width(base)
    return valid, arrow.joined(pieces, width), None


def _width(dtype: str) -> int:
    return calcsize(f"={FORMATS[dtype]}")


class Numbers(NamedTuple):
    """The numbers of one column without gaps."""

    rows: int
    data: bytes


def numbers_of(query: Any, dtype: str = "int64") -> Numbers:
    """The numbers in the one column that `query` finds, with those in ARRAYs of it. Raises `Unsupported` for NULL."""
    rows = arrow.Rows(query.__arrow_c_stream__())
    try:
        (pieces,) = rows.pieces()
        per_row = 1
        while pieces and pieces[0].format.startswith("+w:"):
            per_row *= int(pieces[0].format[3:])
            pieces = [piece.inner for piece in pieces if piece.inner is not None]
        if arrow.validity(pieces) is not None:
            raise Unsupported(NO_NULL)
        return Numbers(rows.count, arrow.joined(pieces, _width(dtype)))
    finally:
        rows.close()
