"""What a container's starter and PolyRun say to each other (see `starter/starter.c`), over an attached stream.

The engine wraps what a container prints in frames of its own: a stream's number, three zeros, a length (Engine API,
"Attach to a container"). Inside are the starter's: one byte for the kind, four for the length, the payload.
"""

from __future__ import annotations

import asyncio
import struct
from enum import StrEnum

from polyrun.model.frozen import frozen
from polyrun.sandbox.docker.api import Hijacked

PIECE = 1 << 16
"""The most bytes of a program's output, or of a file, in one frame."""

_OUTER = struct.Struct(">B3xI")
_INNER = struct.Struct(">cI")
_STDOUT = 1
_LONGEST = 1 << 20


class Kind(StrEnum):
    """The kinds of frame; all but `JOB` and `STOP` come from the starter."""

    JOB = "t"
    STOP = "k"
    READY = "R"
    STDOUT = "O"
    STDERR = "E"
    SAMPLE = "S"
    NOT_STARTED = "P"
    USAGE = "U"
    FAULT = "F"
    FILE = "f"
    DATA = "d"
    FOLDER = "p"
    LINK = "s"
    GONE = "x"
    NOT_KEPT = "n"
    END = "Z"


_KINDS = {kind.value: kind for kind in Kind}


@frozen
class Frame:
    """One thing that the starter says."""

    kind: Kind
    data: bytes

    def facts(self) -> dict[str, list[str]]:
        """The payload as lines `key=value`; a key may come more than once."""
        found: dict[str, list[str]] = {}
        for line in self.data.decode(errors="replace").splitlines():
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value.strip())
        return found

    def numbers(self) -> dict[str, int]:
        """The payload as lines `key=number`; −1, which stands for unknown, and what is no number are left out."""
        return {
            key: int(values[0]) for key, values in self.facts().items() if values[0].isascii() and values[0].isdigit()
        }


class StreamEnded(Exception):
    """The container, or the engine, is gone in the middle of something; or what comes makes no sense."""


class FrameReader:
    """Reads the starter's frames from a container that is attached."""

    def __init__(self, attached: Hijacked) -> None:
        self._reader = attached.reader
        self._raw = bytearray(attached.beginning)
        self._inner = bytearray()

    async def next(self) -> Frame:
        """The next frame. Raises `StreamEnded` if there is none."""
        while True:
            if len(self._inner) >= _INNER.size:
                kind, length = _INNER.unpack_from(self._inner)
                known = _KINDS.get(kind.decode("latin-1"))
                if known is None or length > _LONGEST:
                    raise StreamEnded("the container says something that its starter never says")
                if len(self._inner) >= _INNER.size + length:
                    data = bytes(self._inner[_INNER.size : _INNER.size + length])
                    del self._inner[: _INNER.size + length]
                    return Frame(known, data)
            await self._more()

    async def _more(self) -> None:
        while True:
            if len(self._raw) >= _OUTER.size:
                stream, length = _OUTER.unpack_from(self._raw)
                if len(self._raw) >= _OUTER.size + length:
                    if stream == _STDOUT:
                        self._inner += self._raw[_OUTER.size : _OUTER.size + length]
                    del self._raw[: _OUTER.size + length]
                    return
                if length > _LONGEST:
                    raise StreamEnded("what the engine sends is no container's output")
            try:
                data = await self._reader.read(PIECE)
            except (OSError, asyncio.IncompleteReadError) as error:
                raise StreamEnded(f"the connection broke: {error}") from error
            if not data:
                raise StreamEnded("the container or its engine ended the connection")
            self._raw += data


def frame(kind: Kind, data: bytes = b"") -> bytes:
    """A frame for the starter."""
    return _INNER.pack(kind.value.encode(), len(data)) + data
