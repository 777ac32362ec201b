"""The lines of an audit log as they stand, oldest first, in bounded memory."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import IO

from polyrun.model.frozen import frozen
from polyrun.report.audit.chain import MAX_RECORD, Sealed, read_line
from polyrun.report.audit.folder import CURRENT, LOCK, rotated_files, take_lock

PATIENCE_S = 10.0
"""How long another process may hold the lock: runs take turns, and who reads has nothing else to do."""

_LONGEST = 2 * MAX_RECORD


@frozen
class Line:
    """One line: the file's name, its 1-based number there, its bytes, and the record that it is, if it is one.

    Of a line that is longer than any record or fragment, `data` is only the beginning. `ended` tells whether it has
    its line end.
    """

    file: str
    number: int
    data: bytes
    record: Sealed | None
    ended: bool


def lines(path: str, *, newest: bool = False) -> Iterator[Line]:
    """The lines of the log in the folder `path`, as it was at one moment between two writes.

    With `newest`, only those of the last file that has any. A folder that does not exist has none. Raises `OSError`,
    and `AuditUnavailable` if another process holds the lock.
    """
    with ExitStack() as stack:
        try:
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        stack.callback(os.close, folder)
        with ExitStack() as quiet:
            _share(folder, path, quiet)
            names = [one.name for one in rotated_files(folder)]
            current, size = None, 0
            with suppress(FileNotFoundError):
                current = stack.enter_context(_open(folder, path, CURRENT))
                size = os.fstat(current.fileno()).st_size
        if newest:
            names = [] if size else names[-1:]
        for name in names:
            with _open(folder, path, name) as file:
                yield from _of(file, name, os.fstat(file.fileno()).st_size)
        if current is not None:
            yield from _of(current, CURRENT, size)


def _of(file: IO[bytes], name: str, left: int) -> Iterator[Line]:
    number = 0
    while left > 0 and (data := file.readline(min(left, _LONGEST))):
        number += 1
        left -= len(data)
        whole = data
        while left > 0 and not whole.endswith(b"\n") and (whole := file.readline(min(left, _LONGEST))):
            left -= len(whole)
        yield Line(name, number, data, read_line(data) if whole is data else None, whole.endswith(b"\n"))


def _share(folder: int, path: str, stack: ExitStack) -> None:
    """Keep writers out while `stack` is open. A copy of a log has no lock, and needs none."""
    with suppress(FileNotFoundError, PermissionError):
        lock = os.open(LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder)
        stack.callback(os.close, lock)
        take_lock(lock, fcntl.LOCK_SH, PATIENCE_S, path)


def _open(folder: int, path: str, name: str) -> IO[bytes]:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"`{os.path.join(path, name)}` is no regular file")
    return os.fdopen(descriptor, "rb")
