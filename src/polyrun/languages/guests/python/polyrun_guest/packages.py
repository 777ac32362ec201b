"""Objects of NumPy, pandas, polars and pyarrow. Imported only when the block has imported one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import wire
from .columns import Column, TableWriter, column_of, texts
from .incoming import FORMATS
from .tables import Table, write_table
from .wire import Tagged, Unsupported


def convert(outgoing: Any, value: Any, package: str) -> Any:
    """An object of `package` as it is exported; `None` for one that has no such form."""
    if isinstance(value, Table):
        return write_table(outgoing, value)
    return _CONVERT[package](outgoing, value) if package in _CONVERT else None


def _of_numpy(outgoing: Any, value: Any) -> Any:
    import numpy as np

    if isinstance(value, np.ma.MaskedArray):
        return value.tolist()  # with `None` for what is masked
    if isinstance(value, np.ndarray):
        return _array(outgoing, value)
    if isinstance(value, np.datetime64 | np.timedelta64):
        return None if np.isnat(value) else _moment(value)
    if isinstance(value, np.generic) and value.dtype.kind in "biufSU":
        return value.item()
    return None


def _moment(value: Any) -> Any:
    import numpy as np

    unit = "timedelta64[ns]" if isinstance(value, np.timedelta64) else "datetime64[ns]"
    count = int(value.astype(unit).astype("int64"))
    seconds, nanoseconds = divmod(count, 10**9)
    if isinstance(value, np.timedelta64):
        return Tagged(wire.DURATION, [seconds, nanoseconds])
    import datetime as dt

    moment = dt.datetime.fromtimestamp(0, dt.UTC).replace(tzinfo=None) + dt.timedelta(seconds=seconds)
    fraction = f".{nanoseconds:09}".rstrip("0") if nanoseconds else ""
    return Tagged(wire.TIMESTAMP, moment.isoformat() + fraction)


def _array(outgoing: Any, value: Any) -> Any:
    """An array of numbers; one of texts or of Python objects is a list."""
    import numpy as np

    if value.dtype.kind in "OSU" or value.dtype.kind in "Mm":
        return value.tolist() if value.dtype.kind != "M" else [_of_numpy(outgoing, one) for one in value.ravel()]
    if value.dtype.name not in FORMATS:
        raise Unsupported(f"it is an array of {value.dtype}, a type of numbers that is not passed on")
    fortran = value.flags.f_contiguous and not value.flags.c_contiguous
    if not value.dtype.isnative:
        value = value.astype(value.dtype.newbyteorder("="))
    flat = (value.T if fortran else np.ascontiguousarray(value)).reshape(-1)
    return outgoing.numbers(flat.view("u1"), FORMATS[value.dtype.name], value.shape, "F" if fortran else "C")


def nested_array(outgoing: Any, value: Any, declared: str) -> Any:
    """A list of numbers, or of lists of numbers, as an array of the declared type."""
    dtype = declared.partition("(")[2].rstrip(")").strip() or None
    if dtype is not None and dtype not in FORMATS:
        raise Unsupported(f"`{dtype}` is no type of numbers; known are {', '.join(FORMATS)}")
    flat: list[Any] = []
    shape = _shape(value)
    _flatten(value, shape, flat)
    if dtype is None:
        dtype = (
            "bool"
            if flat and all(type(n) is bool for n in flat)
            else "int64"
            if set(map(type, flat)) == {int}
            else "float64"
        )
    from array import array

    try:
        numbers = bytes(map(bool, flat)) if dtype == "bool" else array(FORMATS[dtype], flat).tobytes()
    except (TypeError, OverflowError) as error:
        raise Unsupported(f"it is no array of {dtype}: {error}") from None
    return outgoing.numbers(numbers, FORMATS[dtype], shape, "C")


def _shape(value: Any) -> tuple[int, ...]:
    shape: list[int] = []
    while isinstance(value, (list, tuple)):
        shape.append(len(value))
        value = value[0] if value else None
    return tuple(shape)


def _flatten(value: Any, shape: tuple[int, ...], flat: list[Any]) -> None:
    if not shape:
        flat.append(value)
        return
    if not isinstance(value, (list, tuple)) or len(value) != shape[0]:
        raise Unsupported("it is no array: the lists in it do not all have the same length")
    if len(shape) == 1:
        flat.extend(value)
        return
    for item in value:
        _flatten(item, shape[1:], flat)


def _of_pandas(outgoing: Any, value: Any) -> Any:
    import pandas as pd

    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.DataFrame):
        return _frame(outgoing, value)
    if isinstance(value, pd.Series | pd.Index):
        plain = value.to_numpy() if value.dtype.name in FORMATS else None
        return _array(outgoing, plain) if plain is not None else [None if pd.isna(one) else one for one in value]
    return None


def _frame(outgoing: Any, frame: Any) -> Tagged:
    import pandas as pd

    if not (isinstance(frame.index, pd.RangeIndex) and frame.index.start == 0 and frame.index.step == 1):
        raise Unsupported(
            "its index has no place in a table; export `.reset_index()` of it, with `drop=True` to forget it"
        )
    names = list(frame.columns)
    for name in names:
        if not isinstance(name, str):
            raise Unsupported(f"the names of columns must be texts, and {name!r} is not")
    if len(set(names)) < len(names):
        raise Unsupported("it has two columns of one name")
    writer = TableWriter(outgoing, names, len(frame))
    for name in names:
        writer.add(name, *_pandas_column(name, frame[name]))
    return writer.finish()


def _pandas_column(name: str, series: Any) -> tuple[str, Any, Any, Any]:
    import numpy as np

    kind = series.dtype
    missing = series.isna().to_numpy()
    if isinstance(kind, np.dtype) and kind.name in FORMATS and (kind.kind != "f"):
        missing = missing & False
    if isinstance(kind, np.dtype) and kind.kind == "f":  # NaN is a number there, not something missing
        return kind.name, None, np.ascontiguousarray(series.to_numpy()).view("u1"), None
    validity = np.packbits(~missing, bitorder="little") if missing.any() else None
    base = getattr(kind, "numpy_dtype", kind)
    if isinstance(base, np.dtype) and base.name in FORMATS:
        numbers = series.to_numpy() if base is kind else series.to_numpy(dtype=base, na_value=0)
        if base.name == "bool":
            return "bool", validity, np.packbits(numbers.astype("bool"), bitorder="little"), None
        return base.name, validity, np.ascontiguousarray(numbers).view("u1"), None
    if getattr(kind, "kind", "") in {"M", "m"}:
        return _pandas_times(series, validity)
    return _pandas_objects(name, series, missing, validity)


def _pandas_objects(name: str, series: Any, missing: Any, validity: Any) -> tuple[str, Any, Any, Any]:
    """A column of texts, or of Python's own objects."""
    import numpy as np

    if getattr(series.dtype, "storage", "") == "pyarrow":  # texts that lie in memory as they do in a file
        import pyarrow as pa

        return _arrow_column(name, pa.array(series.array))
    values = series.astype(object).tolist()
    for position in np.flatnonzero(missing):
        values[position] = None
    if series.dtype in {"str", "string"} or all(type(value) is str or value is None for value in values):
        ends, data = texts(values)
        return "str", validity, data, ends
    return column_of(name, values)


def _pandas_times(series: Any, validity: Any) -> tuple[str, Any, Any, Any]:
    zone = getattr(series.dtype, "tz", None)
    unit = getattr(series.dtype, "unit", None) or str(series.dtype).partition("[")[2].rstrip("]")
    if unit not in {"us", "ns"}:
        series = series.dt.as_unit("us")
        unit = "us"
    if zone is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    data = series.fillna(series.dtype.type(0, unit)).to_numpy().view("u1")
    if series.dtype.kind == "m":
        return f"duration({unit})", validity, data, None
    return f"timestamp({unit}{f',{zone}' if zone is not None else ''})", validity, data, None


def _of_polars(outgoing: Any, value: Any) -> Any:
    import polars as pl

    if isinstance(value, pl.LazyFrame):
        value = value.collect()
    if isinstance(value, pl.DataFrame):
        writer = TableWriter(outgoing, value.columns, value.height)
        for series in value.get_columns():
            writer.add(series.name, *_polars_column(series.rechunk()))
        return writer.finish()
    if isinstance(value, pl.Series):
        if str(value.dtype).lower() in FORMATS and not value.null_count():
            return _array(outgoing, value.to_numpy())
        return value.to_list()
    return None


def _polars_column(series: Any) -> tuple[str, Any, Any, Any]:
    import numpy as np
    import polars as pl

    validity = np.packbits(series.is_not_null().to_numpy(), bitorder="little") if series.null_count() else None
    dtype = series.dtype
    name = {"boolean": "bool"}.get(str(dtype).lower(), str(dtype).lower())
    if name in FORMATS:
        numbers = (series.fill_null(0) if name != "bool" else series.fill_null(value=False)).to_numpy()
        return (
            name,
            validity,
            np.packbits(numbers, bitorder="little") if name == "bool" else np.ascontiguousarray(numbers).view("u1"),
            None,
        )
    if isinstance(dtype, pl.Datetime | pl.Duration):
        unit = "us" if dtype.time_unit == "ms" else dtype.time_unit
        cast = pl.Datetime(unit, dtype.time_zone) if isinstance(dtype, pl.Datetime) else pl.Duration(unit)
        numbers = series.cast(cast).cast(pl.Int64).fill_null(0).to_numpy()
        zone = getattr(dtype, "time_zone", None)
        word = "timestamp" if isinstance(dtype, pl.Datetime) else "duration"
        return f"{word}({unit}{f',{zone}' if zone else ''})", validity, np.ascontiguousarray(numbers).view("u1"), None
    return column_of(series.name, series.to_list())


def _of_pyarrow(outgoing: Any, value: Any) -> Any:
    import pyarrow as pa

    if isinstance(value, pa.RecordBatch):
        value = pa.Table.from_batches([value])
    if isinstance(value, pa.Table):
        writer = TableWriter(outgoing, value.column_names, value.num_rows)
        for name, column in zip(value.column_names, value.columns, strict=True):
            writer.add(name, *_arrow_column(name, column))
        return writer.finish()
    if isinstance(value, pa.Scalar):
        return value.as_py()
    if isinstance(value, pa.Array | pa.ChunkedArray):
        return value.to_pylist()
    return None


def _arrow_column(name: str, column: Any) -> tuple[str, Any, Any, Any]:
    """A column of Arrow: its own buffers where they lie as they must."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_large_string(kind) or (hasattr(pa.types, "is_string_view") and pa.types.is_string_view(kind)):
        try:
            column = column.cast(pa.string())
        except pa.ArrowInvalid:
            raise Unsupported(f"the column `{name}` has more than 2 GiB of text") from None
    word = {"string": "str", "double": "float64", "float": "float32", "binary": "bytes"}.get(
        str(column.type), str(column.type)
    )
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], whole.type)
    if word not in FORMATS and word != "str":
        return column_of(name, whole.to_pylist())
    if whole.offset:
        whole = pa.concat_arrays([whole])  # a copy that begins at its first value
    if whole.offset:
        return column_of(name, whole.to_pylist())
    count = len(whole)
    buffers = whole.buffers()
    validity = memoryview(buffers[0])[: (count + 7) // 8] if whole.null_count else None
    if word == "str":
        ends = memoryview(buffers[1] if buffers[1] is not None else bytes(4))[: (count + 1) * 4]
        total = ends.cast("i")[count] if count else 0
        data = memoryview(buffers[2])[:total] if buffers[2] is not None else b""
        return "str", validity, data, ends
    size = (count + 7) // 8 if word == "bool" else count * whole.type.bit_width // 8
    return word, validity, memoryview(buffers[1])[:size] if buffers[1] is not None else b"", None


_CONVERT: dict[str, Callable[[Any, Any], Any]] = {
    "numpy": _of_numpy,
    "pandas": _of_pandas,
    "polars": _of_polars,
    "pyarrow": _of_pyarrow,
}


def _to_pandas(table: Table) -> Any:
    import pandas as pd

    columns = {name: _to_series(column) for name, column in table.stored.items()}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(table)), copy=False)


def _to_series(column: Column) -> Any:
    import numpy as np
    import pandas as pd

    data = column.bytes(column.data)
    missing = None if column.validity is None else ~_bits(column.bytes(column.validity), column.rows)
    base = column.base
    if base in FORMATS:
        numbers = _bits(data, column.rows) if base == "bool" else np.frombuffer(data, dtype=base)
        if missing is None:
            return numbers
        kind = (
            pd.arrays.BooleanArray
            if base == "bool"
            else pd.arrays.FloatingArray
            if base[0] == "f"
            else pd.arrays.IntegerArray
        )
        return kind(numbers.copy(), missing)
    if base in {"timestamp", "duration"}:
        unit = column.inside[0]
        numbers = np.frombuffer(data, dtype=f"{'M8' if base == 'timestamp' else 'm8'}[{unit}]")
        if missing is not None:
            numbers = numbers.copy()
            numbers[missing] = "NaT"
        series = pd.Series(numbers, copy=False)
        return series.dt.tz_localize("UTC").dt.tz_convert(column.inside[1]) if len(column.inside) > 1 else series
    if base == "str" and getattr(pd.Series([""]).dtype, "storage", "") == "pyarrow":
        import pyarrow as pa

        parts = (column.bytes(part) for part in (column.validity, column.offsets, column.data))
        buffers = [None if part is None else pa.py_buffer(part) for part in parts]
        return pd.array(pa.Array.from_buffers(pa.string(), column.rows, buffers), dtype="str")
    return pd.Series(column.listed())


def _bits(data: Any, count: int) -> Any:
    """The first `count` bits of `data` as an array of truth values."""
    import numpy as np

    return np.unpackbits(np.frombuffer(data, dtype="u1"), count=count, bitorder="little").view(bool)


def _to_polars(table: Table) -> Any:
    import polars as pl

    return pl.read_ipc(table.path) if table.path else pl.DataFrame()


def _to_arrow(table: Table) -> Any:
    import pyarrow as pa

    if not table.path:
        return pa.table({})
    return pa.ipc.open_file(pa.memory_map(table.path)).read_all()


MAKE_TABLE: dict[str, Callable[[Table], Any]] = {"pandas": _to_pandas, "polars": _to_polars, "pyarrow": _to_arrow}
