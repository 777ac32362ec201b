"""A job as a tar stream: everything that goes into a container, bounded, read without following any link."""

from __future__ import annotations

import errno
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator

from polyrun.model.frozen import frozen
from polyrun.sandbox import disk

_PIECE = 1 << 16
_BLOCK = 512
_END = bytes(2 * _BLOCK)
_TYPES = {stat.S_IFDIR: tarfile.DIRTYPE, stat.S_IFREG: tarfile.REGTYPE, stat.S_IFLNK: tarfile.SYMTYPE}


@frozen
class Entry:
    """One member: `path` is relative, `mode` has the type and the permissions as in stat(2).

    What a file holds is `data`, or is read from `origin`, a folder of the host and a path in it, at most `size` bytes.
    `target` is a link's. One that `may_be_gone`, or is not for us to read, is left out when that turns out.
    """

    path: str
    mode: int
    size: int = 0
    data: bytes | None = None
    origin: tuple[str, str] | None = None
    target: str = ""
    mtime: int = 0
    may_be_gone: bool = False


def folder(path: str) -> Entry:
    """An empty folder that the program may write to."""
    return Entry(path, stat.S_IFDIR | 0o755)


def text(path: str, data: bytes) -> Entry:
    """A file that the program may only read."""
    return Entry(path, stat.S_IFREG | 0o444, len(data), data)


def texts(prefix: str, files: Iterable[tuple[str, bytes]]) -> Iterator[Entry]:
    """`files` (relative path → content) below the folder `prefix`, with the folders between."""
    yield folder(prefix)
    made = {prefix}
    for name, data in files:
        path = f"{prefix}/{name}"
        for at, letter in enumerate(path):
            if letter == "/" and path[:at] not in made:
                made.add(path[:at])
                yield folder(path[:at])
        yield text(path, data)


def tree(prefix: str, root: str) -> Iterator[Entry]:
    """The host's folder `root`, which nobody writes to meanwhile, as the folder `prefix`. Raises `OSError`.

    Files, folders and links, which are sent as they are and not followed; nothing else.
    """
    yield folder(prefix)
    for place, folders, files in os.walk(root, onerror=_raise):
        folders.sort()
        inside = place[len(root) :].lstrip("/")
        below = os.path.join(prefix, inside) if inside else prefix
        for name in sorted((*folders, *files)):
            path = os.path.join(place, name)
            facts = os.lstat(path)
            if stat.S_ISDIR(facts.st_mode):
                yield folder(f"{below}/{name}")
            elif stat.S_ISLNK(facts.st_mode):
                yield Entry(f"{below}/{name}", stat.S_IFLNK | 0o777, target=os.readlink(path))
            elif stat.S_ISREG(facts.st_mode):
                mode = stat.S_IFREG | (facts.st_mode & 0o555) | 0o444
                origin = (root, os.path.join(inside, name))
                yield Entry(f"{below}/{name}", mode, facts.st_size, origin=origin, mtime=int(facts.st_mtime))


def _raise(error: OSError) -> None:
    raise error


def size_of(entries: Iterable[Entry]) -> int:
    """How many bytes the entries take in a container's memory: files in whole pages, and one page for each entry."""
    page = 4096
    return sum((entry.size + page - 1) // page * page + page for entry in entries)


def stream(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The entries as a GNU tar stream, in pieces of at most 64 KiB. Raises `OSError` for a file that cannot be read."""
    for entry in entries:
        try:
            fd = _opened(entry)
        except OSError:
            if entry.may_be_gone:
                continue
            raise
        try:
            yield from _member(entry, fd)
        finally:
            if fd is not None:
                os.close(fd)
    yield _END


def _opened(entry: Entry) -> int | None:
    """The file that holds what `entry` does, if one does."""
    if entry.origin is None or not entry.size:
        return None
    fd = disk.open_beneath(*entry.origin)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise FileNotFoundError(errno.ENOENT, "it is no regular file any more", entry.path)
    return fd


def _member(entry: Entry, fd: int | None) -> Iterator[bytes]:
    info = tarfile.TarInfo(entry.path)
    info.type = _TYPES[stat.S_IFMT(entry.mode)]
    info.mode = stat.S_IMODE(entry.mode)
    info.size = entry.size if stat.S_ISREG(entry.mode) else 0
    info.linkname = entry.target
    info.mtime = max(0, entry.mtime)
    yield info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    if info.size:
        yield from _content(entry, fd)
        yield bytes(-entry.size % _BLOCK)


def _content(entry: Entry, fd: int | None) -> Iterator[bytes]:
    """Exactly `entry.size` bytes: what a file lacks by now is zeros, and what it has gained is left out."""
    left = entry.size
    while left > 0:
        if fd is None:
            at = entry.size - left
            piece = (entry.data or b"")[at : at + _PIECE]
        else:
            piece = os.read(fd, min(left, _PIECE))
        piece = piece or bytes(min(left, _PIECE))
        yield piece
        left -= len(piece)
