"""Finished builds, kept by the digest of everything that went into them.

A build happens in a folder of its own under `work/` and becomes an entry by one `rename`, after
every process that could write to it is gone; so an entry is complete or absent, and no program
ever writes into one that exists. Contents are never read here, only moved and removed.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from polyrun.model.limits import GIB

_GRACE_S = 600


class BuildCache:
    """Build folders under `root`, least recently used first out when they pass `max_bytes`."""

    def __init__(self, root: Path, *, max_bytes: int = GIB) -> None:
        self._entries = root / "builds"
        self._max_bytes = max_bytes
        self._has_grown = False

    def lookup(self, digest: str) -> str | None:
        """The folder of a finished build, marked as used now, or `None`."""
        entry = self._entries / digest
        try:
            os.utime(entry)
        except OSError:
            return None
        return str(entry)

    def store(self, digest: str, folder: str) -> str:
        """Make `folder` the entry for `digest` and return where the build now is.

        If another run was quicker its entry stays and is returned. If the cache cannot be
        written, the build stays where it is: a cache is never needed for a run.
        """
        entry = self._entries / digest
        try:
            self._entries.mkdir(parents=True, exist_ok=True)
            os.rename(folder, entry)
            self._has_grown = True
        except OSError:
            return str(entry) if entry.is_dir() else folder
        return str(entry)

    def prune(self) -> None:
        """Remove the least recently used entries until the rest fits; if nothing was stored, there is no need.

        Entries used in the last ten minutes stay, because a run beside this one may have them mounted.
        """
        if not self._has_grown:
            return
        entries = []
        with suppress(OSError), os.scandir(self._entries) as listing:
            entries = [(entry.stat(follow_symlinks=False).st_mtime, _size(entry.path), entry.path) for entry in listing]
        total = sum(size for _, size, _ in entries)
        for used, size, path in sorted(entries):
            if total <= self._max_bytes or time.time() - used < _GRACE_S:
                break
            _remove(path)
            total -= size

    def size(self) -> int:
        """The bytes all entries hold."""
        return _size(str(self._entries))

    def clear(self) -> int:
        """Remove every entry; returns the bytes they held."""
        freed = self.size()
        _remove(str(self._entries))
        return freed


def _size(folder: str) -> int:
    total = 0
    with suppress(OSError):  # `fwalk` raises when the top is missing or no folder
        for _, _, names, descriptor in os.fwalk(folder):
            for name in names:
                with suppress(OSError):
                    total += os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_size
    return total


def _remove(folder: str) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
