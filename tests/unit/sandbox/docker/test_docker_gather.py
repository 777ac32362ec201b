"""What of the document's folder is sent into a container: what its blocks see, bounded, and no link is followed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from polyrun.model.limits import MIB
from polyrun.sandbox import disk
from polyrun.sandbox.base import Workspace
from polyrun.sandbox.docker.packing import Entry
from polyrun.sandbox.docker.workspace import Caps, Gathered, gather
from unit.sandbox.docker.surroundings import as_user, users_folder, whiteout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "document"
    made.mkdir()
    return made


@pytest.fixture
def upper(tmp_path: Path) -> Path:
    made = tmp_path / "overlay" / "upper"
    made.mkdir(parents=True)
    return made


def seen(found: Gathered) -> dict[str, Entry]:
    assert found.entries[0].path == "work"
    by_path = {entry.path.removeprefix("work/"): entry for entry in found.entries[1:]}
    assert len(by_path) == len(found.entries) - 1, "no name twice"
    made = {""}
    for path, entry in by_path.items():
        assert os.path.dirname(path) in made, "parents first"
        if stat.S_ISDIR(entry.mode):
            made.add(path)
    return by_path


def layered(folder: Path, upper: Path, hidden: str | None = None, **caps: int) -> Gathered:
    return gather(Workspace(str(folder), str(upper.parent)), hidden, Caps(**caps))


def test_files_folders_and_links(folder: Path) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "c").write_bytes(b"12345")
    (folder / "a" / "b" / "c").chmod(0o500)
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "a" / "up").symlink_to("..")
    found = seen(gather(Workspace(str(folder))))
    assert set(found) == {"a", "a/b", "a/b/c", "a/up", "link"}
    assert (found["link"].target, found["a/up"].target) == ("/etc/passwd", "..")
    assert stat.S_ISLNK(found["a/up"].mode)
    assert (found["a/b/c"].size, stat.S_IMODE(found["a/b/c"].mode)) == (5, 0o700)
    assert found["a/b/c"].origin == (str(folder), "a/b/c")


def test_a_link_to_a_folder_is_not_gone_through(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("s")
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "self").symlink_to(folder)
    assert set(seen(gather(Workspace(str(folder))))) == {"link", "self"}


def test_a_link_planted_in_the_upper_layer_leads_nowhere(folder: Path, upper: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("s")
    (folder / "sub").mkdir()
    (folder / "sub" / "own").write_text("o")
    (upper / "sub").symlink_to(tmp_path / "outside")
    found = seen(layered(folder, upper))
    assert set(found) == {"sub"}
    assert found["sub"].target == str(tmp_path / "outside")


def test_the_upper_layer_lies_over_the_folder(folder: Path, upper: Path) -> None:
    for name in ("same", "lower", "gone"):
        (folder / name).write_text("l")
    (folder / "both").mkdir()
    (folder / "both" / "l").write_text("l")
    (folder / "both" / "gone").write_text("l")
    (upper / "same").write_text("upper")
    whiteout(upper / "gone")
    (upper / "both").mkdir()
    (upper / "both" / "u").write_text("u")
    whiteout(upper / "both" / "gone")
    found = seen(layered(folder, upper))
    assert set(found) == {"same", "lower", "both", "both/l", "both/u"}
    assert found["same"].size == 5
    assert found["same"].origin == (str(upper), "same")


def test_a_deleted_folder_is_gone_with_all_in_it(folder: Path, upper: Path) -> None:
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "sub" / "deep" / "file").write_text("x")
    whiteout(upper / "sub")
    assert seen(layered(folder, upper)) == {}


def test_what_changed_its_kind_shows_nothing_of_what_was(folder: Path, upper: Path) -> None:
    (folder / "was-folder" / "in").mkdir(parents=True)
    (folder / "was-file").write_text("x")
    (upper / "was-folder").write_text("now a file")
    (upper / "was-file").mkdir()
    (upper / "was-file" / "new").write_text("n")
    found = seen(layered(folder, upper))
    assert set(found) == {"was-folder", "was-file", "was-file/new"}
    assert stat.S_ISREG(found["was-folder"].mode)


def test_without_an_upper_layer_there_is_only_the_folder(folder: Path, tmp_path: Path) -> None:
    (folder / "a").write_text("x")
    assert set(seen(gather(Workspace(str(folder), str(tmp_path / "none"))))) == {"a"}


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert seen(gather(Workspace(str(tmp_path / "none")))) == {}


def test_special_files_are_left_out(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    whiteout(folder / "device")
    (folder / "file").write_text("x")
    assert set(seen(gather(Workspace(str(folder))))) == {"file"}


def test_what_nothing_could_name_is_left_out(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("n" * 250, dir_fd=fd)
        inner = os.open("n" * 250, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(fd)
    (folder / "long").symlink_to("t" * 4095)
    found = seen(gather(Workspace(str(folder))))
    assert max(map(len, found)) == 250 * 15 + 14
    assert "long" in found, "the kernel knows no longer one"
    disk.remove_tree(str(folder))


def test_a_folder_of_polyruns_own_is_hidden(folder: Path, upper: Path) -> None:
    for name in ("polyrun-1", "other"):
        (folder / "sub" / name).mkdir(parents=True)
        (folder / "sub" / name / "file").write_text("x")
    found = seen(layered(folder, upper, str(folder / "sub" / "polyrun-1")))
    assert set(found) == {"sub", "sub/other", "sub/other/file"}


def test_what_is_too_large_is_left_out_and_told(folder: Path) -> None:
    for name, size in (("a", 60), ("b", 50), ("c", 40), ("d", 0)):
        (folder / name).write_bytes(bytes(size))
    found = gather(Workspace(str(folder)), caps=Caps(total_bytes=100))
    assert set(seen(found)) == {"a", "c", "d"}
    assert found.remark == (
        f"`{folder}` holds more than the 100 B or 10000 files that are sent into a container: blocks do not see `b`"
    )


def test_what_is_nearest_to_the_document_is_sent_first(folder: Path) -> None:
    (folder / "a" / "a").mkdir(parents=True)
    (folder / "a" / "a" / "deep").write_text("x")
    for name in "xyz":
        (folder / name).write_text("x")
    found = gather(Workspace(str(folder)), caps=Caps(files=5))
    assert set(seen(found)) == {"a", "a/a", "x", "y", "z"}
    assert found.remark is not None
    assert "`a/a/deep`" in found.remark


def test_exactly_as_much_as_allowed_is_no_remark(folder: Path) -> None:
    for name in "abc":
        (folder / name).write_bytes(b"12")
    found = gather(Workspace(str(folder)), caps=Caps(total_bytes=6, files=3))
    assert (set(seen(found)), found.remark) == ({"a", "b", "c"}, None)


def test_the_remark_names_three_and_no_more(folder: Path) -> None:
    for number in range(9):
        (folder / f"n{number}").write_bytes(bytes(10))
    remark = gather(Workspace(str(folder)), caps=Caps(total_bytes=5)).remark
    assert remark is not None
    assert remark.endswith("blocks do not see `n0`, `n1`, `n2`, …")


def test_the_usual_bounds_are_64_mib_and_10000_files(folder: Path) -> None:
    with (folder / "sparse").open("wb") as file:
        file.truncate(64 * MIB + 1)
    found = gather(Workspace(str(folder)))
    assert seen(found) == {}
    assert "64.0 MiB or 10000 files" in str(found.remark)


_IMPORTS = """
import sys
from polyrun.sandbox.base import Workspace
from polyrun.sandbox.docker.packing import stream
from polyrun.sandbox.docker.workspace import gather
"""
_GATHER = """
found = gather(Workspace(sys.argv[1]))
print(sorted(entry.path for entry in found.entries))
print(b"".join(stream(found.entries)).count(b"work/"))
"""


def test_what_the_user_may_not_read_is_not_there() -> None:
    """Nor does it keep what can be read from being sent."""
    with users_folder() as (home, give):
        (home / "locked").mkdir()
        (home / "locked" / "in").write_text("x")
        (home / "secret").write_text("x")
        (home / "open").write_text("x")
        for path in (home / "locked", home / "secret"):
            path.chmod(0)
            give(path)
        paths, members = as_user(_IMPORTS, _GATHER, str(home)).splitlines()
        (home / "locked").chmod(0o700)
    assert paths == "['work', 'work/locked', 'work/open', 'work/secret']"
    assert members == "3", "the folder is sent empty, the file is not sent"
