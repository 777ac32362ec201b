"""Counting what a guest does not want to be counted."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from polyrun.sandbox import disk
from polyrun.sandbox.watch import DiskUse

MIB = 1 << 20


def test_counts_what_is_allocated_not_what_is_claimed(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "full").write_bytes(b"x" * MIB)
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    use = disk.used(str(tmp_path))
    assert MIB <= use.allocated_bytes < MIB + 65536
    assert use.entries == 4
    assert use.trouble is None


def test_a_missing_folder_holds_nothing(tmp_path: Path) -> None:
    assert disk.used(str(tmp_path / "none")) == DiskUse(0, 0)


def test_links_are_counted_themselves_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "up").symlink_to(tmp_path.parent)
    (tmp_path / "self").symlink_to(tmp_path)
    assert disk.used(str(tmp_path)).entries == 2


@pytest.mark.parametrize(("levels", "trouble"), [(disk.MAX_DEPTH - 1, False), (disk.MAX_DEPTH, True), (3000, True)])
def test_what_is_too_deep_to_count_is_trouble(tmp_path: Path, levels: int, trouble: bool) -> None:
    top = tmp_path / "top"
    top.mkdir()
    fd = os.open(top, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=fd)
        inner = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(fd)
    before = len(os.listdir("/proc/self/fd"))
    assert (disk.used(str(top)).trouble is not None) is trouble
    assert len(os.listdir("/proc/self/fd")) == before
    disk.remove_tree(str(top))


def test_a_link_is_never_opened_in_place_of_a_folder(tmp_path: Path) -> None:
    """The guest swaps a folder that it has locked for a link: neither the link nor what it shows is touched."""
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o711)
    (tmp_path / "swapped").symlink_to(outside)
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="swapped"):
            disk.open_unseen("swapped", fd)
    finally:
        os.close(fd)
    assert stat.S_IMODE(outside.stat().st_mode) == 0o711


def test_a_program_is_charged_what_was_written_since_it_started(tmp_path: Path) -> None:
    (tmp_path / "earlier").write_bytes(b"x" * 8 * MIB)
    held = 0
    meter = disk.Meter([str(tmp_path), str(tmp_path / "none")], lambda: held)
    assert meter() == DiskUse(0, 0, largest_file=8 * MIB)
    (tmp_path / "now").write_bytes(b"x" * MIB)
    assert MIB <= meter().allocated_bytes < MIB + 65536
    assert meter().entries == 1
    held = 5 * MIB
    assert 6 * MIB <= meter().allocated_bytes < 7 * MIB
    (tmp_path / "earlier").unlink()
    assert meter() == DiskUse(5 * MIB, 0, largest_file=MIB)


def test_earlier_files_leave_a_program_its_own_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "MAX_ENTRIES", 10)
    for number in range(15):
        (tmp_path / f"earlier{number}").touch()
    meter = disk.Meter([str(tmp_path)])
    for number in range(8):
        (tmp_path / f"now{number}").touch()
    assert meter().entries == 8


def test_what_cannot_be_counted_in_time_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").touch()
    monkeypatch.setattr(disk, "_MAX_SECONDS", -1.0)
    assert disk.used(str(tmp_path)).trouble is not None


def test_the_largest_file_is_told_by_what_it_claims(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    (tmp_path / "link").symlink_to("x" * 200)
    assert disk.used(str(tmp_path)).largest_file == 1 << 40
