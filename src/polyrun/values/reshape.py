"""Turning lists, maps, arrays and tables into one another, and what is inside them into other types."""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import cast

from polyrun.model.values import DTYPES, Kind
from polyrun.values.columns import VARIABLE, column_type
from polyrun.values.convert import CannotConvert, Wish, convert_scalar, kind_of, parse_type
from polyrun.values.making import CODES, Workshop
from polyrun.values.nodes import Array, ColumnData, Duration, Node, Packed, Ref, Table, Text

MAX_ITEMS = 2_000_000
"""As many values as a value file may hold; what would be more stays an array or a table."""

Read = Callable[[Ref], bytes]
"""All bytes of a reference."""


class Reshaper:
    """Turns one value, whose data `read` gives; data that has to be made is made in `workshop`."""

    def __init__(self, read: Read, workshop: Workshop) -> None:
        self._read = read
        self._workshop = workshop

    def turn(self, node: Node, wish: Wish) -> Node:
        """`node` as `wish` has it. Raises `CannotConvert`."""
        match wish.kind:
            case Kind.LIST:
                return self._list(node, wish)
            case Kind.ARRAY:
                return self._array(node, wish.inside)
            case Kind.TABLE:
                return self._table(node)
            case Kind.MAP:
                return self._map(node, wish)
            case Kind.STR if isinstance(node, list | Mapping | Packed):
                return self._json(node)
            case _:
                if isinstance(node, Packed | Array | Table | Sequence) and not isinstance(node, str | bytes):
                    raise CannotConvert(f"a {kind_of(node)} cannot be turned into {wish.kind}")
                return convert_scalar(node, wish.kind)

    def _items(self, node: Node) -> list[Node]:
        """The items of a list in whatever form."""
        match node:
            case Packed():
                data = node.data if isinstance(node.data, bytes) else self._read(node.data)
                return self._numbers(node.dtype, data)
            case list():
                return cast("list[Node]", node)
            case _:
                raise CannotConvert(f"a {kind_of(node)} cannot be turned into a list")

    @staticmethod
    def _numbers(dtype: str, data: bytes) -> list[Node]:
        if len(data) // DTYPES[dtype] > MAX_ITEMS:
            raise CannotConvert(f"it has more than {MAX_ITEMS:,} numbers")
        if dtype == "bool":
            return [byte != 0 for byte in data]
        return list(array(CODES[dtype], data))

    def _list(self, node: Node, wish: Wish) -> Node:
        if isinstance(node, Array):
            made = self._list_of_array(node)
        elif isinstance(node, Table):
            made = self._rows(node)
        elif isinstance(node, Packed):
            made = node
        elif isinstance(node, str):
            made = _parsed(node, Kind.LIST)
        else:
            made = self._items(node)
        if wish.inside is None:
            return made
        inside = parse_type(wish.inside)
        return [self.turn(item, inside) for item in self._items(made)]

    def _list_of_array(self, node: Array) -> Node:
        if len(node.shape) == 1 and node.dtype in {"int64", "float64"}:
            return Packed(node.dtype, node.data)
        numbers = self._numbers(node.dtype, self._read(node.data))
        return _nested(numbers, node.shape, node.order)

    def _array(self, node: Node, inside: str | None) -> Node:
        dtype = inside.partition(",")[0].strip() if inside else None
        if dtype is not None and dtype not in DTYPES:
            raise CannotConvert(f"`{dtype}` is no type of numbers; known are {', '.join(DTYPES)}")
        if isinstance(node, Array):
            if dtype in {None, node.dtype}:
                return node
            shape = node.shape
            numbers = self._numbers(node.dtype, self._read(node.data))
            if node.order == "F":
                numbers = _flat(_nested(numbers, shape, "F"), shape)
        else:
            if isinstance(node, Packed) and isinstance(node.data, Ref) and dtype in {None, node.dtype}:
                return Array(node.dtype, (node.data.length // DTYPES[node.dtype],), "C", node.data)
            nested = self._unpacked(_parsed(node, Kind.LIST) if isinstance(node, str) else node)
            shape = _shape(nested)
            numbers = _flat(nested, shape)
        return self._workshop.array(numbers, dtype or _dtype_of(numbers), shape)

    def _unpacked(self, node: Node) -> Node:
        """Lists of lists without packed ones among them."""
        if isinstance(node, Packed | list):
            return [self._unpacked(item) for item in self._items(node)]
        return node

    def _table(self, node: Node) -> Node:
        if isinstance(node, Table):
            return node
        if isinstance(node, str):
            node = _parsed(node, None)
        if isinstance(node, Mapping):
            columns = {name: self._items(column) for name, column in node.items()}
        else:
            columns = _columns_of(self._items(node))
        if len({len(column) for column in columns.values()}) > 1:
            raise CannotConvert("the columns of a table must all have the same length")
        return self._workshop.table(columns)

    def _map(self, node: Node, wish: Wish) -> Node:
        if isinstance(node, Table):
            made: Node = {column.name: self._column(column, node.rows) for column in node.columns}
        elif isinstance(node, str):
            made = _parsed(node, Kind.MAP)
        elif isinstance(node, Mapping):
            made = node
        else:
            raise CannotConvert(f"a {kind_of(node)} cannot be turned into a map")
        if wish.inside is None or not isinstance(made, Mapping):
            return made
        inside = parse_type(wish.inside)
        return {key: self.turn(item, inside) for key, item in made.items()}

    def _rows(self, table: Table) -> Node:
        if table.rows * len(table.columns) > MAX_ITEMS:
            raise CannotConvert(f"it has more than {MAX_ITEMS:,} values")
        names = [column.name for column in table.columns]
        columns = [self._column(column, table.rows) for column in table.columns]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    def _column(self, column: ColumnData, rows: int) -> list[Node]:
        """The values of a column."""
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
            yield from _moments(column.type, data)

    def _json(self, node: Node) -> Node:
        from polyrun.values.json_form import to_json

        return to_json(self._unpacked_all(node))

    def _unpacked_all(self, node: Node) -> Node:
        if isinstance(node, Mapping):
            return {key: self._unpacked_all(value) for key, value in node.items()}
        return [self._unpacked_all(item) for item in self._items(node)] if isinstance(node, Packed | list) else node


def _parsed(text: str, wanted: Kind | None) -> Node:
    """The list or map that `text` is in JSON."""
    from polyrun.values.json_form import from_json

    try:
        node = from_json(text)
    except ValueError as error:
        raise CannotConvert(f"the text is no JSON: {error}") from None
    if wanted is not None and kind_of(node) is not wanted:
        raise CannotConvert(f"the text is a {kind_of(node)} in JSON, not a {wanted}")
    return node


def _shape(node: Node) -> tuple[int, ...]:
    shape = []
    while isinstance(node, list):
        shape.append(len(node))
        node = node[0] if node else None
    return tuple(shape)


def _flat(node: Node, shape: tuple[int, ...]) -> list[Node]:
    """The numbers of nested lists, in order."""
    if not shape:
        return [node]
    if not isinstance(node, list) or len(node) != shape[0]:
        raise CannotConvert("it is no array: the lists in it do not all have the same length")
    if len(shape) == 1:
        return cast("list[Node]", node)
    return [number for item in node for number in _flat(item, shape[1:])]


def _nested(numbers: list[Node], shape: tuple[int, ...], order: str) -> Node:
    """Numbers as nested lists, the first index outermost."""
    if not shape:
        return numbers[0]
    if order == "F" and len(shape) > 1:
        step = len(numbers) // (shape[-1] or 1)
        last = [_nested(numbers[n * step : (n + 1) * step], shape[:-1], "F") for n in range(shape[-1])]
        return _gathered(last, shape[:-1])
    if len(shape) == 1:
        return numbers
    step = math.prod(shape[1:])
    return [_nested(numbers[n * step : (n + 1) * step], shape[1:], "C") for n in range(shape[0])]


def _gathered(slices: list[Node], shape: tuple[int, ...]) -> Node:
    """Nested lists of one shape as one, with their order as the innermost index."""
    if not shape:
        return slices
    return [_gathered([cast("list[Node]", one)[n] for one in slices], shape[1:]) for n in range(shape[0])]


def _dtype_of(numbers: Sequence[Node]) -> str:
    kinds = set(map(kind_of, numbers))
    return "int64" if kinds == {Kind.INT} else "bool" if kinds == {Kind.BOOL} else "float64"


def _columns_of(rows: list[Node]) -> dict[str, list[Node]]:
    names: dict[str, None] = {}
    for row in rows:
        if not isinstance(row, Mapping):
            raise CannotConvert("a table is made of a list of maps, one for each row, or of a map of lists")
        names.update(dict.fromkeys(row))
    return {name: [cast("Mapping[str, Node]", row).get(name) for row in rows] for name in names}


def _bits(data: bytes, count: int) -> list[bool]:
    return [bool(data[position >> 3] >> (position & 7) & 1) for position in range(count)]


def _decimal_text(number: int, scale: int) -> str:
    digits = f"{abs(number):0{scale + 1}}"
    text = f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits
    return f"-{text}" if number < 0 else text


def _moments(text: str, data: bytes) -> Iterator[Node]:
    """Dates, times, timestamps and durations of a column of the type `text`."""
    from polyrun.values import forms

    kind = column_type(text)
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
