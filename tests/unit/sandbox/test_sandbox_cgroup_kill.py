"""Ending the members of a group ends nobody else, least of all PolyRun."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_KILL = "import sys; from polyrun.sandbox import cgroups; cgroups._kill_members(sys.argv[1]); print('alive')"


def _kill_members(folder: Path) -> str:
    """In a process group of its own, which a kill of `0` would end."""
    done = subprocess.run(
        [sys.executable, "-c", _KILL, str(folder)], start_new_session=True, capture_output=True, text=True, check=False
    )
    return done.stdout


def test_members_of_another_pid_namespace_are_not_our_own_process_group(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as member:
        (tmp_path / "cgroup.procs").write_text(f"0\n{member.pid}\n0\n")
        assert _kill_members(tmp_path) == "alive\n"
        assert member.wait(10) == -9


def test_the_kernel_kills_the_group_where_it_can(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as other:
        (tmp_path / "cgroup.procs").write_text(f"{other.pid}\n")
        (tmp_path / "cgroup.kill").write_text("")
        assert _kill_members(tmp_path) == "alive\n"
        assert (tmp_path / "cgroup.kill").read_text() == "1"
        assert other.poll() is None
        other.kill()


def test_a_process_that_left_the_group_meanwhile_lives(tmp_path: Path) -> None:
    """The pid was read, then the process went and another got its number: the second reading does not list it."""
    from polyrun.sandbox import cgroups

    with subprocess.Popen(["/bin/sleep", "60"]) as other:
        (tmp_path / "cgroup.procs").write_text("")
        cgroups._kill_batch(str(tmp_path), [other.pid])
        assert other.poll() is None
        other.kill()
