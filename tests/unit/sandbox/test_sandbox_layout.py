"""Placeholders and mounts, without starting anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrun.model.permissions import Permissions
from polyrun.sandbox import layout
from polyrun.sandbox.base import BoxSpec, Command, Workspace
from polyrun.sandbox.etc import Etc

VALUES = {"work": "/w", "source": "{work}"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{work}", "/w"),
        ("a{work}b{work}", "a/wb/w"),
        ("{source}", "{work}"),  # one pass: a value is never expanded again
        ("{other} {} {", "{other} {} {"),
        ("{{work}}", "{/w}"),
        ("${work}", "$/w"),
    ],
)
def test_placeholders(text: str, expected: str) -> None:
    assert layout.expand(text, VALUES) == expected


@given(st.text(alphabet="{}aw ork"))
def test_text_without_a_known_name_is_left_alone(text: str) -> None:
    if "{work}" not in text:
        assert layout.expand(text, VALUES) == text


def _arguments(spec: BoxSpec) -> list[str]:
    shown = {path: number for number, path in enumerate(layout.binds(spec, overlay=True), 100)}
    etc = Etc(f"{spec.scratch}/etc")
    command = Command(("x",))
    placing = layout.place(spec, {}, None, etc, command, shown=shown, tmp_bytes=1 << 20, overlay=True)
    return list(placing.arguments)


def test_parents_are_mounted_before_what_lies_in_them(tmp_path: Path) -> None:
    spec = BoxSpec(
        Workspace("/srv/a/b", str(tmp_path)),
        str(tmp_path),
        roots=("/srv/a/b/c/d", "/srv/a", "/srv/x/y/z/tool"),
        permissions=Permissions(write=("/srv/a/b/c", "/srv")),
    )
    words = _arguments(spec)
    assert words.index("/srv") < words.index("/srv/a") < words.index("/srv/a/b") < words.index("/srv/a/b/c")
    assert "/srv/a/b/c/d" not in words, "an overlaid workspace shows it already, and stays writable"


def test_a_toolchain_within_a_written_folder_stays_read_only(tmp_path: Path) -> None:
    words = _arguments(BoxSpec(Workspace("/srv/a"), str(tmp_path), roots=("/srv/a/venv",)))
    assert words[words.index("/srv/a/venv") - 2] == "--ro-bind-fd"


def test_the_run_own_files_are_hidden_in_a_folder_that_holds_them(tmp_path: Path) -> None:
    scratch = str(tmp_path / "scratch")
    words = _arguments(BoxSpec(Workspace(str(tmp_path), scratch + "/overlay"), scratch))
    assert words[words.index("--remount-ro", words.index(scratch)) + 1] == scratch
