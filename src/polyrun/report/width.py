"""How many terminal columns a text takes, and fitting text into columns.

East Asian wide characters and emoji take two columns (Unicode TR 11), combining marks none.
"""

from __future__ import annotations

import unicodedata

_ZERO_WIDTH_CATEGORIES = frozenset({"Mn", "Me", "Cf"})


def display_width(text: str) -> int:
    """Columns that `text`, without control characters, takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.category(character) in _ZERO_WIDTH_CATEGORIES:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """`text` filled with spaces to `columns`; with `right` the text stands at the right edge."""
    space = " " * (columns - display_width(text))
    return space + text if right else text + space


def shorten(text: str, columns: int, ellipsis: str = "…") -> str:
    """`text` if it fits into `columns`, else as much of it as fits before the `ellipsis`."""
    if display_width(text) <= columns:
        return text
    room = columns - display_width(ellipsis)
    used = 0
    for end, character in enumerate(text):
        used += _character_width(character)
        if used > room:
            return text[:end] + ellipsis
    return text
