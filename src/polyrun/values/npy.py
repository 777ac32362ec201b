"""The head of `.npy` files (numpy.org/devdocs/reference/generated/numpy.lib.format.html, version 1.0)."""

from __future__ import annotations

import ast
import re

from polyrun.values.cbor import BadData
from polyrun.values.layout import NPY_HEAD

_MAGIC = b"\x93NUMPY\x01\x00"
_CODES = {
    "bool": "|b1", "int8": "|i1", "int16": "<i2", "int32": "<i4", "int64": "<i8", "uint8": "|u1", "uint16": "<u2",
    "uint32": "<u4", "uint64": "<u8", "float32": "<f4", "float64": "<f8",
}  # fmt: skip
_DTYPES = {code: dtype for dtype, code in _CODES.items()}
_MAX_HEAD = 1 << 16


def head(dtype: str, shape: tuple[int, ...], order: str) -> bytes:
    """The `NPY_HEAD` bytes before the numbers of an array."""
    facts = f"{{'descr': '{_CODES[dtype]}', 'fortran_order': {order == 'F'}, 'shape': {shape!r}, }}"
    room = NPY_HEAD - len(_MAGIC) - 2
    return _MAGIC + room.to_bytes(2, "little") + facts.encode().ljust(room - 1) + b"\n"


def read_head(data: bytes) -> tuple[str, tuple[int, ...], str, int]:
    """Dtype, shape, order and the length of the head of a `.npy` file that begins with `data`.

    At most 64 KiB of it are needed. Raises `BadData` for files of Python objects, records and foreign byte orders.
    """
    match = re.match(rb"\x93NUMPY(?P<version>[\x01-\x03])\x00", data)
    if match is None:
        raise BadData("it is not a `.npy` file")
    width = 2 if match["version"] == b"\x01" else 4
    start = 8 + width
    length = int.from_bytes(data[8:start], "little")
    if length > _MAX_HEAD or start + length > len(data):
        raise BadData("its head is longer than a `.npy` file's")
    try:
        facts = ast.literal_eval(data[start : start + length].decode("utf-8").strip())
        code, fortran, shape = facts["descr"], facts["fortran_order"], facts["shape"]
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise BadData("its head is not that of a `.npy` file") from error
    if code not in _DTYPES if isinstance(code, str) else True:
        raise BadData(f"its numbers are of a type that PolyRun does not pass on ({str(code)[:40]})")
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and 0 <= n < 1 << 53 for n in shape):
        raise BadData("its shape is not that of a `.npy` file")
    return _DTYPES[code], shape, "F" if fortran and len(shape) > 1 else "C", start + length
