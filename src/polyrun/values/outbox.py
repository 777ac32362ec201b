"""Reading what a block left in its outbox. Whatever lies there may have been made to harm.

Everything is opened below one descriptor, no link is followed, only regular files with one name are read, and all is
bounded. Call this only when every process that could write there is gone.
"""

from __future__ import annotations

import os
import re
import stat
from collections import OrderedDict
from collections.abc import Callable, Collection
from itertools import islice
from typing import TYPE_CHECKING, Self

from polyrun.model.frozen import frozen
from polyrun.model.limits import format_bytes
from polyrun.values.cbor import BadData, Reader
from polyrun.values.nodes import Ref

if TYPE_CHECKING:
    from polyrun.values.survey import Found

VALUES = "values.cbor"
VERSION = 1
MAX_VALUE_FILE = 32 << 20
MAX_EXPORTS = 10_000
MAX_DEFINED = 200
MAX_NAME = 1024
"""Characters in the name of a variable."""
_MAX_DEFINED_NAME = 100
_MAX_MESSAGE = 500
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_HELD = 32
_SMALL = 16 << 10


@frozen
class Content:
    """What an outbox holds: sound values, names that the block could not export and why, names that it has defined."""

    values: dict[str, Found]
    refused: dict[str, str]
    defined: tuple[str, ...]


class Outbox:
    """One outbox, open from before the block runs. `prefix` begins the name of every data file in it."""

    def __init__(self, folder: str, prefix: str, max_bytes: int) -> None:
        self.folder = folder
        self._fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._name = re.compile(re.escape(prefix) + r"[0-9]{1,6}[A-Za-z0-9._-]{0,120}")
        self._left = max_bytes
        self._max_bytes = max_bytes
        self._held: OrderedDict[str, tuple[int, int]] = OrderedDict()

    @property
    def is_small(self) -> bool:
        """Whether there is a short value file and nothing else: `read` then takes milliseconds and needs no thread."""
        with os.scandir(self._fd) as listing:
            found = [(entry.name, entry.stat(follow_symlinks=False).st_size) for entry in islice(listing, 2)]
        return len(found) == 1 and found[0][0] == VALUES and found[0][1] <= _SMALL

    def read(self) -> Content | None:
        """What is in it, or `None` when the block has not handed anything over. Raises `BadData`."""
        fd = self._open(VALUES)
        if fd is None:
            return None
        try:
            size = os.fstat(fd).st_size
            if size == 0:
                raise BadData("the value file is empty")
            if size > MAX_VALUE_FILE:
                limit = format_bytes(MAX_VALUE_FILE)
                raise BadData(f"the value file is larger than {limit}; large data belongs into arrays, tables, files")
            # Not mapped: without isolation somebody may be left who cuts the file meanwhile, which would be a SIGBUS.
            with open(fd, "rb", closefd=False) as file:
                return self._content(Reader(file.read(MAX_VALUE_FILE)))
        finally:
            os.close(fd)

    def _content(self, reader: Reader) -> Content:
        from polyrun.values.survey import Survey  # not before a block has ended

        values: dict[str, Found] = {}
        refused: dict[str, str] = {}
        defined: list[str] = []
        survey = Survey(reader, self)
        parts: set[str] = set()
        for _ in range(reader.length(5)):
            part = reader.text()
            if part in parts:
                reader.fail(f"has the part `{part}` twice")
            parts.add(part)
            match part:
                case "polyrun":
                    if reader.integer() != VERSION:
                        reader.fail("is of another version")
                case "exports":
                    for _ in range(self._few(reader, 5)):
                        name = self._name_of(reader, values)
                        values[name] = survey.value()
                case "refused":
                    for _ in range(self._few(reader, 5)):
                        name = self._name_of(reader, refused)
                        refused[name] = reader.text()[:_MAX_MESSAGE]
                case "defined":
                    texts = [reader.text() for _ in range(self._few(reader, 4))]
                    defined = [text for text in texts if len(text) <= _MAX_DEFINED_NAME]
                case other:
                    reader.fail(f"has an unknown part (`{other[:40]}`)")
        if reader.left:
            reader.fail("goes on after its end")
        return Content(values, refused, tuple(defined[:MAX_DEFINED]))

    @staticmethod
    def _name_of(reader: Reader, known: Collection[str]) -> str:
        name = reader.text()
        if len(name) > MAX_NAME:
            reader.fail(f"names a value with more than {MAX_NAME} characters")
        if name in known:
            reader.fail(f"names `{name}` twice")
        return name

    @staticmethod
    def _few(reader: Reader, major: int) -> int:
        count = reader.length(major)
        if count > MAX_EXPORTS:
            reader.fail(f"names more than {MAX_EXPORTS:,} values")
        return count

    def bytes_of(self, ref: Ref) -> Callable[[int, int], bytes]:
        """See `survey.DataFiles`. All bytes that are claimed count, also those that are claimed twice."""
        if not self._name.fullmatch(ref.file):
            raise BadData(f"the value file names a data file that cannot be (`{ref.file[:60]}`)")
        self._left -= ref.length
        if self._left < 0:
            raise BadData(f"the values take more than {format_bytes(self._max_bytes)}, the block's limit for disk use")
        _, size = self._data(ref.file)
        if ref.offset + ref.length > size:
            raise BadData(f"the data file `{ref.file}` is shorter than the value file says")

        def read(start: int, length: int) -> bytes:
            fd, _ = self._data(ref.file)
            data = os.pread(fd, length, ref.offset + start)
            if len(data) != length:
                raise BadData(f"the data file `{ref.file}` is shorter than the value file says")
            return data

        return read

    def _data(self, name: str) -> tuple[int, int]:
        """The descriptor and the size of a data file; a few are held open."""
        held = self._held.get(name)
        if held is not None:
            self._held.move_to_end(name)
            return held
        fd = self._open(name)
        if fd is None:
            raise BadData(f"the data file `{name}` is missing")
        if len(self._held) >= _HELD:
            os.close(self._held.popitem(last=False)[1][0])
        found = self._held[name] = fd, os.fstat(fd).st_size
        return found

    def _open(self, name: str) -> int | None:
        try:
            fd = os.open(name, _OPEN, dir_fd=self._fd)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BadData(f"`{name}` in the outbox cannot be read: {error.strerror}") from error
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
            os.close(fd)
            raise BadData(f"`{name}` in the outbox is not a regular file with one name")
        return fd

    def write_at(self, name: str, offset: int, data: bytes) -> None:
        """Write `data` into the data file `name`, which `read` has found sound. Raises `OSError`."""
        fd = self._writable(name)
        try:
            view = memoryview(data)
            while view:
                view = view[os.pwrite(fd, view, offset + len(data) - len(view)) :]
        finally:
            os.close(fd)

    def cut(self, name: str, size: int) -> None:
        """Make the data file `name` exactly `size` bytes long, so that nothing follows what is known of it."""
        fd = self._writable(name)
        try:
            os.ftruncate(fd, size)
        finally:
            os.close(fd)

    def _writable(self, name: str) -> int:
        """A descriptor of a data file, whatever mode its block has given it."""
        os.fchmod(self._data(name)[0], 0o600)
        return os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._fd)

    def seal(self, name: str) -> None:
        """Take away the right to write to a data file: where nothing isolates blocks, against mistakes only."""
        os.fchmod(self._data(name)[0], 0o444)

    def close(self) -> None:
        """Let go of everything."""
        while self._held:
            os.close(self._held.popitem()[1][0])
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
