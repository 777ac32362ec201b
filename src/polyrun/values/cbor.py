"""The encoding of value files: CBOR (RFC 8949) with the private tags listed in docs/value-files.md.

Written in its plainest form: definite lengths only, floats always with 64 bits, keys in the order they were given.
`Reader` takes the same from hostile hands: every length is checked against what is there before it is used.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, TypeVar

from polyrun.model.values import INT64_HIGH, INT64_LOW, Kind
from polyrun.values.nodes import Array, Duration, File, Node, Packed, Ref, Table, Text

REF, BIG_INT, DECIMAL, DATE, TIME, TIMESTAMP, DURATION, PACKED, ARRAY, TABLE, FILE = range(50500, 50511)
"""The tags."""

TEXT_TAGS = {Kind.DECIMAL: DECIMAL, Kind.DATE: DATE, Kind.TIME: TIME, Kind.TIMESTAMP: TIMESTAMP}

_T = TypeVar("_T")

_SIZES = {24: ">B", 25: ">H", 26: ">I", 27: ">Q"}


class BadData(ValueError):
    """Bytes that are no value of ours; the message says what is wrong, fit for the user."""


def encode(node: Node) -> bytes:
    """`node` as one CBOR data item. Raises `TypeError` for what is no node."""
    out = bytearray()
    _encode(node, out)
    return bytes(out)


def head(major: int, number: int) -> bytes:
    """The head of a data item, such as a map (`major` 5) with `number` pairs."""
    out = bytearray()
    _head(major, number, out)
    return bytes(out)


def _encode(node: Node, out: bytearray) -> None:
    match node:
        case None:
            out.append(0xF6)
        case bool():
            out.append(0xF5 if node else 0xF4)
        case int():
            _encode_int(node, out)
        case float():
            out.append(0xFB)
            out += struct.pack(">d", node)
        case str():
            data = node.encode()
            _head(3, len(data), out)
            out += data
        case bytes():
            _head(2, len(node), out)
            out += node
        case Text():
            _tagged(TEXT_TAGS[node.kind], node.text, out)
        case Mapping():
            _head(5, len(node), out)
            for key, value in node.items():
                _encode(key, out)
                _encode(value, out)
        case Sequence():
            _head(4, len(node), out)
            for item in node:
                _encode(item, out)
        case _:
            _encode_record(node, out)


def _encode_int(node: int, out: bytearray) -> None:
    if INT64_LOW <= node <= INT64_HIGH:
        _head(0 if node >= 0 else 1, node if node >= 0 else -1 - node, out)
    else:
        _tagged(BIG_INT, str(node), out)


def _encode_record(node: object, out: bytearray) -> None:
    match node:
        case Ref():
            _tagged(REF, (node.file, node.offset, node.length), out)
        case Duration():
            _tagged(DURATION, (node.seconds, node.nanoseconds), out)
        case Packed():
            _tagged(PACKED, (node.dtype, node.data), out)
        case Array():
            _tagged(ARRAY, (node.dtype, node.shape, node.order, node.data), out)
        case Table():
            columns = tuple((c.name, c.type, c.validity, c.data, c.offsets) for c in node.columns)
            _tagged(TABLE, (node.rows, columns), out)
        case File():
            _tagged(FILE, (node.name, node.media, node.data), out)
        case _:
            raise TypeError(f"{type(node).__name__} is no value")


def _tagged(tag: int, node: Node, out: bytearray) -> None:
    _head(6, tag, out)
    _encode(node, out)


def _head(major: int, number: int, out: bytearray) -> None:
    if number < 24:
        out.append(major << 5 | number)
        return
    info = 24 if number < 1 << 8 else 25 if number < 1 << 16 else 26 if number < 1 << 32 else 27
    out.append(major << 5 | info)
    out += struct.pack(_SIZES[info], number)


class Reader:
    """Reads data items one after another. Raises `BadData` for whatever is not well-formed, or not in our form."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0
        self.first = 0xFF
        """The first byte of the item whose head was read last."""

    @property
    def left(self) -> int:
        """How many bytes are not read yet."""
        return len(self._data) - self.at

    def head(self) -> tuple[int, int]:
        """The major type and the number in the next head; a float's number are its bits."""
        try:
            first = self.first = self._data[self.at]
        except IndexError:
            self.fail("ends in the middle of a value")
        info = first & 31
        if info < 24:
            self.at += 1
            return first >> 5, info
        size = _SIZES.get(info)
        if size is None:
            self.fail("has a length that is not given")
        try:
            (number,) = struct.unpack_from(size, self._data, self.at + 1)
        except struct.error:
            self.fail("ends in the middle of a value")
        self.at += 1 + (1 << info - 24)
        return first >> 5, number

    def peek(self) -> int:
        """The first byte of the next item, 0xFF at the end (which no item begins with)."""
        return self._data[self.at] if self.left else 0xFF

    def take(self, length: int) -> bytes:
        """The next `length` bytes."""
        end = self.at + length
        if end > len(self._data):
            self.fail("ends in the middle of a value")
        taken = self._data[self.at : end]
        self.at = end
        return taken

    def text(self) -> str:
        """The text that comes next."""
        major, length = self.head()
        if major != 3:
            self.fail("has something else where a text belongs")
        return self.decoded(length)

    def decoded(self, length: int) -> str:
        """The next `length` bytes as text."""
        try:
            return self.take(length).decode()
        except UnicodeDecodeError:
            self.fail("has a text that is not valid UTF-8")

    def integer(self) -> int:
        """The integer that comes next."""
        major, number = self.head()
        if major > 1:
            self.fail("has something else where an integer belongs")
        return -1 - number if major else number

    def size(self) -> int:
        """The count or position that comes next, from 0 to 2**53."""
        found = self.integer()
        if not 0 <= found < 1 << 53:
            self.fail("has a size that cannot be")
        return found

    def length(self, major: int, exactly: int | None = None) -> int:
        """How many items the list (`major` 4) or pairs the map (5) has that comes next."""
        found, count = self.head()
        if found != major or (exactly is not None and count != exactly):
            self.fail("does not have the form of a value file")
        if count > self.left:  # each item takes a byte at least
            self.fail("ends in the middle of a value")
        return count

    def tag(self, expected: int) -> None:
        """Go past the tag `expected`."""
        if self.head() != (6, expected):
            self.fail("does not have the form of a value file")

    def optional(self, read: Callable[[], _T]) -> _T | None:
        """`None` for a null, else what `read` makes of the next item."""
        if self.peek() == 0xF6:
            self.at += 1
            return None
        return read()

    def ref(self) -> Ref:
        """The reference to bytes in a file that comes next."""
        self.tag(REF)
        return self.ref_inside()

    def ref_inside(self) -> Ref:
        """A reference whose tag was read already."""
        self.length(4, 3)
        return Ref(self.text(), self.size(), self.size())

    def fail(self, what: str) -> NoReturn:
        """Raise `BadData`: the file `what`."""
        raise BadData(f"the value file {what}")
