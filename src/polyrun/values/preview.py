"""A value in one short line, for people."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable

from polyrun.model.values import DTYPES
from polyrun.values.cbor import ARRAY, DURATION, FILE, PACKED, REF, TABLE, Reader
from polyrun.values.decode import read_node
from polyrun.values.nodes import Array, File, Packed, Ref, Table

WIDTH = 72
_CODES = {
    "bool": "?", "int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint8": "B", "uint16": "H", "uint32": "I",
    "uint64": "Q", "float32": "f", "float64": "d",
}  # fmt: skip
_FEW = 16
_RECORDS = {ARRAY, DURATION, FILE, PACKED, REF, TABLE}

Open = Callable[[Ref], Callable[[int, int], bytes]]


class _Enough(Exception):
    """The line is full."""


def preview(reader: Reader, open_ref: Open) -> str:
    """The next value of `reader`, which a survey has found sound, in at most `WIDTH` characters.

    Looks at the beginning only; `open_ref` gives the bytes of a reference.
    """
    writer = _Writer(reader, open_ref)
    try:
        writer.value()
    except _Enough:
        return writer.text[: WIDTH - 1] + "…"
    return writer.text if len(writer.text) <= WIDTH else writer.text[: WIDTH - 1] + "…"


class _Writer:
    def __init__(self, reader: Reader, open_ref: Open) -> None:
        self._reader = reader
        self._open = open_ref
        self.text = ""

    def _put(self, text: str) -> None:
        text = text[: WIDTH + 1]
        self.text += text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)
        if len(self.text) > WIDTH:
            raise _Enough

    def value(self) -> None:
        """Write the next value."""
        reader = self._reader
        kind = reader.peek() >> 5
        if kind == 4:
            self._put("[")
            for number in range(reader.length(4)):
                self._put(", " if number else "")
                self.value()
            self._put("]")
        elif kind == 5:
            self._put("{")
            for number in range(reader.length(5)):
                self._put(", " if number else "")
                self._put(_quoted(reader.text()) + ": ")
                self.value()
            self._put("}")
        else:
            self._scalar()

    def _scalar(self) -> None:
        node = read_node(self._reader)
        match node:
            case None | bool():
                self._put({None: "null", True: "true", False: "false"}[node])
            case int() | float():
                self._put(_number(node))
            case str():
                self._put(_quoted(node))
            case bytes():
                self._put(f"{node[:WIDTH].hex(' ')}")
            case Ref():
                self._put(self._open(node)(0, min(node.length, WIDTH)).hex(" "))
            case Packed():
                self._numbers(node.dtype, node.data)
            case Array():
                self._numbers(node.dtype, node.data)
            case Table():
                self._put(", ".join(f"{column.name} {column.type}" for column in node.columns))
            case File():
                self._put(node.name)
            case _:
                self._put(_plain(node))

    def _numbers(self, dtype: str, data: Ref | bytes) -> None:
        size = DTYPES[dtype]
        length = data.length if isinstance(data, Ref) else len(data)
        few = min(length // size, _FEW)
        beginning = data[: few * size] if isinstance(data, bytes) else self._open(data)(0, few * size)
        numbers = struct.unpack(f"<{few}{_CODES[dtype]}", beginning)
        more = ", …" if length // size > few else ""
        self._put("[" + ", ".join(map(_number, numbers)) + more + "]")


def _number(number: float) -> str:
    if isinstance(number, bool):
        return "true" if number else "false"
    return str(number) if isinstance(number, int) and abs(number) < 10**WIDTH else f"{number!r}"[: WIDTH + 1]


def _escaped(character: str) -> str:
    """What would end the line, or turn it around."""
    return character.encode("unicode_escape").decode()


def _quoted(text: str) -> str:
    return json.dumps(text[: WIDTH + 1], ensure_ascii=False)


def _plain(node: object) -> str:
    text = getattr(node, "text", None)
    if text is not None:
        return str(text)
    total = getattr(node, "seconds", 0) * 10**9 + getattr(node, "nanoseconds", 0)
    seconds, nanoseconds = divmod(abs(total), 10**9)
    digits = f"{seconds}.{nanoseconds:09}".rstrip("0").rstrip(".")
    return f"{'-' if total < 0 else ''}{digits} s"
