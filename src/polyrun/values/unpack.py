"""Arrays, tables and packed lists taken apart into plain values, for the few that PolyRun itself must look into."""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import cast

from polyrun.model.values import DTYPES, Kind
from polyrun.values.columns import VARIABLE, ColumnType, column_type
from polyrun.values.convert import CannotConvert, kind_of
from polyrun.values.making import CODES
from polyrun.values.nodes import Array, ColumnData, Duration, File, Node, Packed, Ref, Table, Text

MAX_ITEMS = 2_000_000
"""As many values as a value file may hold; what would be more stays an array or a table."""

Read = Callable[[Ref], bytes]
"""All bytes of a reference."""


class Unpacker:
    """Takes apart values whose data `read` gives. Nothing of more than `MAX_ITEMS` numbers is taken apart."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def items(self, node: Node) -> list[Node]:
        """The items of a list in whatever form. Raises `CannotConvert` for what is none."""
        match node:
            case Packed():
                return self.numbers(node.dtype, node.data)
            case list():
                return cast("list[Node]", node)
            case _:
                raise CannotConvert(f"a {kind_of(node)} cannot be turned into a list")

    def numbers(self, dtype: str, data: Ref | bytes) -> list[Node]:
        """Raw numbers of a dtype. Raises `CannotConvert` when there are too many."""
        if (data.length if isinstance(data, Ref) else len(data)) // DTYPES[dtype] > MAX_ITEMS:
            raise CannotConvert(f"it has more than {MAX_ITEMS:,} numbers")
        data = self._read(data) if isinstance(data, Ref) else data
        if dtype == "bool":
            return [byte != 0 for byte in data]
        return list(array(CODES[dtype], data))

    def array(self, node: Array) -> Node:
        """An array as nested lists."""
        if len(node.shape) == 1 and node.dtype in {"int64", "float64"}:
            return Packed(node.dtype, node.data)
        _check_places(node.shape)
        return nested(self.numbers(node.dtype, node.data), node.shape, node.order)

    def lists(self, node: Node) -> Node:
        """Lists of lists without packed ones among them."""
        if isinstance(node, Packed | list):
            return [self.lists(item) for item in self.items(node)]
        return node

    def rows(self, table: Table) -> Node:
        """A table as a list of maps, one for each row. Raises `CannotConvert` when it is too large."""
        columns = self.columns(table)
        if not columns:
            return [{} for _ in range(table.rows)]
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def columns(self, table: Table) -> dict[str, list[Node]]:
        """A table as lists by the names of its columns. Raises `CannotConvert` when it is too large."""
        if table.rows * max(len(table.columns), 1) > MAX_ITEMS:
            raise CannotConvert(f"it has more than {MAX_ITEMS:,} values")
        return {column.name: self.column(column, table.rows) for column in table.columns}

    def column(self, column: ColumnData, rows: int) -> list[Node]:
        """The values of a column. Raises `CannotConvert` when there are more than `MAX_ITEMS`."""
        if rows > MAX_ITEMS:
            raise CannotConvert(f"it has more than {MAX_ITEMS:,} values")
        values = list(self._values(column, rows))
        if column.validity is None:
            return values
        valid = _bits(self._read(column.validity), rows)
        return [value if there else None for value, there in zip(values, valid, strict=True)]

    def _values(self, column: ColumnData, rows: int) -> Iterator[Node]:
        kind = column_type(column.type)
        data = self._read(column.data)
        if kind.base in VARIABLE:
            assert column.offsets is not None
            ends = array("i", self._read(column.offsets))
            pieces = (data[start:end] for start, end in pairwise(ends))
            yield from (piece.decode() if kind.base == "str" else piece for piece in pieces)
        elif kind.base == "bool":
            yield from _bits(data, rows)
        elif kind.base in DTYPES:
            yield from array(CODES[kind.base], data)
        elif kind.base == "decimal":
            for low, high in struct.iter_unpack("<Qq", data):
                yield Text(Kind.DECIMAL, _decimal_text(high << 64 | low, kind.scale))
        else:
            yield from _moments(kind, data)

    def plain(self, node: Node) -> Node:
        """`node` without packed lists, arrays, tables and references in it. Raises `CannotConvert` for files."""
        match node:
            case Ref():
                return self._read(node)
            case Array():
                node = self.array(node)
            case Table():
                node = self.rows(node)
            case File():
                raise CannotConvert("a file has no form in JSON")
            case _:
                pass
        if isinstance(node, Mapping):
            return {key: self.plain(value) for key, value in node.items()}
        return [self.plain(item) for item in self.items(node)] if isinstance(node, Packed | list) else node


def _check_places(shape: tuple[int, ...]) -> None:
    """Raise `CannotConvert` for an array with an index of 0 that would be more lists than one wants, each empty."""
    if math.prod(length or 1 for length in shape) > MAX_ITEMS:
        raise CannotConvert(f"it has more than {MAX_ITEMS:,} places")


def nested(numbers: list[Node], shape: tuple[int, ...], order: str) -> Node:
    """Numbers as nested lists, the first index outermost."""
    if not shape:
        return numbers[0]
    if order == "F" and len(shape) > 1:
        step = len(numbers) // (shape[-1] or 1)
        last = [nested(numbers[n * step : (n + 1) * step], shape[:-1], "F") for n in range(shape[-1])]
        return _gathered(last, shape[:-1])
    if len(shape) == 1:
        return numbers
    step = math.prod(shape[1:])
    return [nested(numbers[n * step : (n + 1) * step], shape[1:], "C") for n in range(shape[0])]


def _gathered(slices: list[Node], shape: tuple[int, ...]) -> Node:
    """Nested lists of one shape as one, with their order as the innermost index."""
    if not shape:
        return slices
    return [_gathered([cast("list[Node]", one)[n] for one in slices], shape[1:]) for n in range(shape[0])]


def _bits(data: bytes, count: int) -> list[bool]:
    return [bool(data[position >> 3] >> (position & 7) & 1) for position in range(count)]


def _decimal_text(number: int, scale: int) -> str:
    digits = f"{abs(number):0{scale + 1}}"
    text = f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits
    return f"-{text}" if number < 0 else text


def _moments(kind: ColumnType, data: bytes) -> Iterator[Node]:
    """Dates, times, timestamps and durations of a column. Raises `CannotConvert` for what no calendar has."""
    try:
        yield from _counted(kind, data)
    except (ValueError, OverflowError, KeyError) as error:  # a year beyond 9999, a zone that this host does not know
        raise CannotConvert(f"a value of the type {kind.base} in it cannot be written: {error}") from error


def _counted(kind: ColumnType, data: bytes) -> Iterator[Node]:
    from polyrun.values import forms

    if kind.base == "date":
        yield from (Text(Kind.DATE, forms.date_text(days)) for days in array("i", data))
        return
    factor = 1000 if kind.unit == "us" else 1
    for count in array("q", data):
        nanoseconds = count * factor
        if kind.base == "duration":
            yield Duration(*divmod(nanoseconds, 10**9))
        elif kind.base == "time":
            yield Text(Kind.TIME, forms.time_text(nanoseconds))
        else:
            yield Text(Kind.TIMESTAMP, forms.timestamp_text(nanoseconds, kind.zone))
