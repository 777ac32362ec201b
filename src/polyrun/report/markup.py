"""Untrusted text in a page, and how much of it there may be."""

from __future__ import annotations

from html import escape

from polyrun.report.neutral import safe_line, safe_text


def text(words: str) -> str:
    """`words` as the text of an element, with everything that could act on the reader made visible."""
    return escape(safe_text(words))


def line(words: str) -> str:
    """The same on one line."""
    return escape(safe_line(words))


class Allowance:
    """How much of one sort may be in a page, `total` together."""

    def __init__(self, total: int) -> None:
        self._left = total

    def take(self, wanted: int, most: int) -> int:
        """How much of `wanted` there may be, `most` at a time; it is then used up."""
        granted = max(0, min(wanted, most, self._left))
        self._left -= granted
        return granted

    def take_all(self, wanted: int, most: int) -> bool:
        """Whether there may be all of `wanted`; it is then used up."""
        if wanted > min(most, self._left):
            return False
        self._left -= wanted
        return True
