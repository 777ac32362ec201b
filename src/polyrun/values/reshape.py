"""Turning lists, maps, arrays and tables into one another, and what is inside them into other types."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Mapping, Sequence
from typing import cast

from polyrun.model.limits import MIB, format_bytes
from polyrun.model.values import DTYPES, Kind
from polyrun.values.convert import CannotConvert, Wish, convert_scalar, kind_of, loses_nothing, parse_type
from polyrun.values.making import Workshop
from polyrun.values.nodes import Array, File, Node, Packed, Ref, Table
from polyrun.values.unpack import Read, Unpacker

MAX_DELIMITED = 64 * MIB
"""Bytes of a CSV or TSV file that a block hands over as a table; it is read as a whole."""


class Reshaper:
    """Turns one value, whose data `read` gives; data that has to be made is made in `workshop`.

    With `exact` nothing in it may be rounded or become text on the way.
    """

    def __init__(self, read: Read, workshop: Workshop, *, exact: bool = False) -> None:
        self._read = read
        self._exact = exact
        self._unpack = Unpacker(read)
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
            case Kind.STR if isinstance(node, list | Mapping | Packed | Array | Table) and not self._exact:
                return self._json(node)
            case _:
                if isinstance(node, Packed | Array | Table | Sequence) and not isinstance(node, str | bytes):
                    raise CannotConvert(f"a {kind_of(node)} cannot be turned into {wish.kind}")
                if self._exact and not loses_nothing(node, wish.kind):
                    raise CannotConvert(f"it holds {_shown(node)}, of the type {kind_of(node)}, not {wish.kind}")
                return convert_scalar(node, wish.kind)

    def _list(self, node: Node, wish: Wish) -> Node:
        if isinstance(node, Array):
            if not node.shape:
                raise CannotConvert("an array without dimensions is one number, and no list")
            made = self._unpack.array(node)
        elif isinstance(node, Table):
            made = self._unpack.rows(node)
        elif isinstance(node, Packed):
            made = node
        elif isinstance(node, str):
            made = _parsed(node, Kind.LIST)
        else:
            made = self._unpack.items(node)
        if wish.inside is None:
            return made
        inside = parse_type(wish.inside)
        return [self.turn(item, inside) for item in self._unpack.items(made)]

    def _array(self, node: Node, inside: str | None) -> Node:
        dtype = inside.partition(",")[0].strip() if inside else None
        if dtype is not None and dtype not in DTYPES:
            raise CannotConvert(f"`{dtype}` is no type of numbers; known are {', '.join(DTYPES)}")
        if isinstance(node, Array):
            if dtype in {None, node.dtype}:
                return node
            shape = node.shape
            if node.order == "F" and len(shape) > 1:
                numbers = _flat(self._unpack.array(node), shape)
            else:
                numbers = self._unpack.numbers(node.dtype, node.data)
        else:
            if isinstance(node, Packed) and isinstance(node.data, Ref) and dtype in {None, node.dtype}:
                return Array(node.dtype, (node.data.length // DTYPES[node.dtype],), "C", node.data)
            lists = self._unpack.lists(_parsed(node, Kind.LIST) if isinstance(node, str) else node)
            shape = _shape(lists)
            numbers = _parsed_numbers(_flat(lists, shape), dtype)
        exact = self._exact or dtype is None
        dtype = dtype or _dtype_of(numbers)
        if exact and dtype in _PRECISIONS:
            _check_exact(numbers, dtype)
        return self._workshop.array(numbers, dtype, shape)

    def _table(self, node: Node) -> Node:
        if isinstance(node, Table):
            return node
        if isinstance(node, File):
            return self._workshop.table(self._columns_in(node))
        if isinstance(node, str):
            node = _parsed(node, None)
        if isinstance(node, Mapping):
            columns = {name: self._unpack.items(column) for name, column in node.items()}
        else:
            rows = self._unpack.items(node)
            columns = _columns_of(rows)
            if not columns:
                return self._workshop.table_of(len(rows), {})
        if len({len(column) for column in columns.values()}) > 1:
            raise CannotConvert("the columns of a table must all have the same length")
        return self._workshop.table(columns)

    def _columns_in(self, file: File) -> Mapping[str, Sequence[Node]]:
        """The columns of a CSV or TSV file."""
        from polyrun.values.delimited import read_csv, read_tsv

        if file.data.length > MAX_DELIMITED:
            raise CannotConvert(f"`{file.name}` is larger than {format_bytes(MAX_DELIMITED)}")
        read = read_tsv if file.name.lower().endswith(".tsv") else read_csv
        try:
            return read(io.StringIO(self._read(file.data).decode("utf-8-sig"), newline=""))
        except ValueError as error:
            raise CannotConvert(f"`{file.name}` is no table: {error}") from error

    def _map(self, node: Node, wish: Wish) -> Node:
        if isinstance(node, Table):
            made: Node = self._unpack.columns(node)
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

    def _json(self, node: Node) -> Node:
        from polyrun.values.json_form import to_json

        return to_json(self._unpack.plain(node))


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


def _parsed_numbers(numbers: list[Node], dtype: str | None) -> list[Node]:
    """`numbers`, of which some may be texts: a shell has nothing else."""
    if not any(isinstance(number, str) for number in numbers):
        return numbers
    kind = Kind.BOOL if dtype == "bool" else Kind.FLOAT if dtype is None or dtype.startswith("float") else Kind.INT
    return [convert_scalar(number, kind) for number in numbers]


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


_PRECISIONS = {"float32": (24, "<f"), "float64": (53, "<d")}


def _check_exact(numbers: Sequence[Node], dtype: str) -> None:
    """Raise `CannotConvert` for the first of `numbers` that an array of `dtype` would round."""
    bits, code = _PRECISIONS[dtype]
    for number in numbers:
        rounds = isinstance(number, int) and abs(number) > 1 << bits
        if isinstance(number, float) and dtype == "float32" and math.isfinite(number):
            rounds = abs(number) > _MAX_FLOAT32 or struct.unpack(code, struct.pack(code, number))[0] != number
        if rounds:
            raise CannotConvert(f"{_shown(number)} would be rounded in an array of {dtype}")


_MAX_FLOAT32 = (2 - 2**-23) * 2.0**127


def _shown(node: Node) -> str:
    return f"`{node!r}`"[:40] if isinstance(node, int | float) else "a value"


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
