"""Lines and columns, checked against the plain way of counting them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrun.model.spans import Position, Source, Span


def _lines(data: bytes) -> list[bytes]:
    """The lines with their terminators, by the definition in `Source`."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return lines


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"\r", b"\n" * 5000, b"x" * 4095, "é".encode()])).map(b"".join))
def test_lines_are_where_counting_finds_them(data: bytes) -> None:
    source = Source(data, "x")
    lines = _lines(data)
    assert source.line_count == len(lines)
    start = 0
    for number, line in list(enumerate(lines, start=1))[:50]:
        text = line.removesuffix(b"\n")
        text = text.removesuffix(b"\r") if line.endswith(b"\n") else text
        assert source.line_span(number) == Span(start, start + len(text))
        assert source.line_at(start) == number
        assert source.line_at(start + max(len(line) - 1, 0)) == number
        start += len(line)


def test_the_last_lines_of_a_long_source_are_found() -> None:
    source = Source(b"\n" * 1_000_000 + b"end", "x")
    assert source.line_count == 1_000_001
    assert source.line_span(1_000_001) == Span(1_000_000, 1_000_003)
    assert source.line_at(999_999) == 1_000_000
    assert source.line_at(1_000_000) == 1_000_001


def test_offsets_past_the_end_belong_to_the_last_line() -> None:
    assert Source(b"a\nb\n", "x").line_at(99) == 2
    assert Source(b"a\nb\n", "x").line_at(4) == 2
    assert Source(b"", "x").line_at(0) == 1


@pytest.mark.parametrize("line", [-1, 0, 3])
def test_there_is_no_such_line(line: int) -> None:
    with pytest.raises(IndexError):
        Source(b"a\nb\n", "x").line_span(line)


def test_columns_count_characters() -> None:
    source = Source("é\tü\xa0x\nz".encode(), "x")
    assert source.position(len("é\tü\xa0".encode())) == Position(1, 5)
    assert source.position(1) == Position(1, 2)
    assert str(source.position(len(source.data) - 1)) == "2:1"
