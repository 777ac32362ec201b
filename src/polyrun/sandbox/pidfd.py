"""Process identities that cannot be reused, and what the kernel tells about them.

A pid names whoever holds the number now; a pidfd names one process for ever. All killing and waiting here goes
through pidfds.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct

_PIDFD_GET_INFO = 0xC040FF0B  # _IOWR(0xFF, 11, struct pidfd_info), 64 bytes; include/uapi/linux/pidfd.h
_PIDFD_INFO_EXIT = 1 << 3  # since Linux 6.15
_EXIT_CODE_OFFSET = 60


def wait_status(pidfd: int) -> int | None:
    """The wait status of a process that is gone and was reaped by its own parent, whoever that was.

    `None` when it is not reaped yet, or the kernel is older than 6.15 and cannot tell.
    """
    info = bytearray(64)
    struct.pack_into("=Q", info, 0, _PIDFD_INFO_EXIT)
    try:
        fcntl.ioctl(pidfd, _PIDFD_GET_INFO, info)
    except OSError:
        return None
    (mask,) = struct.unpack_from("=Q", info, 0)
    if not mask & _PIDFD_INFO_EXIT:
        return None
    (status,) = struct.unpack_from("=i", info, _EXIT_CODE_OFFSET)
    return int(status)


def kill(pidfd: int) -> None:
    """SIGKILL; a process that is gone already is fine."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def signal_thread(pid: int, tid: int, number: int) -> bool:
    """Send a signal to the thread `tid` of `pid` alone; whether this kernel can (6.9 is the first) and it was there."""
    try:
        fd = os.pidfd_open(tid, os.O_EXCL)  # PIDFD_THREAD
    except OSError:
        return False
    try:
        if not os.path.exists(f"/proc/{pid}/task/{tid}"):  # the number has become another's before it was opened
            return False
        signal.pidfd_send_signal(fd, number)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def wait_gone(pidfd: int, timeout_s: float) -> bool:
    """Block until the process has ended (a zombie counts), at most `timeout_s` seconds; whether it has."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))


def open_or_none(pid: int) -> int | None:
    """A pidfd of `pid`, or `None` when there is no such process."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None
