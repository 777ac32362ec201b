"""The Arrow C data interface: columns in memory handed to DuckDB and taken from it, without a library for Arrow."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, NamedTuple

_NULLABLE = 2
_MAY_MOVE = (ctypes.c_void_p * 1)()  # an address for columns without a byte


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_Schema._fields_ = (
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
)
_Array._fields_ = (
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
)
_Stream._fields_ = (
    ("get_schema", ctypes.c_void_p),
    ("get_next", ctypes.c_void_p),
    ("get_last_error", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
)

_GET = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_LAST_ERROR = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)
_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

_STREAM_NAME = b"arrow_array_stream"
_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype = ctypes.c_void_p
_pointer_of.argtypes = [ctypes.py_object, ctypes.c_char_p]


class Column(NamedTuple):
    """A column: its format as Arrow writes it, its buffers (memory that can be written to, or none), one inside it."""

    name: str
    format: str
    buffers: Sequence[Any]
    length: int
    inner: Column | None = None


class Source:
    """A table of `columns` for DuckDB's `register`; it can be scanned again and again.

    Whatever DuckDB gets a pointer to is kept as long as the process lives: it holds no data.
    """

    def __init__(self, columns: Sequence[Column], rows: int) -> None:
        self._columns = columns
        self._rows = rows
        self._kept: list[Any] = []
        self._calls = (_RELEASE(_released(_Schema)), _RELEASE(_released(_Array)), _RELEASE(_released(_Stream)))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """All rows as one batch, in a capsule."""
        del requested_schema  # it is a wish that may be ignored
        batches = iter([self._rows])

        def next_batch(_stream: int, out: int) -> int:
            rows = next(batches, None)
            if rows is None:
                _Array.from_address(out).release = None
            else:
                self._fill_array(_Array.from_address(out), Column("", "+s", (None,), rows), self._columns)
            return 0

        def schema(_stream: int, out: int) -> int:
            self._fill_schema(_Schema.from_address(out), Column("", "+s", (), 0), self._columns)
            return 0

        calls = (_GET(schema), _GET(next_batch), _LAST_ERROR(lambda _stream: None))
        stream = _Stream(*(_address(call) for call in calls), _address(self._calls[2]))
        self._kept += (*calls, stream)
        return _new_capsule(ctypes.addressof(stream), _STREAM_NAME, None)

    def _fill_schema(self, schema: Any, column: Column, inner: Sequence[Column]) -> None:
        texts = (column.format.encode(), column.name.encode())  # as a field does not keep what it points to
        schema.format, schema.name, schema.metadata = *texts, None
        schema.flags, schema.dictionary, schema.release = _NULLABLE, None, _address(self._calls[0])
        schema.n_children, schema.children = len(inner), self._children(_Schema, len(inner))
        self._kept += texts
        for at, one in enumerate(inner):
            self._fill_schema(schema.children[at].contents, one, _inside(one))

    def _fill_array(self, array: Any, column: Column, inner: Sequence[Column]) -> None:
        array.length, array.offset, array.dictionary = column.length, 0, None
        array.null_count = -1 if column.buffers[0] is not None else 0
        addresses = (ctypes.c_void_p * len(column.buffers))(*map(_memory, column.buffers))
        array.n_buffers, array.buffers = len(column.buffers), ctypes.cast(addresses, ctypes.POINTER(ctypes.c_void_p))
        array.n_children, array.children = len(inner), self._children(_Array, len(inner))
        array.release = _address(self._calls[1])
        self._kept.append(addresses)
        for at, one in enumerate(inner):
            self._fill_array(array.children[at].contents, one, _inside(one))

    def _children(self, kind: Any, count: int) -> Any:
        made = [kind() for _ in range(count)]
        pointers = (ctypes.POINTER(kind) * max(count, 1))(*(ctypes.pointer(one) for one in made))
        self._kept += (made, pointers)
        return pointers


def _inside(column: Column) -> Sequence[Column]:
    return () if column.inner is None else (column.inner,)


def _released(kind: Any) -> Any:
    """What marks a structure of that kind as given back."""

    def release(address: int) -> None:
        kind.from_address(address).release = None

    return release


def _address(call: Any) -> Any:
    return ctypes.cast(call, ctypes.c_void_p).value


def _memory(buffer: Any) -> int | None:
    if buffer is None:
        return None
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer) if len(buffer) else _MAY_MOVE)


class Piece(NamedTuple):
    """A part of one column: the buffers of its rows, from row `offset` on, and the column inside it if there is one."""

    format: str
    length: int
    offset: int
    nulls: bool
    buffers: Sequence[int | None]
    inner: Piece | None

    def bytes(self, buffer: int, start: int, length: int) -> memoryview:
        """Some of the bytes of a buffer, where they lie."""
        address = self.buffers[buffer]
        if address is None or length == 0:
            return memoryview(b"")
        return memoryview((ctypes.c_char * length).from_address(address + start)).cast("B")


class Rows:
    """What a query found, as pieces of its columns. It lies in DuckDB's memory until it is `closed`."""

    def __init__(self, capsule: object) -> None:
        self._capsule = capsule
        self._stream = _Stream.from_address(_pointer_of(capsule, _STREAM_NAME))
        self._batches: list[Any] = []
        self._schema = _Schema()
        self._get("get_schema", self._schema)

    def pieces(self) -> list[list[Piece]]:
        """For every column its pieces, all of which have their rows in common."""
        while True:
            batch = _Array()
            self._get("get_next", batch)
            if not batch.release:
                break
            self._batches.append(batch)
        columns = range(self._schema.n_children)
        return [[_piece(batch.children[n], self._schema.children[n]) for batch in self._batches] for n in columns]

    @property
    def count(self) -> int:
        """How many rows there are; known when they have been read."""
        return sum(batch.length for batch in self._batches)

    def close(self) -> None:
        """Give everything back."""
        for one in (*self._batches, self._schema):
            if one.release:
                _RELEASE(one.release)(ctypes.addressof(one))
        self._batches = []
        self._capsule = None  # which gives back the stream

    def _get(self, what: str, into: Any) -> None:
        stream = ctypes.addressof(self._stream)
        if _GET(getattr(self._stream, what))(stream, ctypes.addressof(into)) != 0:
            said = _LAST_ERROR(self._stream.get_last_error)(stream)
            raise ValueError((said or b"it cannot be read").decode("utf-8", "replace"))


def _piece(array: Any, schema: Any) -> Piece:
    array, schema = array.contents, schema.contents
    buffers = [array.buffers[n] for n in range(array.n_buffers)]
    inner = _piece(array.children[0], schema.children[0]) if array.n_children else None
    return Piece(schema.format.decode(), array.length, array.offset, array.null_count != 0, buffers, inner)


def joined(pieces: Sequence[Piece], width: int, per_row: int = 1) -> bytes:
    """The values of a column of `width` bytes each; `per_row` of them lie in a row."""
    size = width * per_row
    return b"".join(piece.bytes(1, piece.offset * size, piece.length * size) for piece in pieces)


def bits(pieces: Sequence[Piece], buffer: int) -> bytes:
    """The bits of a column, its truth values or which of them are there, one after another."""
    if all(piece.offset == 0 and piece.length % 8 == 0 for piece in pieces[:-1]) and not any(
        piece.offset for piece in pieces
    ):
        return b"".join(_filled(piece, buffer) for piece in pieces)
    found, at = 0, 0
    for piece in pieces:
        raw = int.from_bytes(_filled(piece, buffer), "little") >> piece.offset
        found |= (raw & ((1 << piece.length) - 1)) << at
        at += piece.length
    return found.to_bytes((at + 7) // 8, "little")


def _filled(piece: Piece, buffer: int) -> bytes:
    """The bits of one piece; all of them are set where a piece does without."""
    size = (piece.offset + piece.length + 7) // 8
    return bytes(piece.bytes(buffer, 0, size)) if piece.buffers[buffer] is not None else b"\xff" * size


def validity(pieces: Sequence[Piece]) -> bytes | None:
    """Which values are there, as bits; `None` when all are."""
    if not any(piece.nulls and piece.buffers[0] is not None for piece in pieces):
        return None
    return bits(pieces, 0)


def texts(pieces: Sequence[Piece]) -> tuple[bytes, bytes]:
    """The offsets and the bytes of a column of texts."""
    ends: list[bytes] = [bytes(4)]
    data: list[bytes] = []
    total = 0
    for piece in pieces:
        if piece.length == 0:
            continue
        offsets = piece.bytes(1, piece.offset * 4, (piece.length + 1) * 4)
        first, last = (int.from_bytes(offsets[at : at + 4], "little") for at in (0, piece.length * 4))
        ends.append(_moved(offsets[4:], total - first))
        data.append(bytes(piece.bytes(2, first, last - first)))
        total += last - first
    if total >= 1 << 31:
        raise ValueError("a column of texts can hold 2 GiB at most")
    return b"".join(ends), b"".join(data)


def _moved(offsets: memoryview, by: int) -> bytes:
    """`offsets`, each of 32 bits, all moved by the same number: in one addition, as no sum is larger than 31 bits."""
    if by == 0:
        return bytes(offsets)
    step = int.from_bytes(b"\1\0\0\0" * (len(offsets) // 4), "little")
    return (int.from_bytes(offsets, "little") + by * step).to_bytes(len(offsets), "little")
