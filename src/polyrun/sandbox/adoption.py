"""Inheriting orphans: while adoption is on, a descendant whose parent dies becomes PolyRun's own child.

So its death can be waited for, its use of resources is known (wait4(2)), and it cannot get away
by forking twice. See PR_SET_CHILD_SUBREAPER in prctl(2).
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from functools import cache
from typing import Any

_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37

_open = 0
_was = 0


class Used:
    """What reaped processes have used: `cpu_s` in all, `memory_bytes` the resident peak of the largest one."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self.memory_bytes = 0


@contextlib.contextmanager
def adopting() -> Iterator[None]:
    """Adopt orphans meanwhile; may be nested. The process's earlier setting comes back at the end."""
    global _open, _was  # noqa: PLW0603 - the setting belongs to the whole process, and so does its counter
    if _open == 0:
        _was = _prctl_get()
        _prctl_set(1)
    _open += 1
    try:
        yield
    finally:
        _open -= 1
        if _open == 0:
            _prctl_set(_was)


def reap(pid: int, used: Used, *, block: bool = False) -> int | None:
    """Reap the child `pid`, add what it and its reaped children used to `used` and return its wait status.

    `None` when it still runs (never with `block`) or is no child of ours.
    """
    try:
        reaped, status, usage = os.wait4(pid, 0 if block else os.WNOHANG)
    except ChildProcessError:
        return None
    if reaped != pid:
        return None
    used.cpu_s += usage.ru_utime + usage.ru_stime
    used.memory_bytes = max(used.memory_bytes, usage.ru_maxrss * 1024)
    return status


def own_peak() -> int:
    """The resident peak of PolyRun itself, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@cache
def _libc() -> Any:
    import ctypes  # only where adoption is needed: it costs some milliseconds

    return ctypes.CDLL(None, use_errno=True)


def _prctl_set(value: int) -> None:
    _libc().prctl(_PR_SET_CHILD_SUBREAPER, value, 0, 0, 0)


def _prctl_get() -> int:
    import ctypes

    value = ctypes.c_int(0)
    _libc().prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(value), 0, 0, 0)
    return value.value
