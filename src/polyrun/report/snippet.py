"""One line of a source as a terminal can show it, with the place that a label marks.

Whatever a line holds, the result is printable: tabs are expanded, control characters stand visible,
wide characters count two columns, and a long line is cut around the mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from polyrun.model.frozen import frozen
from polyrun.model.spans import Source, Span
from polyrun.report.neutral import safe_line
from polyrun.report.width import display_width

TAB_COLUMNS = 4
MAX_COLUMNS = 120
_LEAD_COLUMNS = 40
_CUT = "..."

# More bytes than this on one side of a mark are never decoded, so that a line of 64 MiB costs no more than another.
_WINDOW_BYTES = 4 * MAX_COLUMNS


@frozen
class Snippet:
    """`text` is the line; the mark covers `width` columns (at least 1) after `column` columns."""

    text: str
    column: int
    width: int


def snippet(source: Source, line: int, mark: Span) -> Snippet:
    """The 1-based `line` of `source` with `mark`, as far as that lies on the line."""
    span = source.line_span(line)
    start = min(max(mark.start, span.start), span.end)
    end = min(max(mark.end, start), span.end)
    first = _character_start(source.data, max(span.start, start - _WINDOW_BYTES), span.start)
    last = min(span.end, end, start + _WINDOW_BYTES)
    before = list(_cells(source.text(Span(first, start)), 0))
    marked = list(_cells(source.text(Span(start, last)), _columns(before)))
    behind_end = min(span.end, last + _WINDOW_BYTES)
    behind = list(_cells(source.text(Span(last, behind_end)), _columns(before) + _columns(marked)))
    whole = first == span.start and behind_end == span.end
    if whole and _columns(before) + _columns(marked) + _columns(behind) <= MAX_COLUMNS:
        return Snippet("".join([*before, *marked, *behind]), _columns(before), max(_columns(marked), 1))
    return _cut(before, marked, behind)


def _cut(before: list[str], marked: list[str], behind: list[str]) -> Snippet:
    lead, text = "", before
    if _columns(before) > _LEAD_COLUMNS:
        lead, text = _CUT, list(reversed(list(_fitting(reversed(before), _LEAD_COLUMNS - len(_CUT)))))
    column = len(lead) + _columns(text)
    room = MAX_COLUMNS - column - len(_CUT)
    shown = list(_fitting(marked, room))
    rest = list(_fitting(behind, room - _columns(shown))) if len(shown) == len(marked) else []
    tail = _CUT if len(shown) < len(marked) or len(rest) < len(behind) else ""
    return Snippet(lead + "".join([*text, *shown, *rest]) + tail, column, max(_columns(shown), 1))


def _fitting(cells: Iterable[str], columns: int) -> Iterator[str]:
    """The first of `cells` that fit into `columns`."""
    for cell in cells:
        columns -= display_width(cell)
        if columns < 0:
            return
        yield cell


def _character_start(data: bytes, offset: int, floor: int) -> int:
    """`offset`, moved back to the start of the UTF-8 character that it lies in."""
    for back in range(4):
        if offset - back <= floor:
            return floor
        if data[offset - back] & 0xC0 != 0x80:
            return offset - back
    return offset


def _columns(cells: list[str]) -> int:
    return sum(map(display_width, cells))


def _cells(text: str, column: int) -> Iterator[str]:
    """What stands for each character of `text`, of which the first comes after `column` columns."""
    for character in text:
        cell = " " * (TAB_COLUMNS - column % TAB_COLUMNS) if character == "\t" else safe_line(character)
        column += display_width(cell)
        yield cell
