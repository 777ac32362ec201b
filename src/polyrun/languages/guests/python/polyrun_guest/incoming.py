"""What a block imports, as Python objects. Data files are mapped, and copied only when they are written to."""

from __future__ import annotations

import os

from . import wire

TYPE_CHECKING = False  # see `handing`
if TYPE_CHECKING:
    from typing import Any

FORMATS: dict[str, Any] = {
    "bool": "?", "int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint8": "B", "uint16": "H", "uint32": "I",
    "uint64": "Q", "float32": "f", "float64": "d",
}  # fmt: skip
_NEED_NUMPY = {"numpy", "pandas", "scipy", "matplotlib", "sklearn", "torch", "numba", "statsmodels", "seaborn", "jax"}


class Ref:
    """Bytes of a data file."""

    __slots__ = ("file", "length", "offset")

    def __init__(self, file: str, offset: int, length: int) -> None:
        self.file = file
        self.offset = offset
        self.length = length


class Incoming:
    """Makes the objects of one inbox for a block whose code is `source`."""

    def __init__(self, folder: str, source: bytes) -> None:
        self._folder = folder
        self._source = source
        self._modules: list[str] | None = None
        self._maps: dict[str, memoryview] = {}

    @property
    def modules(self) -> list[str]:
        """The packages that the block imports."""
        if self._modules is None:
            self._modules = modules_of(self._source)
        return self._modules

    @property
    def has_numpy(self) -> bool:
        """Whether the block works with NumPy, so that arrays are to be its arrays."""
        return not _NEED_NUMPY.isdisjoint(self.modules)

    def path(self, file: str) -> str:
        """Where the data file `file` is."""
        return os.path.join(self._folder, file)

    def bytes(self, ref: Ref) -> memoryview:
        """The bytes that `ref` names; writing to them changes nothing but this process's view."""
        if ref.length == 0:
            return memoryview(bytearray())
        view = self._maps.get(ref.file)
        if view is None:
            import mmap

            with open(self.path(ref.file), "rb") as file:
                view = self._maps[ref.file] = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
        return view[ref.offset : ref.offset + ref.length]

    def make(self, tag: int, value: Any) -> Any:
        """The object for `value`, which stands behind `tag`."""
        match tag:
            case wire.REF:
                made: Any = Ref(*value)
            case wire.BIG_INT:
                made = int(value)
            case wire.PACKED:
                made = self._numbers(*value)
            case wire.ARRAY:
                made = self._array(*value)
            case wire.TABLE:
                from .tables import read_table

                made = read_table(self, *value)
            case wire.FILE:
                from pathlib import Path

                made = Path(self.path(value[2].file))
            case _:
                made = _moment(tag, value)
        return made

    def plain(self, value: Any) -> Any:
        """`value` without references: bytes that were stored in a file are read."""
        if isinstance(value, Ref):
            return self.bytes(value).tobytes()
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if isinstance(value, dict):
            return {key: self.plain(item) for key, item in value.items()}
        return value

    def _numbers(self, dtype: str, data: Any) -> list[Any]:
        from array import array

        numbers = array(FORMATS[dtype])
        numbers.frombytes(self.bytes(data) if isinstance(data, Ref) else data)
        return numbers.tolist()

    def _array(self, dtype: str, shape: list[int], order: str, ref: Ref) -> Any:
        view = self.bytes(ref)
        if self.has_numpy:
            import numpy as np

            return np.frombuffer(view, dtype=dtype).reshape(shape, order=order)
        if order == "F" and len(shape) > 1:
            return Grid(view.cast(FORMATS[dtype]), shape)
        if 0 in shape or not shape:  # what `memoryview` has no shape for
            return view.cast(FORMATS[dtype])
        return view.cast("B").cast(FORMATS[dtype], shape)


class Grid:
    """Numbers with the first index fastest (as Fortran and R store them), for blocks that do not import NumPy."""

    def __init__(self, flat: memoryview, shape: list[int]) -> None:
        self.flat = flat
        self.shape = tuple(shape)

    def __getitem__(self, index: tuple[int, ...]) -> Any:
        """The number at `index`, one position for each dimension."""
        at, step = 0, 1
        for position, length in zip(index, self.shape, strict=True):
            if not -length <= position < length:
                raise IndexError(f"{index} is outside an array of {self.shape}")
            at += position % length * step
            step *= length
        return self.flat[at]

    def tolist(self) -> list[Any]:
        """The numbers as nested lists, the first index outermost."""

        def level(index: tuple[int, ...]) -> Any:
            if len(index) == len(self.shape):
                return self[index]
            return [level((*index, position)) for position in range(self.shape[len(index)])]

        return level(())  # type: ignore[no-any-return]


def modules_of(source: bytes) -> list[str]:
    """The packages that the code imports somewhere, in their order."""
    import re

    found = []
    imports = rb"^[ \t]*(?:from[ \t]+([A-Za-z_]\w*)|import[ \t]+([^#\n;]+))"
    for match in re.finditer(imports, source, re.MULTILINE):
        names = [match[1]] if match[1] is not None else match[2].split(b",")
        found += [name.split()[0].split(b".")[0].decode() for name in names if name.strip()]
    return found


def _moment(tag: int, value: Any) -> Any:
    if tag == wire.DECIMAL:
        from decimal import Decimal

        return Decimal(value)
    from . import times

    if tag == wire.DATE:
        return times.date_of(value)
    if tag == wire.TIME:
        return times.time_of(value)
    if tag == wire.TIMESTAMP:
        return times.timestamp_of(value)
    if tag == wire.DURATION:
        return times.duration_of(value)
    raise ValueError(f"a value has the unknown tag {tag}")
