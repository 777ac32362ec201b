"""What attacks leave on the host is found at the end, and what is in use is not taken for left behind."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from polyrun.languages import Registry
from polyrun.model.limits import Limits
from polyrun.sandbox import cgroups, identity
from polyrun.sandbox.bubblewrap import Bubblewrap
from polyrun.sandbox.registry import bubblewrap
from polyrun.sandbox.scratch import scratch
from polyrun.selftest import session
from polyrun.selftest.arena import Place


@pytest.fixture
def place() -> Place:
    sandbox = bubblewrap()
    assert isinstance(sandbox, Bubblewrap)
    needs = [language.requirements for name in ("python", "c") if (language := Registry.load().get(name)) is not None]
    return Place.of(sandbox, *needs)


def test_what_is_in_use_is_not_left(place: Place) -> None:
    with scratch():
        assert asyncio.run(place.left()) == []


def test_a_folder_is_found(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    folder = tmp_path / identity.new_name()
    folder.mkdir(mode=0o700)
    (folder / "lock").touch()
    assert asyncio.run(place.left()) == [f"folder {folder}"]


def test_a_process_is_found(place: Place) -> None:
    program = [sys.executable, "-c", "input()", f"polyrun-marker-{os.getpid()}-x-1"]
    with subprocess.Popen(program, stdin=subprocess.PIPE) as process:
        left = asyncio.run(place.left())
        process.communicate(b"\n")
    assert [line.split(":")[0] for line in left] == [f"process {process.pid}"]


def test_a_control_group_is_found(place: Place) -> None:
    hierarchy = cgroups.find_here()
    group = hierarchy.create(Limits()) if not isinstance(hierarchy, str) else None
    left = asyncio.run(place.left())
    if group is not None:
        group.remove()
    assert bool(left) == (group is not None)
    assert all(line.startswith("control group /") for line in left)
    assert asyncio.run(place.left()) == []


def test_patience_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (1e6, 0.0, 0.0))
    assert session._patience() == 4.0
