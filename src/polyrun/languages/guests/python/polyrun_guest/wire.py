"""The encoding of value files: CBOR (RFC 8949), and private tags for what that lacks."""

from __future__ import annotations

import struct

TYPE_CHECKING = False  # see `handing`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

REF, BIG_INT, DECIMAL, DATE, TIME, TIMESTAMP, DURATION, PACKED, ARRAY, TABLE, FILE = range(50500, 50511)
_SIZES = {24: ">B", 25: ">H", 26: ">I", 27: ">Q"}
_SIMPLE = {0xF4: False, 0xF5: True, 0xF6: None}

MAX_DEPTH = 64
_PACK_FROM = 32


class Unsupported(Exception):
    """A value that cannot be exported; the message says why, and is shown to the user."""


class Raw:
    """Encoded bytes, to be written as they are."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class Tagged:
    """A value behind a tag."""

    __slots__ = ("tag", "value")

    def __init__(self, tag: int, value: Any) -> None:
        self.tag = tag
        self.value = value


def head(major: int, number: int) -> bytes:
    """The head of a data item."""
    if number < 24:
        return bytes((major << 5 | number,))
    info = 24 if number < 1 << 8 else 25 if number < 1 << 16 else 26 if number < 1 << 32 else 27
    return bytes((major << 5 | info,)) + struct.pack(_SIZES[info], number)


class Decoder:
    """Reads one value file. `make` turns a tag and what stands behind it into a value."""

    def __init__(self, data: bytes, make: Callable[[int, Any], Any]) -> None:
        self._data = data
        self._at = 0
        self._make = make

    def item(self) -> Any:
        """The next value."""
        data, at = self._data, self._at
        first = data[at]
        info = first & 31
        self._at = at + 1
        if info < 24:
            number = info
        elif first < 0xF8:
            size = _SIZES[info]
            (number,) = struct.unpack_from(size, data, at + 1)
            self._at += 1 << info - 24
        else:
            (value,) = struct.unpack_from(">d", data, at + 1)
            self._at += 8
            return value
        return self._behind(first, number)

    def _behind(self, first: int, number: int) -> Any:
        major = first >> 5
        if major == 0:
            return number
        if major == 1:
            return -1 - number
        if major in (2, 3):
            start = self._at
            self._at += number
            piece = self._data[start : self._at]
            return piece.decode() if major == 3 else piece
        if major == 4:
            return [self.item() for _ in range(number)]
        if major == 5:
            return {self.item(): self.item() for _ in range(number)}
        return self._make(number, self.item()) if major == 6 else _SIMPLE[first]


class Encoder:
    """Writes one value file.

    `convert` turns what is no plain value into one, or into `Raw` or `Tagged`; `pack` may do the same with a long list.
    """

    def __init__(self, convert: Callable[[Any], Any], pack: Callable[[Any], Any]) -> None:
        self._convert = convert
        self._pack = pack
        self._depth = 0

    def encode(self, value: Any) -> bytes:
        """The bytes of `value`. Raises `Unsupported`."""
        kind = type(value)
        if kind is str:
            return self._text(value)
        write = _PLAIN.get(kind)
        return write(value) if write is not None else self._inside(value)

    def _inside(self, value: Any) -> bytes:
        """A container, something behind a tag, or something that must be turned into a plain value first."""
        if isinstance(value, Raw):
            return value.data
        if isinstance(value, Tagged):
            return head(6, value.tag) + self.encode(value.value)
        if self._depth >= MAX_DEPTH:
            raise Unsupported(f"it is nested deeper than {MAX_DEPTH} levels, or contains itself")
        self._depth += 1
        try:
            if isinstance(value, (list, tuple)):
                packed = self._pack(value) if len(value) >= _PACK_FROM else value
                if packed is not value:
                    return self.encode(packed)
                return head(4, len(value)) + b"".join(map(self.encode, value))
            if isinstance(value, dict):
                parts = [head(5, len(value))]
                for key, item in value.items():
                    if not isinstance(key, str):
                        raise Unsupported(f"the keys of a map must be texts, and {key!r} is not")
                    parts += (self._text(key), self.encode(item))
                return b"".join(parts)
            return self.encode(self._convert(value))
        finally:
            self._depth -= 1

    @staticmethod
    def _text(value: str) -> bytes:
        try:
            data = value.encode()
        except UnicodeEncodeError:
            raise Unsupported("it holds half of a character (a lone surrogate), which no text can") from None
        return head(3, len(data)) + data


def _integer(value: int) -> bytes:
    if -(1 << 63) <= value < 1 << 63:
        return head(0, value) if value >= 0 else head(1, -1 - value)
    try:
        text = str(value)
    except ValueError:
        raise Unsupported("it is an int of more than 4300 digits") from None
    return head(6, BIG_INT) + head(3, len(text)) + text.encode()


_PLAIN: dict[type, Callable[[Any], bytes]] = {
    int: _integer,
    float: lambda value: b"\xfb" + struct.pack(">d", value),
    bool: lambda value: b"\xf5" if value else b"\xf4",
    bytes: lambda value: head(2, len(value)) + value,
    type(None): lambda _value: b"\xf6",
}
