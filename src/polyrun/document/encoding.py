"""Looks at a document's bytes as bytes: encoding, NUL bytes, newlines. Changes nothing."""

from __future__ import annotations

import codecs
import re

from polyrun.document.collector import Collector
from polyrun.model.codes import Code
from polyrun.model.spans import Source, Span

BYTE_ORDER_MARK = codecs.BOM_UTF8
_FOREIGN_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHUNK = 1 << 20
_LONE_RETURN = rb"\r(?!\n)"
_LONE_FEED = rb"(?<!\r)\n"
_PAIR = rb"\r\n"


def check_bytes(source: Source, collector: Collector) -> None:
    """Report what may surprise a toolchain; every byte is still passed through as it is."""
    data = source.data
    if data.startswith(BYTE_ORDER_MARK):
        message = "the document starts with a byte order mark; it belongs to no block"
        collector.note(Code.BYTE_ORDER_MARK, message, Span(0, len(BYTE_ORDER_MARK)))
    nul = data.find(b"\0")
    if nul >= 0:
        message = "the document holds NUL bytes, which many compilers refuse"
        collector.warning(Code.NUL_BYTE, message, Span(nul, nul + 1), "the first one")
    _check_newlines(data, collector)
    bad = first_invalid(data)
    if bad is not None:
        message = "the document is not valid UTF-8; the bytes are passed on as they are"
        hint = "save it as UTF-8"
        if data.startswith(_FOREIGN_MARKS):
            message, hint = "the document looks like UTF-16", "save it as UTF-8; PolyRun cannot find blocks in it"
        collector.warning(Code.INVALID_ENCODING, message, bad, "the first invalid byte", hint=hint)


def _check_newlines(data: bytes, collector: Collector) -> None:
    if b"\r" not in data:
        return
    pairs, feeds = data.count(b"\r\n"), data.count(b"\n")
    if data.count(b"\r") > pairs:
        odd = re.search(_LONE_RETURN, data)
        message = "a carriage return stands alone; it does not end a line"
    elif pairs < feeds:
        odd = re.search(_LONE_FEED if pairs * 2 > feeds else _PAIR, data)
        message = "the document mixes two kinds of line endings, LF and CRLF"
    else:
        return
    assert odd is not None  # the counts say that there is one
    hint = "save it with one kind of line ending"
    collector.warning(Code.MIXED_NEWLINES, message, Span(*odd.span()), "the first odd one", hint=hint)


def first_invalid(data: bytes) -> Span | None:
    """The first bytes that are not UTF-8, or `None`; needs little memory however long `data` is."""
    if data.isascii():
        return None
    start = 0
    while start < len(data):
        try:
            _, used = codecs.utf_8_decode(data[start : start + _CHUNK], "strict", start + _CHUNK >= len(data))
        except UnicodeDecodeError as error:
            return Span(start + error.start, start + error.start + 1)
        start += used
    return None
