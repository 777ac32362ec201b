from __future__ import annotations

import pytest

from polyrun.report.width import display_width, pad, shorten


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("abc", 3), ("漢字", 4), ("é", 1), ("e\u0301", 1), ("ﾊﾝ", 2), ("🦀", 2), ("a\u200bb", 2)],
)
def test_width_counts_columns_and_not_characters(text: str, columns: int) -> None:
    assert display_width(text) == columns


def test_padding_fills_up_to_columns_on_either_side() -> None:
    assert pad("漢", 4) == "漢  "
    assert pad("漢", 4, right=True) == "  漢"
    assert pad("long", 2) == "long"


@pytest.mark.parametrize(
    ("text", "columns", "short"),
    [("short", 5, "short"), ("longer", 5, "long…"), ("漢字漢字", 5, "漢字…"), ("漢字漢字", 4, "漢…")],
)
def test_shortening_never_passes_the_columns(text: str, columns: int, short: str) -> None:
    assert shorten(text, columns) == short
    assert display_width(shorten(text, columns)) <= columns
