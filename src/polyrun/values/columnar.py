"""Arrow and Parquet files of other programs, read and written by `pyarrow`, which is an extra (`polyrun-mix[arrow]`).

PolyRun's own Arrow files need none of this: see `arrow`.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

from polyrun.values.convert import CannotConvert
from polyrun.values.making import ColumnBytes, Workshop
from polyrun.values.nodes import Table


def _pyarrow() -> Any:
    try:
        return importlib.import_module("pyarrow")
    except ImportError:
        raise CannotConvert("this needs the package `pyarrow`: `pip install 'polyrun-mix[arrow]'`") from None


def read_table(path: str, workshop: Workshop) -> Table:
    """The table in an Arrow or Parquet file, with its columns copied into `workshop`.

    Raises `CannotConvert` for a file that is neither and for columns that no table of ours can have, `OSError`.
    """
    arrow = _pyarrow()
    try:
        if path.lower().endswith(".parquet"):
            import pyarrow.parquet

            table = pyarrow.parquet.read_table(path)
        else:
            table = _ipc(arrow, path)
        columns = {name: _column(arrow, name, table.column(name)) for name in _names(table)}
    except arrow.ArrowException as error:
        raise CannotConvert(str(error).splitlines()[0][:200]) from error
    return workshop.table_of(table.num_rows, columns)


def _ipc(arrow: Any, path: str) -> Any:
    """A file in Arrow's file format, or in its stream format, which goes by the same ending."""
    import pyarrow.ipc

    with open(path, "rb") as file:
        is_file = file.read(6) == b"ARROW1"
    if os.path.getsize(path) == 0:
        raise CannotConvert("it is empty")
    source = arrow.memory_map(path)
    return (pyarrow.ipc.open_file(source) if is_file else pyarrow.ipc.open_stream(source)).read_all()


def _names(table: Any) -> list[str]:
    names = list(table.column_names)
    if len(set(names)) < len(names):
        raise CannotConvert("two of its columns have one name")
    return names


def _column(arrow: Any, name: str, chunked: Any) -> ColumnBytes:
    kind = chunked.type
    if arrow.types.is_dictionary(kind):
        chunked, kind = chunked.cast(kind.value_type), kind.value_type
    wanted = _stored_as(arrow, kind)
    if wanted is None:
        raise CannotConvert(f"the column `{name}` holds values of the type {kind}, which no column can")
    whole = arrow.concat_arrays([arrow.array([], wanted[1]), *chunked.cast(wanted[1]).chunks])
    if whole.offset:
        whole = whole.take(arrow.array(range(len(whole)), arrow.int64()))
    validity, *rest = whole.buffers()
    data = rest[-1]
    offsets = rest[0] if len(rest) == 2 else None
    return ColumnBytes(
        wanted[0],
        _bytes(data, _size(wanted[1], len(whole), offsets)),
        _bytes(validity, (len(whole) + 7) // 8) if whole.null_count else None,
        _bytes(offsets, 4 * (len(whole) + 1)) if len(rest) == 2 else None,
    )


def _bytes(buffer: Any, size: int) -> bytes:
    """The first `size` bytes of a buffer; Arrow leaves out buffers of empty columns."""
    return bytes(size) if buffer is None else memoryview(buffer)[:size].tobytes()


def _size(kind: Any, rows: int, offsets: Any) -> int:
    if offsets is not None:
        return int.from_bytes(memoryview(offsets)[4 * rows : 4 * rows + 4], "little")
    return int((rows * kind.bit_width + 7) // 8)


def _stored_as(arrow: Any, kind: Any) -> tuple[str, Any] | None:
    """How a column of Arrow's type `kind` is called, and the type in which it is stored."""
    types = arrow.types
    if str(kind) in _NUMBERS:
        return _NUMBERS[str(kind)] or str(kind), kind if str(kind) != "halffloat" else arrow.float32()
    if types.is_decimal(kind) and kind.precision <= 38 and 0 <= kind.scale <= kind.precision:
        return f"decimal({kind.precision},{kind.scale})", arrow.decimal128(kind.precision, kind.scale)
    unit = "ns" if getattr(kind, "unit", "") == "ns" else "us"
    zone = getattr(kind, "tz", None)
    forms = (
        ("string large_string string_view", "str", arrow.string()),
        ("binary large_binary binary_view fixed_size_binary", "bytes", arrow.binary()),
        ("date", "date", arrow.date32()),
        ("time", f"time({unit})", arrow.time64(unit)),
        ("duration", f"duration({unit})", arrow.duration(unit)),
        ("timestamp", f"timestamp({unit}{f',{zone}' if zone else ''})", arrow.timestamp(unit, zone)),
    )
    for names, own, stored in forms:
        if any(getattr(types, f"is_{name}")(kind) for name in names.split() if hasattr(types, f"is_{name}")):
            return own, stored
    return None


_NUMBERS = {
    **dict.fromkeys(("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")),
    "halffloat": "float32", "float": "float32", "double": "float64",
}  # fmt: skip
"""Arrow's names of the types of numbers, and ours where they differ."""


def write_parquet(source: str, target: str) -> None:
    """The table in the Arrow file `source` as a Parquet file. Raises `CannotConvert`, `OSError`."""
    arrow = _pyarrow()
    import pyarrow.parquet

    try:
        with arrow.memory_map(source) as file:
            pyarrow.parquet.write_table(pyarrow.ipc.open_file(file).read_all(), target)
    except arrow.ArrowException as error:
        raise CannotConvert(str(error).splitlines()[0][:200]) from error
