"""Each limit is enforced, and reported as that limit."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from polyrun.model.errors import SandboxError
from polyrun.model.frozen import replace
from polyrun.model.limits import MIB, Limits
from polyrun.sandbox.bubblewrap import Bubblewrap

Bench = Any
BASE = Limits(wall_s=20, cpu_s=20, memory_bytes=256 * MIB, processes=32)


def but(**changes: Any) -> Limits:
    return replace(BASE, **changes)


async def test_wall_clock_idle(bench: Bench) -> None:
    ran = await bench.sh("echo kept; sleep 60", limits=but(wall_s=0.5))
    assert (ran.status, ran.stdout) == ("time_limit", b"kept\n")
    assert "idle" in ran.outcome.reason
    assert 0.5 <= ran.outcome.usage.wall_s < 5


async def test_wall_clock_busy(bench: Bench) -> None:
    ran = await bench.sh("while :; do :; done", limits=but(wall_s=1))
    assert ran.status == "time_limit"
    assert "idle" not in ran.outcome.reason
    assert ran.outcome.usage.cpu_s > 0.1


async def test_signals_do_not_help_against_the_clock(bench: Bench) -> None:
    ran = await bench.sh("trap '' TERM INT HUP XCPU; while :; do sleep 1; done", limits=but(wall_s=0.5))
    assert ran.status == "time_limit"


async def test_cpu_time_of_the_whole_tree(bench: Bench) -> None:
    ran = await bench.perl("fork; fork; 1 while 1", limits=but(cpu_s=1))
    assert ran.status == "time_limit"
    assert "CPU" in ran.outcome.reason
    assert ran.outcome.usage.cpu_s < 4


async def test_cpu_time_of_orphans_that_have_ended(ungrouped: Bench) -> None:
    burn = "my ($u, $s); do { ($u, $s) = times } while $u + $s < 0.3; exit"
    script = f"for (1..15) {{ if (!fork) {{ if (!fork) {{ {burn} }} exit }} wait; select undef, undef, undef, 0.4 }}"
    ran = await ungrouped.perl(script, limits=but(cpu_s=1))
    assert ran.status == "time_limit"
    assert ran.outcome.usage.wall_s < 4, "seen while it runs, not only in the end"
    assert "CPU" in ran.outcome.reason


def test_root_without_control_groups_is_told_that_processes_are_only_watched(ungrouped: Bench) -> None:
    assert ungrouped.capabilities.level == 1
    told = [line for line in ungrouped.capabilities.missing if line.startswith("processes: watched")]
    assert len(told) == (os.getuid() == 0)


async def test_a_limit_in_which_nothing_can_start(isolating: Bench) -> None:
    if isolating.capabilities.level < 2:
        return  # the kernel knows of no limit for the whole box there
    ran = await isolating.sh("echo there", limits=but(memory_bytes=64 * 1024))
    assert (ran.status, ran.stdout) == ("memory_limit", b"")
    assert "nothing could start in" in ran.outcome.reason


class _Elsewhere:
    """Groups that a program joins only in appearance."""

    def __init__(self, real: Any, file: str) -> None:
        self.description, self.has_cpus = real.description, real.has_cpus
        self._real, self._file = real, file

    def create(self, limits: Limits) -> Any:
        group = self._real.create(limits)
        group.joins = (self._file,)
        return group


async def test_a_program_outside_its_group_is_not_run(isolating: Bench) -> None:
    if isolating.capabilities.level < 2:
        return
    real = isolating.sandbox
    file = isolating.scratch / "tasks"
    file.touch()
    isolating.sandbox = Bubblewrap(real.program, _Elsewhere(real.hierarchy, str(file)), real.seccomp)
    with pytest.raises(SandboxError, match="control group"):
        await isolating.sh("true")


async def test_memory(bench: Bench) -> None:
    ran = await bench.perl('push @x, "x" x 1_000_000 while 1', limits=but(memory_bytes=64 * MIB))
    assert ran.status == "memory_limit"
    assert "64" in ran.outcome.reason


async def test_memory_of_many_small_children(bench: Bench) -> None:
    script = 'for (1..8) { fork or do { my $x = "a" x 40_000_000; sleep 3; exit } } 1 while wait > 0; exit 1'
    ran = await bench.perl(script, limits=but(memory_bytes=128 * MIB, wall_s=15))
    assert ran.status == "memory_limit"


async def test_a_program_that_copes_with_little_memory_is_ok(bench: Bench) -> None:
    ran = await bench.perl('my $x = "a" x 20_000_000; print "fine"', limits=but(memory_bytes=128 * MIB))
    assert (ran.status, ran.stdout) == ("ok", b"fine")


async def test_processes(bench: Bench) -> None:
    children = 'for (1..200) { defined(my $p = fork) or die "refused after $_: $!"; $p or do { sleep 20; exit } }'
    script = f"{children} sleep 5; exit 1"
    ran = await bench.perl(script, limits=but(processes=12, memory_bytes=2048 * MIB))
    if bench.capabilities.level == 1:  # the kernel refuses, but does not count that for one box
        assert ran.status in {"process_limit", "nonzero_exit"}
        assert b"refused" in ran.stderr
    else:
        assert ran.status == "process_limit"
    if bench.isolates:
        assert b"refused after 12:" in ran.stderr  # the program itself and eleven children


async def test_a_fork_bomb_is_contained(isolating: Bench) -> None:
    started = time.monotonic()
    ran = await isolating.perl("fork while 1", limits=but(processes=20, wall_s=2))
    assert ran.status in {"time_limit", "process_limit"}
    assert ran.outcome.usage.processes <= 21
    assert time.monotonic() - started < 15


async def test_open_files(bench: Bench) -> None:
    ran = await bench.perl(
        'open($f[$_], "<", "/dev/null") or do { print "$_ $!"; last } for 1..500', limits=but(open_files=40)
    )
    assert 30 < int(ran.text.split()[0]) <= 40


async def test_a_single_large_file(bench: Bench) -> None:
    ran = await bench.perl(
        'open F, ">", "big"; syswrite F, "x" x 1_000_000 for 1..100; exit 1', limits=but(disk_bytes=5 * MIB)
    )
    assert ran.status == "disk_limit"
    ran = await bench.sh("ls -l big | { read -r _ _ _ _ size _; echo $size; }")
    assert int(ran.text) <= 5 * MIB


async def test_many_files_fill_the_disk(isolating: Bench) -> None:
    one = 'open F, ">", "f$i"; print F "x" x 1_000_000; close F; select undef, undef, undef, 0.005'
    ran = await isolating.perl(f"for my $i (1..10_000) {{ {one} }} sleep 20", limits=but(disk_bytes=30 * MIB))
    assert ran.status == "disk_limit"


async def test_a_sparse_file_counts_what_it_takes(isolating: Bench) -> None:
    ran = await isolating.perl(
        'open F, ">", "s"; truncate F, 4_000_000; sleep 1; print "ok"', limits=but(disk_bytes=5 * MIB)
    )
    assert (ran.status, ran.stdout) == ("ok", b"ok")


async def test_a_flood_of_output_ends_the_program(bench: Bench) -> None:
    ran = await bench.sh("yes", limits=but(flood_bytes=3 * MIB))
    assert ran.status == "output_limit"
    assert 3 * MIB < len(ran.stdout) < 64 * MIB


async def test_no_core_file(bench: Bench) -> None:
    ran = await bench.sh("ulimit -c; kill -SEGV $$")
    assert (ran.stdout, ran.outcome.signal) == (b"0\n", "SIGSEGV")
    assert not [name for name in os.listdir(bench.work) if "core" in name]


async def test_temp_and_shared_memory_are_bounded(isolating: Bench) -> None:
    ran = await isolating.sh("df -k /tmp /dev/shm | awk 'NR>1 {print $2}'")
    assert [int(line) for line in ran.text.split()] == [256 * 1024, 64 * 1024]
    ran = await isolating.sh("head -c 100000000 /dev/zero >/dev/shm/x", limits=but(memory_bytes=512 * MIB))
    assert ran.status == "nonzero_exit"
    assert b"No space left" in ran.stderr


async def test_a_share_of_the_processors(bench: Bench) -> None:
    limits = but(cpus=0.2, wall_s=1.5)
    if not getattr(bench.sandbox, "has_cpus", False):
        with pytest.raises(SandboxError, match="cpus"):
            await bench.sh("true", limits=limits)
        return
    ran = await bench.sh("while :; do :; done", limits=limits)
    assert ran.outcome.usage.cpu_s < 0.9
