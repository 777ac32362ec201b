"""Finding the place for control groups, and groups of version 2 on the real kernel."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from polyrun.sandbox import cgroups
from polyrun.sandbox.identity import new_name


def _mount(kind: str, point: Path, options: str, root: str = "/") -> str:
    return f"30 25 0:27 {root} {str(point).replace(' ', chr(92) + '040')} rw,nosuid - {kind} {kind} rw,{options}\n"


def _v2(folder: Path, enabled: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.subtree_control").write_text(enabled)
    (folder / "cgroup.procs").write_text("")


def test_version_1(tmp_path: Path) -> None:
    mounts = ""
    for name in ("memory", "pids", "cpu,cpuacct"):
        (tmp_path / name / "user").mkdir(parents=True)
        mounts += _mount("cgroup", tmp_path / name, name)
    found = cgroups.find(mounts, "4:memory:/user\n3:pids:/user\n2:cpu,cpuacct:/user\n0::/\n")
    assert isinstance(found, cgroups.HierarchyV1)
    assert found.has_cpus


def test_version_1_needs_both_limits(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    found = cgroups.find(_mount("cgroup", tmp_path / "memory", "memory"), "4:memory:/\n")
    assert isinstance(found, str)


@pytest.mark.parametrize("place", ["session", "session/leaf"])
def test_version_2_below_or_beside_our_own_group(tmp_path: Path, place: str) -> None:
    point = tmp_path / "with space"
    _v2(point, "")
    _v2(point / "session/leaf", "")
    _v2(point / "session", "cpu memory pids")
    found = cgroups.find(_mount("cgroup2", point, "nsdelegate"), f"0::/{place}\n")
    assert isinstance(found, cgroups.HierarchyV2)
    assert found.has_cpus


def test_version_2_without_delegated_controllers_is_refused(tmp_path: Path) -> None:
    _v2(tmp_path, "cpu memory")
    _v2(tmp_path / "session", "cpu")
    found = cgroups.find(_mount("cgroup2", tmp_path, "nsdelegate"), "0::/session\n")
    assert isinstance(found, str)
    assert "delegated" in found


def test_a_mount_of_a_part_of_the_hierarchy(tmp_path: Path) -> None:
    _v2(tmp_path / "job", "memory pids")
    mount = _mount("cgroup2", tmp_path, "nsdelegate", root="/docker/abc")
    assert isinstance(cgroups.find(mount, "0::/docker/abc/job\n"), cgroups.HierarchyV2)
    assert isinstance(cgroups.find(mount, "0::/docker/abcd/job\n"), str)


def test_a_group_of_version_2_counts_kills_and_goes() -> None:
    """On the real kernel; the controllers' own files need a host with version 2 only."""
    parent = next((path for path in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup") if _is_writable_v2(path)), None)
    if parent is None:
        pytest.skip("no writable cgroup v2 hierarchy")
    folder = os.path.join(parent, new_name())
    os.mkdir(folder)
    group = cgroups._GroupV2(folder)
    try:
        group.mark()
        script = 'echo 0 >"$0" && while :; do :; done'
        with subprocess.Popen(["/bin/sh", "-c", script, group.joins[0]]) as process:
            deadline = time.monotonic() + 10
            while (group.counters().cpu_s or 0) < 0.05 and time.monotonic() < deadline:
                time.sleep(0.02)
            assert (group.counters().cpu_s or 0) >= 0.05
            group.kill()
            assert process.wait(10) == -9
    finally:
        group.remove()
    assert not os.path.exists(folder)


def _is_writable_v2(path: str) -> bool:
    return os.path.exists(f"{path}/cgroup.kill") or (
        os.path.exists(f"{path}/cgroup.controllers") and os.access(path, os.W_OK)
    )
