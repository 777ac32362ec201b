"""PolyRun is killed with no chance to clean up: nothing keeps running, and the reaper clears away the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from polyrun.sandbox import registry
from polyrun.sandbox.base import Unavailable
from polyrun.sandbox.scratch import reap, scratch

_DRIVER = """
import asyncio, os, sys
from polyrun.model.limits import Limits
from polyrun.sandbox import registry
from polyrun.sandbox.base import BoxSpec, Command, Workspace
from polyrun.sandbox.scratch import scratch

async def main():
    sandbox, _ = await registry.probe(sys.argv[1])
    with scratch(sys.argv[2]) as folder:
        os.mkdir(folder + "/overlay")
        async with sandbox.open(BoxSpec(Workspace(sys.argv[3], folder + "/overlay"), folder)) as box:
            script = '$| = 1; fork; setpgrp; print "x"; exec {"/bin/sleep"} "polyrun-survivor", 77;'
            await box.run(Command(("/usr/bin/perl", "-e", script)), Limits(), lambda _stream, data: os.write(1, data))

asyncio.run(main())
"""


@pytest.mark.parametrize("name", ["bubblewrap", "local"])
def test_nothing_outlives_a_killed_polyrun(name: str, tmp_path: Path) -> None:
    if isinstance(refusal := registry.create(name), Unavailable):
        pytest.skip(refusal.reason)
    work = tmp_path / "work"
    work.mkdir()
    argv = [sys.executable, "-c", _DRIVER, name, str(tmp_path), str(work)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(2) == b"xx"
        deadline = time.monotonic() + 10
        while len(_survivors()) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(_survivors()) == 2
        assert not reap(str(tmp_path), dry_run=True), "the run is alive"
        os.kill(process.pid, signal.SIGKILL)
    if name == "bubblewrap":
        assert _until_none(), "the kernel ends a box when PolyRun dies"
    would = reap(str(tmp_path), dry_run=True)
    assert len(would.folders) == 1
    did = reap(str(tmp_path))
    assert (did.folders, did.groups, did.troubles) == (would.folders, would.groups, ())
    assert _until_none()
    assert os.listdir(tmp_path) == ["work"]
    assert not reap(str(tmp_path))


def _survivors() -> list[str]:
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and b"polyrun-survivor" in Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0"):
                found.append(name)
        except OSError:
            continue
    return found


def _until_none() -> bool:
    deadline = time.monotonic() + 10
    while _survivors() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _survivors()


def test_foreign_folders_are_left_alone(tmp_path: Path) -> None:
    for name in ("polyrun-1-1", "polyrun-x-1-00000000", "other", f"polyrun-{os.getpid()}-0-0000000g"):
        (tmp_path / name).mkdir(mode=0o700)
    ours = os.stat("/proc/self/ns/pid").st_ino
    (tmp_path / f"polyrun-4194304-1-{ours}-00000000").symlink_to(tmp_path / "other")
    open_to_all = tmp_path / f"polyrun-4194304-1-{ours}-00000001"
    open_to_all.mkdir()
    open_to_all.chmod(0o755)
    assert not reap(str(tmp_path)).folders


@pytest.mark.root
@pytest.mark.skipif(os.getuid() != 0, reason="only root's boxes need device nodes, and only root can mount")
def test_a_temp_folder_without_device_nodes_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nodev,size=1m", "tmpfs", str(tmp_path)], check=True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    try:
        with scratch() as folder:
            assert not os.statvfs(folder).f_flag & os.ST_NODEV
            assert not os.listdir(tmp_path)
        assert not os.path.exists(folder)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
