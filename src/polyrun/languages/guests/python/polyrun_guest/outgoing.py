"""What a block exports: its objects as encoded values, and large data in files of their own."""

from __future__ import annotations

import os
import sys

from . import wire
from .incoming import FORMATS, Grid
from .wire import Tagged, Unsupported

TYPE_CHECKING = False  # see `handing`
if TYPE_CHECKING:
    from array import array
    from typing import Any, BinaryIO

NPY_HEAD = 256
_INLINE_BYTES = 64 * 1024
_DTYPES = {code: dtype for dtype, code in FORMATS.items()}
_DTYPES |= {"l": "int64", "L": "uint64", "c": "uint8"}


class Outgoing:
    """Writes to one outbox; the names of data files begin with `prefix`."""

    def __init__(self, folder: str, prefix: str) -> None:
        self._folder = folder
        self._prefix = prefix
        self._count = 0

    def top(self, value: Any, declared: str | None) -> Any:
        """`value` as its declared type asks for it, where Python has several ways to say the same."""
        kind = (declared or "").partition("(")[0]
        if kind == "file" and isinstance(value, str):
            return self._file(value)
        if kind == "array" and isinstance(value, (list, tuple)):
            return self._array_of(value, declared or "")
        if kind == "table" and isinstance(value, (list, tuple, dict)):
            from .tables import write_plain

            return write_plain(self, value)
        return value

    def convert(self, value: Any) -> Any:
        """A plain value, `Raw` or `Tagged` for something that is none of the plain types themselves."""
        plain: tuple[Any, ...] = (int, float, bytes)
        for base in plain:  # subclasses of them: enumerations, some of NumPy's own
            if isinstance(value, base):
                return base(value)
        if isinstance(value, str):
            return str.__str__(value)
        arrays = sys.modules.get("array")
        if isinstance(value, (bytearray, memoryview)) or (arrays is not None and isinstance(value, arrays.array)):
            return self._buffer(value)
        if isinstance(value, os.PathLike):
            return self._file(os.fspath(value))
        if isinstance(value, Grid):
            return self.numbers(value.flat, str(value.flat.format), value.shape, "F")
        made = _of_standard_library(value)
        if made is None:
            made = self._of_packages(value)
        if made is None:
            hint = "; export `sorted(…)` of it" if isinstance(value, (set, frozenset)) else ""
            raise Unsupported(f"{_name(value)} has no form that other languages could read{hint}")
        return made

    def _of_packages(self, value: Any) -> Any:
        """Objects of packages, looked at only if the block has imported them."""
        package = type(value).__module__.partition(".")[0]
        if package in {"numpy", "pandas", "polars", "pyarrow", "polyrun_guest"}:
            from . import packages

            return packages.convert(self, value, package)
        if package == "matplotlib" and hasattr(value, "savefig"):
            return self._figure(value)
        return None

    def new_file(self, ending: str) -> tuple[str, BinaryIO]:
        """The name of a new data file, and the file to write to."""
        name = f"{self._prefix}{self._count}{ending}"
        self._count += 1
        return name, open(os.path.join(self._folder, name), "xb")

    def pack(self, value: Any) -> Any:
        """A long list; one of numbers of one type is stored as numbers."""
        kinds = set(map(type, value))
        code = {int: "q", float: "d"}.get(next(iter(kinds))) if len(kinds) == 1 else None
        if code is None:
            return value
        from array import array

        try:
            numbers = array(code, value)
        except OverflowError:
            return value
        return self.packed(numbers)

    def packed(self, numbers: array[Any]) -> Tagged:
        """A list of many numbers of one type."""
        dtype = _DTYPES[numbers.typecode]
        data = numbers.tobytes()
        if len(data) <= _INLINE_BYTES:
            return Tagged(wire.PACKED, [dtype, data])
        return Tagged(wire.PACKED, [dtype, self._npy(data)])

    def _npy(self, data: Any) -> Tagged:
        """Numbers in a file of their own, behind the room for its head."""
        name, file = self.new_file(".npy")
        with file:
            file.seek(NPY_HEAD)
            file.write(data)
            file.truncate(file.tell())
        return Tagged(wire.REF, [name, NPY_HEAD, memoryview(data).nbytes])

    def numbers(self, data: Any, code: str, shape: Any, order: str) -> Tagged:
        """An array of numbers of the type `code` (as `struct` names it) that lie in `data` one after another."""
        dtype = _DTYPES.get(code)
        if dtype is None:
            raise Unsupported(f"it is an array of a type (`{code}`) that is not passed on")
        return Tagged(wire.ARRAY, [dtype, list(shape), order, self._npy(data)])

    def _buffer(self, value: Any) -> Any:
        """Bytes, or an array of numbers, from something that lies in memory."""
        view = memoryview(value)
        if isinstance(value, bytearray) or (
            view.format in {"B", "c"} and isinstance(value, memoryview) and view.ndim == 1
        ):
            return self.bytes(view)
        return self.numbers(view.cast("B") if view.c_contiguous else view.tobytes(), view.format, view.shape, "C")

    def bytes(self, view: Any) -> Any:
        """Bytes; many of them in a file of their own."""
        data = bytes(view)
        if len(data) <= _INLINE_BYTES:
            return data
        name, file = self.new_file(".bin")
        with file:
            file.write(data)
        return Tagged(wire.REF, [name, 0, len(data)])

    def _array_of(self, value: Any, declared: str) -> Any:
        """A list of numbers, or of lists of numbers, as an array."""
        from .packages import nested_array

        return nested_array(self, value, declared)

    def _file(self, path: str) -> Tagged:
        """A copy of the file at `path`."""
        import mimetypes
        import shutil

        name = os.path.basename(path)
        safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)[-100:]
        try:
            with open(path, "rb") as source:
                stored, target = self.new_file("-" + safe)
                with target:
                    shutil.copyfileobj(source, target, 1 << 20)
                    size = target.tell()
        except OSError as error:
            raise Unsupported(f"the file `{path}` cannot be read: {error.strerror}") from None
        media = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Tagged(wire.FILE, [name, media, Tagged(wire.REF, [stored, 0, size])])

    def _figure(self, figure: Any) -> Tagged:
        """A figure of matplotlib as a picture."""
        stored, file = self.new_file("-figure.png")
        with file:
            figure.savefig(file, format="png")
            size = file.tell()
        return Tagged(wire.FILE, ["figure.png", "image/png", Tagged(wire.REF, [stored, 0, size])])


def _of_standard_library(value: Any) -> Any:
    """Decimals, dates, times and fractions of the standard library."""
    decimal = sys.modules.get("decimal")
    if decimal is not None and isinstance(value, decimal.Decimal):
        if not value.is_finite():
            raise Unsupported(f"it is the decimal {value}, which is no number")
        return Tagged(wire.DECIMAL, str(value))
    if "datetime" in sys.modules:
        from . import times

        return times.tagged(value)
    return None


def _name(value: Any) -> str:
    """What a value is called in a message."""
    kind = type(value)
    module = kind.__module__
    name = kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"
    if callable(value):
        return f"a function or class (`{getattr(value, '__name__', name)}`)"
    return f"an object of the type `{name}`"
