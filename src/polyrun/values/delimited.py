r"""Tables as text in UTF-8, a row a line after one of names: CSV (RFC 4180), and TSV as PostgreSQL's `COPY` has it.

Types are not in such a file, so reading has to find them. In CSV a cell that is empty is null, in a column of texts an
empty text. TSV says `\\N` for null, and `\\t`, `\\n`, `\\r`, `\\\\` for what would break a line.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from polyrun.model.values import INT53_HIGH, INT64_HIGH, INT64_LOW, Kind
from polyrun.values import forms
from polyrun.values.convert import convert_scalar
from polyrun.values.nodes import Node, Text

_INT = re.compile(r"0|-?[1-9]\d{0,18}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|-?(?:nan|NaN|inf|Infinity)", re.ASCII)
NULL_CELL = "\\N"
_TO_QUOTE = re.compile(r'[",\r\n]')


def read_csv(lines: Iterable[str]) -> dict[str, list[Node]]:
    """The columns of a CSV text. Raises `ValueError` for lines of different length and columns of one name."""
    reader = csv.reader(lines, strict=True)
    try:
        cells = _cells(reader)
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from error
    return {name: _typed([cell or None for cell in column], column) for name, column in cells.items()}


def read_tsv(lines: Iterable[str]) -> dict[str, list[Node]]:
    """The columns of a TSV text. Raises `ValueError` like `read_csv`."""
    cells = _cells(line.rstrip("\r\n").split("\t") for line in lines)
    if len({_unescaped(name) for name in cells}) < len(cells):
        raise ValueError("two of its columns have one name")
    plain = {_unescaped(name): [None if c == NULL_CELL else _unescaped(c) for c in cells[name]] for name in cells}
    return {name: _typed(column, column) for name, column in plain.items()}


def _cells(rows: Iterable[list[str]]) -> dict[str, list[str]]:
    rows = iter(rows)
    names = next(rows, None)
    if names is None:
        raise ValueError("it is empty; its first line must hold the names of the columns")
    if len(set(names)) < len(names):
        raise ValueError("two of its columns have one name")
    columns: list[list[str]] = [[] for _ in names]
    for number, row in enumerate(rows, 2):
        if len(row) != len(names):
            raise ValueError(f"row {number} has {len(row)} cells where {len(names)} belong")
        for column, cell in zip(columns, row, strict=True):
            column.append(cell)
    return dict(zip(names, columns, strict=True))


def _typed(cells: Sequence[str | None], texts: Sequence[str | None]) -> list[Node]:
    """The values of a column: of the first type that all `cells` have that are not null; else its `texts`."""
    for fits, make in _TYPES:
        if any(cell is not None for cell in cells) and all(cell is None or fits(cell) for cell in cells):
            return [None if cell is None else make(cell) for cell in cells]
    return list(texts)


def _unescaped(cell: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPED.get(match[1], match[0]), cell) if "\\" in cell else cell


_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}
_ESCAPES = str.maketrans({text: f"\\{letter}" for letter, text in _ESCAPED.items()})


def _is_int(cell: str) -> bool:
    return _INT.fullmatch(cell) is not None and INT64_LOW <= int(cell) <= INT64_HIGH


def _is_float(cell: str) -> bool:
    """Whether a float holds what is written there: a number with zeros before it, or of many digits, is none to it."""
    if _FLOAT.fullmatch(cell) is None or _PADDED.match(cell):
        return False
    if cell.lstrip("+-").isdecimal():
        return abs(int(cell[:20])) <= INT53_HIGH and len(cell) <= 20
    return "n" in cell.lower() or not math.isinf(float(cell))


_PADDED = re.compile(r"[+-]?0\d")


def _is_form(kind: Kind, cell: str) -> bool:
    return forms.fault(kind, cell) is None


_TYPES: tuple[tuple[Callable[[str], object], Callable[[str], Node]], ...] = (
    (_is_int, int),
    (_is_float, float),
    (("true", "false").__contains__, "true".__eq__),
    *((partial(_is_form, kind), partial(Text, kind)) for kind in (Kind.DATE, Kind.TIMESTAMP)),
)


def write_csv(columns: Mapping[str, Sequence[Node]]) -> Iterator[str]:
    """The lines of a table as CSV, each with its end. Raises `CannotConvert` for bytes that are no text."""
    yield ",".join(map(_quoted, columns)) + "\r\n"
    nothing = '""' if len(columns) == 1 else ""  # a line with nothing in it would be no row
    for row in zip(*columns.values(), strict=True):
        yield ",".join(nothing if value is None else _quoted(text_of(value)) for value in row) + "\r\n"


def tsv_line(cells: Iterable[Node]) -> str:
    """One line of TSV with its end. Raises `CannotConvert` for bytes that are no text."""
    return "\t".join(NULL_CELL if cell is None else text_of(cell).translate(_ESCAPES) for cell in cells) + "\n"


def text_of(value: Node) -> str:
    """A scalar as text. Raises `CannotConvert` for what is none."""
    text = convert_scalar(value, Kind.STR)
    assert isinstance(text, str)
    return text


def _quoted(text: str) -> str:
    """`text` in quotes where it needs them; an empty text does, beside an empty cell."""
    return '"' + text.replace('"', '""') + '"' if not text or _TO_QUOTE.search(text) else text
