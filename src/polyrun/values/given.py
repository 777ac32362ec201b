"""Values from outside: what `--set NAME=…` says, or the file that it names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

from polyrun.model.limits import format_bytes
from polyrun.values import npy
from polyrun.values.cbor import BadData
from polyrun.values.change import CannotConvert, stored_node
from polyrun.values.json_form import from_json
from polyrun.values.layout import NPY_HEAD
from polyrun.values.making import Workshop
from polyrun.values.nodes import Array, Node, Ref
from polyrun.values.outbox import MAX_VALUE_FILE
from polyrun.values.store import Stored

MAX_TEXT = MAX_VALUE_FILE
"""Bytes of a JSON or text file."""
_HEAD = 1 << 17


class CannotRead(ValueError):
    """A given value that cannot be used; the message says why."""


def read_given(text: str, workshop: Workshop) -> Stored:
    """What `text` gives: the file of a known kind that it names, else its JSON, else itself.

    Large data is copied to where `workshop` makes its own. Raises `CannotRead`.
    """
    read = _READERS.get(os.path.splitext(text)[1].lower())
    try:
        node = _written(text) if read is None else read(text, workshop)
        return stored_node(node, workshop.folder)
    except OSError as error:
        raise CannotRead(f"`{text}`: {(error.strerror or str(error)).lower()}") from error
    except (CannotConvert, BadData, ValueError) as error:
        raise CannotRead(f"`{text}`: {error}" if read is not None else str(error)) from error


def _written(text: str) -> Node:
    """JSON, or text that is none: a word need not be quoted, but what begins like JSON has to be JSON."""
    try:
        return from_json(text)
    except ValueError:
        if text[:1] in {"{", "[", '"'}:
            raise
        return text


def _text_of(path: str) -> bytes:
    with open(path, "rb") as file:
        data = file.read(MAX_TEXT + 1)
    if len(data) > MAX_TEXT:
        raise CannotRead(f"it is larger than {format_bytes(MAX_TEXT)}; give large data as `.npy`, `.arrow` or `.csv`")
    return data


def _json(path: str, _: Workshop) -> Node:
    return from_json(_text_of(path))


def _txt(path: str, _: Workshop) -> Node:
    try:
        return _text_of(path).decode()
    except UnicodeDecodeError:
        raise CannotRead("it is not valid UTF-8") from None


def _npy(path: str, workshop: Workshop) -> Node:
    with open(path, "rb") as file:
        dtype, shape, order, start = npy.read_head(file.read(_HEAD))
        length = os.fstat(file.fileno()).st_size - start
        file.seek(start)
        with workshop.file(".npy") as made:
            made.write(npy.head(dtype, shape, order))
            shutil.copyfileobj(file, made, 1 << 20)
    return Array(dtype, shape, order, Ref(os.path.basename(made.name), NPY_HEAD, length))


def _delimited(path: str, workshop: Workshop) -> Node:
    from polyrun.values.delimited import read_csv, read_tsv

    read = read_tsv if path.lower().endswith(".tsv") else read_csv
    with open(path, encoding="utf-8-sig", newline="") as file:
        return workshop.table(read(file))


def _columnar(path: str, workshop: Workshop) -> Node:
    from polyrun.values.columnar import read_table

    return read_table(path, workshop)


_READERS: dict[str, Callable[[str, Workshop], Node]] = {
    ".json": _json,
    ".txt": _txt,
    ".npy": _npy,
    ".csv": _delimited,
    ".tsv": _delimited,
    ".arrow": _columnar,
    ".parquet": _columnar,
}
"""How a file is read, by its ending."""
