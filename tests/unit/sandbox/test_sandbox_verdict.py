"""From evidence to outcome, case by case."""

from __future__ import annotations

import signal

import pytest

from polyrun.model.limits import MIB, Limits, Usage
from polyrun.model.outcomes import Status
from polyrun.sandbox.verdict import Evidence, Stop, verdict, wall_reason

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


@pytest.mark.parametrize(("cpu_s", "word"), [(29.8, "busy"), (0.1, "idle"), (10.0, "used"), (None, "did not end")])
def test_why_the_clock_ran_out(cpu_s: float | None, word: str) -> None:
    assert word in wall_reason(LIMITS, cpu_s)
