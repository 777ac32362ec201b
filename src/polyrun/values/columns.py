"""The columns of tables: the layout of each type, and whether given bytes keep to it.

Layouts are those of Apache Arrow (arrow.apache.org/docs/format/Columnar.html): values one after another, little-endian;
booleans and validity as bits with the least significant first; texts as offsets of 32 bits into their bytes.
"""

from __future__ import annotations

import re
import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator

from polyrun.model.frozen import frozen
from polyrun.model.values import DTYPES, Column
from polyrun.values import forms
from polyrun.values.cbor import BadData
from polyrun.values.nodes import ColumnData, Ref

Read = Callable[[int, int], bytes]
"""Some of the bytes of a reference: `(start, length)`, both counted within it."""

WIDTHS = {**DTYPES, "date": 4, "time": 8, "timestamp": 8, "duration": 8, "decimal": 16}
"""Bytes of a value: dates are days as int32; times, timestamps and durations count their unit as int64."""

VARIABLE = ("str", "bytes")
UNITS = {"us": 6, "ns": 9}
"""The units of times, and how many digits of a second's fraction they hold."""

MAX_VARIABLE_BYTES = (1 << 31) - 1

_TYPE = re.compile(r"([a-z0-9]+)(?:\((.{1,80})\))?")
_ZONE = re.compile(forms.ZONE)
_CHUNK = 1 << 20
_DAY_S = 86_400

assert sys.byteorder == "little", "columns are read as they are stored"


@frozen
class ColumnType:
    """A column's type taken apart: `unit` and `zone` of times, `precision` and `scale` of decimals."""

    base: str
    unit: str | None = None
    zone: str | None = None
    precision: int = 0
    scale: int = 0


def column_type(text: str) -> ColumnType:
    """The type that `text` names: a dtype, `str`, `bytes`, `date`, `time(UNIT)`, `duration(UNIT)`, `timestamp(UNIT)`,
    `timestamp(UNIT,ZONE)` or `decimal(PRECISION,SCALE)`. Raises `BadData` for anything else.
    """  # noqa: D205 - the forms are one list
    match = _TYPE.fullmatch(text)
    base, inside = match.groups() if match else ("", None)
    parts = inside.split(",") if inside else []
    found: ColumnType | None = None
    if base in DTYPES or base in (*VARIABLE, "date"):
        found = ColumnType(base) if not parts else None
    elif base in {"time", "duration"} and len(parts) == 1:
        found = ColumnType(base, unit=parts[0])
    elif base == "timestamp" and len(parts) in {1, 2}:
        found = ColumnType(base, unit=parts[0], zone=parts[1] if len(parts) == 2 else None)
    elif base == "decimal" and len(parts) == 2 and all(re.fullmatch(r"\d{1,2}", part, re.ASCII) for part in parts):
        found = ColumnType(base, precision=int(parts[0]), scale=int(parts[1]))
    if found is None or not _makes_sense(found):
        raise BadData(f"the value file has a column of an unknown type (`{text[:60]}`)")
    return found


def _makes_sense(found: ColumnType) -> bool:
    if found.unit is not None and found.unit not in UNITS:
        return False
    if found.zone is not None and not _ZONE.fullmatch(found.zone):
        return False
    return found.base != "decimal" or (1 <= found.precision <= 38 and found.scale <= found.precision)


def moment_of(kind: ColumnType) -> str:
    """Which of `model.values.MOMENTS` the timestamps of a column are."""
    if kind.zone is None:
        return "plain"
    if kind.zone == "UTC":
        return "utc"
    return "offset" if kind.zone[:1] in "+-" else "zone"


def check_column(column: ColumnData, rows: int, open_ref: Callable[[Ref], Read]) -> Column:
    """Whether the bytes of `column` are what a column of `rows` values must have; what it is.

    `open_ref` gives the bytes of a reference, after it has made sure that they are there. Raises `BadData`.
    """
    kind = column_type(column.type)
    name = f"column `{column.name[:40]}`"
    nulls, validity = 0, None
    if column.validity is not None:
        _fits(name, "validity", column.validity, (rows + 7) // 8)
        validity = open_ref(column.validity)
        nulls = rows - _ones(validity, rows)
    read = open_ref(column.data)
    if kind.base in VARIABLE:
        if column.offsets is None:
            raise BadData(f"{name} has no offsets")
        _fits(name, "offsets", column.offsets, (rows + 1) * 4)
        _check_variable(name, column, rows, open_ref(column.offsets), read, text=kind.base == "str")
    else:
        _fits(name, "data", column.data, (rows + 7) // 8 if kind.base == "bool" else rows * WIDTHS[kind.base])
        if kind.base == "time":
            _check_times(name, rows, read, validity, _DAY_S * 10 ** UNITS[kind.unit or "us"])
        elif kind.base == "decimal":
            _check_decimals(name, rows, read, validity, 10**kind.precision)
    return Column(column.name, column.type, nulls)


def _fits(name: str, what: str, ref: Ref, length: int) -> None:
    if ref.length != length:
        raise BadData(f"{name} has {ref.length} bytes of {what} where {length} belong")


def _pieces(length: int) -> Iterator[tuple[int, int]]:
    """`length` bytes in pieces: where each begins and how long it is."""
    for start in range(0, length, _CHUNK):
        yield start, min(_CHUNK, length - start)


def _ones(read: Read, bits: int) -> int:
    """How many of the first `bits` bits are set."""
    count = 0
    for start, length in _pieces((bits + 7) // 8):
        piece = read(start, length)
        number = int.from_bytes(piece, "little")
        beyond = (start + length) * 8 - bits
        if beyond > 0:
            number &= (1 << (length * 8 - beyond)) - 1
        count += number.bit_count()
    return count


def _check_variable(name: str, column: ColumnData, rows: int, offsets: Read, data: Read, *, text: bool) -> None:
    """Offsets never go back and end where the data ends; texts are UTF-8 and are cut between characters."""
    if column.data.length > MAX_VARIABLE_BYTES:
        raise BadData(f"{name} has more than 2 GiB of text")
    last = 0
    if int.from_bytes(offsets(0, 4), "little", signed=True) != 0:
        raise BadData(f"{name} has offsets that do not begin at 0")
    plain = not text or _is_ascii(data, column.data.length)
    for start, length in _pieces((rows + 1) * 4):
        piece = offsets(start, length)
        numbers = array("i", piece)
        if numbers[0] < last or not _is_rising(piece):
            raise BadData(f"{name} has offsets that go back")
        last = numbers[-1]
        if last > column.data.length:
            break
        if not plain:
            _check_cuts(name, numbers, column.data.length, data)
    if last != column.data.length:
        raise BadData(f"{name} has offsets that do not end where its data ends")
    if not plain:
        _check_text(name, data, column.data.length)


def _is_rising(piece: bytes) -> bool:
    """Whether none of the int32 in `piece` is negative or less than the one before it.

    All are compared at once: with the highest bit of each number set, subtracting those before borrows nothing from a
    neighbour, and takes that bit from a number which is less.
    """
    numbers = int.from_bytes(piece, "little")
    bits = int.from_bytes(b"\0\0\0\x80" * (len(piece) // 4), "little")
    if numbers & bits:
        return False
    later = bits >> 32
    return ((numbers >> 32 | later) - (numbers & ((1 << len(piece) * 8 - 32) - 1))) & later == later


def _is_ascii(data: Read, length: int) -> bool:
    return all(data(start, size).isascii() for start, size in _pieces(length))


def _check_cuts(name: str, offsets: array[int], total: int, data: Read) -> None:
    """No offset points into the middle of a character."""
    at = 0
    while at < len(offsets) and offsets[at] < total:
        first = offsets[at]
        piece = data(first, min(_CHUNK, total - first))
        until = bisect_left(offsets, first + len(piece), at)
        if any(piece[offset - first] & 0xC0 == 0x80 for offset in offsets[at:until]):
            raise BadData(f"{name} has offsets that cut a character")
        at = until


def _check_text(name: str, data: Read, length: int) -> None:
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start, size in _pieces(length):
            decoder.decode(data(start, size))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise BadData(f"{name} has text that is not valid UTF-8") from None


def check_bools(length: int, read: Read) -> None:
    """Truth values of a byte each are 0 or 1: a language may take a byte for what it says. Raises `BadData`."""
    if any(read(start, size).translate(None, b"\0\1") for start, size in _pieces(length)):
        raise BadData("the value file has an array of bool with bytes that are neither 0 nor 1")


def _any_there(rows: list[int], validity: Read | None) -> bool:
    """Whether one of `rows`, which are near to one another, has a value; the data of a missing one may be anything."""
    if not rows or validity is None:
        return bool(rows)
    first = rows[0] >> 3
    bits = validity(first, (rows[-1] >> 3) - first + 1)
    return any(bits[(row >> 3) - first] >> (row & 7) & 1 for row in rows)


def _check_times(name: str, rows: int, read: Read, validity: Read | None, day: int) -> None:
    for start, length in _pieces(rows * 8):
        numbers = array("q", read(start, length))
        if min(numbers) >= 0 and max(numbers) < day:
            continue
        if _any_there([start // 8 + at for at, number in enumerate(numbers) if not 0 <= number < day], validity):
            raise BadData(f"{name} has a time that is outside a day")


def _check_decimals(name: str, rows: int, read: Read, validity: Read | None, limit: int) -> None:
    """No number has more digits than its column may have."""
    highest = limit >> 64
    for start, length in _pieces(rows * 16):
        halves = array("q", read(start, length))
        tops = halves[1::2]
        if -highest < min(tops) and max(tops) < highest:
            continue
        numbers = (top << 64 | low & _LOW_HALF for low, top in zip(halves[::2], tops, strict=True))
        if _any_there([start // 16 + at for at, number in enumerate(numbers) if abs(number) >= limit], validity):
            raise BadData(f"{name} has a decimal of more digits than its type says")


_LOW_HALF = (1 << 64) - 1
