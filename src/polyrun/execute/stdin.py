"""What a block reads on its standard input: nothing, a text, or a file beside the document.

The document chooses the path, so it is opened component by component from the document's folder
without following a single link: a document cannot make PolyRun read what its author could not see.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from polyrun.model.frozen import frozen
from polyrun.model.limits import MIB, format_bytes

MAX_STDIN = 64 * MIB


@frozen
class Stdin:
    """The bytes to feed, or why they cannot be had."""

    data: bytes = b""
    refusal: str | None = None


def read_stdin(text: bytes | None, path: str | None, layers: Sequence[str]) -> Stdin:
    """The bytes of `text`, or of the file at `path` in the first of the folders `layers` that has it, or nothing.

    At most 64 MiB are read. A missing, unreadable, too large or irregular file is a `refusal`.
    """
    if path is None:
        return Stdin(text or b"")
    data = b""
    for layer in layers:
        try:
            data = _read_beneath(layer, path)
            break
        except FileNotFoundError as error:
            if layer == layers[-1]:
                return _unreadable(path, error)
        except OSError as error:
            return _unreadable(path, error)
    if len(data) > MAX_STDIN:
        return Stdin(refusal=f"`stdin=@{path}` is larger than {format_bytes(MAX_STDIN)}")
    return Stdin(data)


def _unreadable(path: str, error: OSError) -> Stdin:
    return Stdin(refusal=f"`stdin=@{path}` cannot be read: {error.strerror or error}")


def _read_beneath(folder: str, path: str) -> bytes:
    """At most `MAX_STDIN + 1` bytes of the regular file at `path`, which must not leave `folder`."""
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or not path or "\0" in path:
        raise PermissionError(None, "it must name a file inside the document's folder")
    folders = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    here = os.open(folder, folders)
    try:
        for part in parts[:-1]:
            there = os.open(part, folders | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = there
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(parts[-1], flags, dir_fd=here), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise PermissionError(None, "it is not a regular file")
            return file.read(MAX_STDIN + 1)
    finally:
        os.close(here)
