"""What comes with a document decides nothing outside the sandbox unless the user trusts its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

import polyrun

TOY = """
id = "{id}"
title = "Toy"
extension = ".toy"
comments = ["#"]

[toolchain]
resolve = [["{{cat}}", "--version"]]

[toolchain.programs]
cat = ["cat"]

[source]
file = "code.toy"

[run]
argv = ["{{cat}}", "{{source}}/code.toy"]
"""


def project(tmp_path: Path, language: str, code: str) -> Path:
    folder = tmp_path / ".polyrun" / "languages"
    folder.mkdir(parents=True)
    (folder / f"{language}.toml").write_text(TOY.format(id=language))
    path = tmp_path / "doc.mix"
    path.write_text(f"#lang:{language}\n{code}\n#end\n")
    return path


def test_a_language_beside_a_document_is_used_only_when_trusted(tmp_path: Path) -> None:
    path = project(tmp_path, "toy", "hello toy")
    with pytest.raises(polyrun.DocumentError) as caught:
        polyrun.run(path)
    assert [one.code for one in caught.value.diagnostics] == ["PR101", "PR304"]
    trusting = polyrun.Settings(trusted_folders=(str(tmp_path),))
    assert polyrun.run(path, trusting).blocks[0].stdout == b"hello toy\n"


def test_a_document_cannot_replace_a_language(tmp_path: Path) -> None:
    path = project(tmp_path, "bash", "exit 3")
    assert polyrun.run(path).blocks[0].exit_code == 3


def test_a_namesake_of_a_trusted_folder_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "docs-evil").mkdir()
    path = project(tmp_path / "docs-evil", "toy", "x")
    with pytest.raises(polyrun.DocumentError):
        polyrun.run(path, polyrun.Settings(trusted_folders=(str(tmp_path / "docs"),)))
