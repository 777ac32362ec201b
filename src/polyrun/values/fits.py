"""Whether a language can hold a value exactly, asked before a block that imports it is started."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from polyrun.model.frozen import frozen
from polyrun.model.values import CONTAINERS, INT53_HIGH, INT64_HIGH, INT64_LOW, Column, Holds, Kind, ValueType
from polyrun.values.columns import UNITS, column_type, moment_of
from polyrun.values.decode import decode
from polyrun.values.nodes import Array, ColumnData, Node, Packed, Ref, Table
from polyrun.values.store import Stored

_PIECE = 1 << 20
_CODES = {"int64": "q", "uint64": "Q"}


@frozen
class Misfit:
    """Why a value does not fit: what continues "the language …", where in the value, and types that would fit.

    Of a list, a map, an array or a table, `str` is JSON.
    """

    reason: str
    where: str
    ways: tuple[str, ...]


def misfit(stored: Stored, holds: Holds) -> Misfit | None:
    """The first thing in `stored` that a language with `holds` cannot hold exactly; `None` when there is none."""
    found = next(_misfits(stored.type, "", holds), None)
    if found is None and holds.int_bits == 53 and _may_be_wide(stored.type):
        found = _wide(decode(stored.encoded()), stored)
    several = found is None and _several(stored.type)
    if several:
        found = next(_each_misfit(decode(stored.encoded()), "", holds), None)
    if found is None and not holds.nul and (several or _has_text_columns(stored.type)):
        found = _nul(decode(stored.encoded()), stored)
    if found is None or (found.ways and not found.where):
        return found
    json = ("str",) if _has_json(stored.type) else ()
    return Misfit(found.reason, found.where, (*_ways_of_items(found, stored.type), *json))


def _ways_of_items(misfit: Misfit, found: ValueType) -> tuple[str, ...]:
    """Types for a list, or a map of values of one type, of which the items do not fit: with other items."""
    items = _inside(found)
    names = {"[]", *(field.name for field in found.fields or ())}
    if found.kind not in {Kind.LIST, Kind.MAP} or misfit.where not in names or len(set(map(str, items))) != 1:
        return ()
    if any(Kind.NULL in item.kinds or Kind.FILE in item.kinds for item in items):
        return ()
    return tuple(f"{found.kind}({way})" for way in misfit.ways)


def _has_json(found: ValueType) -> bool:
    """Whether it is something with values in it that can be turned into JSON."""
    return found.kind in CONTAINERS and not _has_files(found)


def _has_files(found: ValueType) -> bool:
    return Kind.FILE in found.kinds or any(map(_has_files, _inside(found)))


def _several(found: ValueType) -> bool:
    """Whether there are several tables, or arrays of several types, in one place: their types are not told then."""
    tables = Kind.TABLE in found.kinds and found.columns is None
    return tables or (Kind.ARRAY in found.kinds and found.dtype is None) or any(map(_several, _inside(found)))


def _each_misfit(node: Node, where: str, holds: Holds) -> Iterator[Misfit]:
    """What does not fit in each table and array by itself."""
    match node:
        case Table():
            columns = tuple(Column(column.name, column.type) for column in node.columns)
            yield from _misfits(ValueType((Kind.TABLE,), columns=columns), where, holds)
        case Array():
            yield from _misfits(ValueType((Kind.ARRAY,), dtype=node.dtype), where, holds)
        case list():
            for item in node:
                yield from _each_misfit(item, f"{where}[]", holds)
        case dict():
            for key, value in node.items():
                yield from _each_misfit(value, f"{where}.{key}".lstrip("."), holds)
        case _:
            pass


def has_wide_numbers(stored: Stored) -> bool:
    """Whether a list or a column in `stored` that is stored as numbers has integers that a float64 does not hold."""
    if not _may_be_wide(stored.type):
        return False
    return _wide(decode(stored.encoded()), stored, arrays=False) is not None


def _misfits(found: ValueType, where: str, holds: Holds) -> Iterator[Misfit]:
    for kind in found.kinds:
        if kind not in holds.kinds:
            yield Misfit(f"has no type for {_NAMES.get(kind, f'a {kind}')}", where, _WAYS.get(kind, ("str",)))
    yield from _bounds(found, where, holds)
    if found.fields is not None:
        for field in found.fields:
            yield from _misfits(field.type, f"{where}.{field.name}" if where else field.name, holds)
    elif found.item is not None:
        yield from _misfits(found.item, f"{where}[]", holds)
    if found.dtype is not None and found.dtype not in holds.dtypes:
        yield Misfit(f"has no arrays of {found.dtype}", where, ("list",))
    for column in found.columns or ():
        form = column_type(column.type)
        place = f"{where}.{column.name}" if where else column.name
        if form.base not in holds.columns:
            yield Misfit(f"has no type for a column of {column.type}", place, ())
        elif form.base == "timestamp" and moment_of(form) not in holds.moments:
            yield Misfit(f"has no timestamps {_MOMENTS[moment_of(form)]}", place, ())
        elif form.unit is not None and UNITS[form.unit] > max(holds.column_digits, 6):
            yield Misfit("has no times as exact as nanoseconds", place, ())


_MOMENTS = {
    "plain": "without a zone", "utc": "in UTC", "offset": "so far from UTC", "zone": "in a zone that has a name",
}  # fmt: skip
_NAMES = {
    Kind.INT: "an int", Kind.ARRAY: "an array", Kind.NULL: "null", Kind.BYTES: "bytes", Kind.STR: "text",
}  # fmt: skip
_WAYS = {
    Kind.DECIMAL: ("str", "float"),
    Kind.DURATION: ("str", "float"),
    Kind.ARRAY: ("list",),
    Kind.TABLE: ("list", "map"),
    Kind.BYTES: ("str",),
}


def _bounds(found: ValueType, where: str, holds: Holds) -> Iterator[Misfit]:
    if found.low is not None and found.high is not None:
        low, high = _range(holds.int_bits)
        if holds.int_bits and not low <= found.low <= found.high <= high:
            reason = f"holds integers of {holds.int_bits} bits" if holds.int_bits != 53 else _EXACT
            yield Misfit(f"{reason}, and this one needs more", where, ("str", "float"))
    if found.digits > holds.digits and any(kind in holds.kinds for kind in _TIMES if kind in found.kinds):
        yield Misfit(f"holds times with {holds.digits} digits after the second", where, ("str",))
    for moment in found.moments:
        if moment not in holds.moments and Kind.TIMESTAMP in holds.kinds:
            yield Misfit(f"has no timestamps {_MOMENTS[moment]}", where, ("str",))
    if found.nul and not holds.nul:
        yield Misfit(_NUL, where, ("bytes",) if found.kind is Kind.STR and Kind.BYTES in holds.kinds else ())


_TIMES = (Kind.TIME, Kind.TIMESTAMP, Kind.DURATION)
_NUL = "has no text with the character U+0000 in it"
_EXACT = "holds integers up to 2**53 exactly"


def _range(bits: int) -> tuple[int, int]:
    return (-INT53_HIGH, INT53_HIGH) if bits == 53 else (INT64_LOW, INT64_HIGH)


def _may_be_wide(found: ValueType) -> bool:
    """Whether there are integers of 64 bits whose size nobody has looked at."""
    if found.unlooked or found.dtype in _CODES:
        return True
    if any(column.type in _CODES for column in found.columns or ()):
        return True
    return any(map(_may_be_wide, _inside(found)))


def _has_text_columns(found: ValueType) -> bool:
    """Whether there are tables with texts, which nobody has looked into."""
    return any(column.type == "str" or "\0" in column.name for column in found.columns or ()) or any(
        map(_has_text_columns, _inside(found))
    )


def _inside(found: ValueType) -> list[ValueType]:
    return [field.type for field in found.fields or ()] or ([found.item] if found.item is not None else [])


def _nul(node: Node, stored: Stored) -> Misfit | None:
    """The first column of texts with U+0000 in one of them, or in its name."""
    for where, column in _columns(node, ""):
        pieces = _chunks(column.data, stored) if column.type == "str" else ()
        if "\0" in column.name or any(b"\0" in piece for piece in pieces):
            return Misfit(_NUL, where, ())
    return None


def _columns(node: Node, where: str) -> Iterator[tuple[str, ColumnData]]:
    match node:
        case Table():
            yield from ((f"{where}.{column.name}".lstrip("."), column) for column in node.columns)
        case list():
            for item in node:
                yield from _columns(item, f"{where}[]")
        case dict():
            for key, value in node.items():
                yield from _columns(value, f"{where}.{key}".lstrip("."))
        case _:
            pass


@frozen
class _Numbers:
    """Integers of 64 bits at one place: raw, and for a column with nulls the bits of those that are there.

    `ways` are types for all of them.
    """

    where: str
    dtype: str
    data: Ref | bytes
    validity: Ref | None = None
    ways: tuple[str, ...] = ()


def _wide(node: Node, stored: Stored, *, arrays: bool = True) -> Misfit | None:
    """The first integers that a float64 does not hold; those in `arrays` count or not."""
    for found in _numbers(node, "", arrays=arrays):
        at = 0
        for piece in _chunks(found.data, stored):
            if _are_small(piece):
                at += len(piece) // 8
                continue
            numbers = array(_CODES[found.dtype], piece)
            if (min(numbers) < -INT53_HIGH or max(numbers) > INT53_HIGH) and _is_there(found, numbers, at, stored):
                return Misfit(f"{_EXACT}, and one of these needs more", found.where, found.ways)
            at += len(numbers)
    return None


def _are_small(piece: bytes) -> bool:
    """Whether all integers of 64 bits in `piece` are from 0 to 2**53 - 1, by a look at their two highest bytes."""
    return not piece[7::8].strip(b"\0") and max(piece[6::8]) < 1 << 5


def _is_there(found: _Numbers, numbers: array[int], at: int, stored: Stored) -> bool:
    """Whether one of `numbers`, of which the first is number `at`, is too large and there; null may be any number."""
    if found.validity is None:
        return True
    bits = stored.open(found.validity)(at // 8, (len(numbers) + 7) // 8)
    return any(
        not -INT53_HIGH <= number <= INT53_HIGH and bits[n >> 3] >> (n & 7) & 1 for n, number in enumerate(numbers)
    )


def _numbers(node: Node, where: str, *, arrays: bool) -> Iterator[_Numbers]:
    match node:
        case Packed(dtype="int64"):
            yield _Numbers(where, node.dtype, node.data, ways=("str", "list(float)"))
        case Array() if arrays and node.dtype in _CODES:
            yield _Numbers(where, node.dtype, node.data, ways=("str", "array(float64)"))
        case Table():
            for place, column in _columns(node, where):
                if column.type in _CODES:
                    yield _Numbers(place, column.type, column.data, column.validity)
        case list():
            for item in node:
                yield from _numbers(item, f"{where}[]", arrays=arrays)
        case dict():
            for key, value in node.items():
                yield from _numbers(value, f"{where}.{key}".lstrip("."), arrays=arrays)
        case _:
            pass


def _chunks(data: Ref | bytes, stored: Stored) -> Iterator[bytes]:
    if isinstance(data, bytes):
        if data:
            yield data
        return
    read = stored.open(data)
    for start in range(0, data.length, _PIECE):
        yield read(start, min(_PIECE, data.length - start))
