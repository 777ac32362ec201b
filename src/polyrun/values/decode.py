"""From bytes that a survey has found sound to nodes, for the few values that PolyRun itself must look into."""

from __future__ import annotations

import struct
from collections.abc import Callable

from polyrun.values.cbor import (
    ARRAY,
    BIG_INT,
    DURATION,
    FILE,
    PACKED,
    REF,
    TABLE,
    TEXT_TAGS,
    Reader,
)
from polyrun.values.nodes import Array, ColumnData, Duration, File, Node, Packed, Ref, Table, Text

_KINDS = {tag: kind for kind, tag in TEXT_TAGS.items()}
_SIMPLE: dict[int, Node] = {0xF4: False, 0xF5: True, 0xF6: None}


def decode(data: bytes) -> Node:
    """The one value that `data` holds. Raises `BadData` where there is none."""
    return read_node(Reader(data))


def read_node(reader: Reader) -> Node:
    """The next value of `reader`."""
    major, number = reader.head()
    if major < 2:
        return -1 - number if major else number
    read = _PLAIN.get(major)
    return read(reader, number) if read is not None else _simple(reader, number)


def _list(reader: Reader, count: int) -> Node:
    return [read_node(reader) for _ in range(count)]


def _map(reader: Reader, count: int) -> Node:
    return {reader.text(): read_node(reader) for _ in range(count)}


def _simple(reader: Reader, number: int) -> Node:
    if reader.first == 0xFB:
        (value,) = struct.unpack(">d", struct.pack(">Q", number))
        return float(value)
    if reader.first not in _SIMPLE:
        reader.fail("holds a simple value that has no meaning here")
    return _SIMPLE[reader.first]


def _tagged(reader: Reader, tag: int) -> Node:
    if tag in _KINDS:
        return Text(_KINDS[tag], reader.text())
    read = _RECORDS.get(tag)
    if read is None:
        reader.fail(f"holds an unknown tag ({tag})")
    return read(reader)


def _big_int(reader: Reader) -> Node:
    return int(reader.text())


def _duration(reader: Reader) -> Node:
    reader.length(4, 2)
    return Duration(reader.integer(), reader.integer())


def _packed(reader: Reader) -> Node:
    reader.length(4, 2)
    dtype, data = reader.text(), read_node(reader)
    if not isinstance(data, Ref | bytes):
        reader.fail("has a list of numbers without any")
    return Packed(dtype, data)


def _array(reader: Reader) -> Node:
    reader.length(4, 4)
    dtype = reader.text()
    shape = tuple(reader.size() for _ in range(reader.length(4)))
    return Array(dtype, shape, reader.text(), reader.ref())


def _table(reader: Reader) -> Node:
    reader.length(4, 2)
    rows = reader.size()
    return Table(rows, tuple(_column(reader) for _ in range(reader.length(4))))


def _column(reader: Reader) -> ColumnData:
    reader.length(4, 5)
    name, kind = reader.text(), reader.text()
    return ColumnData(name, kind, reader.optional(reader.ref), reader.ref(), reader.optional(reader.ref))


def _file(reader: Reader) -> Node:
    reader.length(4, 3)
    return File(reader.text(), reader.text(), reader.ref())


_PLAIN: dict[int, Callable[[Reader, int], Node]] = {2: Reader.take, 3: Reader.decoded, 4: _list, 5: _map, 6: _tagged}
_RECORDS: dict[int, Callable[[Reader], Node]] = {
    REF: Reader.ref_inside,
    BIG_INT: _big_int,
    DURATION: _duration,
    PACKED: _packed,
    ARRAY: _array,
    TABLE: _table,
    FILE: _file,
}
