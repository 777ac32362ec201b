"""What a table, a view, a variable or the last query of a block holds, as a value that goes out."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from polyrun_guest.incoming import FORMATS  # type: ignore[import-not-found]
from polyrun_guest.wire import Unsupported  # type: ignore[import-not-found]

from .parameters import quoted
from .texts import plain

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ROWS = 2_000_000
"""As many values as a value file may hold."""

_DECIMALS = {"float": "DOUBLE", "float64": "DOUBLE", "float32": "FLOAT"}
"""What a DECIMAL, as `1.5` is one in SQL, is turned into for those who declare that."""


class Held(NamedTuple):
    """A column: its name and its type."""

    name: str
    type: Any


class Export:
    """The rows of `source`, a name or a query in brackets; `names` are those that its columns had before."""

    def __init__(
        self, connection: DuckDBPyConnection, outgoing: Any, source: str, names: Sequence[str] | None = None
    ) -> None:
        self._connection = connection
        self._outgoing = outgoing
        self._source = source
        self._names = names
        described = connection.execute(f"FROM {source} LIMIT 0").description or []
        self._columns = [Held(str(column[0]), column[1]) for column in described]

    def value(self, declared: str | None) -> Any:
        """It as a value of the declared type; without one it is a table. Raises `Unsupported`."""
        kind, _, inside = (declared or "table").replace(" ", "").partition("(")
        writers = {"table": self._table, "list": self._list, "array": self._array, "map": self._map}
        return writers[kind](inside.removesuffix(")")) if kind in writers else self._one(kind)

    def _query(self, items: str) -> str:
        return f"SELECT {items} FROM {self._source}"  # noqa: S608 - names in it are quoted

    def _distinct(self) -> None:
        names = [name.lower() for name in self._names or ()]
        for name in self._names or ():
            if names.count(name.lower()) > 1:
                raise Unsupported(f"it has two columns of one name (`{name}`)")

    def _table(self, _inside: str) -> Any:
        from .columns import plan, write_table

        self._distinct()
        plans = [plan(column.name, column.type) for column in self._columns]
        self._check([test for one in plans for test in one.tests])
        items = ", ".join(one.item for one in plans)
        return write_table(self._outgoing, self._connection.sql(self._query(items)), plans)

    def _check(self, tests: Sequence[tuple[str, str]]) -> None:
        """Refuse values that a type has no place for: each test is an expression that finds them, and a reason."""
        if not tests:
            return
        items = ", ".join(f"coalesce(bool_or({test}), false)" for test, _ in tests)
        (row,) = self._connection.execute(self._query(items)).fetchall()
        for wrong, (_, reason) in zip(row, tests, strict=True):
            if wrong:
                raise Unsupported(reason)

    def _rows(self, inside: str, first: int = _ROWS + 1) -> list[list[Any]]:
        """The rows as plain values, or the `first` of them."""
        turned = [self._turned(column, inside) for column in self._columns]
        items = ", ".join(one.item for one in turned)
        found = self._connection.execute(f"{self._query(items)} LIMIT {first}").fetchall()
        if len(found) > _ROWS:
            raise Unsupported(f"it has more than {_ROWS:,} rows; export it as a table")
        return [[one.make(value) for one, value in zip(turned, row, strict=True)] for row in found]

    @staticmethod
    def _turned(column: Held, inside: str) -> _Turned:
        item = quoted(column.name)
        if column.type.id == "decimal" and inside in _DECIMALS:
            return _Turned(f"{item}::{_DECIMALS[inside]}", lambda value: value)
        kind, make = plain(column.type)
        return _Turned(item if kind is None else f"{item}::{kind}", make)

    def _one(self, kind: str) -> Any:
        """The only value that there is."""
        rows = self._rows(kind, first=2) if len(self._columns) == 1 else []
        if len(rows) != 1:
            raise Unsupported(f"it is declared as `{kind}`, which is one value, and has {self._size()}")
        return self._outgoing.top(rows[0][0], kind)

    def _size(self) -> str:
        (row,) = self._connection.execute(self._query("count(*)")).fetchall()
        return f"{row[0]} rows and {len(self._columns)} columns"

    def _list(self, inside: str) -> Any:
        """The values of the one column; of several, a map for each row."""
        if len(self._columns) > 1:
            self._distinct()
            names = [column.name for column in self._columns]
            return [dict(zip(names, row, strict=True)) for row in self._rows(inside)]
        (column,) = self._columns
        numbers = self._packed(column, inside)
        return numbers if numbers is not None else [row[0] for row in self._rows(inside)]

    def _packed(self, column: Held, inside: str) -> Any:
        """A list of numbers as it lies in memory; `None` for anything else."""
        from .columns import SQL_NUMBERS, numbers_of

        is_float = column.type.id in {"float", "double"} or (column.type.id == "decimal" and inside in _DECIMALS)
        if not is_float and column.type.id not in SQL_NUMBERS:
            return None
        name, kind = quoted(column.name), "DOUBLE" if is_float else "BIGINT"
        tests = [f"{name} IS NULL"] + ([f"{name} > {(1 << 63) - 1}"] if column.type.id == "ubigint" else [])
        (row,) = self._connection.execute(self._query(f"bool_or({' OR '.join(tests)})")).fetchall()
        if row[0] is not False:
            return None
        found = numbers_of(self._connection.sql(self._query(f"{name}::{kind} AS c")))
        packed = array("d" if is_float else "q")
        packed.frombytes(found.data)
        return self._outgoing.packed(packed)

    def _array(self, inside: str) -> Any:
        """The numbers of the one column; ARRAYs in it are further dimensions."""
        from .columns import NO_NULL, SQL_NUMBERS, numbers_of

        if len(self._columns) != 1:
            raise Unsupported(f"it is declared as an array, which is one column, and has {len(self._columns)}")
        ((name, kind),) = self._columns
        shape, item = [], kind
        while item.id == "array":
            inner = dict(item.children)
            shape.append(int(inner["size"]))
            item = inner["child"]
        dtype = "float64" if item.id == "decimal" and inside in _DECIMALS else SQL_NUMBERS.get(item.id)
        if dtype is None:
            hint = "; declare it as `array(float64)`" if item.id == "decimal" else ""
            raise Unsupported(f"its column `{name}` is of the type {item}, which no array has{hint}")
        self._check([(f"{quoted(name)} IS NULL", NO_NULL)])
        cast = {"bool": "UTINYINT", "float64": "DOUBLE"}.get(dtype, str(item))
        cast += "".join(f"[{size}]" for size in reversed(shape))
        query = self._query(f"{quoted(name)}::{cast} AS c")
        found = numbers_of(self._connection.sql(query), dtype)
        return self._outgoing.numbers(found.data, FORMATS[dtype], (found.rows, *shape), "C")

    def _map(self, inside: str) -> Any:
        """The one row: its only value, or a map of its columns."""
        self._distinct()
        rows = self._rows(inside, first=2)
        if len(rows) != 1:
            raise Unsupported(f"it is declared as a map, which is one row, and has {self._size()}")
        if len(self._columns) == 1 and (
            self._columns[0].type.id in {"struct", "map"} or str(self._columns[0].type) == "JSON"
        ):
            return rows[0][0]
        return dict(zip([column.name for column in self._columns], rows[0], strict=True))


class _Turned(NamedTuple):
    """What is asked of DuckDB for a column, and what makes a plain value of what it gives."""

    item: str
    make: Callable[[Any], Any]


class Variable(Export):
    """A variable: its value as it is, unless it is declared as something else."""

    def value(self, declared: str | None) -> Any:
        """See `Export`."""
        kind, _, inside = (declared or "").replace(" ", "").partition("(")
        ((value,),) = self._rows(kind if kind == "float" else inside.removesuffix(")"))
        return self._outgoing.top(value, declared)


DEFINED = """
SELECT table_name, false FROM duckdb_tables() UNION ALL SELECT view_name, false FROM duckdb_views() WHERE NOT internal
UNION ALL SELECT name, true FROM duckdb_variables() WHERE name <> 'args'
"""
"""The tables, views and variables that a block has, and whether each is a variable."""


def named_things(connection: DuckDBPyConnection, outgoing: Any, names: Collection[str]) -> dict[str, Export]:
    """Those of `names` that are the names of tables, views or, failing that, variables."""
    found: dict[str, Export] = {}
    known = {(name.lower(), is_variable) for name, is_variable in connection.execute(DEFINED).fetchall()}
    for name in names:
        if (name.lower(), False) in known:
            found[name] = Export(connection, outgoing, quoted(name))
        elif (name.lower(), True) in known:
            text = name.replace("'", "''")
            found[name] = Variable(connection, outgoing, f"(SELECT getvariable('{text}') AS value)")
    return found
