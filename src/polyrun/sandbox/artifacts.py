"""What the blocks of a run wrote into the document's folder: listing and keeping it.

The overlay's upper folder was filled by guests and is read like anything hostile: by descriptors, no link is ever
followed, only regular files are kept, and everything is bounded. Call these only when all guests are dead.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator

from polyrun.model.frozen import frozen
from polyrun.model.limits import MIB
from polyrun.sandbox import disk
from polyrun.sandbox.base import Workspace

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_OPAQUE = ("user.overlay.opaque", "trusted.overlay.opaque")
_METACOPY = ("user.overlay.metacopy", "trusted.overlay.metacopy")
_CHUNK = 1 << 20


@frozen
class Caps:
    """Bounds on what one run keeps and on how long looking takes; what lies beyond is told, not kept.

    No more than `files` entries that are not kept are told one by one.
    """

    files: int = 1000
    total_bytes: int = 256 * MIB
    depth: int = 32
    wall_s: float = 20.0


_CAPS = Caps()


@frozen
class Changes:
    """Paths relative to the document's folder, sorted. `not_kept` says why beside each path."""

    files: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    not_kept: tuple[tuple[str, str], ...] = ()


@frozen
class _Entry:
    path: str
    fd: int
    name: str
    facts: os.stat_result
    trouble: str | None = None


def changed_files(workspace: Workspace, caps: Caps = _CAPS) -> Changes:
    """What is new, changed or deleted in the overlay; nothing for a workspace without one."""
    return _gather(workspace, caps, None)


def collect(workspace: Workspace, destination: str, caps: Caps = _CAPS) -> Changes:
    """Copy what is new or changed into the folder `destination`, which is created when there is something to keep.

    Files keep their bytes and whether they are executable, nothing else. Raises `OSError` when nothing can be created
    in `destination`; a file for which its disk has no room is one not kept.
    """
    return _gather(workspace, caps, destination)


def _gather(workspace: Workspace, caps: Caps, destination: str | None) -> Changes:
    if workspace.overlay is None:
        return Changes()
    files: list[str] = []
    deleted: list[str] = []
    refused: list[tuple[str, str]] = []
    left = caps.total_bytes
    deadline = time.monotonic() + caps.wall_s
    for entry in _walk(os.path.join(workspace.overlay, "upper"), caps):
        if time.monotonic() > deadline:
            refused.append((entry.path, f"and more: listing took longer than {caps.wall_s:g} s"))
            break
        if len(refused) > caps.files:
            refused.append((entry.path, "and more"))
            break
        if entry.trouble is not None:
            refused.append((entry.path, entry.trouble))
        elif disk.is_whiteout(entry.facts):
            deleted.append(entry.path)
        elif not stat.S_ISDIR(entry.facts.st_mode):
            trouble = _trouble(entry, left, len(files), caps)
            if trouble is None and destination is not None:
                trouble = _copy(entry, destination)
            if trouble is not None:
                refused.append((entry.path, trouble))
                continue
            left -= entry.facts.st_size
            files.append(entry.path)
    return Changes(tuple(sorted(files)), tuple(sorted(deleted)), tuple(sorted(refused)))


def _walk(folder: str, caps: Caps) -> Iterator[_Entry]:
    """Everything in `folder`, a folder before what is in it; each `fd` is open only until the next is asked for."""
    try:
        top = disk.open_unseen(folder)
    except FileNotFoundError:
        return
    try:
        yield from _walk_fd(top, "", caps.depth)
    finally:
        os.close(top)


def _walk_fd(fd: int, prefix: str, depth: int) -> Iterator[_Entry]:
    for name in sorted(os.listdir(fd)):
        path = prefix + name
        facts = os.stat(name, dir_fd=fd, follow_symlinks=False)
        yield _Entry(path, fd, name, facts)
        if not stat.S_ISDIR(facts.st_mode):
            continue
        if depth == 0:
            yield _Entry(path + "/", fd, name, facts, "too deep")
            continue
        try:
            inner = os.open(name, _OPEN | os.O_DIRECTORY, dir_fd=fd)
        except OSError as error:
            yield _Entry(path + "/", fd, name, facts, f"unreadable: {error.strerror}")
            continue
        try:
            if _attribute(inner, _OPAQUE):
                yield _Entry(path + "/", fd, name, facts, "the folder replaces the one that was there")
            yield from _walk_fd(inner, path + "/", depth - 1)
        finally:
            os.close(inner)


def _trouble(entry: _Entry, left: int, kept: int, caps: Caps) -> str | None:
    mode = entry.facts.st_mode
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    if not stat.S_ISREG(mode):
        return "not a regular file"
    if kept >= caps.files:
        return f"more than {caps.files} files"
    if entry.facts.st_size > left:
        return "over the size that is kept"
    return None


def _copy(entry: _Entry, destination: str) -> str | None:
    """Copy one regular file, whole or not at all; why not. At most the size that was seen before is copied."""
    try:
        source = os.open(entry.name, _OPEN, dir_fd=entry.fd)
    except OSError as error:
        return f"unreadable: {error.strerror}"
    try:
        facts = os.fstat(source)
        if not stat.S_ISREG(facts.st_mode) or (facts.st_dev, facts.st_ino) != (entry.facts.st_dev, entry.facts.st_ino):
            return "not the file that was listed"
        if _attribute(source, _METACOPY):
            return "only its attributes changed"
        target_path = os.path.join(destination, entry.path)
        target = _create(target_path, 0o644 | (facts.st_mode & 0o111))
        if target is None:
            return "its path is too long"
        try:
            left = entry.facts.st_size
            while left > 0 and (sent := os.sendfile(target, source, None, min(left, _CHUNK))) > 0:
                left -= sent
        except OSError as error:
            os.unlink(target_path)
            return f"not copied: {error.strerror}"
        finally:
            os.close(target)
    finally:
        os.close(source)
    return None


def _create(path: str, mode: int) -> int | None:
    """A new file and the folders above it; `None` where the path is too long. Guests make such step by step."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return os.open(path, flags, mode)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        raise


def _attribute(fd: int, names: tuple[str, ...]) -> bool:
    for name in names:
        try:
            os.getxattr(fd, name)
        except OSError:
            continue
        return True
    return False
