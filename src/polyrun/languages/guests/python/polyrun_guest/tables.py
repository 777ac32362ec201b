"""Tables: columns as they lie in a file, and as objects of whatever the block works with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .columns import Column, TableWriter, column_of
from .incoming import Incoming, Ref
from .wire import Tagged, Unsupported

_MAKERS = ("pandas", "polars", "pyarrow")


def read_table(incoming: Incoming, rows: int, columns: list[list[Any]]) -> Any:
    """The table as an object of the first of pandas, polars and pyarrow that the block imports, else a `Table`."""
    table = Table(incoming, rows, columns)
    for module in incoming.modules:
        if module in _MAKERS:
            from . import packages

            return packages.MAKE_TABLE[module](table)
    return table


class Table:
    """Columns of one length, for blocks that import no library for tables.

    `table["price"]` is a column: a view of numbers where nothing is missing, else a list with `None`. Iterating gives
    rows as dictionaries, `len` counts them. `to_pandas`, `to_polars` and `to_arrow` give objects of those libraries.
    """

    def __init__(self, incoming: Incoming, rows: int, columns: list[list[Any]]) -> None:
        self._incoming = incoming
        self._rows = rows
        self.stored = {name: Column(incoming, rows, kind, refs) for name, kind, *refs in columns}
        self._read: dict[str, Any] = {}

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.stored)

    @property
    def types(self) -> dict[str, str]:
        """The type of each column."""
        return {name: column.type for name, column in self.stored.items()}

    @property
    def path(self) -> str:
        """The Arrow file that holds it; empty for a table without columns."""
        refs = (column.data for column in self.stored.values())
        return next((self._incoming.path(ref.file) for ref in refs if isinstance(ref, Ref)), "")

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, name: str) -> Any:
        """The column `name`."""
        if name not in self._read:
            self._read[name] = self.stored[name].values()
        return self._read[name]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The rows."""
        names = self.columns
        for row in zip(*(self[name] for name in names), strict=True):
            yield dict(zip(names, row, strict=True))

    def __repr__(self) -> str:
        kinds = ", ".join(f"{name}: {kind}" for name, kind in self.types.items())
        return f"<table of {self._rows} rows: {kinds}>"

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`."""
        from . import packages

        return packages.MAKE_TABLE["pandas"](self)

    def to_polars(self) -> Any:
        """A `polars.DataFrame`."""
        from . import packages

        return packages.MAKE_TABLE["polars"](self)

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`."""
        from . import packages

        return packages.MAKE_TABLE["pyarrow"](self)


def write_plain(outgoing: Any, value: Any) -> Tagged:
    """A list of dictionaries with the same keys, or a dictionary of lists of one length, as a table."""
    is_columns = isinstance(value, dict)
    columns = {name: list(column) for name, column in value.items()} if is_columns else _columns_of(value)
    if len({len(column) for column in columns.values()}) > 1:
        raise Unsupported("the columns of a table must all have the same length")
    rows = len(next(iter(columns.values()), ()))
    writer = TableWriter(outgoing, list(columns), rows)
    for name, column in columns.items():
        writer.add(name, *column_of(name, column))
    return writer.finish()


def _columns_of(rows: Any) -> dict[str, list[Any]]:
    names: dict[str, None] = {}
    for row in rows:
        if not isinstance(row, dict):
            raise Unsupported("a table is made of dictionaries, one for each row, and this list holds something else")
        names.update(dict.fromkeys(row))
    for name in names:
        if not isinstance(name, str):
            raise Unsupported(f"the names of columns must be texts, and {name!r} is not")
    return {name: [row.get(name) for row in rows] for name in names}


def write_table(outgoing: Any, table: Table) -> Tagged:
    """A table that came from another block, handed on as it is."""
    writer = TableWriter(outgoing, table.columns, len(table))
    for name, column in table.stored.items():
        writer.add(
            name, column.type, column.bytes(column.validity), column.bytes(column.data), column.bytes(column.offsets)
        )
    return writer.finish()
