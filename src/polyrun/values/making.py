"""Data files that PolyRun itself makes, for values that are turned into arrays and tables on the way."""

from __future__ import annotations

import os
from array import array
from collections.abc import Mapping, Sequence
from typing import IO

from polyrun.model.frozen import frozen
from polyrun.model.values import INT53_HIGH, Kind
from polyrun.values import arrow, npy
from polyrun.values.columns import MAX_VARIABLE_BYTES
from polyrun.values.convert import CannotConvert, kind_of
from polyrun.values.layout import ALIGNMENT, NPY_HEAD, arrow_head
from polyrun.values.nodes import Array, ColumnData, Duration, Node, Ref, Table, Text

CODES = {
    "int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q",
    "float32": "f", "float64": "d",
}  # fmt: skip
"""The dtypes of numbers as the `array` module calls them."""


class Workshop:
    """Makes data files in `folder`, with names that begin with `prefix`; it is created when the first one is made."""

    def __init__(self, folder: str, prefix: str) -> None:
        self.folder = folder
        self._prefix = prefix
        self._count = 0

    def file(self, ending: str) -> IO[bytes]:
        """A new data file, to be written; its name is the last part of its `name`."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        path = os.path.join(self.folder, f"{self._prefix}{self._count}{ending}")
        self._count += 1
        return open(path, "xb", opener=lambda path, flags: os.open(path, flags | os.O_CLOEXEC, 0o444))

    def array(self, numbers: Sequence[Node], dtype: str, shape: tuple[int, ...]) -> Array:
        """Numbers as an array in C order. Raises `CannotConvert` for what is no number of that type."""
        data = number_bytes(numbers, dtype)
        with self.file(".npy") as file:
            file.write(npy.head(dtype, shape, "C"))
            file.write(data)
        return Array(dtype, shape, "C", Ref(os.path.basename(file.name), NPY_HEAD, len(data)))

    def table(self, columns: Mapping[str, Sequence[Node]]) -> Table:
        """Columns of one length as a table; the type of each is that of its values. Raises `CannotConvert`."""
        rows = len(next(iter(columns.values()), ()))
        return self.table_of(rows, {name: column_bytes(name, values) for name, values in columns.items()})

    def table_of(self, rows: int, columns: Mapping[str, ColumnBytes]) -> Table:
        """Columns of `rows` values each as a table."""
        at = arrow_head(list(columns))
        made: list[ColumnData] = []
        with self.file(".arrow") as file:
            name = os.path.basename(file.name)
            for title, column in columns.items():
                refs: list[Ref | None] = []
                for part in (column.validity, column.data, column.offsets):
                    at = -(-at // ALIGNMENT) * ALIGNMENT
                    refs.append(None if part is None else Ref(name, at, len(part)))
                    if part is not None:
                        file.seek(at)
                        file.write(part)
                        at += len(part)
                assert refs[1] is not None
                made.append(ColumnData(title, column.type, refs[0], refs[1], refs[2]))
            table = Table(rows, tuple(made))
            head, end, foot = arrow.frame(table, [_nulls(column.validity, rows) for column in columns.values()])
            file.truncate(end)
            for position, data in ((0, head), (end, foot)):
                file.seek(position)
                file.write(data)
        return table


def _nulls(validity: bytes | None, rows: int) -> int:
    """How many of `rows` values a bitmap says are missing."""
    if validity is None:
        return 0
    return rows - (int.from_bytes(validity, "little") & ((1 << rows) - 1)).bit_count()


def number_bytes(numbers: Sequence[Node], dtype: str) -> bytes:
    """Numbers one after another. Raises `CannotConvert`."""
    if dtype == "bool":
        if not all(isinstance(number, bool) for number in numbers):
            raise CannotConvert("an array of bool holds truth values only")
        return bytes(bool(number) for number in numbers)
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int | float):
            kind = kind_of(number)
            raise CannotConvert(f"an array holds numbers only, and this one holds {kind}")
        if isinstance(number, float) and not dtype.startswith("float"):
            raise CannotConvert(f"{number!r} does not fit into an array of {dtype}")
    try:
        return array(CODES[dtype], numbers).tobytes()  # type: ignore[type-var]
    except OverflowError:
        raise CannotConvert(f"a number does not fit into an array of {dtype}") from None


@frozen
class ColumnBytes:
    """A column's type and its parts."""

    type: str
    data: bytes
    validity: bytes | None = None
    offsets: bytes | None = None


def column_bytes(name: str, values: Sequence[Node]) -> ColumnBytes:
    """A column of `values`, all of one kind or null. Raises `CannotConvert`."""
    kinds = {kind_of(value) for value in values} - {Kind.NULL}
    if kinds == {Kind.INT, Kind.FLOAT}:
        kinds = {Kind.FLOAT}
        if any(isinstance(value, int) and abs(value) > INT53_HIGH for value in values):
            raise CannotConvert(f"the column `{name}` mixes float and int that no float holds exactly")
    if len(kinds) > 1:
        raise CannotConvert(f"the column `{name}` mixes {' and '.join(sorted(kinds))}")
    kind = next(iter(kinds), Kind.STR)
    validity = _bits([value is not None for value in values]) if any(value is None for value in values) else None
    if kind is Kind.BOOL:
        return ColumnBytes("bool", _bits([bool(value) for value in values]), validity)
    if kind in (Kind.INT, Kind.FLOAT):
        dtype = "int64" if kind is Kind.INT else "float64"
        return ColumnBytes(dtype, number_bytes([0 if value is None else value for value in values], dtype), validity)
    if kind in (Kind.STR, Kind.BYTES):
        return _texts(name, kind, values, validity)
    form = _FORMS.get(kind)
    if form is None:
        raise CannotConvert(f"the column `{name}` holds values of the type {kind}, which no column can")
    return form(name, values, validity)


def _bits(flags: Sequence[bool]) -> bytes:
    number = int("".join("1" if flag else "0" for flag in reversed(flags)) or "0", 2)
    return number.to_bytes((len(flags) + 7) // 8, "little")


def _texts(name: str, kind: Kind, values: Sequence[Node], validity: bytes | None) -> ColumnBytes:
    pieces = [b"" if v is None else v.encode() if isinstance(v, str) else v for v in values]
    offsets = array("i", [0])
    total = 0
    for piece in pieces:
        assert isinstance(piece, bytes)
        total += len(piece)
        if total > MAX_VARIABLE_BYTES:
            raise CannotConvert(f"the column `{name}` has more than 2 GiB of text")
        offsets.append(total)
    data = b"".join(piece for piece in pieces if isinstance(piece, bytes))
    return ColumnBytes(kind.value, data, validity, offsets.tobytes())


def _decimals(name: str, values: Sequence[Node], validity: bytes | None) -> ColumnBytes:
    from decimal import Context, Decimal

    exact = Context(prec=80)
    numbers = [Decimal(value.text) if isinstance(value, Text) else Decimal(0) for value in values]
    if any(number and abs(number.adjusted()) > 38 for number in numbers):
        raise CannotConvert(f"the column `{name}` has decimals of more than 38 digits")
    scale = max(0, *(-int(number.as_tuple().exponent) for number in numbers))
    if scale > 38:
        raise CannotConvert(f"the column `{name}` has decimals of more than 38 digits")
    whole = [int(number.scaleb(scale, exact)) for number in numbers]
    precision = max(scale, *(len(str(abs(number))) for number in whole), 1)
    if precision > 38:
        raise CannotConvert(f"the column `{name}` has decimals of more than 38 digits")
    data = b"".join(number.to_bytes(16, "little", signed=True) for number in whole)
    return ColumnBytes(f"decimal({precision},{scale})", data, validity)


def _dates(_name: str, values: Sequence[Node], validity: bytes | None) -> ColumnBytes:
    days = [_days(value.text) if isinstance(value, Text) else 0 for value in values]
    return ColumnBytes("date", array("i", days).tobytes(), validity)


def _times(_name: str, values: Sequence[Node], validity: bytes | None) -> ColumnBytes:
    counts = [_nanoseconds(value.text) if isinstance(value, Text) else 0 for value in values]
    return _counted("time", counts, "", validity)


def _durations(_name: str, values: Sequence[Node], validity: bytes | None) -> ColumnBytes:
    counts = [value.seconds * 10**9 + value.nanoseconds if isinstance(value, Duration) else 0 for value in values]
    return _counted("duration", counts, "", validity)


def _timestamps(name: str, values: Sequence[Node], validity: bytes | None) -> ColumnBytes:
    from polyrun.values import forms

    try:
        parts = [forms.timestamp_parts(value.text) for value in values if isinstance(value, Text)]
    except (ValueError, OverflowError) as error:
        raise CannotConvert(f"the column `{name}` has a timestamp that no column can hold: {error}") from error
    zones = {zone for _, zone in parts}
    if len(zones) > 1:
        raise CannotConvert(f"the column `{name}` mixes time zones")
    counts = iter([count for count, _ in parts])
    zone = next(iter(zones), None)
    numbers = [next(counts) if isinstance(value, Text) else 0 for value in values]
    return _counted("timestamp", numbers, f",{zone}" if zone else "", validity)


def _counted(base: str, nanoseconds: list[int], zone: str, validity: bytes | None) -> ColumnBytes:
    """Times in the coarsest unit that holds all of them."""
    unit = "ns" if any(count % 1000 for count in nanoseconds) else "us"
    divisor = 1 if unit == "ns" else 1000
    try:
        data = array("q", [count // divisor for count in nanoseconds]).tobytes()
    except OverflowError:
        raise CannotConvert("a time is too far away for a column of nanoseconds") from None
    return ColumnBytes(f"{base}({unit}{zone})", data, validity)


def _days(text: str) -> int:
    import datetime as dt

    return dt.date.fromisoformat(text).toordinal() - dt.date(1970, 1, 1).toordinal()


def _nanoseconds(text: str) -> int:
    whole, _, fraction = text.partition(".")
    hours, minutes, seconds = map(int, whole.split(":"))
    return ((hours * 60 + minutes) * 60 + seconds) * 10**9 + int(fraction.ljust(9, "0") or "0")


_FORMS = {
    Kind.DECIMAL: _decimals,
    Kind.DATE: _dates,
    Kind.TIME: _times,
    Kind.DURATION: _durations,
    Kind.TIMESTAMP: _timestamps,
}
