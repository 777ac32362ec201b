"""Framing columns as an Arrow file (arrow.apache.org/docs/format/Columnar.html, "IPC File Format").

The columns lie in the file already; what is written is the head before them and the foot behind them. The
numbers of fields and types are those of Schema.fbs, Message.fbs and File.fbs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from polyrun.model.values import Column
from polyrun.values.columns import VARIABLE, ColumnType, column_type
from polyrun.values.flatbuffer import At, Builder, Number, Slot
from polyrun.values.layout import ALIGNMENT, arrow_head
from polyrun.values.nodes import Ref, Table

_MAGIC = b"ARROW1"
_VERSION = Number("<h", 4)  # MetadataVersion.V5
_SCHEMA, _BATCH = 1, 3
_CONTINUATION = b"\xff\xff\xff\xff"
_UNITS = {"us": 2, "ns": 3}
_INTEGERS = {f"{sign}int{bits}": (bits, sign == "") for sign in ("", "u") for bits in (8, 16, 32, 64)}


def frame(table: Table, nulls: Sequence[int]) -> tuple[bytes, int, bytes]:
    """The head of the file that holds `table`, where its foot begins, and the foot.

    All columns lie in one file behind `arrow_head` bytes, each buffer at a multiple of 64; `nulls` are how many values
    of each column are null. Raises `ValueError` when the head does not fit before the columns.
    """
    columns = [Column(column.name, column.type) for column in table.columns]
    start = arrow_head([column.name for column in columns])
    end = max((ref.offset + ref.length for column in table.columns for ref in column.refs), default=start)
    body = -(-(end - start) // ALIGNMENT) * ALIGNMENT
    schema = _message(_SCHEMA, lambda builder: _schema(builder, columns), 0)
    head = _MAGIC + b"\0\0" + schema
    room = start - len(head)
    batch = _message(_BATCH, lambda builder: _batch(builder, table, nulls, start), body, room=room)
    block = struct.pack("<qi4xq", len(head), room, body)
    foot_builder = Builder()
    foot = foot_builder.finish(
        foot_builder.table(
            [
                _VERSION,
                _schema(foot_builder, columns),
                foot_builder.structs([], 8),
                foot_builder.structs([block], 8),
            ]
        )
    )
    end_of_stream = _CONTINUATION + bytes(4)
    return head + batch, start + body, end_of_stream + foot + struct.pack("<i", len(foot)) + _MAGIC


def _message(kind: int, write: Callable[[Builder], At], body: int, *, room: int | None = None) -> bytes:
    """An encapsulated message: its length, then its metadata, padded to a multiple of 8, or to all of `room`."""
    builder = Builder()
    data = builder.finish(builder.table([_VERSION, Number("<B", kind), write(builder), Number("<q", body)]))
    size = len(data) + -len(data) % 8 if room is None else room - 8
    if len(data) > size:
        raise ValueError("the head of the table does not fit before its columns")
    return _CONTINUATION + struct.pack("<i", size) + data.ljust(size, b"\0")


def _schema(builder: Builder, columns: Sequence[Column]) -> At:
    fields = [_field(builder, column) for column in columns]
    return builder.table([Number("<h", 0), builder.offsets(fields)])


def _field(builder: Builder, column: Column) -> At:
    number, slots = _type(builder, column_type(column.type))
    kind = builder.table(slots)
    name = builder.text(column.name)
    children = builder.offsets([])
    return builder.table([name, Number("<B", 1), Number("<B", number), kind, None, children])


def _type(builder: Builder, kind: ColumnType) -> tuple[int, list[Slot]]:
    """The number of a type in the union `Type`, and the fields of its table."""
    if kind.base in _INTEGERS:
        bits, signed = _INTEGERS[kind.base]
        return 2, [Number("<i", bits), Number("<B", signed)]
    unit = Number("<h", _UNITS[kind.unit]) if kind.unit is not None else None
    zone = builder.text(kind.zone) if kind.zone else None
    types: dict[str, tuple[int, list[Slot]]] = {
        "float32": (3, [Number("<h", 1)]),
        "float64": (3, [Number("<h", 2)]),
        "bytes": (4, []),
        "str": (5, []),
        "bool": (6, []),
        "decimal": (7, [Number("<i", kind.precision), Number("<i", kind.scale), Number("<i", 128)]),
        "date": (8, [Number("<h", 0)]),
        "time": (9, [unit, Number("<i", 64)]),
        "timestamp": (10, [unit, zone]),
        "duration": (18, [unit]),
    }
    return types[kind.base]


def _batch(builder: Builder, table: Table, nulls: Sequence[int], start: int) -> At:
    nodes = [struct.pack("<qq", table.rows, count) for count in nulls]
    buffers = []
    for column in table.columns:
        offsets = [column.offsets] if column_type(column.type).base in VARIABLE else []
        buffers += [_buffer(ref, start) for ref in (column.validity, *offsets, column.data)]
    return builder.table([Number("<q", table.rows), builder.structs(nodes, 8), builder.structs(buffers, 8)])


def _buffer(ref: Ref | None, start: int) -> bytes:
    return struct.pack("<qq", 0, 0) if ref is None else struct.pack("<qq", ref.offset - start, ref.length)
