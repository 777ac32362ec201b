"""Writing the few FlatBuffers that an Arrow file holds (flatbuffers.dev/internals).

A buffer is written from its end to its beginning, so that what is referred to is there before what refers to it. A
position is counted from the end of the buffer.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from polyrun.model.frozen import frozen


@frozen
class At:
    """The position of something written before."""

    position: int


@frozen
class Number:
    """A number as `struct` writes it, such as `Number("<i", 5)`."""

    form: str
    value: int


Slot = At | Number | None
"""A field of a table: a position, a number, or its default."""


class Builder:
    """One buffer."""

    def __init__(self) -> None:
        self._data = bytearray(1024)
        self._head = len(self._data)

    @property
    def _size(self) -> int:
        return len(self._data) - self._head

    def _put(self, data: bytes) -> None:
        while self._head < len(data):
            grown = len(self._data)
            self._data = bytearray(grown) + self._data
            self._head += grown
        self._head -= len(data)
        self._data[self._head : self._head + len(data)] = data

    def _align(self, alignment: int, coming: int) -> None:
        """Pad so that after `coming` more bytes the position is a multiple of `alignment`."""
        self._put(bytes(-(self._size + coming) % alignment))

    def _offset(self, to: At) -> None:
        self._align(4, 4)
        self._put(struct.pack("<I", self._size + 4 - to.position))

    def text(self, text: str) -> At:
        """A string."""
        data = text.encode()
        self._align(4, len(data) + 1 + 4)
        self._put(struct.pack("<I", len(data)) + data + b"\0")
        return At(self._size)

    def offsets(self, places: Sequence[At]) -> At:
        """A vector of references."""
        self._align(4, 4 * len(places))
        for place in reversed(places):
            self._offset(place)
        self._put(struct.pack("<I", len(places)))
        return At(self._size)

    def structs(self, items: Sequence[bytes], alignment: int) -> At:
        """A vector of structs, each already in its bytes."""
        data = b"".join(items)
        self._align(4, len(data))
        self._align(alignment, len(data))
        self._put(data)
        self._put(struct.pack("<I", len(items)))
        return At(self._size)

    def table(self, slots: Sequence[Slot]) -> At:
        """A table with the fields `slots`, in the order of the schema."""
        end = self._size
        places = [0] * len(slots)
        for number in sorted(range(len(slots)), key=lambda n: _width(slots[n])):
            slot = slots[number]
            if isinstance(slot, At):
                self._offset(slot)
            elif isinstance(slot, Number):
                size = struct.calcsize(slot.form)
                self._align(size, size)
                self._put(struct.pack(slot.form, slot.value))
            else:
                continue
            places[number] = self._size
        self._align(4, 4)
        self._put(bytes(4))
        start = self._size
        vtable = [4 + 2 * len(slots), start - end, *(start - place if place else 0 for place in places)]
        self._align(2, 2 * len(vtable))
        self._put(struct.pack(f"<{len(vtable)}H", *vtable))
        at = len(self._data) - start
        self._data[at : at + 4] = struct.pack("<i", self._size - start)
        return At(start)

    def finish(self, root: At) -> bytes:
        """The whole buffer, whose root is `root`."""
        self._align(8, 4)
        self._offset(root)
        return bytes(self._data[self._head :])


def _width(slot: Slot) -> int:
    """Small fields are written first, so that large ones stand before them and need less padding."""
    return struct.calcsize(slot.form) if isinstance(slot, Number) else 4
