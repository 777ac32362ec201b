"""Folders that last as long as a run and lie where finished builds are kept."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack

from polyrun.model.errors import SandboxError
from polyrun.sandbox.scratch import scratch


class RunFolders:
    """Makes empty folders for builds in the cache's file system, so that a finished one can be renamed into the cache.

    Where the cache cannot be written they are made in `fallback` instead: builds then last as long as the run.
    """

    def __init__(self, cache: str, fallback: str, cleanup: AsyncExitStack) -> None:
        self._cache = cache
        self._fallback = fallback
        self._cleanup = cleanup
        self._parent: str | None = None
        self._count = 0

    def new(self) -> str:
        """A new empty folder."""
        if self._parent is None:
            try:
                os.makedirs(self._cache, exist_ok=True, mode=0o700)
                self._parent = self._cleanup.enter_context(scratch(self._cache))
            except (OSError, SandboxError):
                self._parent = self._fallback
        self._count += 1
        folder = os.path.join(self._parent, f"build-{self._count}")
        os.mkdir(folder, 0o700)
        return folder
