"""The files of the audit log: one writer at a time, appended to, never followed out of the folder.

`audit.jsonl` is written to. When it is full it gets the name `audit-N.jsonl`, N being the number of its last record,
and the chain goes on in a new one. What a crash or a full disk left of a last line is closed by the next writer, with a
record that tells of it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from polyrun.model.digest import sha256
from polyrun.model.errors import AuditUnavailable
from polyrun.model.frozen import frozen
from polyrun.report.audit.chain import BEGINNING, MAX_RECORD, Head, Key, Sealed, is_fragment, read_line, seal
from polyrun.report.facts import Facts, number

CURRENT = "audit.jsonl"
LOCK = "audit.lock"
_BEFORE, _AFTER, _DIGITS = "audit-", ".jsonl", 15
_WINDOWS = (1 << 14, 2 * MAX_RECORD, 16 * MAX_RECORD)
"""How much of a file's end is read: most often the last record is a short one, and crashes in a row are few."""
PATIENCE_S = 2.0
"""How long another process may hold the lock: a run does nothing else meanwhile."""

_PAUSE_S = 0.002
_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # the last so that no pipe of that name makes anybody wait


@frozen
class Rotated:
    """A file that is full: its name, and the number of its last record as the name says it."""

    last: int
    name: str


def rotated_files(folder: int) -> list[Rotated]:
    """The full files in `folder` (a descriptor), oldest first. Raises `OSError`."""
    names = (name for name in os.listdir(folder) if name.startswith(_BEFORE) and name.endswith(_AFTER))
    numbers = ((name.removeprefix(_BEFORE).removesuffix(_AFTER), name) for name in names)
    right = [Rotated(int(text), name) for text, name in numbers if len(text) == _DIGITS and text.isdecimal()]
    return sorted(right, key=lambda one: one.last)


@frozen
class _End:
    """How a file ends: its last record, whether only the line end behind that is missing, and what torn lines left."""

    record: Sealed | None
    open: bool = False
    torn: bytes = b""


class AuditFolder:
    """The folder `path`, made if need be (mode 0700), as one writer sees it; its files have mode 0600.

    `max_bytes` is where a file is full, `keep_files` how many full ones stay (`None`: all). Here and in `append`,
    raises `AuditUnavailable` for what a person must look at, and `OSError`; after that it can be tried again.
    """

    def __init__(self, path: str, *, max_bytes: int, keep_files: int | None = None, key: Key | None = None) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._keep_files = keep_files
        self._key = key
        self._patient = True
        self.trouble: OSError | None = None
        self._known: tuple[int, int, Head] | None = None  # inode and size of the file as we left it, and its head
        os.makedirs(path, mode=0o700, exist_ok=True)
        self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._lock = -1
        try:
            state = os.fstat(self._folder)
            if state.st_uid not in (0, os.geteuid()):
                raise AuditUnavailable(f"`{path}` belongs to another user", hint="name another folder in `audit.dir`")
            if state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                hint = f"`chmod go-w {path}`, or name another folder in `audit.dir`"
                raise AuditUnavailable(f"`{path}` can be written by others", hint=hint)
            self._lock = self._open(LOCK, os.O_RDWR | os.O_CREAT)
        except (OSError, AuditUnavailable):
            self.close()
            raise

    def close(self) -> None:
        """Let go of the folder. Safe to call twice."""
        for descriptor in (self._lock, self._folder):
            if descriptor >= 0:
                os.close(descriptor)
        self._lock = self._folder = -1

    def append(self, facts: Facts, *, sync: bool) -> Head:
        """Write one record behind whatever is there now, and return the head that it makes.

        With `sync` it has reached the disk when this returns. What fails behind the record, when it is there, is not
        raised but kept in `trouble`: it may not have reached the disk, or files that were to be removed are left.
        """
        self.trouble = None
        with self._locked():
            file = self._open(CURRENT, os.O_RDWR | os.O_APPEND | os.O_CREAT)
            known, self._known = self._known, None
            try:
                head = self._behind(file, known)
                line, made = seal(facts, head, self._key)
                if (size := os.fstat(file).st_size) and size + len(line) > self._max_bytes:
                    file = self._rotate(file, head)
                    _write(file, line)
                    made = self._settle(file, made, sync=sync, prune=True)
                else:
                    _write(file, line)
                    made = self._settle(file, made, sync=sync, prune=False)
            finally:
                os.close(file)
        return made

    def _settle(self, file: int, made: Head, *, sync: bool, prune: bool) -> Head:
        """What is to be done when a record is written. Returns the head then."""
        try:
            if prune:
                made = self._prune(file, made)
            if sync:
                os.fsync(file)
            state = os.fstat(file)
            self._known = (state.st_ino, state.st_size, made)
        except OSError as error:
            self.trouble = error
        return made

    def _behind(self, file: int, known: tuple[int, int, Head] | None) -> Head:
        """The head that the next record goes behind, when what a crash left of a line is closed."""
        state = os.fstat(file)
        if known is not None and known[:2] == (state.st_ino, state.st_size):
            return known[2]
        end = self._end(file, state.st_size, CURRENT)
        last = end.record or self._last_of_rotated()
        self._check_key(last)
        head = last.head if last is not None else BEGINNING
        if end.open:
            _write(file, b"\n")
        if end.torn:
            facts: Facts = {"time": number(time.time()), "kind": "torn"}
            torn = end.torn.removesuffix(b"\n")
            facts |= {"bytes": len(torn), "sha256": sha256(torn).hexdigest()}
            line, head = seal(facts, head, self._key)
            _write(file, line if end.torn.endswith(b"\n") else b"\n" + line)
        return head

    def _end(self, file: int, size: int, name: str) -> _End:
        for window in _WINDOWS:
            data = os.pread(file, window, max(0, size - window))
            *lines, rest = data.split(b"\n")
            whole = read_line(rest) if rest else None
            if whole is not None:
                return _End(whole, open=True)
            for index in range(len(lines) - 1, -1, -1):
                record = read_line(lines[index])
                if record is not None:
                    return _End(record, torn=_torn(lines[index + 1 :], rest))
            if len(data) == size and all(map(is_fragment, lines)):
                return _End(None, torn=_torn(lines, rest))
        message = f"`{os.path.join(self._path, name)}` does not end with an audit record"
        raise AuditUnavailable(message, hint="move it away, after a look at it; a new one is begun then")

    def _last_of_rotated(self) -> Sealed | None:
        """The last record of the newest full file, for a new one to go on from."""
        full = rotated_files(self._folder)
        if not full:
            return None
        file = self._open(full[-1].name, os.O_RDONLY)
        try:
            return self._end(file, os.fstat(file).st_size, full[-1].name).record
        finally:
            os.close(file)

    def _check_key(self, last: Sealed | None) -> None:
        """Refuse to add a record that would look like a forged one."""
        if last is None or last.key is None or (self._key is not None and self._key.name == last.key):
            return
        other = "no key is set" if self._key is None else "another key is set"
        hint = "set `audit.key-file` to its key, or `audit.dir` to a folder for a new log"
        raise AuditUnavailable(f"the log in `{self._path}` is sealed with a key, and {other}", hint=hint)

    def _rotate(self, file: int, head: Head) -> int:
        """Close the full file, under the name that says how far it goes, and open a new one."""
        name = f"{_BEFORE}{head.sequence:0{_DIGITS}}{_AFTER}"
        os.fsync(file)
        with suppress(FileNotFoundError):
            os.stat(name, dir_fd=self._folder, follow_symlinks=False)
            raise AuditUnavailable(f"`{os.path.join(self._path, name)}` is there already", hint="move it away")
        os.rename(CURRENT, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        os.fsync(self._folder)
        fresh = self._open(CURRENT, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL)
        os.close(file)
        return fresh

    def _prune(self, file: int, head: Head) -> Head:
        """Remove full files beyond those that are kept, after a record that says so."""
        if self._keep_files is None:
            return head
        old = rotated_files(self._folder)[: -self._keep_files]
        if not old:
            return head
        facts: Facts = {"time": number(time.time()), "kind": "pruned", "through": old[-1].last, "files": len(old)}
        line, head = seal(facts, head, self._key)
        _write(file, line)
        os.fsync(file)
        for one in old:
            with suppress(FileNotFoundError):
                os.unlink(one.name, dir_fd=self._folder)
        return head

    def _open(self, name: str, flags: int) -> int:
        """Open a file of the log. Raises `AuditUnavailable` for anything but a regular file that only we can write."""
        path = os.path.join(self._path, name)
        try:
            descriptor = os.open(name, flags | _FLAGS, 0o600, dir_fd=self._folder)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise AuditUnavailable(f"`{path}` is a link", hint="the log follows none: move it away") from None
            raise OSError(error.errno, os.strerror(error.errno or 0), path) from None
        state = os.fstat(descriptor)
        fault = None
        if not stat.S_ISREG(state.st_mode):
            fault = "is no regular file"
        elif state.st_nlink != 1:
            fault = "has another name elsewhere"
        elif state.st_uid not in (0, os.geteuid()):
            fault = "belongs to another user"
        elif state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            fault = "can be written by others"
        if fault is not None:
            os.close(descriptor)
            raise AuditUnavailable(f"`{path}` {fault}", hint="move it away, after a look at it")
        return descriptor

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock: all that is between two writers. Who waited in vain does not wait again before it is free."""
        patient, self._patient = self._patient, False
        take_lock(self._lock, fcntl.LOCK_EX, PATIENCE_S if patient else 0.0, self._path)
        self._patient = True
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)


def take_lock(lock: int, operation: int, patience_s: float, folder: str) -> None:
    """Take the lock of the log in `folder`. Raises `AuditUnavailable` when it is held by others all the time."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(lock, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                message = f"another process holds `{os.path.join(folder, LOCK)}`"
                raise AuditUnavailable(message, hint="`fuser` tells which") from None
            time.sleep(_PAUSE_S)
        else:
            return


def _torn(lines: list[bytes], rest: bytes) -> bytes:
    """What crashes, one behind another, left behind the last record: not the lines of somebody else."""
    return b"\n".join([*lines, rest]) if all(map(is_fragment, lines)) else rest


def _write(file: int, data: bytes) -> None:
    """Append all of `data` or, as far as the file system lets us take it back, nothing."""
    size = os.fstat(file).st_size
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(file, view) :]
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, size)
        raise
