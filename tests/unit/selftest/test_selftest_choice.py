"""Which attacks a self-test runs."""

from __future__ import annotations

import pytest

from polyrun.model.errors import UsageError
from polyrun.selftest.catalogue.register import ELSEWHERE, EVERY
from polyrun.selftest.session import chosen


def test_all_without_a_choice() -> None:
    assert chosen(()) == list(EVERY.values())


def test_names_and_rows_in_the_order_of_the_catalogue() -> None:
    assert [attack.name for attack in chosen(["52", "sleep", "2"])] == ["sleep", "io-uring"]
    assert all(18 in attack.rows for attack in chosen(["18"]))
    assert len(chosen(["18"])) == 2


def test_documents_are_chosen_like_programs() -> None:
    assert [attack.name for attack in chosen(["84", "sleep"])] == ["sleep", "another-name-for-system"]
    assert [attack.name for attack in chosen(["82"])] == ["tamper-with-the-values", "pollute-the-prototype"]


@pytest.mark.parametrize("word", ["0", "88", "-1", "nothing", "", "٣"])
def test_what_is_neither_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="no attack and no row") as caught:
        chosen(["sleep", word])
    assert "selftest --list" in (caught.value.hint or "")


@pytest.mark.parametrize("row", ELSEWHERE)
def test_a_row_without_an_attack_says_why(row: int) -> None:
    with pytest.raises(UsageError, match=f"row {row} has no attack here: "):
        chosen([str(row)])
