"""Finished builds, kept by the digest of everything that went into them.

A build happens in a folder of its own and becomes an entry by one `rename`, after every process that could write
to it is gone; it leaves by one `rename` too, before anything in it is removed. So an entry is complete or absent,
and no program ever writes into one that exists. A shared lock on its folder marks an entry as in use, also for
other processes. Contents are never read here, only moved and removed.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import suppress

from polyrun.model.limits import GIB

_GONE = ".gone-"


class BuildCache:
    """Build folders under `root`, least recently used first out when they pass `max_bytes`."""

    def __init__(self, root: str | os.PathLike[str], *, max_bytes: int = GIB) -> None:
        self._entries = os.path.join(root, "builds")
        self._max_bytes = max_bytes
        self._has_grown = False
        self._leases: dict[str, int] = {}

    def lookup(self, digest: str) -> str | None:
        """The folder of a finished build, marked as used now, or `None`. It stays until it is released."""
        entry = os.path.join(self._entries, digest)
        if not self._lease(digest):
            return None
        with suppress(OSError):
            os.utime(entry)
        return entry

    def store(self, digest: str, folder: str) -> str:
        """Make `folder` the entry for `digest` and return where the build now is; it stays until it is released.

        If another run was quicker its entry stays and is returned. If the cache cannot be
        written, the build stays where it is: a cache is never needed for a run.
        """
        entry = os.path.join(self._entries, digest)
        try:
            os.makedirs(self._entries, exist_ok=True, mode=0o700)
            os.rename(folder, entry)
            self._has_grown = True
        except OSError:
            return entry if self._lease(digest) else folder
        return entry if self._lease(digest) else folder

    def release(self, digest: str) -> None:
        """Say that the build is not in use any more; safe for one that never was."""
        lease = self._leases.pop(digest, None)
        if lease is not None:
            os.close(lease)

    def close(self) -> None:
        """Release everything and make room; if nothing was stored, there is no need to look."""
        for digest in list(self._leases):
            self.release(digest)
        if self._has_grown:
            self.prune()

    def prune(self) -> None:
        """Remove the least recently used entries that nobody uses until the rest fits."""
        entries = sorted(self._listed(), key=lambda entry: entry.stat(follow_symlinks=False).st_mtime)
        sizes = {entry.path: _size(entry.path) for entry in entries}
        total = sum(sizes.values())
        for entry in entries:
            if total <= self._max_bytes:
                break
            if self._remove(entry.path):
                total -= sizes[entry.path]

    def size(self) -> int:
        """The bytes all entries hold."""
        return _size(self._entries)

    def clear(self) -> int:
        """Remove every entry that nobody uses; returns the bytes they held."""
        freed = 0
        for entry in self._listed():
            size = _size(entry.path)
            if self._remove(entry.path):
                freed += size
        return freed

    def _lease(self, digest: str) -> bool:
        """Hold the entry for `digest`; whether it is there and whole."""
        if digest in self._leases:
            return True
        path = os.path.join(self._entries, digest)
        try:
            lease = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        with suppress(OSError):
            fcntl.flock(lease, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lease), os.stat(path)):  # else it was taken away before it was locked
                self._leases[digest] = lease
                return True
        os.close(lease)
        return False

    def _listed(self) -> Iterator[os.DirEntry[str]]:
        with suppress(OSError), os.scandir(self._entries) as listing:
            yield from listing

    def _remove(self, path: str) -> bool:
        """Take an entry away, unless somebody uses it. What an earlier removal left half-way goes too."""
        import shutil

        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            gone = os.path.join(self._entries, f"{_GONE}{os.getpid()}-{time.monotonic_ns()}")
            os.rename(path, gone)
        except OSError:
            return False
        finally:
            os.close(lock)
        shutil.rmtree(gone, ignore_errors=True)
        return True


def _size(folder: str) -> int:
    total = 0
    with suppress(OSError):  # `fwalk` raises when the top is missing or no folder
        for _, _, names, descriptor in os.fwalk(folder):
            for name in names:
                with suppress(OSError):
                    total += os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_size
    return total
