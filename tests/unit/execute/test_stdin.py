"""`stdin=`: a document must not make PolyRun read files outside its folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from polyrun.execute.stdin import MAX_STDIN, read_stdin


def test_nothing_and_text(tmp_path: Path) -> None:
    assert read_stdin(None, None, [str(tmp_path)]).data == b""
    assert read_stdin("grüße\n".encode(), None, [str(tmp_path)]).data == "grüße\n".encode()


def test_a_file_beside_the_document(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "in.txt").write_bytes(b"\x00\xff")
    assert read_stdin(None, "sub/in.txt", [str(tmp_path)]).data == b"\x00\xff"


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../secret", "sub/../../secret", "", "a\0b", "missing", "link", "dir/x"]
)
def test_everything_else_is_refused(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").write_text("secret")
    (folder / "link").symlink_to("../secret")
    (folder / "dir").symlink_to("../outside")
    answer = read_stdin(None, path, [str(folder)])
    assert answer.refusal is not None
    assert answer.data == b""


def test_a_pipe_does_not_hang_and_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in str(read_stdin(None, "pipe", [str(tmp_path)]).refusal)


def test_a_huge_file_is_refused_without_reading_it_all(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(MAX_STDIN * 100)
    assert "larger than" in str(read_stdin(None, "big", [str(tmp_path)]).refusal)
