"""Positions in a document: byte offsets inside, lines and columns at the edge.

Knows nothing about grammar. Everybody may import it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from functools import cached_property
from itertools import accumulate

from polyrun.model.frozen import frozen

_STRIDE = 4096


@frozen
class Span:
    """A half-open range `[start, end)` of byte offsets into one document; `start <= end`."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def __lt__(self, other: Span) -> bool:
        return (self.start, self.end) < (other.start, other.end)


@frozen
class Position:
    """A place as people count it: `line` and `column` both start at 1, columns count characters."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


class Source:
    """The exact bytes of one document and the name it is reported under.

    Lines end at LF; a CR before the LF belongs to the terminator, a lone CR does not end a line.
    A final terminator does not open another line, and an empty document has one empty line.
    Lines are found through a sparse index (newlines counted every 4 KiB), built on first use, so that
    even a document of 64 MiB of newlines costs milliseconds and no memory to speak of.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name

    @cached_property
    def _newlines(self) -> array[int]:
        """How many newlines stand before each multiple of `_STRIDE`, and at last in all."""
        steps = range(0, len(self.data), _STRIDE)
        counts = (self.data.count(b"\n", start, start + _STRIDE) for start in steps)
        return array("Q", accumulate(counts, initial=0))

    @property
    def line_count(self) -> int:
        """Number of lines, at least 1."""
        return max(self._newlines[-1] + (not self.data.endswith(b"\n")), 1)

    def line_at(self, offset: int) -> int:
        """The 1-based line that holds byte `offset`; offsets past the end belong to the last line."""
        offset = max(min(offset, len(self.data) - 1), 0)
        step = offset // _STRIDE
        return self._newlines[step] + self.data.count(b"\n", step * _STRIDE, offset) + 1

    def _line_start(self, line: int) -> int:
        if not 1 <= line <= self.line_count:
            raise IndexError(line)
        if line == 1:
            return 0
        step = bisect_left(self._newlines, line - 1) - 1
        feed = step * _STRIDE - 1
        for _ in range(line - 1 - self._newlines[step]):
            feed = self.data.index(b"\n", feed + 1)
        return feed + 1

    def position(self, offset: int) -> Position:
        """The line and column of byte `offset`; an offset inside a character counts as that character."""
        line = self.line_at(offset)
        start = self._line_start(line)
        column = len(self.data[start:offset].decode("utf-8", errors="replace")) + 1
        return Position(line, column)

    def line_span(self, line: int) -> Span:
        """The bytes of 1-based `line` without its terminator. Raises `IndexError` beyond the last line."""
        start = self._line_start(line)
        feed = self.data.find(b"\n", start)
        end = len(self.data) if feed < 0 else feed
        if feed > start and self.data[feed - 1 : feed] == b"\r":
            end -= 1
        return Span(start, end)

    def line_text(self, line: int) -> str:
        """The text of 1-based `line`; invalid UTF-8 becomes U+FFFD."""
        span = self.line_span(line)
        return self.data[span.start : span.end].decode("utf-8", errors="replace")

    def text(self, span: Span) -> str:
        """The text of `span`; invalid UTF-8 becomes U+FFFD."""
        return self.data[span.start : span.end].decode("utf-8", errors="replace")
