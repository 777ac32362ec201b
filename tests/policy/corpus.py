"""The labelled corpus: snippets of code, and what the static analysis should say of each.

A file holds the snippets of one grammar. A line `=== NAME: LABELS` opens a snippet; the labels are `safe`, or codes
with commas, each with `warning` behind it if that is its severity, else it is an error. Notes are not counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from polyrun.model.diagnostics import Severity
from polyrun.policy.analyse import Analyser
from polyrun.policy.rules import Rule

FOLDER = Path(__file__).parent / "corpus"
_HEAD = re.compile(r"=== (?P<name>[a-z0-9-]+): (?P<labels>.+)")

Label = tuple[str, str]
"""A code and a severity."""


@dataclass
class Snippet:
    """One piece of code with its labels; `line` is where it stands in its file."""

    grammar: str
    name: str
    labels: frozenset[Label]
    code: str
    line: int


@dataclass
class Score:
    """How often a label was found (`hits`), found without being there (`false`), or not found (`missed`)."""

    hits: int = 0
    false: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """The share of what was found that is right; 1 if nothing was found."""
        return self.hits / (self.hits + self.false) if self.hits + self.false else 1.0

    @property
    def recall(self) -> float:
        """The share of what is there that was found; 1 if nothing is there."""
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else 1.0

    def add(self, found: frozenset[Label], wanted: frozenset[Label]) -> None:
        """Count one snippet."""
        self.hits += len(found & wanted)
        self.false += len(found - wanted)
        self.missed += len(wanted - found)


def snippets(grammar: str) -> list[Snippet]:
    """The snippets of one grammar. Raises `ValueError` for a head that is none and for a name given twice."""
    found: list[Snippet] = []
    for number, text in enumerate((FOLDER / f"{grammar}.txt").read_text("utf-8").splitlines(keepends=True), 1):
        if text.startswith("==="):
            head = _HEAD.fullmatch(text.rstrip("\n"))
            if head is None or head["name"] in {one.name for one in found}:
                raise ValueError(f"{grammar}.txt:{number}: {text}")
            found.append(Snippet(grammar, head["name"], _labels(head["labels"]), "", number))
        else:
            found[-1].code += text
    return found


def seen(snippet: Snippet, rules: tuple[Rule, ...]) -> frozenset[Label]:
    """What the analysis says of a snippet."""
    found = Analyser(snippet.grammar, rules).findings(snippet.code.encode())
    return frozenset((one.code.value, one.severity.value) for one in found if one.severity is not Severity.NOTE)


def grammars() -> list[str]:
    """The grammars that have a corpus."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def _labels(text: str) -> frozenset[Label]:
    if text == "safe":
        return frozenset()
    labels = set()
    for one in text.split(","):
        code, _, severity = one.strip().partition(" ")
        labels.add((code, severity or "error"))
    return frozenset(labels)
