"""A place that a report is written to: one descriptor, with what must be known about it.

Writes go to the descriptor at once and whole, so that two channels on one terminal keep their order and nothing
is left in a buffer when the reader goes away.
"""

from __future__ import annotations

import errno
import os
import select


class Channel:
    """Writes to `fd`, and remembers whether the last byte ended a line and whether the reader has gone.

    `encoding` is used for text; characters that it lacks are written as escapes.
    """

    def __init__(self, fd: int, *, encoding: str = "utf-8") -> None:
        self.fd = fd
        self.encoding = encoding
        self.at_line_start = True
        self.failure: OSError | None = None
        self.terminal = _is_terminal(fd)

    @property
    def broken(self) -> bool:
        """Whether a write has failed; later writes are dropped."""
        return self.failure is not None

    @property
    def columns(self) -> int:
        """The terminal's width, 80 when there is none."""
        try:
            return os.get_terminal_size(self.fd).columns or 80
        except OSError:
            return 80

    def shares(self, other: Channel) -> bool:
        """Whether both lead to the same place, a terminal or one file, where texts can glue together."""
        try:
            mine, theirs = os.fstat(self.fd), os.fstat(other.fd)
        except OSError:
            return False
        return (mine.st_dev, mine.st_ino) == (theirs.st_dev, theirs.st_ino)

    def write(self, data: bytes) -> None:
        """Write all of `data`. Never raises: the first failure is kept in `failure`."""
        if not data or self.failure is not None:
            return
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.fd, view) :]
            except BlockingIOError:
                # Whoever started us may have made the descriptor non-blocking for all its holders.
                select.select([], [self.fd], [])
            except OSError as error:
                self.failure = error
                return
        self.at_line_start = data.endswith(b"\n")

    def text(self, text: str) -> None:
        """Write `text` in the channel's encoding."""
        self.write(text.encode(self.encoding, errors="backslashreplace"))

    @property
    def reader_gone(self) -> bool:
        """Whether the failure is a closed pipe, which is the reader's right and not a fault."""
        return self.failure is not None and self.failure.errno == errno.EPIPE


def _is_terminal(fd: int) -> bool:
    try:
        return os.isatty(fd)
    except OSError:
        return False
