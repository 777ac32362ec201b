"""Values as PolyRun itself holds them, for the few that it must look into.

`None`, `bool`, `int`, `float`, `str`, `bytes`, `list` and `dict` stand for themselves; the classes here for the rest.
Large data is never in them: a `Ref` says in which file it lies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from polyrun.model.frozen import frozen
from polyrun.model.values import Kind


@frozen
class Ref:
    """Bytes in a file of the same folder: its name, where they begin, how many there are."""

    file: str
    offset: int
    length: int


@frozen
class Text:
    """A decimal, date, time or timestamp in its text form (see docs/value-files.md)."""

    kind: Kind
    text: str


@frozen
class Duration:
    """A length of time: whole seconds, and nanoseconds from 0 to 999 999 999 to add to them."""

    seconds: int
    nanoseconds: int = 0


@frozen
class Packed:
    """A list of numbers of one dtype, stored as an array is; null is not among them."""

    dtype: str
    data: Ref | bytes


@frozen
class Array:
    """Numbers in a grid: `order` is `C` (last index fastest) or `F` (first index fastest)."""

    dtype: str
    shape: tuple[int, ...]
    order: str
    data: Ref


@frozen
class ColumnData:
    """A column in the layout of Apache Arrow: a bitmap of what is not null, the values, and offsets for texts."""

    name: str
    type: str
    validity: Ref | None
    data: Ref
    offsets: Ref | None

    @property
    def refs(self) -> tuple[Ref, ...]:
        """All the bytes that it refers to."""
        return tuple(ref for ref in (self.validity, self.offsets, self.data) if ref is not None)


@frozen
class Table:
    """Columns of `rows` values each, all in one file."""

    rows: int
    columns: tuple[ColumnData, ...]


@frozen
class File:
    """A file: the name it had, its media type, its bytes."""

    name: str
    media: str
    data: Ref


Node = (
    None | bool | int | float | str | bytes | Text | Duration | Packed | Array | Table | File | Ref
    | Sequence["Node"] | Mapping[str, "Node"]
)  # fmt: skip
