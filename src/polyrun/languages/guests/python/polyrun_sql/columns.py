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
    return _time(name, column, kind)


def _time(name: str, column: str, kind: Any) -> Plan:
    day = f"its column `{name}` has a day outside of the years 1 to 9999, or an infinite one"
    match kind.id:
        case "date":
            return Plan(name, "date", column, [(f"{column} NOT BETWEEN '0001-01-01' AND '9999-12-31'", day)])
        case "timestamp":
            return Plan(name, "timestamp(us)", column, [(f"{column} NOT {_DAYS}", day)])
        case "timestamp with time zone":
            test = f"NOT isfinite({column}) OR epoch_us({column}) NOT BETWEEN -62135596800000000 AND 253402300799999999"
            return Plan(name, "timestamp(us,UTC)", f"epoch_us({column}) AS {column}", [(test, day)])
        case "timestamp_s" | "timestamp_ms":
            test = f"{column}::TIMESTAMP NOT {_DAYS}"
            return Plan(name, "timestamp(us)", f"{column}::TIMESTAMP AS {column}", [(test, day)])
        case "timestamp_ns":
            return Plan(name, "timestamp(ns)", column, [(f"NOT isfinite({column}::TIMESTAMP)", day)])
        case "time":
            reason = f"its column `{name}` has the time 24:00, which is no time of day"
            return Plan(name, "time(us)", column, [(f"{column} >= '24:00:00'", reason)])
        case "time_ns":
            reason = f"its column `{name}` has the time 24:00, which is no time of day"
            item = f"epoch_ns({column})"
            return Plan(name, "time(ns)", f"{item} AS {column}", [(f"{item} >= 86400000000000", reason)])
        case "interval":
            reason = f"its column `{name}` has an INTERVAL with months, which have no fixed length"
            test = f"datepart('year', {column}) <> 0 OR datepart('month', {column}) <> 0"
            return Plan(name, "duration(us)", f"epoch_us({column}) AS {column}", [(test, reason)])
    raise Unsupported(_no_type(name, kind))


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
