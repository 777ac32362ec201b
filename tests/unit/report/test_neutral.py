from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrun.report.neutral import Neutralizer, safe_line, safe_text

ACTING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]|\r(?!\n)")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("\x1bPq\x1b\\", "␛Pq␛\\"),
        ("\x9b2J", "<U+009B>2J"),
        ("50%\r100%\r\n", "50%␍100%\r\n"),
        ("ab\bc", "ab␈c"),
        ("\x7f\x00", "␡␀"),
        ("user\u202etxt.exe", "user<U+202E>txt.exe"),
        ("a\tb\nc", "a\tb\nc"),
        ("naïve 漢字 👩‍💻", "naïve 漢字 👩‍💻"),
    ],
)
def test_what_acts_becomes_visible_and_the_rest_stays(text: str, safe: str) -> None:
    assert safe_text(text) == safe


def test_a_line_stays_one_line() -> None:
    assert safe_line("a\r\nb\tc\x1b\u2028d\udc80") == "a\\r\\nb\\tc␛<U+2028>d\ufffd"


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_borders_between_chunks_do_not_matter(data: bytes, cuts: list[int]) -> None:
    whole = Neutralizer().feed(data, final=True)
    pieces = Neutralizer()
    borders = sorted(cut for cut in cuts if cut < len(data))
    text = "".join(pieces.feed(data[a:b]) for a, b in zip([0, *borders], [*borders, len(data)], strict=True))
    assert text + pieces.feed(b"", final=True) == whole


@given(
    st.lists(st.one_of(st.binary(), st.sampled_from([b"\x1b", b"\r", b"\n", b"\xc2", b"\x9b", b"\xe2\x80", b"\xae"])))
)
def test_nothing_that_acts_ever_comes_out(chunks: list[bytes]) -> None:
    neutral = Neutralizer()
    text = "".join(neutral.feed(chunk) for chunk in chunks) + neutral.feed(b"", final=True)
    assert not ACTING.search(text)


def test_a_cr_is_held_back_until_the_next_byte_decides() -> None:
    neutral = Neutralizer()
    assert neutral.feed(b"a\r") == "a"
    assert neutral.feed(b"\nb\r") == "\r\nb"
    assert neutral.feed(b"", final=True) == "␍"
