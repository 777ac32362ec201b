"""The project's pages as tests read them: fenced blocks by kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "examples"
PAGES = (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")), REPOSITORY / "benchmarks/README.md")

VALUE_PAGES = tuple(sorted((REPOSITORY / "docs/values").glob("*.md")))
"""One for each language; each document in them is followed by what its programs print."""

_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<kind>[^\n`]*)\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Fenced:
    """One fenced block of a page; `kind` is the word behind its opening fence."""

    page: Path
    line: int
    kind: str
    text: str

    @property
    def place(self) -> str:
        """Where it stands, fit for a test's name."""
        return f"{self.page.relative_to(REPOSITORY)}:{self.line}"


def fenced(*kinds: str, pages: tuple[Path, ...] = PAGES) -> list[Fenced]:
    """All fenced blocks of these kinds in `pages`, in order."""
    found = []
    for page in pages:
        content = page.read_text("utf-8")
        for match in _FENCE.finditer(content):
            if match["kind"].strip() in kinds:
                line = content.count("\n", 0, match.start()) + 1
                found.append(Fenced(page, line, match["kind"].strip(), match["text"]))
    return found
