"""Walking once over a value file from hostile hands, to see that it is sound and what is in it.

Nothing is built: what a block exports takes no memory here, only time in proportion to the file. The data files that
it refers to are looked at by `files`, which is asked for each of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Protocol

from polyrun.model.frozen import frozen
from polyrun.model.values import DTYPES, INT64_HIGH, INT64_LOW, Kind, ValueType
from polyrun.values import forms
from polyrun.values.cbor import (
    ARRAY,
    BIG_INT,
    DATE,
    DECIMAL,
    DURATION,
    FILE,
    PACKED,
    REF,
    TABLE,
    TIME,
    TIMESTAMP,
    BadData,
    Reader,
)  # fmt: skip
from polyrun.values.columns import check_bools, check_column
from polyrun.values.layout import ALIGNMENT, NPY_HEAD, arrow_head
from polyrun.values.nodes import Array, ColumnData, Ref, Table
from polyrun.values.seen import Seen

MAX_DEPTH = 64
MAX_NODES = 2_000_000
MAX_REFS = 100_000
MAX_DIMENSIONS = 8
MAX_COLUMNS = 4096
MAX_NAME_BYTES = 1024

PACKED_DTYPES = {"int64": Kind.INT, "float64": Kind.FLOAT}
"""How the numbers of a packed list can be stored, and what they are."""


class DataFiles(Protocol):
    """The data files beside a value file."""

    def bytes_of(self, ref: Ref) -> Callable[[int, int], bytes]:
        """Check that `ref` names bytes that are there, and return how to read some of them: `(start, length)`.

        Raises `BadData`. No byte may be claimed twice.
        """
        ...


@frozen
class FramedTable:
    """A table, and how many values of each column are null."""

    table: Table
    nulls: tuple[int, ...]


@frozen
class Found:
    """One value: its type, where it begins and ends in the value file, and the data that it refers to.

    `framed` are those arrays and tables in it whose files get a head and a foot.
    """

    type: ValueType
    start: int
    end: int
    refs: tuple[Ref, ...]
    framed: tuple[Array | FramedTable, ...] = ()


class Survey:
    """Walks over the values of one file."""

    def __init__(self, reader: Reader, files: DataFiles) -> None:
        self._reader = reader
        self._files = files
        self._left = MAX_NODES
        self._left_refs = MAX_REFS
        self._refs: list[Ref] = []
        self._framed: list[Array | FramedTable] = []
        self._readers: dict[int, Callable[[Seen], None]] = {
            BIG_INT: self._big_int,
            DECIMAL: partial(self._text, Kind.DECIMAL),
            DATE: partial(self._text, Kind.DATE),
            TIME: partial(self._text, Kind.TIME),
            TIMESTAMP: partial(self._text, Kind.TIMESTAMP),
            DURATION: self._duration,
            REF: self._bytes,
            PACKED: self._packed,
            ARRAY: self._array,
            TABLE: self._table,
            FILE: self._file,
        }

    def value(self) -> Found:
        """The next value. Raises `BadData` with what is wrong."""
        start = self._reader.at
        self._refs, self._framed = [], []
        seen = Seen()
        self._value(seen, 0)
        return Found(seen.type(), start, self._reader.at, tuple(self._refs), tuple(self._framed))

    def _value(self, seen: Seen, depth: int) -> None:
        reader = self._reader
        self._left -= 1
        if self._left < 0:
            reader.fail(f"holds more than {MAX_NODES:,} values; large data belongs into arrays and tables")
        major, number = reader.head()
        match major:
            case 0 | 1:
                if number > INT64_HIGH:
                    reader.fail("has an integer of more than 64 bits that is not written as one")
                seen.integer(-1 - number if major else number)
            case 3:
                text = reader.decoded(number)
                seen.counted(Kind.STR, len(text))
                seen.nul |= "\0" in text
            case 2:
                reader.take(number)
                seen.counted(Kind.BYTES, number)
            case 4 | 5:
                self._container(seen, major, number, depth)
            case 6:
                self._tagged(seen, number)
            case _:
                self._simple(seen, number)

    def _simple(self, seen: Seen, number: int) -> None:
        reader = self._reader
        # The head of a float has its bits as the number, so the kind is told by the first byte of the item.
        first = reader.first
        if first == 0xFB:
            seen.kinds.add(Kind.FLOAT)
        elif first in (0xF4, 0xF5):
            seen.kinds.add(Kind.BOOL)
        elif first == 0xF6:
            seen.kinds.add(Kind.NULL)
        else:
            reader.fail(f"holds a simple value that has no meaning here ({number})")

    def _container(self, seen: Seen, major: int, count: int, depth: int) -> None:
        reader = self._reader
        if depth >= MAX_DEPTH:
            reader.fail(f"is nested deeper than {MAX_DEPTH} levels")
        if count > reader.left:
            reader.fail("ends in the middle of a value")
        if major == 4:
            seen.counted(Kind.LIST, count)
            items = seen.items()
            for _ in range(count):
                self._value(items, depth + 1)
            return
        seen.map(count)
        keys = set()
        for _ in range(count):
            key = reader.text()
            if key in keys:
                reader.fail(f"has the key `{key[:40]}` twice in one map")
            keys.add(key)
            seen.nul |= "\0" in key
            self._value(seen.field(key), depth + 1)

    def _tagged(self, seen: Seen, tag: int) -> None:
        read = self._readers.get(tag)
        if read is None:
            self._reader.fail(f"holds an unknown tag ({tag})")
        read(seen)

    def _big_int(self, seen: Seen) -> None:
        text = self._reader.text()
        if not forms.is_integer(text):
            self._reader.fail(f"has `{text[:40]}` where an integer belongs")
        seen.integer(int(text))

    def _text(self, kind: Kind, seen: Seen) -> None:
        text = self._reader.text()
        wrong = forms.fault(kind, text)
        if wrong is not None:
            raise BadData(wrong)
        seen.kinds.add(kind)
        if kind in (Kind.TIME, Kind.TIMESTAMP):
            seen.digits = max(seen.digits, forms.digits_of(text))
        if kind is Kind.TIMESTAMP:
            seen.moments.add(forms.moment_of(text))

    def _duration(self, seen: Seen) -> None:
        reader = self._reader
        reader.length(4, 2)
        if not INT64_LOW <= reader.integer() <= INT64_HIGH:
            reader.fail("has a duration that is too long")
        nanoseconds = reader.integer()
        if not 0 <= nanoseconds < 10**9:
            reader.fail("has a duration with a fraction that is none")
        seen.kinds.add(Kind.DURATION)
        seen.digits = max(seen.digits, len(f"{nanoseconds:09}".rstrip("0")))

    def _bytes(self, seen: Seen) -> None:
        ref = self._checked(self._reader.ref_inside())
        seen.counted(Kind.BYTES, ref.length)

    def _packed(self, seen: Seen) -> None:
        reader = self._reader
        reader.length(4, 2)
        dtype = reader.text()
        if dtype not in PACKED_DTYPES:
            reader.fail(f"has a list of numbers of an unknown type (`{dtype[:40]}`)")
        if reader.peek() >> 5 == 2:
            _, length = reader.head()
            reader.take(length)
        else:
            ref = self._grid(dtype, None, "C")
            length = ref.length
        if length % DTYPES[dtype]:
            reader.fail("has a list of numbers that ends in the middle of one")
        seen.counted(Kind.LIST, length // DTYPES[dtype])
        seen.packed = dtype if seen.times == 1 else None
        seen.unlooked |= dtype == "int64"
        if length:
            seen.items().kinds.add(PACKED_DTYPES[dtype])

    def _array(self, seen: Seen) -> None:
        reader = self._reader
        reader.length(4, 4)
        dtype = self._dtype()
        dimensions = reader.length(4)
        if dimensions > MAX_DIMENSIONS:
            reader.fail(f"has an array of more than {MAX_DIMENSIONS} dimensions")
        shape = tuple(reader.size() for _ in range(dimensions))
        order = reader.text()
        if order not in {"C", "F"}:
            reader.fail("has an array in an unknown order")
        self._grid(dtype, shape, order)
        seen.grid(dtype, shape, order)

    def _grid(self, dtype: str, shape: tuple[int, ...] | None, order: str) -> Ref:
        """The numbers that come next, in a file of their own; without a `shape` they are a row of any length."""
        size = None if shape is None else math.prod(shape) * DTYPES[dtype]
        ref = self._ref(size, bools=dtype == "bool")
        if ref.offset != NPY_HEAD or not ref.file.endswith(".npy"):
            self._reader.fail("has numbers that do not lie in a `.npy` file of their own")
        self._framed.append(Array(dtype, shape if shape is not None else (ref.length // DTYPES[dtype],), order, ref))
        return ref

    def _table(self, seen: Seen) -> None:
        reader = self._reader
        reader.length(4, 2)
        rows = reader.size()
        count = reader.length(4)
        if count > MAX_COLUMNS:
            reader.fail(f"has a table of more than {MAX_COLUMNS} columns")
        columns = [self._column() for _ in range(count)]
        if len({column.name for column in columns}) < count:
            reader.fail("has a table with two columns of one name")
        start = arrow_head([column.name for column in columns])
        refs = [ref for column in columns for ref in column.refs]
        if any(ref.offset < start or ref.offset % ALIGNMENT or ref.file != refs[0].file for ref in refs):
            reader.fail("has a table whose columns do not lie as they must")
        if refs and not refs[0].file.endswith(".arrow"):
            reader.fail("has a table that does not lie in an `.arrow` file of its own")
        self._count(*refs)
        found = [check_column(column, rows, self._files.bytes_of) for column in columns]
        self._framed.append(FramedTable(Table(rows, tuple(columns)), tuple(column.nulls for column in found)))
        seen.table(rows, found)

    def _column(self) -> ColumnData:
        reader = self._reader
        reader.length(4, 5)
        name = reader.text()
        if len(name.encode()) > MAX_NAME_BYTES:
            reader.fail(f"has a column with a name of more than {MAX_NAME_BYTES} bytes")
        return ColumnData(name, reader.text(), reader.optional(reader.ref), reader.ref(), reader.optional(reader.ref))

    def _file(self, seen: Seen) -> None:
        reader = self._reader
        reader.length(4, 3)
        name, media = reader.text(), reader.text()
        if not 0 < len(name.encode()) <= 255 or "/" in name or "\0" in name or name in {".", ".."}:
            reader.fail("has a file with a name that no file can have")
        if len(media) > 128 or not media.isprintable() or not media.isascii():
            reader.fail("has a file with a media type that is none")
        ref = self._ref(None)
        seen.counted(Kind.FILE, ref.length)
        seen.media = media

    def _dtype(self) -> str:
        dtype = self._reader.text()
        if dtype not in DTYPES:
            self._reader.fail(f"has numbers of an unknown type (`{dtype[:40]}`)")
        return dtype

    def _ref(self, length: int | None, *, bools: bool = False) -> Ref:
        """The next reference, whose bytes must be there; `length` is how many they must be, `bools` what they are."""
        ref = self._reader.ref()
        if length is not None and ref.length != length:
            self._reader.fail("has an array whose data does not fit its shape")
        return self._checked(ref, bools=bools)

    def _checked(self, ref: Ref, *, bools: bool = False) -> Ref:
        """`ref`, whose bytes are there, and are truth values if they are to be `bools`."""
        read = self._files.bytes_of(ref)
        if bools:
            check_bools(ref.length, read)
        self._count(ref)
        return ref

    def _count(self, *refs: Ref) -> None:
        self._left_refs -= len(refs)
        if self._left_refs < 0:
            self._reader.fail(f"refers to data more than {MAX_REFS:,} times")
        self._refs += refs
