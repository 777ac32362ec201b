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
        self.path = path
        folder, self._name = os.path.split(os.path.realpath(path))
        self._check(folder)
        try:
            self._folder = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise _refused(path, (error.strerror or str(error)).lower()) from error

    def _check(self, folder: str) -> None:
        try:
            state = os.stat(self.path)
        except FileNotFoundError:
            if not os.path.isdir(folder):
                raise _refused(self.path, f"there is no folder `{folder}`", "create it first") from None
        except (OSError, ValueError) as error:
            raise _refused(self.path, str(getattr(error, "strerror", None) or error).lower()) from error
        else:
            if stat.S_ISDIR(state.st_mode):
                raise _refused(self.path, "it is a folder", "name a file in it, such as out.html")
            if not stat.S_ISREG(state.st_mode):
                raise _refused(self.path, "it is no regular file")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise _refused(self.path, f"no file can be created in `{folder}`")

    def write(self, pieces: Iterable[bytes]) -> None:
        """Put the file there, in place of one of its name. Raises `OSError`, and then leaves all as it was."""
        partial = f".{self._name[:100]}.{os.urandom(4).hex()}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(partial, flags, 0o666, dir_fd=self._folder)
        try:
            with os.fdopen(descriptor, "wb", buffering=_GATHERED) as file:
                file.writelines(pieces)
            os.replace(partial, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=self._folder)

    def close(self) -> None:
        """Let go of the folder. Safe to call twice."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1


def _refused(path: str, reason: str, hint: str | None = None) -> UsageError:
    return UsageError(f"`{path}` cannot be written: {reason}", hint=hint)
