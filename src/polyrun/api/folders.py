"""Where PolyRun keeps things: a cache that may be deleted at any time, and the state that may not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from polyrun.model.frozen import frozen


@frozen
class Folders:
    """The user's folders for PolyRun, by the XDG base directory specification; none of them need exist."""

    cache: str
    state: str
    config: str

    @property
    def logs(self) -> str:
        """The default log folder."""
        return os.path.join(self.state, "runs")

    @property
    def audit(self) -> str:
        """The default folder of the audit log."""
        return os.path.join(self.state, "audit")

    @property
    def languages(self) -> str:
        """What was read of the specifications of languages."""
        return os.path.join(self.cache, "languages")

    @property
    def toolchains(self) -> str:
        """The file that remembers toolchains."""
        return os.path.join(self.cache, "toolchains.json")


_others: ContextVar[Folders | None] = ContextVar("_others", default=None)


@contextmanager
def other_folders(folders: Folders) -> Iterator[None]:
    """Let this task, and threads that it waits for, keep everything in `folders` instead of the user's."""
    before = _others.set(folders)
    try:
        yield
    finally:
        _others.reset(before)


def user_folders() -> Folders:
    """The folders of the calling user.

    Inside `other_folders`, those. Without a home, paths below `/dev/null` stand in: nothing is found there and nothing
    can be kept. A folder with a name that anybody can guess and make first, as in the temp folder, must not be
    believed.
    """
    others = _others.get()
    if others is not None:
        return others
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        home = os.devnull
    return Folders(
        cache=_base("XDG_CACHE_HOME", home, ".cache"),
        state=_base("XDG_STATE_HOME", home, ".local/state"),
        config=_base("XDG_CONFIG_HOME", home, ".config"),
    )


def _base(variable: str, home: str, default: str) -> str:
    """PolyRun's part of one base directory; the rules say to ignore a value that is not absolute."""
    value = os.environ.get(variable, "")
    return os.path.join(value if os.path.isabs(value) else os.path.join(home, default), "polyrun")
