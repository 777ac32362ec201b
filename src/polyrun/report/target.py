"""A file that a report is written to: it appears whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress

from polyrun.model.errors import UsageError

_GATHERED = 1 << 16


class Target:
    """The file at `path`, made anew in a folder that is held on to from the start.

    Blocks may be allowed to write to that folder, or to those above it. So nothing is found by its path again after
    they ran, and what they put in the file's place is replaced, never followed.

    Raises `UsageError` for a place that no file can be written to.
    """

    def __init__(self, path: str) -> None:
        self._folder = -1
        try:
            real = os.path.realpath(path)
            reason = _obstacle(real)
            if reason is not None:
                raise _refused(path, reason)
            folder, self._name = os.path.split(real)
            self._folder = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            partial, descriptor = self._create()  # the one sure way to know that it can be done
            os.close(descriptor)
            os.unlink(partial, dir_fd=self._folder)
        except (OSError, ValueError) as error:
            self.close()
            raise _refused(path, (getattr(error, "strerror", None) or str(error)).lower()) from error

    def write(self, pieces: Iterable[bytes]) -> None:
        """Put the file there, in place of one of its name. Raises `OSError`, and then leaves all as it was."""
        partial, descriptor = self._create()
        try:
            with os.fdopen(descriptor, "wb", buffering=_GATHERED) as file:
                file.writelines(pieces)
            os.replace(partial, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=self._folder)

    def _create(self) -> tuple[str, int]:
        """A new file beside the target: its name, a descriptor."""
        name = f"{self._name}.{os.urandom(4).hex()}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return name, os.open(name, flags, 0o666, dir_fd=self._folder)

    def close(self) -> None:
        """Let go of the folder. Safe to call twice."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1


def _obstacle(path: str) -> str | None:
    """What stands at `path` that must not be replaced."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        folder = os.path.dirname(path)
        return None if os.path.isdir(folder) else f"there is no folder `{folder}`"
    if stat.S_ISDIR(mode):
        return "it is a folder"
    return None if stat.S_ISREG(mode) else "it is no regular file"


def _refused(path: str, reason: str) -> UsageError:
    return UsageError(f"`{path}` cannot be written: {reason}", hint="name a file, such as out.html")
