"""The values of one run: what blocks have exported, kept until it ends, and laid out for those that import.

Every block that passes values has an outbox, a folder it writes to, and an inbox, a folder it reads. What an outbox
holds is checked once, when the block has ended; then its data files become standard files by the heads that PolyRun
writes, and inboxes get hard links to them. So data is written once, by the block that makes it, and copied by nobody.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import FileIO
from typing import TYPE_CHECKING

from polyrun.model.frozen import frozen
from polyrun.model.values import Kind, Slice, ValueType
from polyrun.values.cbor import BadData, Reader, encode, head
from polyrun.values.layout import NPY_HEAD
from polyrun.values.nodes import Array, Ref
from polyrun.values.outbox import VALUES, VERSION, Content, Outbox

if TYPE_CHECKING:
    from polyrun.values.making import Workshop
    from polyrun.values.survey import Found, FramedTable

WORDS = "values.words"
"""The value file of a shell's inbox."""

_COPY = 1 << 20
_READ = 1 << 30


@frozen
class Stored:
    """One value at rest: its type, its encoded form, the data files in `folder` that it refers to, and a short look."""

    type: ValueType
    data: Slice | bytes
    refs: tuple[Ref, ...] = ()
    folder: str | None = None
    preview: str = ""

    @property
    def size(self) -> int:
        """How much it takes."""
        own = len(self.data) if isinstance(self.data, bytes) else self.data.end - self.data.start
        return own + sum(ref.length for ref in self.refs)

    @property
    def file(self) -> Slice | None:
        """Where the content of a `file` is; `None` for every other value."""
        if self.type.kind is not Kind.FILE or self.folder is None or len(self.refs) != 1:
            return None
        ref = self.refs[0]
        return Slice(os.path.join(self.folder, ref.file), ref.offset, ref.offset + ref.length)

    def encoded(self) -> bytes:
        """Its encoded form; large data is not in it."""
        return b"".join(_pieces(self.data))

    def read(self, ref: Ref) -> bytes:
        """All bytes of the data that `ref` names. Raises `OSError`."""
        return self.open(ref)(0, ref.length)

    def open(self, ref: Ref) -> Callable[[int, int], bytes]:
        """How to read bytes of the data that `ref` names: `(start, length)`. Raises `OSError`."""
        assert self.folder is not None
        path = os.path.join(self.folder, ref.file)

        def read(start: int, length: int) -> bytes:
            with open(path, "rb", buffering=0) as file:
                return b"".join(_read(file.fileno(), ref.offset + start, length))

        return read


class Store:
    """The values of one run, in `folder`, which is private and lasts as long as the run."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._workshops: dict[int, Workshop] = {}

    def outbox(self, index: int, max_bytes: int) -> Outbox:
        """A new outbox for block `index`, whose values may take `max_bytes` together. Raises `OSError`."""
        folder = os.path.join(self._folder, f"out-{index}")
        os.mkdir(folder, 0o700)
        return Outbox(folder, _prefix(index), max_bytes)

    def workshop(self, index: int) -> Workshop:
        """Where data is made that block `index` needs in another form than it is."""
        from polyrun.values.making import Workshop  # few values are made into others

        if index not in self._workshops:
            self._workshops[index] = Workshop(os.path.join(self._folder, f"made-{index}"), f"made-{index}-")
        return self._workshops[index]

    def inbox(
        self,
        index: int,
        imports: Mapping[str, Stored],
        exports: Mapping[str, str | None],
        words: Iterable[str] | None = None,
    ) -> str:
        """A new inbox for block `index`: the values `imports` by their names in it, and what it is to export.

        `exports` are names with their declared types. With `words` (see `shell_form`) it is one for a shell.
        Raises `OSError`.
        """
        folder = os.path.join(self._folder, f"in-{index}")
        os.mkdir(folder, 0o755)
        for stored in imports.values():
            for name in {ref.file for ref in stored.refs}:
                assert stored.folder is not None
                _link(stored.folder, name, folder)
        if words is not None:
            self._words(index, folder, words, exports)
            return folder
        with open(os.path.join(folder, VALUES), "xb") as file:
            file.writelines(_inbox_file(_prefix(index), imports, exports))
        return folder

    def _words(self, index: int, folder: str, words: Iterable[str], exports: Mapping[str, str | None]) -> None:
        with open(os.path.join(folder, WORDS), "xb") as file:
            file.write(f"{_prefix(index)}\0".encode())
            file.writelines(f"e\0{name}\0{kind or ''}\0".encode() for name, kind in exports.items())
            file.writelines(f"{word}\0".encode() for word in words)
        made = self.workshop(index).folder
        for name in os.listdir(made) if os.path.isdir(made) else ():
            _link(made, name, folder)

    def take(self, outbox: Outbox, content: Content) -> dict[str, Stored]:
        """Make the values of a sound outbox values of the run.

        Raises `BadData` for data files that are claimed by two values, `OSError` when the disk is full.
        """
        framed = [item for found in content.values.values() for item in found.framed]
        _check_alone(framed, content)
        for item in framed:
            _frame(outbox, item)
        for name in {ref.file for found in content.values.values() for ref in found.refs}:
            outbox.seal(name)
        path = os.path.join(outbox.folder, VALUES)
        with open(path, "rb", buffering=0) as file:
            return {name: _stored(found, file, outbox) for name, found in content.values.items()}


def _link(source: str, name: str, folder: str) -> None:
    """Show the file `name` of the folder `source` in `folder`, too."""
    target = os.path.join(folder, name)
    if not os.path.lexists(target):
        os.link(os.path.join(source, name), target, follow_symlinks=False)


def _prefix(index: int) -> str:
    """What the names of all data files of a block begin with, so that no two blocks have a file of one name."""
    return f"{index}-"


def _inbox_file(prefix: str, imports: Mapping[str, Stored], exports: Mapping[str, str | None]) -> Iterator[bytes]:
    yield head(5, 4) + encode("polyrun") + encode(VERSION) + encode("prefix") + encode(prefix)
    yield encode("imports") + head(5, len(imports))
    for name, stored in imports.items():
        yield encode(name)
        yield from _pieces(stored.data)
    yield encode("exports") + encode(dict(exports))


def _read(fd: int, at: int, length: int) -> Iterator[bytes]:
    """Bytes of a file in pieces: the kernel reads less than 2 GiB at once. Raises `OSError` where it is too short."""
    while length > 0:
        piece = os.pread(fd, min(length, _READ), at)
        if not piece:
            raise OSError(errno.EIO, "a data file is shorter than it was")
        yield piece
        at, length = at + len(piece), length - len(piece)


def _pieces(data: Slice | bytes) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
        return
    with open(data.path, "rb") as file:
        file.seek(data.start)
        left = data.end - data.start
        while left > 0 and (piece := file.read(min(left, _COPY))):
            left -= len(piece)
            yield piece


def _stored(found: Found, file: FileIO, outbox: Outbox) -> Stored:
    data = Slice(str(file.name), found.start, found.end)
    stored = Stored(found.type, data, found.refs, outbox.folder)
    beginning = os.pread(file.fileno(), min(data.end - data.start, _LOOKED_AT), data.start)
    return Stored(found.type, data, found.refs, outbox.folder, _look(beginning, stored))


_LOOKED_AT = 1 << 16
"""Bytes that are enough of a value for a look at it."""


def _look(beginning: bytes, stored: Stored) -> str:
    from polyrun.values.preview import preview  # not before a block has ended

    try:
        return preview(Reader(beginning), stored.open)
    except BadData:  # it goes on behind what was read
        return ""


def _check_alone(framed: Sequence[Array | FramedTable], content: Content) -> None:
    """Raise `BadData` for a file that gets a head while it holds something else too."""
    claims = Counter(ref.file for found in content.values.values() for ref in found.refs)
    for item in framed:
        refs = _refs(item)
        if refs and claims[refs[0].file] > len(refs):
            raise BadData(f"the data file `{refs[0].file}` holds two values")


def _refs(item: Array | FramedTable) -> tuple[Ref, ...]:
    return (item.data,) if isinstance(item, Array) else tuple(ref for one in item.table.columns for ref in one.refs)


def _frame(outbox: Outbox, item: Array | FramedTable) -> None:
    """Make the data file of an array or a table a standard file."""
    from polyrun.values import arrow, npy  # few blocks make any

    if not _refs(item):  # a table without columns has no file
        return
    file = _refs(item)[0].file
    if isinstance(item, Array):
        outbox.cut(file, NPY_HEAD + item.data.length)
        outbox.write_at(file, 0, npy.head(item.dtype, item.shape, item.order))
        return
    beginning, at, foot = arrow.frame(item.table, item.nulls)
    outbox.cut(file, at)
    outbox.write_at(file, 0, beginning)
    outbox.write_at(file, at, foot)
