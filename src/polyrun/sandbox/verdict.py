"""From what was seen to an `Outcome`: one pure function, so that every case can be tabled in a test."""

from __future__ import annotations

import os
import signal

from polyrun.model.frozen import frozen
from polyrun.model.limits import Limits, Usage, format_bytes
from polyrun.model.outcomes import Outcome, Status
from polyrun.sandbox.closeup import Activity

_OVERCHARGE = 1.02  # a control group that keeps its limit may count some pages more at its peak (mm/memcontrol.c)


_BUSY = 0.5
_IDLE = 0.1
"""Shares of a processor: from the first on a program is busy, unless a closer look says else; below the second idle."""


@frozen
class Recent:
    """`cpu_s` seconds of processor time were used in the last `within_s` seconds."""

    cpu_s: float
    within_s: float


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
    may have written, `None` where nobody looked. `stack` is what it answered when it was asked where it is; how it
    ended after that was not its own doing.
    """

    wait_status: int | None
    exit_code: int
    usage: Usage = Usage()
    stop: Stop | None = None
    oom_kills: int = 0
    pids_refused: int = 0
    largest_file: int | None = None
    stack: bytes = b""


def verdict(seen: Evidence, limits: Limits) -> Outcome:
    """The outcome. A limit is named only on evidence: PolyRun's own stop, or a counter or signal of the kernel.

    Without the kernel's wait status an exit code of 128 + n counts as signal n, as every shell
    does: a program that itself exits so cannot be told apart there.
    """
    code, number = _ending(seen)
    name = _signal_name(number) if number is not None else None

    def outcome(status: Status, reason: str | None = None) -> Outcome:
        return Outcome(status, exit_code=code, signal=name, usage=seen.usage, reason=reason, stack=seen.stack)

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
        return outcome(stop.status, _with_use(stop, seen, limits))
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


def wall_reason(limits: Limits, cpu_s: float | None, recent: Recent | None, activity: Activity | None) -> str:
    """Why the wall clock ran out, and what the program was doing at the end, as far as that was seen."""
    text = f"did not end within {limits.wall_s:g} s"
    if recent is None and activity is None:
        return text
    share = None if recent is None else recent.cpu_s / recent.within_s
    lately = "" if recent is None else f"{recent.cpu_s:.2f} s of CPU in the last {recent.within_s:.2f} s"
    busy = len(activity.busy) if activity is not None else 0
    if busy or (activity is None and share is not None and share >= _BUSY):
        facts = _list(lately, f"{busy} threads" if busy > 1 else "")
        return f"{text}: it was busy ({facts})" if facts else f"{text}: it was busy"
    waits = activity.waits if activity is not None else None
    if share is not None and share >= _IDLE:
        return f"{text}: it had used {lately}{f' and was {waits}' if waits else ''}"
    used = "" if cpu_s is None else f" ({cpu_s:.2f} s of CPU in all)"
    return f"{text}: it was idle{f', {waits}' if waits else ''}{used}"


def cpu_reason(limits: Limits) -> str:
    """Why CPU time ran out."""
    return f"used more than {limits.cpu_s:g} s of CPU"


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


def _with_use(stop: Stop, seen: Evidence, limits: Limits) -> str:
    """The reason and what was used, where that was measured and says more than the limit."""
    usage = seen.usage
    many = f"{usage.processes} processes and threads" if usage.processes is not None and usage.processes > 1 else ""
    facts = ""
    if stop.reason == cpu_reason(limits):
        facts = _list("" if usage.cpu_s is None else f"{usage.cpu_s:.2f} s", many)
    elif stop.reason == memory_reason(limits):
        facts = _list("" if usage.memory_bytes is None else f"peak {format_bytes(usage.memory_bytes)}", many)
    elif stop.reason == processes_reason(limits) and usage.processes is not None:
        facts = f"{usage.processes} at once"
    elif stop.reason == disk_reason(limits) and (usage.disk_bytes or 0) > limits.disk_bytes:
        facts = format_bytes(usage.disk_bytes or 0)
    elif stop.reason == disk_reason(limits) and seen.largest_file is not None:
        facts = f"the largest file has {format_bytes(seen.largest_file)}"
    elif stop.reason == flood_reason(limits) and usage.output_bytes is not None:
        facts = f"{format_bytes(usage.output_bytes)} until it was stopped"
    return f"{stop.reason} ({facts})" if facts else stop.reason


def _list(*facts: str) -> str:
    return ", ".join(fact for fact in facts if fact)


def _ending(seen: Evidence) -> tuple[int | None, int | None]:
    """(exit code, signal number): one of them is `None`."""
    if seen.stack:
        return None, signal.SIGKILL
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
