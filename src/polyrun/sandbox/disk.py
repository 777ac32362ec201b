"""Walking and removing folders that a guest has written, without ever following what it put there.

Everything goes through descriptors opened with no-follow; a name is only ever resolved inside the folder that
was listed. Folders of any depth need a constant number of descriptors.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterable

from polyrun.sandbox.watch import MAX_ENTRIES, DiskUse

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MAX_SECONDS = 5.0

MAX_DEPTH = 128
"""Folders within folders that are looked into; no sane project comes near."""


class Meter:
    """What is written into `folders` from now on, and what `held` says is on the disk besides; call it to look.

    What lies there already was charged to whoever wrote it, so it is counted once, here. That takes as long as there is
    much of it, and next to nothing for an empty folder.
    """

    def __init__(self, folders: Iterable[str], held: Callable[[], int] = lambda: 0) -> None:
        self._held = held
        self._before = {folder: used(folder, entries_at_most=None) for folder in folders}

    def __call__(self) -> DiskUse:
        """May be called from any thread. What was removed since gives room for as much."""
        uses = [self._since(folder, before) for folder, before in self._before.items()]
        return DiskUse(
            max(0, sum(use.allocated_bytes for use in uses)) + self._held(),
            max(0, sum(use.entries for use in uses)),
            next((use.trouble for use in uses if use.trouble is not None), None),
            max((use.largest_file for use in uses), default=0),
        )

    def _since(self, folder: str, before: DiskUse) -> DiskUse:
        now = used(folder, entries_at_most=before.entries + MAX_ENTRIES)
        allocated, entries = now.allocated_bytes - before.allocated_bytes, now.entries - before.entries
        return DiskUse(allocated, entries, now.trouble, now.largest_file)


def used(folder: str, *, entries_at_most: int | None = MAX_ENTRIES) -> DiskUse:
    """What `folder` holds, by allocated blocks (a sparse file counts what it really takes).

    Gives up counting, with what it has, after one entry more than `entries_at_most`. What cannot be counted within
    five seconds is trouble, and so are folders nested deeper than `MAX_DEPTH`, as nothing below them is counted. The
    guest may change everything meanwhile.
    """
    allocated = entries = largest = 0
    deadline = time.monotonic() + _MAX_SECONDS
    trouble = None
    stack: list[tuple[int, list[str]]] = []
    try:
        stack.append(_listed(os.open(folder, _OPEN)))
        while stack and trouble is None and (entries_at_most is None or entries <= entries_at_most):
            fd, names = stack[-1]
            if not names:
                os.close(stack.pop()[0])
                continue
            name = names.pop()
            try:
                facts = os.stat(name, dir_fd=fd, follow_symlinks=False)
                allocated += facts.st_blocks * 512
                entries += 1
                if stat.S_ISREG(facts.st_mode):
                    largest = max(largest, facts.st_size)
                elif stat.S_ISDIR(facts.st_mode):
                    if len(stack) >= MAX_DEPTH:
                        trouble = f"made folders nested deeper than {MAX_DEPTH}"
                    else:
                        stack.append(_listed(open_unseen(name, fd)))
            except OSError as error:
                if error.errno in {errno.EMFILE, errno.ENFILE}:
                    trouble = "made folders too deep to look into"
            if time.monotonic() > deadline:
                trouble = f"made more files than can be counted in {_MAX_SECONDS:g} s"
    except OSError:
        pass  # the folder is not there (yet)
    finally:
        for fd, _ in stack:
            os.close(fd)
    return DiskUse(allocated, entries, trouble, largest)


def _listed(fd: int) -> tuple[int, list[str]]:
    try:
        return fd, os.listdir(fd)
    except OSError:
        os.close(fd)
        raise


def is_whiteout(facts: os.stat_result) -> bool:
    """Whether a file of an overlay's upper layer says that there is nothing (overlayfs(5))."""
    return stat.S_ISCHR(facts.st_mode) and facts.st_rdev == 0


def open_beneath(root: str, path: str, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """Open `path`, which is relative and plain, below the folder `root`, without following a link anywhere in it.

    `root` itself may be reached through links. Raises `OSError`, also when something on the way is no folder.
    """
    *parents, name = path.split("/")
    at = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for parent in parents:
            inner = os.open(parent, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
            os.close(at)
            at = inner
        return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, mode, dir_fd=at)
    finally:
        os.close(at)


def open_unseen(name: str, parent_fd: int | None = None) -> int:
    """Open a folder to list it, also one whose modes forbid it: hiding files must not keep them from being counted.

    The folder's owner, which is us, gets the right to read back. It is held by a descriptor meanwhile, not named by a
    path: a guest that swaps it for a link achieves nothing.
    """
    try:
        return os.open(name, _OPEN, dir_fd=parent_fd)
    except PermissionError:
        handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent_fd)
    try:
        path = f"/proc/self/fd/{handle}"
        os.chmod(path, stat.S_IMODE(os.fstat(handle).st_mode) | 0o500)
        return os.open(path, _OPEN & ~os.O_NOFOLLOW)
    finally:
        os.close(handle)


def remove_tree(folder: str) -> None:
    """Delete `folder` and all below it, whatever its modes and depth. A missing folder is fine.

    Raises `OSError` when something cannot be deleted. Only for folders whose guests are all dead.
    """
    parent, name = os.path.split(folder.rstrip("/"))
    try:
        parent_fd = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        _remove(parent_fd, name)
    finally:
        os.close(parent_fd)


def remove_in(parent_fd: int, name: str) -> None:
    """Delete what is called `name` in a folder, like `remove_tree`."""
    _remove(parent_fd, name)


def _remove(parent_fd: int, name: str) -> None:
    """Empty the folder by lifting its grandchildren: every folder found is moved up to the top before it is entered."""
    try:
        top = _open_folder(parent_fd, name)
    except FileNotFoundError:
        return
    except NotADirectoryError:
        os.unlink(name, dir_fd=parent_fd)
        return
    try:
        pending = _unlink_files(top)
        count = 0
        while pending:
            child = pending.pop()
            fd = _open_folder(top, child)
            try:
                for grandchild in _unlink_files(fd):
                    count += 1
                    lifted = f".polyrun-{os.getpid()}-{count}"
                    os.rename(grandchild, lifted, src_dir_fd=fd, dst_dir_fd=top)
                    pending.append(lifted)
            finally:
                os.close(fd)
            os.rmdir(child, dir_fd=top)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=parent_fd)


def _open_folder(parent_fd: int, name: str) -> int:
    try:
        fd = os.open(name, _OPEN, dir_fd=parent_fd)
    except PermissionError:
        facts = os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
        if not stat.S_ISDIR(facts.st_mode):
            raise NotADirectoryError(name) from None
        os.chmod(name, 0o700, dir_fd=parent_fd)
        return os.open(name, _OPEN, dir_fd=parent_fd)
    if os.fstat(fd).st_mode & 0o700 != 0o700:
        os.fchmod(fd, 0o700)
    return fd


def _unlink_files(fd: int) -> list[str]:
    """Delete all but folders in `fd`; the names of the folders."""
    folders = []
    for name in os.listdir(fd):
        mode = os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            if mode & 0o700 != 0o700:  # also to move it, its owner must be able to write to it
                os.chmod(name, 0o700, dir_fd=fd)
            folders.append(name)
        else:
            os.unlink(name, dir_fd=fd)
    return folders
