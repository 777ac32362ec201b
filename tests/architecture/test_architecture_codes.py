"""Every diagnostic code is explained, raised somewhere, and in its range."""

from __future__ import annotations

import ast

import pytest

from architecture.code_base import modules
from polyrun.model.codes import Code, explain
from polyrun.policy.load_rules import load_rules

RANGES = range(1, 10)


def _used() -> set[str]:
    """The members of `Code` that some module or some rule of ours names."""
    used = {rule.code.name for rule in load_rules()}
    for path, tree in modules("src").items():
        if path.endswith("model/codes.py"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Code":
                used.add(node.attr)
    return used


@pytest.mark.parametrize("code", list(Code))
def test_a_code_is_explained(code: Code) -> None:
    text = explain(code)
    assert all(part.strip() for part in (text.title, text.means, text.example, text.remedy))


def test_every_code_is_raised_somewhere() -> None:
    assert {code.name for code in Code} - _used() == set()


def test_codes_are_unique_and_numbered_by_their_range() -> None:
    values = [code.value for code in Code]
    assert len(set(values)) == len(Code.__members__)
    assert all(value.startswith("PR") and int(value[2]) in RANGES and len(value) == 5 for value in values)
    assert values == sorted(values)
