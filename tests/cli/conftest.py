from __future__ import annotations

from pathlib import Path

import pytest

from cli_case import Case, MakeCase


@pytest.fixture
def case(tmp_path: Path) -> MakeCase:
    """Makes a `Case`; its document, if any, is `doc.mix` in a folder of its own."""

    def make(document: str | bytes | None = None) -> Case:
        folder = tmp_path / "work"
        folder.mkdir(exist_ok=True)
        made = Case(folder)
        return made if document is None else made.file("doc.mix", document)

    return make
