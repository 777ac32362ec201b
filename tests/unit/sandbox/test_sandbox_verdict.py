"""From evidence to outcome, case by case."""

from __future__ import annotations

import signal

import pytest

from polyrun.model.limits import MIB, Limits, Usage
from polyrun.model.outcomes import Status
from polyrun.sandbox.closeup import Activity
from polyrun.sandbox.verdict import (
    Evidence,
    Recent,
    Stop,
    cpu_reason,
    disk_reason,
    flood_reason,
    memory_reason,
    processes_reason,
    verdict,
    wall_reason,
)

LIMITS = Limits()


@pytest.mark.parametrize(
    ("seen", "status", "code", "name"),
    [
        (Evidence(0, 0), Status.OK, 0, None),
        (Evidence(3 << 8, 3), Status.NONZERO_EXIT, 3, None),
        (Evidence(137 << 8, 137), Status.NONZERO_EXIT, 137, None),
        (Evidence(signal.SIGSEGV, 139), Status.SIGNALLED, None, "SIGSEGV"),
        (Evidence(signal.SIGSEGV | 0x80, 139), Status.SIGNALLED, None, "SIGSEGV"),  # with a core dump
        (Evidence(None, 139), Status.SIGNALLED, None, "SIGSEGV"),
        (Evidence(None, 255), Status.NONZERO_EXIT, 255, None),
        (Evidence(None, 128), Status.NONZERO_EXIT, 128, None),
        (Evidence(signal.SIGXCPU, 152), Status.TIME_LIMIT, None, "SIGXCPU"),
        (Evidence(signal.SIGXCPU, 152, Usage(cpu_s=30.2)), Status.TIME_LIMIT, None, "SIGXCPU"),
        (Evidence(signal.SIGXCPU, 152, Usage(cpu_s=0.1)), Status.SIGNALLED, None, "SIGXCPU"),  # sent by itself
        (Evidence(signal.SIGXFSZ, 153), Status.DISK_LIMIT, None, "SIGXFSZ"),
        (Evidence(signal.SIGXFSZ, 153, largest_file=LIMITS.disk_bytes), Status.DISK_LIMIT, None, "SIGXFSZ"),
        (Evidence(signal.SIGXFSZ, 153, largest_file=4096), Status.SIGNALLED, None, "SIGXFSZ"),  # sent by itself
        (Evidence(0, 0, Usage(cpu_s=LIMITS.cpu_s + 0.1)), Status.TIME_LIMIT, 0, None),  # seen by no watch
        (Evidence(0, 0, Usage(cpu_s=LIMITS.cpu_s)), Status.OK, 0, None),
        (Evidence(0, 0, Usage(memory_bytes=LIMITS.memory_bytes + MIB * 16)), Status.MEMORY_LIMIT, 0, None),
        (Evidence(0, 0, Usage(memory_bytes=LIMITS.memory_bytes + 8192)), Status.OK, 0, None),  # the group's overcharge
        (Evidence(9, 137, oom_kills=1), Status.MEMORY_LIMIT, None, "SIGKILL"),
        (Evidence(1 << 8, 1, oom_kills=1), Status.MEMORY_LIMIT, 1, None),
        (Evidence(1 << 8, 1), Status.NONZERO_EXIT, 1, None),
        (Evidence(1 << 8, 1, pids_refused=1), Status.PROCESS_LIMIT, 1, None),
        (Evidence(0, 0, oom_kills=1, pids_refused=3), Status.OK, 0, None),
        (Evidence(9, 137, stop=Stop(Status.OUTPUT_LIMIT, "x"), oom_kills=1), Status.OUTPUT_LIMIT, None, "SIGKILL"),
        (Evidence(0, 0, stop=Stop(Status.TIME_LIMIT, "x")), Status.TIME_LIMIT, 0, None),
    ],
)
def test_each_ending(seen: Evidence, status: Status, code: int | None, name: str | None) -> None:
    outcome = verdict(seen, LIMITS)
    assert (outcome.status, outcome.exit_code, outcome.signal) == (status, code, name)
    assert (outcome.reason is not None) == status.is_limit


BUSY, WAITING = Activity(((7, 7), (7, 8))), Activity((), "sleeping")


@pytest.mark.parametrize(
    ("cpu_s", "recent", "activity", "words"),
    [
        (29.8, Recent(0.3, 0.3), None, ": it was busy (0.30 s of CPU in the last 0.30 s)"),
        (29.8, Recent(0.5, 0.3), BUSY, ": it was busy (0.50 s of CPU in the last 0.30 s, 2 threads)"),
        (20.0, Recent(0.0, 0.3), WAITING, ": it was idle, sleeping (20.00 s of CPU in all)"),
        (20.0, Recent(0.0, 0.3), None, ": it was idle (20.00 s of CPU in all)"),
        (0.1, Recent(0.04, 0.3), BUSY, ": it was busy (0.04 s of CPU in the last 0.30 s, 2 threads)"),
        (0.1, Recent(0.1, 0.3), WAITING, ": it had used 0.10 s of CPU in the last 0.30 s and was sleeping"),
        (None, None, BUSY, ": it was busy (2 threads)"),
        (None, None, Activity(), ": it was idle"),
        (None, None, None, ""),
    ],
)
def test_why_the_clock_ran_out(
    cpu_s: float | None, recent: Recent | None, activity: Activity | None, words: str
) -> None:
    assert wall_reason(LIMITS, cpu_s, recent, activity) == f"did not end within {LIMITS.wall_s:g} s{words}"


@pytest.mark.parametrize(
    ("reason", "usage", "facts"),
    [
        (memory_reason(LIMITS), Usage(memory_bytes=64 << 20, processes=3), "(peak 64.0 MiB, 3 processes and threads)"),
        (memory_reason(LIMITS), Usage(memory_bytes=64 << 20, processes=1), "(peak 64.0 MiB)"),
        (processes_reason(LIMITS), Usage(processes=64), "(64 at once)"),
        (flood_reason(LIMITS), Usage(output_bytes=3 << 20), "(3.0 MiB until it was stopped)"),
        (disk_reason(LIMITS), Usage(disk_bytes=2 << 40), "(2.0 TiB)"),
        (cpu_reason(LIMITS), Usage(cpu_s=30.25, processes=4), "(30.25 s, 4 processes and threads)"),
    ],
)
def test_a_limit_says_what_was_used_if_that_was_measured(reason: str, usage: Usage, facts: str) -> None:
    stop = Stop(Status.MEMORY_LIMIT, reason)
    assert verdict(Evidence(9, 137, usage, stop), LIMITS).reason == f"{reason} {facts}"
    assert verdict(Evidence(9, 137, Usage(), stop), LIMITS).reason == reason


def test_how_a_program_ended_that_was_asked_is_not_its_own_doing() -> None:
    outcome = verdict(Evidence(2 << 8, 2, stop=Stop(Status.TIME_LIMIT, "x"), stack=b"goroutine 1"), LIMITS)
    assert (outcome.exit_code, outcome.signal, outcome.stack) == (None, "SIGKILL", b"goroutine 1")
