"""The lines of an audit log as they stand, oldest first, in bounded memory."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import IO

from polyrun.model.frozen import frozen
from polyrun.report.audit.chain import MAX_RECORD, Sealed, read_line
from polyrun.report.audit.folder import CURRENT, LOCK, rotated_files, take_lock

PATIENCE_S = 10.0
"""How long another process may hold the lock: runs take turns, and who reads has nothing else to do."""

_LONGEST = 2 * MAX_RECORD
_HELD = 200
"""How many full files are opened at once. Runs may remove the oldest; where they leave so many, none goes meanwhile."""


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


def lines(path: str) -> Iterator[Line]:
    """The lines of the log in the folder `path`, as it was at one moment between two writes.

    A folder that does not exist has none. Raises `OSError`, and `AuditUnavailable` if another process holds the lock.
    """
    with _files(path) as files:
        for part in files:
            yield from part.lines()


def last_record(path: str) -> Sealed | None:
    """The last record of the log in the folder `path`, as `lines` would give it; `None` if there is none."""
    with _files(path) as files:
        for part in reversed(files):
            last = None
            for line in part.lines():
                last = line.record or last
            if last is not None:
                return last
    return None


class _Part:
    """One file of the log: opened as long as it cannot go, or when its turn comes."""

    def __init__(self, folder: int, path: str, name: str) -> None:
        self._folder = folder
        self._path = path
        self._name = name
        self._file: IO[bytes] | None = None
        self._size = 0

    def open(self) -> None:
        """Hold on to the file, up to what is in it now. Raises `OSError`."""
        self._file = _open(self._folder, self._path, self._name)
        self._size = os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def lines(self) -> Iterator[Line]:
        """Its lines; it is closed after the last one. Raises `OSError`."""
        if self._file is None:
            try:
                self.open()
            except FileNotFoundError:
                place = os.path.join(self._path, self._name)
                raise OSError(f"`{place}` was removed while the log was read: try again") from None
        if self._file is not None:
            yield from _of(self._file, self._name, self._size)
        self.close()


@contextmanager
def _files(path: str) -> Iterator[list[_Part]]:
    """The files of the log in the folder `path`, oldest first, as they are at one moment."""
    with ExitStack() as stack:
        try:
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            yield []
            return
        stack.callback(os.close, folder)
        with ExitStack() as quiet:
            _share(folder, path, quiet)
            parts = [_Part(folder, path, one.name) for one in rotated_files(folder)]
            for part in parts[:_HELD]:
                stack.callback(part.close)
                part.open()
            current = _Part(folder, path, CURRENT)
            stack.callback(current.close)
            with suppress(FileNotFoundError):
                current.open()
                parts.append(current)
        yield parts


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
