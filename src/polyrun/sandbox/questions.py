"""Asking a program that has run out of time what it is doing, before it is killed.

First its threads are looked at from outside. Then, if its language has a signal for that, it is asked for its stack:
the signal goes to processes that have said that they handle it, one after another, busy ones first. What they print
from then on is their answer and goes nowhere else. An answer can be anything that a hostile program likes, and is
bounded in time and size. Nobody is spared by answering: the kill comes in any case.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import time
from collections.abc import Callable, Iterable

from polyrun.sandbox import closeup, pidfd, procfs
from polyrun.sandbox.base import Ask
from polyrun.sandbox.closeup import Activity
from polyrun.sandbox.procfs import Stat
from polyrun.sandbox.pump import Pump

_BETWEEN_LOOKS_S = 0.04
_ANSWER_S = 0.2  # for all answers together
_DEAF_S = 0.06  # so long a program that may be deaf is given before its children are ended
_SILENCE_S = 0.02  # an answer comes in one go
_STEP_S = 0.005
_MOST_ASKED = 4


async def question(
    members: Callable[[], list[Stat]], main: int, ask: Ask | None, pump: Pump, is_over: Callable[[], bool]
) -> tuple[Activity, bytes]:
    """What the tree is doing, and what it answered when asked by `ask`, at most 128 KiB of each stream.

    `members` are the processes that may be looked at and signalled, `main` is the pid of the program. Ends early when
    `is_over` says so. Takes a quarter of a second at most. Where no more files can be opened, little is found out.
    """
    activity = Activity()
    try:
        before, started = closeup.look(members()), time.monotonic()
        await asyncio.sleep(_BETWEEN_LOOKS_S)
        tree = members()
        activity = closeup.compare(before, closeup.look(tree), time.monotonic() - started, main)
        if ask is not None and not is_over():
            pump.set_aside()
            deadline = time.monotonic() + _ANSWER_S
            asked = 0
            for facts in _in_order(tree, activity, main):
                if asked < _MOST_ASKED and _ask(facts, activity, ask.signal):
                    asked += 1
                    waited_for = members if ask.deaf and facts.pid == main else None
                    if await _answered(pump, main, waited_for, deadline, is_over):
                        break
    except OSError as error:
        if error.errno not in (errno.EMFILE, errno.ENFILE):
            raise
    return activity, pump.aside()


def _in_order(tree: Iterable[Stat], activity: Activity, main: int) -> list[Stat]:
    """The processes: busy ones, then the program itself, then the others."""
    busy = [pid for pid, _ in activity.busy]
    return sorted(
        tree, key=lambda facts: (busy.index(facts.pid) if facts.pid in busy else len(busy), facts.pid != main)
    )


def _ask(facts: Stat, activity: Activity, ask: int) -> bool:
    """Send the signal to a process if it handles it, to its busiest thread where the kernel can; whether it was sent.

    To anybody else the signal would be the end.
    """
    fd = _held(facts)
    if fd is None:
        return False
    try:
        if not _handles(f"/proc/{facts.pid}/status", ask):
            return False
        for tid in (tid for pid, tid in activity.busy if pid == facts.pid):
            if _handles(f"/proc/{facts.pid}/task/{tid}/status", ask) and pidfd.signal_thread(facts.pid, tid, ask):
                return True
        signal.pidfd_send_signal(fd, ask)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(fd)


def _handles(path: str, ask: int) -> bool:
    """Whether the thread with this status has a handler for the signal and does not block it."""
    bit = 1 << (ask - 1)
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            masks = dict(line.rstrip("\n").split(":\t", 1) for line in file if line.startswith("Sig"))
        caught, blocked = int(masks["SigCgt"], 16), int(masks["SigBlk"], 16)
    except (OSError, KeyError, ValueError):
        return False
    # a process may block a signal in its first thread and handle it in another
    return bool(caught & bit) and (not blocked & bit or "/task/" not in path)


async def _answered(
    pump: Pump, main: int, members: Callable[[], list[Stat]] | None, deadline: float, is_over: Callable[[], bool]
) -> bool:
    """Wait for an answer; whether nobody else needs to be asked.

    With `members` the descendants of `main` among them are ended if none comes for a while.
    """
    started = changed = time.monotonic()
    heard = pump.aside_bytes
    before = heard
    while (now := time.monotonic()) < deadline and not is_over():
        await asyncio.sleep(_STEP_S)
        if pump.aside_bytes != heard:
            heard, changed = pump.aside_bytes, now
        elif heard > before and now - changed > _SILENCE_S:
            return True
        if members is not None and heard == before and now - started > _DEAF_S:
            tree, members = procfs.tree(main, members()), None
            if closeup.waits_for_children(tree, main):
                _end(facts for facts in tree if facts.pid != main)
    return heard > before or is_over()


def _end(members: Iterable[Stat]) -> None:
    """End these, whose time is up, too. All are stopped first, so that none acts on the end of another."""
    with contextlib.ExitStack() as held:
        fds = []
        for facts in members:
            fd = _held(facts)
            if fd is not None:
                held.callback(os.close, fd)
                fds.append(fd)
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for fd in fds:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(fd, number)


def _held(facts: Stat) -> int | None:
    """A pidfd of exactly this process, or `None` when it is gone."""
    fd = pidfd.open_or_none(facts.pid)
    if fd is None:
        return None
    try:
        is_it = procfs.start_time(facts.pid) == facts.started
    except OSError:
        is_it = False
    if not is_it:
        os.close(fd)
    return fd if is_it else None
