"""What the project's pages say must be so: their links lead somewhere and their examples work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from architecture.code_base import REPOSITORY, files, short

PAGES = [path for path in (*REPOSITORY.glob("*.md"), *files("docs")) if path.suffix == ".md"]


@pytest.mark.parametrize("page", PAGES, ids=short)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))
    missing = [to for to in targets if "://" not in to and not (page.parent / to).exists()]
    assert missing == []


def test_folders_on_the_map_exist() -> None:
    rows = re.findall(r"^\| `(\w+)/` \| (.*?) \|", (REPOSITORY / "ARCHITECTURE.md").read_text("utf-8"), re.MULTILINE)
    package = REPOSITORY / "src/polyrun"
    assert {name for name, _ in rows} == {path.parent.name for path in package.glob("*/__init__.py")}
    named = [f"{folder}/{name}" for folder, start in rows for name in re.findall(r"`([\w./]+\.py)`", start)]
    assert [name for name in named if not (package / name).exists()] == []
