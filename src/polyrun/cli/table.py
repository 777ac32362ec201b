"""Plain tables for the commands that list things."""

from __future__ import annotations

from collections.abc import Sequence

from polyrun.report.look import Look
from polyrun.report.neutral import safe_line
from polyrun.report.width import display_width, pad


def render_table(titles: Sequence[str], rows: Sequence[Sequence[str]], look: Look, *, right: Sequence[int] = ()) -> str:
    """Aligned columns, two spaces apart, below dim `titles`; the columns in `right` stand at their right edge."""
    clean = [[safe_line(cell) for cell in row] for row in rows]
    widths = [max(display_width(row[index]) for row in [titles, *clean]) for index in range(len(titles))]

    def line(cells: Sequence[str]) -> str:
        fitted = [pad(cell, widths[index], right=index in right) for index, cell in enumerate(cells)]
        return "  ".join(fitted).rstrip()

    return "\n".join([look.paint(line(titles), "dim"), *(line(row) for row in clean)]) + "\n"
