"""Who is taken for dead: never a PolyRun of another pid namespace, whose pids mean nothing here."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyrun.sandbox import cgroups, identity, scratch

_GONE = "4194304-1"
_HERE = os.stat("/proc/self/ns/pid").st_ino
_ELSEWHERE = _HERE + 1
_LONG_AGO = 1_000_000_000


def _name(namespace: int) -> str:
    return f"polyrun-{_GONE}-{namespace}-0123abcd"


def test_a_name_tells_process_and_namespace() -> None:
    name = identity.new_name()
    assert re.fullmatch(rf"polyrun-{os.getpid()}-\d+-{_HERE}-[0-9a-f]{{8}}", name)
    assert not identity.is_orphan(name)
    assert not identity.is_foreign(name)


def test_only_the_dead_of_this_namespace_are_orphans() -> None:
    assert identity.is_orphan(_name(_HERE))
    assert not identity.is_orphan(_name(_ELSEWHERE))
    assert identity.is_foreign(_name(_ELSEWHERE))
    assert not identity.is_foreign("polyrun-x")


def test_where_proc_shows_another_namespace_nobody_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1_000_000)
    assert not identity.is_orphan(_name(_HERE))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of a run in another namespace, made long ago, with its lock held."""
    made = tmp_path / _name(_ELSEWHERE)
    made.mkdir(mode=0o700)
    with (made / "lock").open("w") as lock:
        os.utime(made, (_LONG_AGO, _LONG_AGO))
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield made


def test_a_foreign_folder_that_is_held_stays(folder: Path) -> None:
    assert list(scratch._dead_folders(str(folder.parent))) == []


def test_a_foreign_folder_whose_lock_is_free_goes_once_it_is_old(tmp_path: Path) -> None:
    made = tmp_path / _name(_ELSEWHERE)
    made.mkdir(mode=0o700)
    (made / "lock").touch()
    assert list(scratch._dead_folders(str(tmp_path))) == []
    os.utime(made, (_LONG_AGO, _LONG_AGO))
    assert list(scratch._dead_folders(str(tmp_path))) == [str(made)]
    (made / "lock").unlink()
    os.utime(made, (_LONG_AGO, _LONG_AGO))
    assert list(scratch._dead_folders(str(tmp_path))) == [], "nothing proves it dead"


def test_a_foreign_control_group_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for namespace in (_HERE, _ELSEWHERE):
        (tmp_path / _name(namespace)).mkdir()
    monkeypatch.setattr(cgroups, "_own_folders", lambda: [str(tmp_path)])
    assert list(cgroups.dead_groups()) == [str(tmp_path / _name(_HERE))]
