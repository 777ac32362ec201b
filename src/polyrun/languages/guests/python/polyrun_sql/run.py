"""Run a block of SQL in a DuckDB database in memory: `run.py DUCKDB CODE DOCUMENT LINE MEMORY_MIB [ARG...]`.

DUCKDB is the folder of that package. The block is read as a whole first, so that a mistake in its grammar stops it
before anything happens; then its statements are executed one after another, and what a query finds is printed as a
table. The block's arguments are the list variable `args`.
"""
# ruff: noqa: T201 - it is a script

from __future__ import annotations

import datetime as dt
import decimal
import os
import re
import signal
import struct
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from duckdb import DuckDBPyConnection, Error, Statement

    from .handing import Handing

SHOWN_ROWS = 100
COUNTED_ROWS = 100_000
LONGEST_LINE = 1000
_NOTHING_YET = re.compile(rb"(?:[\s;]|--[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NUMBER = re.compile(r"U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DECIMAL.*|FLOAT|DOUBLE")
_ASKED = "DESCRIBE "
_TIME_IS_UP = 64  # SIGRTMAX
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


class Failure(Exception):
    """A statement failed; the message begins with the place in the document."""


class Block(NamedTuple):
    """The code of a block, and where it stands."""

    code: bytes
    document: str
    first_line: int

    def statements(self, connection: DuckDBPyConnection) -> Iterator[tuple[Statement, int, int]]:
        """Every statement with where in `code` it begins and where the next one does. Raises `Failure`."""
        import duckdb

        try:
            found = connection.extract_statements(self.text())
        except duckdb.Error as error:
            raise self.failure(error, 0, len(self.code)) from None
        starts = [0]
        for statement in found:
            query = statement.query.encode()
            starts[-1] = max(starts[-1], self.code.find(query, starts[-1]))
            starts.append(starts[-1] + len(query))
        starts[-1] = len(self.code)
        return zip(found, starts, starts[1:], strict=False)

    def text(self) -> str:
        """The code as text. Raises `Failure` for what is not UTF-8."""
        try:
            return self.code.decode()
        except UnicodeDecodeError as error:
            raise Failure(f"{self._place(error.start)}: Invalid Input Error: the block is not UTF-8") from None

    def failure(self, error: Error, start: int, end: int, added: int = 0) -> Failure:
        """What `error` says of the statement between `start` and `end`: at its own position if that is known.

        It was run alone if so many bytes were `added` before it.
        """
        import json

        message, position = str(error), -1
        try:
            details = json.loads(message[message.find("{") :])
            message = f"{details['exception_type']} Error: {details['exception_message']}"
            position = int(details.get("position", -1)) + (start - added if added else 0)
        except (ValueError, TypeError, KeyError):
            pass  # the block has turned `errors_as_json` off, or Python could not hold a value
        if start <= position <= end:  # another one is of the text of a view or a macro
            return Failure(f"{self._place(position)}: {message}")
        beginning = _NOTHING_YET.match(self.code, start, end)
        return Failure(f"{self._place(beginning.end() if beginning else start, column=False)}: {message}")

    def where(self, start: int) -> str:
        """The document and the line of the statement that begins at `start`, after blanks and comments."""
        beginning = _NOTHING_YET.match(self.code, start)
        return self._place(beginning.end() if beginning else start, column=False)

    def wrong(self, reason: str, start: int, end: int) -> Failure:
        """A value that the statement between `start` and `end` imports cannot be there."""
        beginning = _NOTHING_YET.match(self.code, start, end)
        place = self._place(beginning.end() if beginning else start, column=False)
        return Failure(f"{place}: Invalid Input Error: {reason}")

    def _place(self, offset: int, *, column: bool = True) -> str:
        *before, last = self.code[:offset].split(b"\n")
        line = f"{self.document}:{self.first_line + len(before)}"
        return f"{line}:{len(last.decode(errors='replace')) + 1}" if column else line


def text_of(value: object, kind: str = "") -> str:
    """`value` as SQL writes it; `kind` is the type of its column."""
    if value is None:
        return "NULL"
    if kind == "FLOAT" and isinstance(value, float):
        return next(text for text in (f"{value:.{digits}g}" for digits in range(6, 18)) if _is_single(text, value))
    writer: Callable[[Any], str] = _WRITERS.get(type(value), str)
    return writer(value)


def _is_single(text: str, value: float) -> bool:
    """Whether `text` is enough to tell `value` from all other numbers of single precision."""
    return value != value or struct.pack("f", float(text)) == struct.pack("f", value)  # noqa: PLR0124 - not a number


def _bytes(value: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 and byte != 92 else f"\\x{byte:02X}" for byte in value)


def _interval(value: dt.timedelta) -> str:
    days, seconds = divmod(abs(value), dt.timedelta(days=1))
    hours, rest = divmod(seconds, dt.timedelta(hours=1))
    clock = f"{hours:02}{str(rest)[1:]}"  # from `0:30:00`
    parts = [f"{days} day{'s' * (days > 1)}"] * (days > 0) + [clock] * (bool(seconds) or days == 0)
    return "-" * (value < dt.timedelta(0)) + " ".join(parts)


def _list(value: Sequence[object]) -> str:
    return f"[{', '.join(map(_inner, value))}]"


def _dict(value: dict[object, object]) -> str:
    return f"{{{', '.join(f'{_inner(key)}: {_inner(item)}' for key, item in value.items())}}}"


def _inner(value: object) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else text_of(value)


_WRITERS: dict[type, Callable[[Any], str]] = {
    bool: lambda value: str(value).lower(),
    bytes: _bytes,
    decimal.Decimal: "{:f}".format,
    dt.datetime: lambda value: value.isoformat(sep=" "),
    dt.timedelta: _interval,
    list: _list,
    tuple: _list,
    dict: _dict,
}


def table(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """The lines of a table; `columns` are names and types."""
    kinds = [kind for _, kind in columns]
    is_number = [_NUMBER.fullmatch(kind) is not None for kind in kinds]
    texts = [[name for name, _ in columns], *([*map(text_of, row, kinds)] for row in rows)]
    cells = [[_lines(text) for text in row] for row in texts]
    widths = [max(_width(line) for row in cells for line in row[index]) for index in range(len(columns))]
    for number, row in enumerate(cells):
        for at in range(max(map(len, row))):
            line = [cell[at] if at < len(cell) else "" for cell in row]
            padded = (_pad(*one) for one in zip(line, widths, is_number, strict=True))
            yield " " + " | ".join(padded).rstrip()
        if number == 0:
            yield "+".join("-" * (width + 2) for width in widths)


def _lines(text: str) -> list[str]:
    lines = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text).expandtabs(4).splitlines() or [""]
    return [line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…" for line in lines]


def _width(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)


def _pad(text: str, width: int, right: bool) -> str:  # noqa: FBT001 - it is called with rows of tables
    blanks = " " * (width - _width(text))
    return blanks + text if right else text + blanks


def show(connection: DuckDBPyConnection, columns: Sequence[tuple[str, str]], *, apart: bool) -> None:
    """Print what the statement just executed has found, `apart` from what stands above."""
    rows = connection.fetchmany(SHOWN_ROWS)
    print(*[""] * apart, *table(columns, rows), sep="\n")
    more = 0
    while more < COUNTED_ROWS and (counted := len(connection.fetchmany(1000))):
        more += counted
    if more:
        at_least = "at least " if more >= COUNTED_ROWS else ""
        print(f"... {at_least}{more} more row{'s' * (more > 1)}")
    elif not rows:
        print("(no rows)")
    sys.stdout.flush()


def columns_of(connection: DuckDBPyConnection, statement: Statement) -> list[tuple[str, str]]:
    """Names and types of what `statement`, just executed, has found: none if that is how many rows it changed."""
    import duckdb

    columns = [(str(column[0]), str(column[1])) for column in connection.description or ()]
    is_report = [name for name, _ in columns] in (["Count"], ["Success"])
    return [] if is_report and statement.type != duckdb.StatementType.SELECT else columns


def connect(memory_mib: int, args: Sequence[str]) -> DuckDBPyConnection:
    """A database of its own that keeps within the box and touches nothing but what the block names."""
    import duckdb

    connection = duckdb.connect(
        config={
            "threads": 1,  # more would sum in an order that differs from run to run
            "memory_limit": f"{max(16, (memory_mib - 48) * 9 // 10)}MiB",  # the interpreter needs some as well
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "allow_persistent_secrets": False,
            "python_enable_replacements": False,  # or names of tables are looked for in the variables of this file
        }
    )
    connection.execute("SET errors_as_json = true")
    connection.execute("SET VARIABLE args = $1::VARCHAR[]", [list(args)])
    return connection


class Runner:
    """Runs the statements of `block` one after another."""

    def __init__(self, connection: DuckDBPyConnection, block: Block, values: Handing | None) -> None:
        self._connection = connection
        self._block = block
        self._values = values
        self._shown = False
        self._start = 0
        signal.signal(_TIME_IS_UP, self._say_where)

    def _say_where(self, *_args: object) -> None:
        """Its time is up: print the line of the statement at work, and nothing more after it."""
        os.write(2, f"  at {self._block.where(self._start)}\n".encode())
        os.kill(os.getpid(), 9)

    def run(self) -> None:
        """Run all of them. Raises `Failure`."""
        import duckdb

        queries = (duckdb.StatementType.SELECT, duckdb.StatementType.MULTI)
        statements = [*self._block.statements(self._connection)]
        is_query = [statement.type in queries for statement, *_ in statements]
        last = max((n for n, one in enumerate(is_query) if one), default=-1)
        for n, (statement, start, end) in enumerate(statements):
            self._start = start
            if self._values is None:
                self._plain(statement, start, end, None)
                continue
            try:
                parameters = self._values.parameters(statement.named_parameters)
            except ValueError as error:
                raise self._block.wrong(str(error), start, end) from None
            if n == last and self._values.exports:
                self._last(start, end, parameters)
            elif self._plain(statement, start, end, parameters) and n > last:
                self._values.forget(statement.type.name)

    def _plain(self, statement: Statement, start: int, end: int, parameters: dict[str, Any] | None) -> bool:
        """Run one statement and print what it finds. Whether that was anything."""
        import duckdb

        try:
            self._connection.execute(statement, parameters)
            columns = columns_of(self._connection, statement)
            if columns:
                self._show(columns)
        except duckdb.Error as error:
            raise self._block.failure(error, start, end) from None
        return bool(columns)

    def _last(self, start: int, end: int, parameters: dict[str, Any]) -> None:
        """Run the last query, whose rows are printed and perhaps exported."""
        import duckdb

        assert self._values is not None
        query = self._block.code[start:end].decode()
        before = _ASKED
        try:
            columns = self._described(query, parameters)
            before = self._values.HOLD
            if columns is None:  # before DuckDB 2, statements such as `SHOW TABLES` are queries in brackets only
                before, query = f"{before}FROM (", f"{query.rstrip().rstrip(';')}\n)"
            self._connection.execute(before + query, parameters)
            self._connection.execute(f"FROM {self._values.RESULT}")
            columns = columns or [(str(one[0]), str(one[1])) for one in self._connection.description or ()]
            self._show(columns)
        except duckdb.Error as error:
            raise self._block.failure(error, start, end, len(before)) from None
        self._values.keep([name for name, _ in columns])

    def _described(self, query: str, parameters: dict[str, Any]) -> list[tuple[str, str]] | None:
        """The names and types of what `query` will find, as it says them; `None` where they cannot be asked for."""
        import duckdb

        try:
            rows = self._connection.execute(_ASKED + query, parameters).fetchall()
        except duckdb.ParserException:
            return None
        return [(str(row[0]), str(row[1])) for row in rows]

    def _show(self, columns: Sequence[tuple[str, str]]) -> None:
        show(self._connection, columns, apart=self._shown)
        self._shown = True


def open_values(connection: DuckDBPyConnection, block: Block) -> Handing | None:
    """What the block imports and exports, if it does. Raises `Failure`."""
    if "POLYRUN_IN" not in os.environ:
        return None
    sys.path.insert(0, os.path.dirname(os.path.dirname(__file__)))
    from polyrun_sql.handing import Handing  # type: ignore[import-not-found]

    try:
        return Handing(connection, block.text())  # type: ignore[no-any-return]
    except ValueError as error:
        raise block.wrong(str(error), 0, len(block.code)) from None


def main() -> None:
    """Run the block; ends with code 1 when a statement fails."""
    package, code_path, document, line, memory_mib, *args = sys.argv[1:]
    sys.path.append(os.path.dirname(package))
    with open(code_path, "rb") as file:
        block = Block(file.read(), document, int(line))
    connection = connect(int(memory_mib), args)
    try:
        values = open_values(connection, block)
        Runner(connection, block, values).run()
        if values is not None:
            values.hand_over()
    except Failure as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)


main()
