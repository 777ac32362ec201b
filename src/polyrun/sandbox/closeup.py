"""A close look at what the threads of a tree are doing: who wants a processor, and what the others wait for.

Read from `/proc`, in the layouts of proc_pid_stat(5), proc_pid_syscall(5) and Documentation/scheduler/sched-stats.rst.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from polyrun.model.frozen import frozen
from polyrun.sandbox.procfs import Stat

_MAX_THREADS = 256

_STDIN = "waiting for input on stdin"
_CHILD = "waiting for a child process"
_WAITED = ("wait4", "waitid")
_WAITS = {
    "futex": "waiting for another thread",
    "wait4 waitid": _CHILD,
    "nanosleep clock_nanosleep": "sleeping",
    "poll ppoll select pselect6 epoll_wait epoll_pwait": "waiting for an event or a timer",
    "accept accept4": "waiting for somebody to connect",
    "connect": "waiting for a connection",
    "recvfrom recvmsg": "waiting for data from a socket",
    "write writev": "waiting for somebody to read what it writes",
    "openat": "waiting for the other end of a pipe",
    "pause rt_sigsuspend rt_sigtimedwait": "waiting for a signal",
    "flock fcntl": "waiting for the lock of a file",
}
"""What a thread does that is blocked in a system call, in words."""

_NUMBERS: Mapping[str, Mapping[int, str]] = {
    "x86_64": {
        0: "read", 1: "write", 7: "poll", 19: "readv", 20: "writev", 23: "select", 34: "pause", 35: "nanosleep",
        42: "connect", 43: "accept", 45: "recvfrom", 47: "recvmsg", 61: "wait4", 72: "fcntl", 73: "flock",
        128: "rt_sigtimedwait", 130: "rt_sigsuspend", 202: "futex", 230: "clock_nanosleep", 232: "epoll_wait",
        247: "waitid", 257: "openat", 270: "pselect6", 271: "ppoll", 281: "epoll_pwait", 288: "accept4",
    },
    "aarch64": {
        22: "epoll_pwait", 25: "fcntl", 32: "flock", 56: "openat", 63: "read", 64: "write", 65: "readv", 66: "writev",
        72: "pselect6", 73: "ppoll", 95: "waitid", 98: "futex", 101: "nanosleep", 115: "clock_nanosleep",
        133: "rt_sigsuspend", 137: "rt_sigtimedwait", 202: "accept", 203: "connect", 207: "recvfrom", 212: "recvmsg",
        242: "accept4", 260: "wait4",
    },
}  # fmt: skip


@frozen
class Thread:
    """A thread: `wanted_s` is how long it ran or stood in line for a processor so far, `None` if that is not told.

    `blocked_in` is the system call that it is blocked in and `descriptor` that call's first argument, if both are
    known.
    """

    pid: int
    tid: int
    state: str
    wanted_s: float | None = None
    blocked_in: str | None = None
    descriptor: int = -1


@frozen
class Activity:
    """What a tree is doing. `busy` are the threads that want a processor, most eager first, as (pid, tid).

    `waits` says what the program waits for if nobody is busy; `None` where that is not known.
    """

    busy: tuple[tuple[int, int], ...] = ()
    waits: str | None = None


def look(members: Iterable[Stat]) -> list[Thread]:
    """The threads of `members`, at most 256."""
    found: list[Thread] = []
    for facts in members:
        try:
            tids = os.listdir(f"/proc/{facts.pid}/task") if facts.state not in "ZX" else []
        except OSError:
            continue
        for tid in sorted(map(int, tids))[: _MAX_THREADS - len(found)]:
            thread = _thread(facts.pid, tid)
            if thread is not None:
                found.append(thread)
    return found


def compare(before: Iterable[Thread], after: Iterable[Thread], between_s: float, main: int) -> Activity:
    """What happened in the `between_s` seconds between two looks; `main` is the pid of the program itself."""
    earlier = {(thread.pid, thread.tid): thread for thread in before}
    eager = []
    for thread in after:
        known = earlier.get((thread.pid, thread.tid))
        if known is not None and (share := _eagerness(known, thread, between_s)) > 0.5:
            eager.append((-share, thread.pid, thread.tid))
    if eager:
        return Activity(tuple((pid, tid) for _, pid, tid in sorted(eager)))
    still = [thread for thread in after if earlier.get((thread.pid, thread.tid)) is not None]
    return Activity((), _waits(still, main))


def waits_for_children(members: Iterable[Stat], main: int) -> bool:
    """Whether the first thread of `main` is seen waiting for a child to end, and not for what it prints."""
    threads = look(facts for facts in members if facts.pid == main)
    return any(thread.tid == main and thread.blocked_in in _WAITED for thread in threads)


def _eagerness(before: Thread, after: Thread, between_s: float) -> float:
    """The share of the time in which the thread wanted a processor."""
    if before.wanted_s is not None and after.wanted_s is not None:
        return (after.wanted_s - before.wanted_s) / between_s
    return float(before.state == after.state == "R")


def _waits(threads: list[Thread], main: int) -> str | None:
    """What the program waits for: its first thread, or where that waits for a child process, what that one does."""
    first = {thread.pid: thread for thread in threads if thread.tid == thread.pid}
    if any(thread.pid == main and _reads(thread) and thread.descriptor == 0 for thread in threads):
        return _STDIN
    words = _words(first[main]) if main in first else None
    if words != _CHILD:
        return words
    inner = [said for pid, thread in first.items() if pid != main and (said := _words(thread)) not in (None, _CHILD)]
    inner.sort(key=lambda said: said == _STDIN)  # one end of a pipe waits for the other, which says more
    return f"{words}, which is {inner[0]}" if inner else words


def _reads(thread: Thread) -> bool:
    return thread.blocked_in in ("read", "readv")


def _words(thread: Thread) -> str | None:
    if _reads(thread):
        return _STDIN if thread.descriptor == 0 else f"waiting for input on descriptor {thread.descriptor}"
    return next((words for calls, words in _WAITS.items() if thread.blocked_in in calls.split()), None)


def _thread(pid: int, tid: int) -> Thread | None:
    """The facts of one thread, or `None` when it is gone."""
    folder = f"/proc/{pid}/task/{tid}"
    stat = _read(f"{folder}/stat")
    if stat is None:
        return None
    state = stat[stat.rindex(")") + 2 :].split()[0]
    times = (_read(f"{folder}/schedstat") or "").split()
    wanted_s = (int(times[0]) + int(times[1])) / 1e9 if len(times) == 3 else None
    call = (_read(f"{folder}/syscall") or "").split()
    if len(call) < 2 or not call[0].isdigit():
        return Thread(pid, tid, state, wanted_s)
    name = _NUMBERS.get(os.uname().machine, {}).get(int(call[0]))
    return Thread(pid, tid, state, wanted_s, name, int(call[1], 16))


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(4096)
    except OSError:
        return None
