"""The document's folder on its way into a container, and what a program changed in it on its way back.

A container never shares a folder with its host: the engine may run on another one. So the folder's files are sent in,
the nearest to the document first and up to a bound, and what is new, changed or gone comes back. Unless writing through
was allowed, that lands in the run's overlay, in the form that overlayfs(5) has: a device 0:0 stands for what is gone.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress

from polyrun.model.frozen import frozen
from polyrun.model.limits import MIB, format_bytes
from polyrun.sandbox import disk
from polyrun.sandbox.base import Workspace
from polyrun.sandbox.docker.packing import Entry, folder

WORK = "work"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_LONGEST_NAME = 255
_LONGEST_PATH = 4000  # with what stands before it below the kernel's 4096, which the starter has room for


@frozen
class Caps:
    """How much of a document's folder is sent into each container."""

    total_bytes: int = 64 * MIB
    files: int = 10_000


_CAPS = Caps()


@frozen
class Gathered:
    """What of the folder is sent, parents first, and one remark for the user if that is not everything."""

    entries: tuple[Entry, ...]
    remark: str | None = None


def gather(workspace: Workspace, hidden: str | None = None, caps: Caps = _CAPS) -> Gathered:
    """The files of `workspace` as its blocks see them now. `hidden` is a path in it that is PolyRun's own."""
    entries: list[Entry] = [folder(WORK)]
    left_out: list[str] = []
    room = caps.total_bytes
    pending = deque([("", tuple(workspace.layers))])
    while pending:
        inside, layers = pending.popleft()
        for name, root, facts, below in _merged(inside, layers):
            path = os.path.join(inside, name)
            if hidden is not None and os.path.join(workspace.folder, path) == hidden:
                continue
            if len(os.fsencode(path)) > _LONGEST_PATH:  # which no program in the container could name
                continue
            if len(entries) > caps.files:
                left_out.append(path)
                return Gathered(tuple(entries), _remark(workspace, left_out, caps))
            if stat.S_ISDIR(facts.st_mode):
                entries.append(folder(f"{WORK}/{path}"))
                pending.append((path, below))
            elif stat.S_ISREG(facts.st_mode) and facts.st_size > room:
                left_out.append(path)
            else:
                entry = _entry(path, root, facts)
                room -= entry.size if entry else 0
                entries += [entry] if entry else []
    return Gathered(tuple(entries), _remark(workspace, left_out, caps) if left_out else None)


def _merged(inside: str, layers: Sequence[str]) -> Iterator[tuple[str, str, os.stat_result, tuple[str, ...]]]:
    """What stands in the folder `inside`: each name with the layer that it is in, and the layers below that name."""
    seen: dict[str, tuple[str, os.stat_result, list[str]] | None] = {}
    for root in layers:
        try:
            fd = disk.open_beneath(root, inside, _FOLDER) if inside else os.open(root, _FOLDER | os.O_CLOEXEC)
        except OSError:  # it is not there, or not for this user to see
            continue
        try:
            for name in os.listdir(fd):
                facts = os.stat(name, dir_fd=fd, follow_symlinks=False)
                if name not in seen:
                    seen[name] = None if disk.is_whiteout(facts) else (root, facts, [root])
                elif (
                    (found := seen[name]) is not None and stat.S_ISDIR(found[1].st_mode) and stat.S_ISDIR(facts.st_mode)
                ):
                    found[2].append(root)
        except OSError:  # it went away meanwhile
            continue
        finally:
            os.close(fd)
    for name in sorted(seen):
        found = seen[name]
        if found is not None:
            yield name, found[0], found[1], tuple(found[2])


def _entry(path: str, root: str, facts: os.stat_result) -> Entry | None:
    name = f"{WORK}/{path}"
    if stat.S_ISREG(facts.st_mode):
        mode = stat.S_IFREG | (facts.st_mode & 0o777) | 0o600
        return Entry(name, mode, facts.st_size, origin=(root, path), mtime=int(facts.st_mtime), may_be_gone=True)
    if stat.S_ISLNK(facts.st_mode):
        with suppress(OSError):
            parent = disk.open_beneath(root, os.path.dirname(path), _FOLDER) if "/" in path else os.open(root, _FOLDER)
            try:
                return Entry(name, stat.S_IFLNK | 0o777, target=os.readlink(os.path.basename(path), dir_fd=parent))
            finally:
                os.close(parent)
    return None  # a socket, a device, a pipe: nothing that could be sent


def _remark(workspace: Workspace, left_out: Sequence[str], caps: Caps) -> str:
    names = ", ".join(f"`{name}`" for name in left_out[:3]) + (", …" if len(left_out) > 3 else "")
    most = f"{format_bytes(caps.total_bytes)} or {caps.files} files"
    return f"`{workspace.folder}` holds more than the {most} that are sent into a container: blocks do not see {names}"


class Landing:
    """Where what a container sends back is put: `roots` are host folders by the first part of its paths.

    Those folders are written to by nobody else. With `overlaid` the path `work/…` lands in an overlay's upper layer
    above that folder, so that what is gone leaves a mark there; without it, it lands in the user's own folder, of which
    nothing is removed that the container was not sent. What a path says is never followed out of its root: a path that
    is not plain is refused with `ValueError`. Raises `OSError` when a disk is full, or a folder that is to go is not
    empty.

    `sent` are the paths that the container was sent. A file in the user's own folder that is not among them was not
    seen by the program, so that what came in its place is put into `refused`, with the reason, and not there.
    """

    def __init__(self, roots: Mapping[str, str], overlaid: str | None, sent: Container[str] | None = None) -> None:
        self.refused: list[tuple[str, str]] = []
        self._roots = dict(roots)
        self._overlaid = overlaid
        self._sent = sent
        self._arriving: _Arriving | None = None

    def folder(self, path: str) -> None:
        """Make a folder, in place of whatever else had its name."""
        root, inside = self._place(path)
        self._make_folder(root, inside)

    def file(self, path: str, mode: int, size: int) -> None:
        """Begin a file of `size` bytes, which come by `data`; it takes its place when all are there."""
        self.close()
        root, inside = self._place(path)
        if self._is_unseen(path, root, inside):
            return
        self._make_parents(root, inside)
        self._arriving = _Arriving(root, inside, (mode & 0o777) | 0o600, size)
        self.data(b"")

    def data(self, data: bytes) -> None:
        """Continue the file that was begun. Raises `ValueError` for more than it was to hold."""
        if self._arriving is None:
            return
        self._arriving.write(data)
        if self._arriving.left == 0:
            if self._arriving.meets_folder():
                self._remove(self._arriving.root, self._arriving.inside)
            self._arriving.keep()
            self.close()

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link, which nobody on the host will follow."""
        root, inside = self._place(path)
        if self._is_unseen(path, root, inside):
            return
        self._make_parents(root, inside)
        self._remove(root, inside)
        with _Parent(root, inside) as (parent, name):
            os.symlink(target, name, dir_fd=parent)

    def gone(self, path: str) -> None:
        """Remove what had this name, and say so in an overlay if the folder below it has such a name."""
        root, inside = self._place(path)
        try:
            self._remove(root, inside)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
        if not self._is_over(root) or not _exists(self._overlaid or "", inside):
            return
        try:
            _close(root, os.path.dirname(inside))
        except NotADirectoryError:  # what holds it is gone too
            return
        except FileNotFoundError:
            self._make_parents(root, inside)
        with _Parent(root, inside) as (parent, name):
            os.mknod(name, stat.S_IFCHR, 0, dir_fd=parent)

    def close(self) -> None:
        """Give up the file that was begun, if it is not whole."""
        if self._arriving is not None:
            self._arriving.close()
            self._arriving = None

    def _is_unseen(self, path: str, root: str, inside: str) -> bool:
        if self._sent is None or self._overlaid is not None or not path.startswith(f"{WORK}/"):
            return False
        if path in self._sent or not _exists(root, inside):
            return False
        self.refused.append((path, "the file of that name was not sent into the container, and stays as it is"))
        return True

    def _place(self, path: str) -> tuple[str, str]:
        first, _, inside = path.partition("/")
        parts = inside.split("/")
        plain = all(0 < len(os.fsencode(part)) <= _LONGEST_NAME and part not in {".", ".."} for part in parts)
        if first not in self._roots or not plain or "\0" in path:
            raise ValueError(f"`{path[:_LONGEST_NAME]}` is no place for a file")
        return self._roots[first], inside

    def _is_over(self, root: str) -> bool:
        return self._overlaid is not None and root == self._roots.get(WORK)

    def _make_parents(self, root: str, inside: str) -> None:
        above = os.path.dirname(inside)
        if above:
            self._make_folder(root, above)

    def _make_folder(self, root: str, inside: str) -> None:
        missing = []
        while inside and not _is_folder(root, inside):
            missing.append(inside)
            inside = os.path.dirname(inside)
        for path in reversed(missing):
            replaces = self._remove(root, path)
            with _Parent(root, path) as (parent, name):
                os.mkdir(name, 0o755, dir_fd=parent)
            if replaces and self._is_over(root):
                self._cover(root, path)

    def _cover(self, root: str, inside: str) -> None:
        """Mark as gone what the folder below holds: a folder that is new would show it again."""
        try:
            below = disk.open_beneath(self._overlaid or "", inside, _FOLDER)
        except OSError:  # there is none
            return
        try:
            names = os.listdir(below)
        finally:
            os.close(below)
        for name in names:
            with _Parent(root, f"{inside}/{name}") as (parent, _):
                os.mknod(name, stat.S_IFCHR, 0, dir_fd=parent)

    def _remove(self, root: str, inside: str) -> bool:
        """Remove what has this name; whether there was anything."""
        with suppress(FileNotFoundError, NotADirectoryError), _Parent(root, inside) as (parent, name):
            try:
                os.unlink(name, dir_fd=parent)
            except IsADirectoryError:
                if self._overlaid is None and root == self._roots.get(WORK):
                    os.rmdir(name, dir_fd=parent)
                else:
                    disk.remove_in(parent, name)
            return True
        return False


class _Arriving:
    """A file on its way, under a name of its own until it is whole; `left` bytes of it are still to come."""

    def __init__(self, root: str, inside: str, mode: int, size: int) -> None:
        self.root, self.inside, self.left = root, inside, size
        self._kept = False
        self._folder = _Parent(root, inside)
        self._part = f".polyrun-{os.urandom(8).hex()}"
        self._fd = -1
        parent, self._name = self._folder.__enter__()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._fd = os.open(self._part, flags, mode, dir_fd=parent)
        except OSError:
            self._folder.__exit__()
            raise

    def write(self, data: bytes) -> None:
        self.left -= len(data)
        if self.left < 0:
            raise ValueError(f"`{self.inside[:_LONGEST_NAME]}` is longer than was said")
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def meets_folder(self) -> bool:
        return _is_folder(self.root, self.inside)

    def keep(self) -> None:
        parent, _ = self._folder.__enter__()
        os.rename(self._part, self._name, src_dir_fd=parent, dst_dir_fd=parent)
        self._kept = True

    def close(self) -> None:
        parent, _ = self._folder.__enter__()
        try:
            os.close(self._fd)
            if not self._kept:
                os.unlink(self._part, dir_fd=parent)
        finally:
            self._folder.__exit__()


def _is_folder(root: str, inside: str) -> bool:
    """Whether it is a folder, be it readable or not. Any doubt is an `OSError`: no folder is replaced by mistake."""
    try:
        _close(root, inside)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _close(root: str, inside: str) -> None:
    """Open a folder and close it again, for the error that this may give."""
    if inside:
        os.close(disk.open_beneath(root, inside, os.O_PATH | os.O_DIRECTORY))


def _exists(root: str, inside: str) -> bool:
    try:
        os.close(disk.open_beneath(root, inside, os.O_PATH))
    except OSError:
        return False
    return True


class _Parent:
    """The folder that holds `inside`, as a descriptor, and the last part of the path."""

    def __init__(self, root: str, inside: str) -> None:
        above, _, self._name = inside.rpartition("/")
        flags = os.O_PATH | os.O_DIRECTORY
        self._fd = disk.open_beneath(root, above, flags) if above else os.open(root, flags | os.O_CLOEXEC)

    def __enter__(self) -> tuple[int, str]:
        return self._fd, self._name

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
