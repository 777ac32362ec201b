"""Values as standard files for other programs: JSON, `.npy`, Arrow, CSV, Parquet, plain bytes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress

from polyrun.values import arrow, npy
from polyrun.values.change import as_json, unpacker
from polyrun.values.convert import CannotConvert
from polyrun.values.decode import decode
from polyrun.values.nodes import Array, File, Node, Ref, Table
from polyrun.values.store import Stored

TABLES = ("arrow", "csv", "parquet")
"""The forms that tables can be saved in."""

_PIECE = 1 << 20
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,16}")


def save(stored: Stored, folder: str, name: str, tables: str = "arrow") -> str:
    """Write a value into `folder` under `name`, with the ending that says what it is; return the file's path.

    `tables` is one of `TABLES`. The file appears whole or not at all, in place of one of that name.
    Raises `OSError`, and `CannotConvert` for what that form cannot hold.
    """
    node = decode(stored.encoded())
    ending, write = _form(node, tables)
    target = os.path.join(folder, name + ending)
    partial = f"{target}.{os.getpid()}.part"
    try:
        write(stored, node, partial)
        os.replace(partial, target)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(partial)
    return target


_Write = Callable[[Stored, Node, str], None]


def _form(node: Node, tables: str) -> tuple[str, _Write]:
    match node:
        case Array():
            return ".npy", _write_array
        case Table():
            return f".{tables}", _TABLE_WRITERS[tables]
        case File():
            found = _SUFFIX.fullmatch(os.path.splitext(node.name)[1])
            return found[0] if found else ".bin", _write_file
        case bytes() | Ref():
            return ".bin", _write_bytes
        case _:
            return ".json", _write_json


def _write(path: str, pieces: Iterator[bytes]) -> None:
    with open(path, "xb") as file:
        file.writelines(pieces)


def _data(stored: Stored, ref: Ref) -> Iterator[bytes]:
    read = stored.open(ref)
    for start in range(0, ref.length, _PIECE):
        yield read(start, min(_PIECE, ref.length - start))


def _write_array(stored: Stored, node: Node, path: str) -> None:
    assert isinstance(node, Array)

    def pieces() -> Iterator[bytes]:
        yield npy.head(node.dtype, node.shape, node.order)
        yield from _data(stored, node.data)

    _write(path, pieces())


def _write_arrow(stored: Stored, node: Node, path: str) -> None:
    assert isinstance(node, Table)
    if not node.columns:  # no data file holds it
        beginning, at, foot = arrow.frame(node, [])
        _write(path, iter((beginning.ljust(at, b"\0"), foot)))
        return
    assert stored.folder is not None
    size = os.path.getsize(os.path.join(stored.folder, node.columns[0].data.file))
    _write(path, _data(stored, Ref(node.columns[0].data.file, 0, size)))


def _write_csv(stored: Stored, node: Node, path: str) -> None:
    from polyrun.values.delimited import write_csv

    assert isinstance(node, Table)
    unpack = unpacker(stored)
    columns = unpack.columns(node)
    _write(path, (line.encode() for line in write_csv(columns)))


def _write_parquet(stored: Stored, node: Node, path: str) -> None:
    from polyrun.values.columnar import write_parquet

    assert isinstance(node, Table)
    if not node.columns or stored.folder is None:
        raise CannotConvert("a table without columns cannot be a Parquet file")
    write_parquet(os.path.join(stored.folder, node.columns[0].data.file), path)


_TABLE_WRITERS: dict[str, _Write] = {"arrow": _write_arrow, "csv": _write_csv, "parquet": _write_parquet}


def _write_file(stored: Stored, node: Node, path: str) -> None:
    assert isinstance(node, File)
    _write(path, _data(stored, node.data))


def _write_bytes(stored: Stored, node: Node, path: str) -> None:
    assert isinstance(node, bytes | Ref)
    _write(path, iter((node,)) if isinstance(node, bytes) else _data(stored, node))


def _write_json(stored: Stored, _: Node, path: str) -> None:
    _write(path, iter((as_json(stored).encode() + b"\n",)))
