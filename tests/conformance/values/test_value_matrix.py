"""The page about what arrives where is what the rules and the samples say."""

from __future__ import annotations

from architecture.code_base import REPOSITORY
from conformance.values.matrix import render


def test_the_page_is_up_to_date() -> None:
    renew = "PYTHONPATH=tests python -m conformance.values.matrix > docs/values/matrix.md"
    assert (REPOSITORY / "docs/values/matrix.md").read_text("utf-8") == render(), f"renew it with `{renew}`"
