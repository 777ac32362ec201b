"""Checks of many numbers at once, against what they mean for each of them."""

from __future__ import annotations

from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrun.values.columns import _is_rising
from polyrun.values.fits import _are_small

_EDGES = st.sampled_from([0, 1, 2, (1 << 31) - 2, (1 << 31) - 1, -1, -(1 << 31)])
_OFFSETS = st.lists(_EDGES | st.integers(-(1 << 31), (1 << 31) - 1), min_size=1, max_size=6)


@given(_OFFSETS | _OFFSETS.map(sorted))
def test_offsets_rise(offsets: list[int]) -> None:
    rises = offsets[0] >= 0 and all(one <= other for one, other in pairwise(offsets))
    assert _is_rising(array("i", offsets).tobytes()) == rises


@pytest.mark.parametrize(
    ("numbers", "small"),
    [
        ([0, 1, (1 << 53) - 1], True),
        ([0, 1 << 53], False),  # not seen to be small, and looked at again
        ([-1], False),
        ([1, 1 << 60, 1], False),
        ([-(1 << 63)], False),
    ],
)
def test_small_integers(numbers: list[int], small: bool) -> None:
    assert _are_small(array("q", numbers).tobytes()) == small
