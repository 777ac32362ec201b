"""The bytes one stream printed, kept exactly, bounded, and outside memory once they are many.

A `Spool` is one nameless file for a whole run; a `Capture` is a list of extents in it. So a run
of a thousand blocks that print 8 MiB each costs one descriptor and no memory, and nothing can
stay behind, because the file never had a name.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator

_CHUNK = 1 << 16


class Spool:
    """Append-only scratch space without a name on disk; created on first use, gone with its last reader."""

    def __init__(self) -> None:
        self._fd = -1
        self._size = 0

    def append(self, data: bytes) -> int:
        """Store `data` and return its offset. Raises `OSError` when the disk is full."""
        if self._fd < 0:
            import tempfile

            file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the spool
            self._fd = os.dup(file.fileno())
            file.close()
            weakref.finalize(self, os.close, self._fd)
        offset = self._size
        view = memoryview(data)
        while view:
            view = view[os.pwrite(self._fd, view, self._size + len(data) - len(view)) :]
        self._size += len(data)
        return offset

    def read(self, offset: int, size: int) -> bytes:
        """The `size` bytes at `offset`."""
        return os.pread(self._fd, size, offset)


class Capture:
    """What one stream printed: the first `limit` bytes exactly, and how many came in all.

    Small captures stay in memory; larger ones live in the spool.
    """

    _IN_MEMORY = 8192

    def __init__(self, spool: Spool, limit: int) -> None:
        self._spool = spool
        self._limit = limit
        self._extents: list[tuple[int, int]] = []
        self._buffer = bytearray()
        self.size = 0
        self.total = 0
        self.trouble: str | None = None

    @property
    def truncated(self) -> bool:
        """Whether the stream printed more than was kept."""
        return self.total > self.size

    def write(self, data: bytes) -> bytes:
        """Take `data`, keep what the limit allows and return just that part.

        Never raises: when the disk is full, no more is kept, and `trouble` says why.
        """
        self.total += len(data)
        kept = data[: self._limit - self.size]
        if kept:
            self._buffer += kept
            self.size += len(kept)
            if len(self._buffer) > self._IN_MEMORY:
                self._flush()
        return kept

    def _flush(self) -> None:
        size = len(self._buffer)
        try:
            offset = self._spool.append(bytes(self._buffer))
        except OSError as error:
            self.trouble = error.strerror or str(error)
            self.size -= size
            self._limit = self.size
            return
        finally:
            self._buffer.clear()
        if self._extents and sum(self._extents[-1]) == offset:
            self._extents[-1] = (self._extents[-1][0], self._extents[-1][1] + size)
        else:
            self._extents.append((offset, size))

    def chunks(self) -> Iterator[bytes]:
        """The kept bytes in order, at most 64 KiB at a time."""
        for start, size in self._extents:
            for offset in range(start, start + size, _CHUNK):
                yield self._spool.read(offset, min(_CHUNK, start + size - offset))
        if self._buffer:
            yield bytes(self._buffer)

    def read(self) -> bytes:
        """All the kept bytes."""
        return b"".join(self.chunks())

    def tail(self, size: int) -> bytes:
        """The last `size` kept bytes, read without the rest."""
        parts: list[bytes] = [bytes(self._buffer)]
        missing = size - len(self._buffer)
        for start, length in reversed(self._extents):
            if missing <= 0:
                break
            take = min(missing, length)
            parts.append(self._spool.read(start + length - take, take))
            missing -= take
        return b"".join(reversed(parts))[-size:] if size > 0 else b""

    @property
    def text(self) -> str:
        """The kept bytes as UTF-8, invalid bytes replaced by U+FFFD."""
        return self.read().decode("utf-8", errors="replace")
