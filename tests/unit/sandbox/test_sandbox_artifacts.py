"""Keeping what a run wrote is bounded, and a file is kept whole or not at all."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import pytest

from polyrun.model.limits import MIB
from polyrun.sandbox import artifacts
from polyrun.sandbox.artifacts import Caps, changed_files, collect
from polyrun.sandbox.base import Workspace


@pytest.fixture
def upper(tmp_path: Path) -> Path:
    folder = tmp_path / "overlay" / "upper"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def workspace(tmp_path: Path, upper: Path) -> Workspace:
    return Workspace(str(tmp_path), str(upper.parent))


def test_one_run_keeps_256_mib(workspace: Workspace, upper: Path) -> None:
    for name, size in (("a", 200 * MIB), ("b", 57 * MIB), ("c", 56 * MIB)):
        with (upper / name).open("wb") as file:
            file.truncate(size)
    changes = changed_files(workspace)
    assert changes.files == ("a", "c")
    assert changes.not_kept == (("b", "over the size that is kept"),)


def test_a_file_that_finds_no_room_leaves_nothing(tmp_path: Path, workspace: Workspace, upper: Path) -> None:
    """A limit on file sizes stands for a full disk: both end a copy in its middle."""
    (upper / "large").write_bytes(b"x" * 3 * MIB)
    (upper / "small").write_bytes(b"y")
    kept = tmp_path / "kept"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, before[1]))
    try:
        changes = collect(workspace, str(kept))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert changes.files == ("small",)
    assert [path for path, _ in changes.not_kept] == ["large"]
    assert os.listdir(kept) == ["small"]


def test_folders_without_files_take_no_longer_than_allowed(
    workspace: Workspace, upper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(300):
        (upper / f"{number:03}").mkdir()
    slow = artifacts._attribute

    def attribute(fd: int, names: tuple[str, ...]) -> bool:
        time.sleep(0.01)
        return slow(fd, names)

    monkeypatch.setattr(artifacts, "_attribute", attribute)
    started = time.monotonic()
    changes = changed_files(workspace, Caps(wall_s=0.2))
    assert time.monotonic() - started < 1.5
    assert "longer" in changes.not_kept[-1][1]


def test_what_is_not_kept_is_told_only_so_often(workspace: Workspace, upper: Path) -> None:
    for number in range(100):
        (upper / f"{number:03}").symlink_to("x")
    changes = changed_files(workspace, Caps(files=10))
    assert len(changes.not_kept) == 12
    assert changes.not_kept[-1][1] == "and more"
