"""Taking what a block of SQL imports, and handing over what it exports."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from polyrun_guest.outgoing import Outgoing  # type: ignore[import-not-found]
from polyrun_guest.wire import Decoder, Encoder, Unsupported, head  # type: ignore[import-not-found]

from .inbox import ArrayIn, Inbox, TableIn
from .parameters import Binder, Unfit, quoted
from .results import DEFINED, Export, named_things

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Handing:
    """The values of one block, whose text is `code`.

    An imported table or array is a view, and everything but a table is a parameter and a variable. `HOLD` before a
    query puts its rows into the table `RESULT`, to be printed and perhaps exported. Raises `Unfit`.
    """

    RESULT = "temp.polyrun_result"
    HOLD = "CREATE TEMP TABLE polyrun_result AS "

    def __init__(self, connection: DuckDBPyConnection, code: str) -> None:
        self._connection = connection
        inbox = os.environ["POLYRUN_IN"]
        self._inbox = Inbox(inbox, [])
        with open(os.path.join(inbox, "values.cbor"), "rb") as file:
            facts = Decoder(file.read(), self._inbox.make).item()
        self.exports: dict[str, str | None] = facts["exports"]
        self._imports: dict[str, Any] = facts["imports"]
        self._outgoing = Outgoing(os.environ["POLYRUN_OUT"], facts["prefix"])
        self._encoder = Encoder(self._outgoing.convert, self._outgoing.pack)
        self._binder = Binder(connection)
        self._bound: dict[str, Any] = {}
        self._result: dict[str, bytes | str] = {}
        self._no_result = ""
        self._give(code)

    def _give(self, code: str) -> None:
        """Make views of tables and arrays that the block names; and variables, if it reads any."""
        words = set(re.findall(r"\w+", code.lower()))
        for name, value in self._imports.items():
            if isinstance(value, TableIn | ArrayIn) and name.lower() in words:
                self._refusing(name, lambda name=name, value=value: self._add_view(name, value))
            if "getvariable" in words and not isinstance(value, TableIn) and name.lower() in words:
                self._connection.execute(f"SET VARIABLE {quoted(name)} = $1", [self._parameter(name)])

    def _add_view(self, name: str, value: TableIn | ArrayIn) -> None:
        from .sources import add_view

        add_view(self._connection, self._inbox, name, value)

    def parameters(self, wanted: Collection[str]) -> dict[str, Any]:
        """The parameters of a statement that are imported. Raises `Unfit`."""
        known = {name.lower(): name for name, value in self._imports.items() if not isinstance(value, TableIn)}
        return {name: self._parameter(known[name.lower()]) for name in wanted if name.lower() in known}

    def _parameter(self, name: str) -> Any:
        if name not in self._bound:
            self._bound[name] = self._refusing(name, lambda: self._binder.bind(self._plain(self._imports[name])))
        return self._bound[name]

    def _plain(self, value: Any) -> Any:
        return self._inbox.numbers(value) if isinstance(value, ArrayIn) else self._inbox.plain(value)

    @staticmethod
    def _refusing(name: str, make: Any) -> Any:
        try:
            return make()
        except Unfit as error:
            raise Unfit(f"`{name}` cannot be imported: {error}") from None

    def keep(self, names: list[str]) -> None:
        """Take the rows of the last query, which lie in `RESULT`, and let go of them; `names` are its columns."""
        for name, declared in self.exports.items():
            self._result[name] = self._encoded(
                name, Export(self._connection, self._outgoing, self.RESULT, names), declared
            )
        self._connection.execute(f"DROP TABLE {self.RESULT}")

    def forget(self, statement: str) -> None:
        """The last result is not that of a query but of another statement."""
        self._result = {}
        self._no_result = f"the last result is that of {statement}; export the name of a table that holds it"

    def _encoded(self, name: str, export: Export, declared: str | None) -> bytes | str:
        """`name` and its value, or why there is none."""
        import duckdb

        try:
            return self._encoder.encode(name) + self._encoder.encode(export.value(declared))  # type: ignore[no-any-return]
        except Unsupported as error:
            return str(error)
        except (duckdb.Error, ValueError) as error:
            return f"DuckDB does not give it out: {error}"

    def hand_over(self) -> None:
        """Write what the block exports: tables, views and variables of that name, and for another the last result."""
        if not self.exports:
            return
        found: dict[str, bytes | str] = {}
        named = named_things(self._connection, self._outgoing, self.exports)
        rest = [name for name in self.exports if name not in named]
        for name, export in named.items():
            found[name] = self._encoded(name, export, self.exports[name])
        for name in rest:
            if len(rest) > 1:
                others = " and ".join(f"`{one}`" for one in rest)
                found[name] = f"{others} are no tables or variables, and only one of them can be the last result"
            elif name in self._result:
                found[name] = self._result[name]
            elif self._no_result:
                found[name] = self._no_result
        self._write(found)

    def _write(self, found: dict[str, bytes | str]) -> None:
        values = [one for one in found.values() if isinstance(one, bytes)]
        refused = {name: one for name, one in found.items() if isinstance(one, str)}
        encode = self._encoder.encode
        parts = [head(5, 4), encode("polyrun"), encode(1), encode("exports"), head(5, len(values)), *values]
        parts += [encode("refused"), encode(refused), encode("defined"), encode(self._defined(found))]
        folder = os.environ["POLYRUN_OUT"]
        part = os.path.join(folder, "values.part")
        with open(part, "wb") as file:
            file.writelines(parts)
        os.rename(part, os.path.join(folder, "values.cbor"))

    def _defined(self, found: dict[str, Any]) -> list[str]:
        """The tables and views of the block, if one that it was to export is missing."""
        if self.exports.keys() <= found.keys():
            return []
        rows = self._connection.execute(DEFINED).fetchall()
        return [name for name, _ in rows if name not in self._imports and name != "args"][:100]
