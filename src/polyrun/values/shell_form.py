"""Values as a shell can read them: words that end with NUL, for `mapfile -d ''`.

Each value is a letter, its name, and what belongs to the letter: `s` a text; `n` nothing, for null; `p` the name of a
file beside; `a` the number of items and the items; `A` the number of keys, then keys and values in turn. Lists and maps
of scalars without nulls are `a` and `A`; all other lists and maps are JSON in an `s`. Arrays and tables are TSV files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from polyrun.values.decode import decode
from polyrun.values.delimited import text_of, tsv_line
from polyrun.values.json_form import to_json
from polyrun.values.making import Workshop
from polyrun.values.nodes import Array, File, Node, Packed, Ref, Table
from polyrun.values.unpack import Unpacker


def words(name: str, data: bytes, read: Callable[[Ref], bytes], workshop: Workshop) -> Iterator[str]:
    """The words for the encoded value `data`, whose references `read` reads; files are made in `workshop`.

    Raises `CannotConvert` for arrays and tables that are too large to be text.
    """
    node = decode(data)
    unpack = Unpacker(read)
    match node:
        case None:
            yield from ("n", name)
        case Array() | Table():
            yield from ("p", name, _tsv(node, unpack, workshop))
        case File():
            yield from ("p", name, node.data.file)
        case bytes() | Ref():
            yield from ("p", name, _file(node if isinstance(node, bytes) else read(node), workshop))
        case str():
            yield from ("s", name, node)
        case Mapping() if _is_flat(node.values()) and not _NO_KEYS & node.keys():
            yield from ("A", name, str(len(node)))
            for key, value in node.items():
                yield from (key, text_of(value))
        case Packed() | list():
            items = unpack.items(node)
            if _is_flat(items):
                yield from ("a", name, str(len(items)), *map(text_of, items))
            else:
                yield from ("s", name, to_json(unpack.plain(items)))
        case Mapping():
            yield from ("s", name, to_json(unpack.plain(node)))
        case _:
            yield from ("s", name, text_of(node))


def _is_flat(items: Iterable[Node]) -> bool:
    """Whether all of `items` are scalars that a word can hold."""
    return all(
        isinstance(item, str) or not (item is None or isinstance(item, Mapping | Sequence | Ref | _LARGE))
        for item in items
    )


_NO_KEYS = {"", "@", "*"}
"""What no key of an associative array can be."""

_LARGE = Packed | Array | Table | File


def _tsv(node: Array | Table, unpack: Unpacker, workshop: Workshop) -> str:
    """A file with a line for each row, and for a table one with the names of its columns before them."""
    with workshop.file(".tsv") as file:
        if isinstance(node, Table):
            columns = unpack.columns(node)
            lines = map(tsv_line, (columns, *zip(*columns.values(), strict=True)))
        else:
            lines = map(tsv_line, _rows(unpack.plain(node), len(node.shape)))
        file.writelines(line.encode() for line in lines)
    return os.path.basename(file.name)


def _rows(grid: Node, dimensions: int) -> Iterator[Sequence[Node]]:
    """The rows of a grid: the last dimension of each place, or each number of an array of one dimension."""
    if dimensions == 0:
        yield [grid]
    elif dimensions == 1:
        assert isinstance(grid, list)
        yield from ([number] for number in grid)
    else:
        assert isinstance(grid, list)
        for item in grid:
            if dimensions == 2:
                yield item
            else:
                yield from _rows(item, dimensions - 1)


def _file(data: bytes, workshop: Workshop) -> str:
    with workshop.file(".bin") as file:
        file.write(data)
    return os.path.basename(file.name)
