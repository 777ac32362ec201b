"""What a block of SQL imports, before anything of it is read: large data stays where it is."""

from __future__ import annotations

from typing import Any, NamedTuple

from polyrun_guest import wire  # type: ignore[import-not-found]
from polyrun_guest.incoming import Incoming, Ref  # type: ignore[import-not-found]


class TableIn(NamedTuple):
    """A table that came from another block: its rows, and for each column name, type, validity, data and offsets."""

    rows: int
    columns: list[list[Any]]


class ArrayIn(NamedTuple):
    """An array that came from another block."""

    dtype: str
    shape: list[int]
    order: str
    data: Ref


class Inbox(Incoming):  # type: ignore[misc]
    """Keeps tables and arrays as what they are in their files."""

    def make(self, tag: int, value: Any) -> Any:
        """See `Incoming`."""
        if tag == wire.TABLE:
            return TableIn(*value)
        return ArrayIn(*value) if tag == wire.ARRAY else super().make(tag, value)

    def numbers(self, value: ArrayIn) -> Any:
        """The numbers of an array as nested lists."""
        found = self._array(*value)
        return found.tolist()
