"""Where in a data file the data begins: behind a head that PolyRun itself writes when the block has ended.

So a guest only writes raw numbers, and still what lies there in the end is a file that every NumPy or Arrow program
reads. The rules are in docs/value-files.md; each guest library follows them.
"""

from __future__ import annotations

NPY_HEAD = 256
"""Bytes before the numbers of an array: enough for eight dimensions of twenty digits."""

ALIGNMENT = 64
"""Each buffer of a column begins at a multiple of this, as Arrow recommends."""

_PAGE = 4096
_PER_TABLE = 2048
_PER_COLUMN = 512


def arrow_head(names: list[str]) -> int:
    """Bytes before the first column of a table whose columns have `names`: a multiple of 4096."""
    wanted = _PER_TABLE + sum(_PER_COLUMN + len(name.encode()) for name in names)
    return -(-wanted // _PAGE) * _PAGE
