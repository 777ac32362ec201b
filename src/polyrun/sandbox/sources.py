"""Opening the host's folders that a box shows, so that no earlier block can swap them for others.

A path is walked component by component, and what it leads to is mounted by descriptor. A symbolic link in a place
that blocks can write to may come from a block and is refused: it could lead anywhere.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from polyrun.model.errors import SandboxError

_LINKS = 40  # as many as the kernel follows, path_resolution(7)


class Sources:
    """What boxes of one backend were shown; `written` are the real paths of what their blocks could write to."""

    def __init__(self) -> None:
        self.written: set[str] = set()

    def allow_writing(self, paths: Iterable[str]) -> None:
        """From now on symbolic links in these places are refused. Call it before anything in them is opened."""
        for path in sorted(paths, key=len):  # parents first: a path below one is resolved by its rule
            fd, real = self._walk(path)
            if fd is not None:
                os.close(fd)
                self.written.add(real)

    def open(self, path: str) -> int | None:
        """A descriptor (O_PATH) of the absolute `path`, or `None` when there is no such file.

        Raises `SandboxError` for a path that cannot be opened or leads through a link that a block could have made.
        """
        return self._walk(path)[0]

    def check(self, path: str) -> None:
        """Raises as `open` does, for a path that is mounted by name."""
        fd = self.open(path)
        if fd is not None:
            os.close(fd)

    def _walk(self, path: str) -> tuple[int | None, str]:
        """The descriptor and the real path of `path`."""
        try:
            return self._follow(path)
        except FileNotFoundError:
            return None, path
        except (OSError, ValueError) as error:
            raise SandboxError("preparing a box", f"`{path}` cannot be shown: {error}") from error

    def _follow(self, path: str) -> tuple[int, str]:
        parts = path.split("/")[::-1]
        links = 0
        fd, real = _open("/", None), "/"
        try:
            while parts:
                part = parts.pop()
                if part in {"", "."}:
                    continue
                following = _open(part, fd)
                if stat.S_ISLNK(os.fstat(following).st_mode):
                    target = os.readlink("", dir_fd=following)
                    os.close(following)
                    links += 1
                    if links > _LINKS:
                        raise OSError("too many symbolic links")
                    if self._is_written(real):
                        raise _swapped(path, os.path.join(real, part))
                    parts += target.split("/")[::-1]
                    if target.startswith("/"):
                        following, real = _open("/", None), "/"
                    else:
                        continue
                else:
                    real = os.path.normpath(os.path.join(real, part))
                os.close(fd)
                fd = following
        except BaseException:
            os.close(fd)
            raise
        return fd, real

    def _is_written(self, folder: str) -> bool:
        return any(place in {"/", folder} or folder.startswith(place + "/") for place in self.written)


def _open(name: str, folder: int | None) -> int:
    return os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)


def _swapped(path: str, link: str) -> SandboxError:
    return SandboxError(
        "preparing a box",
        f"`{path}` leads through the symbolic link `{link}`, which a block can have made",
        hint="grant the path that it leads to",
    )
