"""What the project's pages say must be so: their links lead somewhere and their examples work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from architecture.code_base import REPOSITORY, files, short
from polyrun.languages.loader import load_language

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


def test_the_language_of_the_guide_loads(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL)
    path = tmp_path / "lua.toml"
    path.write_text(example, "utf-8")
    language = load_language(path)
    assert (language.id, language.extension) == ("lua", ".lua")
    assert language.selftest is not None
    assert language.selftest.run_fault is not None
