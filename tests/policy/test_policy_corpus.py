"""The analysis finds what is dangerous in the labelled corpus and nothing else, 97 of 100 either way."""

from __future__ import annotations

import pytest

from policy.corpus import Score, grammars, seen, snippets
from polyrun.policy.grammars import GRAMMARS
from polyrun.policy.load_rules import load_rules

ENOUGH = 0.97
MAIN = ("bash", "c", "cpp", "javascript", "python")


@pytest.mark.parametrize("grammar", grammars())
def test_precision_and_recall(grammar: str) -> None:
    score, wrong = Score(), []
    for snippet in snippets(grammar):
        found = seen(snippet, load_rules())
        score.add(found, snippet.labels)
        if found != snippet.labels:
            wrong.append(f"line {snippet.line}, {snippet.name}: {sorted(found)} instead of {sorted(snippet.labels)}")
    told = "\n".join(wrong)
    assert score.precision >= ENOUGH, told
    assert score.recall >= ENOUGH, told


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_there_are_enough_snippets_of_both_kinds(grammar: str) -> None:
    known = snippets(grammar)
    assert len(known) >= (40 if grammar in MAIN else 15)
    dangerous = sum(bool(snippet.labels) for snippet in known)
    assert min(dangerous, len(known) - dangerous) >= len(known) / 4
