"""Tables as CSV (RFC 4180) in UTF-8, with a line of names. Types are not in such a file, so reading has to find them.

A cell that is empty is null, in a column of texts an empty text.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from polyrun.model.values import INT64_HIGH, INT64_LOW, Kind
from polyrun.values import forms
from polyrun.values.convert import convert_scalar
from polyrun.values.nodes import Node, Text

_INT = re.compile(r"-?(?:0|[1-9]\d{0,18})", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|-?(?:nan|NaN|inf|Infinity)", re.ASCII)
_TO_QUOTE = re.compile(r'[",\r\n]')


def read_columns(lines: Iterable[str]) -> dict[str, list[Node]]:
    """The columns of a CSV text. Raises `ValueError` for lines of different length and columns of one name."""
    reader = csv.reader(lines, strict=True)
    try:
        names = next(reader, None)
        if names is None:
            raise ValueError("it is empty; its first line must hold the names of the columns")
        if len(set(names)) < len(names):
            raise ValueError("two of its columns have one name")
        cells: list[list[str]] = [[] for _ in names]
        for row in reader:
            if len(row) != len(names):
                raise ValueError(f"line {reader.line_num} has {len(row)} cells where {len(names)} belong")
            for column, cell in zip(cells, row, strict=True):
                column.append(cell)
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from error
    return {name: _column(column) for name, column in zip(names, cells, strict=True)}


def _column(cells: list[str]) -> list[Node]:
    """The values of a column: of the first type that all cells have."""
    for fits, make in _TYPES:
        if any(cells) and all(not cell or fits(cell) for cell in cells):
            return [make(cell) if cell else None for cell in cells]
    return list(cells)


def _is_int(cell: str) -> bool:
    return _INT.fullmatch(cell) is not None and INT64_LOW <= int(cell) <= INT64_HIGH


_TYPES: tuple[tuple[Callable[[str], object], Callable[[str], Node]], ...] = (
    (_is_int, int),
    (_FLOAT.fullmatch, float),
    (("true", "false").__contains__, "true".__eq__),
    (lambda cell: forms.fault(Kind.DATE, cell) is None, lambda cell: Text(Kind.DATE, cell)),
)


def write_rows(columns: Mapping[str, Sequence[Node]]) -> Iterable[str]:
    """The lines of a table as CSV, each with its end. Raises `CannotConvert` for bytes that are no text."""
    yield ",".join(map(_quoted, columns)) + "\r\n"
    for row in zip(*columns.values(), strict=True):
        yield ",".join(map(_cell, row)) + "\r\n"


def _cell(value: Node) -> str:
    if value is None:
        return ""
    text = convert_scalar(value, Kind.STR)
    assert isinstance(text, str)
    return _quoted(text)


def _quoted(text: str) -> str:
    """`text` in quotes where it needs them; an empty text does, beside an empty cell."""
    return '"' + text.replace('"', '""') + '"' if not text or _TO_QUOTE.search(text) else text
