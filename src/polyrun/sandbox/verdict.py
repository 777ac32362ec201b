"""From what was seen to an `Outcome`: one pure function, so that every case can be tabled in a test."""

from __future__ import annotations

import os
import signal

from polyrun.model.frozen import frozen
from polyrun.model.limits import Limits, Usage, format_bytes
from polyrun.model.outcomes import Outcome, Status

_OVERCHARGE = 1.02  # a control group that keeps its limit may count some pages more at its peak (mm/memcontrol.c)


@frozen
class Stop:
    """PolyRun ended the program: because of this limit, and what it saw."""

    status: Status
    reason: str


@frozen
class Evidence:
    """What is known about a program that has ended.

    `wait_status` is the kernel's word (wait(2)) or `None` where only `exit_code`, in a shell's notation with
    128 + signal, is known. `stop` is set when PolyRun ended it. `largest_file` is the size of the largest file it
    may have written, `None` where nobody looked.
    """

    wait_status: int | None
    exit_code: int
    usage: Usage = Usage()
    stop: Stop | None = None
    oom_kills: int = 0
    pids_refused: int = 0
    largest_file: int | None = None


def verdict(seen: Evidence, limits: Limits) -> Outcome:
    """The outcome. A limit is named only on evidence: PolyRun's own stop, or a counter or signal of the kernel.

    Without the kernel's wait status an exit code of 128 + n counts as signal n, as every shell
    does: a program that itself exits so cannot be told apart there.
    """
    code, number = _ending(seen)
    name = _signal_name(number) if number is not None else None

    def outcome(status: Status, reason: str | None = None) -> Outcome:
        return Outcome(status, exit_code=code, signal=name, usage=seen.usage, reason=reason)

    stop = seen.stop or _excess(seen.usage, limits)
    if stop is None and code != 0:
        if number == signal.SIGXCPU and (seen.usage.cpu_s is None or seen.usage.cpu_s >= limits.cpu_s):
            stop = Stop(Status.TIME_LIMIT, cpu_reason(limits))
        elif number == signal.SIGXFSZ and (seen.largest_file is None or seen.largest_file >= limits.disk_bytes):
            stop = Stop(Status.DISK_LIMIT, disk_reason(limits))
        elif seen.oom_kills:
            stop = Stop(Status.MEMORY_LIMIT, memory_reason(limits))
        elif seen.pids_refused:
            stop = Stop(Status.PROCESS_LIMIT, processes_reason(limits))
    if stop is not None:
        return outcome(stop.status, stop.reason)
    if code == 0:
        return outcome(Status.OK)
    return outcome(Status.NONZERO_EXIT if number is None else Status.SIGNALLED)


def _excess(usage: Usage, limits: Limits) -> Stop | None:
    """What was used beyond a limit before anybody could end the program for it."""
    if usage.cpu_s is not None and usage.cpu_s > limits.cpu_s:
        return Stop(Status.TIME_LIMIT, cpu_reason(limits))
    if usage.memory_bytes is not None and usage.memory_bytes > limits.memory_bytes * _OVERCHARGE:
        return Stop(Status.MEMORY_LIMIT, memory_reason(limits))
    return None


def wall_reason(limits: Limits, cpu_s: float | None) -> str:
    """Why the wall clock ran out: busy or idle, as far as CPU time tells."""
    text = f"did not end within {limits.wall_s:g} s"
    if cpu_s is None:
        return text
    share = cpu_s / limits.wall_s
    if share > 0.8:
        return f"{text} and used {cpu_s:.1f} s of CPU: a busy loop?"
    if share < 0.1:
        return f"{text} and was idle ({cpu_s:.1f} s of CPU): waiting for something?"
    return f"{text} and used {cpu_s:.1f} s of CPU"


def cpu_reason(limits: Limits) -> str:
    """Why CPU time ran out."""
    return f"used more than {limits.cpu_s:g} s of CPU: a busy loop?"


def memory_reason(limits: Limits) -> str:
    """Why memory ran out."""
    return f"used more than {format_bytes(limits.memory_bytes)} of memory"


def processes_reason(limits: Limits) -> str:
    """Why processes ran out."""
    return f"wanted more than {limits.processes} processes and threads"


def disk_reason(limits: Limits) -> str:
    """Why disk space ran out."""
    return f"wrote more than {format_bytes(limits.disk_bytes)}"


def flood_reason(limits: Limits) -> str:
    """Why output was stopped."""
    return f"printed more than {format_bytes(limits.flood_bytes)}"


def _ending(seen: Evidence) -> tuple[int | None, int | None]:
    """(exit code, signal number): one of them is `None`."""
    if seen.wait_status is not None:
        if os.WIFSIGNALED(seen.wait_status):
            return None, os.WTERMSIG(seen.wait_status)
        return os.WEXITSTATUS(seen.wait_status), None
    if seen.exit_code > 128 and _signal_name(seen.exit_code - 128).startswith("SIG"):
        return None, seen.exit_code - 128
    return seen.exit_code, None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
