"""Positions in a document: byte offsets inside, lines and columns at the edge.

Knows nothing about grammar. Everybody may import it.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range `[start, end)` of byte offsets into one document; `start <= end`."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True, order=True)
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
    The line index is built on first use, in one pass.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name

    @cached_property
    def _starts(self) -> array[int]:
        starts = array("Q", [0])
        starts.extend(match.end() for match in re.finditer(rb"\n", self.data))
        if len(starts) > 1 and starts[-1] == len(self.data):
            starts.pop()
        return starts

    @property
    def line_count(self) -> int:
        """Number of lines, at least 1."""
        return len(self._starts)

    def line_at(self, offset: int) -> int:
        """The 1-based line that holds byte `offset`; offsets past the end belong to the last line."""
        return bisect_right(self._starts, offset)

    def position(self, offset: int) -> Position:
        """The line and column of byte `offset`; an offset inside a character counts as that character."""
        line = self.line_at(offset)
        start = self._starts[line - 1]
        column = len(self.data[start:offset].decode("utf-8", errors="replace")) + 1
        return Position(line, column)

    def line_span(self, line: int) -> Span:
        """The bytes of 1-based `line` without its terminator. Raises `IndexError` beyond the last line."""
        if line < 1:
            raise IndexError(line)
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.data)
        if self.data[start:end].endswith(b"\n"):
            end -= 1
            if self.data[start:end].endswith(b"\r"):
                end -= 1
        return Span(start, end)

    def line_text(self, line: int) -> str:
        """The text of 1-based `line`; invalid UTF-8 becomes U+FFFD."""
        span = self.line_span(line)
        return self.data[span.start : span.end].decode("utf-8", errors="replace")

    def text(self, span: Span) -> str:
        """The text of `span`; invalid UTF-8 becomes U+FFFD."""
        return self.data[span.start : span.end].decode("utf-8", errors="replace")
