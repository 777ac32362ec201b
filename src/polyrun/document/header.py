r"""Reads a header line: `#lang:python name=load timeout=10s args="a b"`.

Values are bare words, `"…"` with the escapes `\\ \" \n \r \t \xHH \uHHHH`, or `'…'` taken literally.
"""

from __future__ import annotations

import re

from polyrun.document.collector import Collector, quote
from polyrun.document.tree import Name, Option
from polyrun.model.codes import Code
from polyrun.model.frozen import frozen
from polyrun.model.spans import Source, Span

OPENING = b"#lang:"
LONGEST_HEADER = 64 * 1024

_LANGUAGE = re.compile(rb"[ \t]*([^\s]*)")
_OPTION = (  # compiled where there is one, like `_ESCAPE`
    rb"""\s* (?P<key> [^\s="']+ )
         (?: (?P<equals> [ \t]*=[ \t]* ) (?P<value> "(?:[^"\\]|\\.)*" | '[^']*' | [^\s"']* ) )?"""
)
_BLANK = re.compile(rb"\s*")
_ESCAPE = r"(?s)\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|(.))"
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'"}


@frozen
class Header:
    """What a header line says: the language as written (empty when missing) and its options in order."""

    language: Name
    options: tuple[Option, ...]


def read_header(source: Source, span: Span, collector: Collector) -> Header:
    """Read the header line at `span` (without its terminator); reports what is malformed and skips it."""
    line = source.data[span.start : min(span.end, span.start + LONGEST_HEADER)]
    found = _LANGUAGE.match(line, len(OPENING))
    assert found is not None  # the pattern also matches nothing
    word = Span(span.start + found.start(1), span.start + found.end(1))
    text = source.text(word)
    options_start = found.end()
    if not text or "=" in text:
        place = Span(span.start, span.start + len(OPENING))
        hint = "the language comes first, as in `#lang:python name=load`"
        collector.error(Code.MISSING_LANGUAGE, "`#lang:` names no language", place, "which one?", hint=hint)
        text, word, options_start = "", Span(place.end, place.end), len(OPENING)
    if len(span) > LONGEST_HEADER:
        message = f"the header line is longer than {LONGEST_HEADER // 1024} KiB"
        collector.error(Code.BAD_OPTION, message, Span(span.start, span.start + len(OPENING)))
        return Header(Name(text, word), ())
    options = tuple(_read_options(line, options_start, span.start, collector))
    return Header(Name(text, word), options)


def _read_options(line: bytes, position: int, base: int, collector: Collector) -> list[Option]:
    options: list[Option] = []
    while True:
        blank = _BLANK.match(line, position)
        assert blank is not None
        position = blank.end()
        if position == len(line):
            return options
        match = re.compile(_OPTION, re.VERBOSE | re.DOTALL).match(line, position)
        if match is None or (match.end() < len(line) and not line[match.end() : match.end() + 1].isspace()):
            # Where a quote went wrong nothing after it can be trusted, so one diagnostic is enough.
            _report_malformed(line, position, base, match, collector)
            return options
        option = _option(match, base, collector)
        if option is not None:
            options.append(option)
        position = match.end()


def _report_malformed(
    line: bytes, position: int, base: int, match: re.Match[bytes] | None, collector: Collector
) -> None:
    if match is None:
        place = Span(base + position, base + position + 1)
        collector.error(Code.BAD_OPTION, "an option starts with its name", place, hint="write `key=value`")
        return
    start = match.end()
    if match["value"] is not None and not match["value"] and line[start:].count(line[start : start + 1]) == 1:
        place = Span(base + start, base + len(line))
        collector.error(Code.BAD_OPTION, "the quoted value is never closed", place, "opened here")
        return
    begin = match.start("value") if match["value"] is not None else position
    place = Span(base + begin, base + start + 1)
    hint = "put the whole value into quotes, as in `args=\"--label 'a b'\"`"
    collector.error(Code.BAD_OPTION, "a quote stands inside a value", place, hint=hint)


def _option(match: re.Match[bytes], base: int, collector: Collector) -> Option | None:
    key_span = Span(base + match.start("key"), base + match.end("key"))
    span = Span(key_span.start, base + match.end())
    key = Name(match["key"].decode(errors="replace"), key_span)
    if match["equals"] is None:
        return Option(key, None, span, key_span)
    value_span = Span(base + match.start("value"), base + match.end("value"))
    if match["equals"] != b"=":
        hint = f"write `{key.text}={match['value'].decode(errors='replace')}`" if len(span) < 80 else None
        collector.error(Code.BAD_OPTION, "no blanks may stand around `=`", span, hint=hint)
        return None
    try:
        value = _unquoted(match["value"])
    except ValueError as error:
        collector.error(Code.BAD_OPTION, str(error), value_span)
        return None
    return Option(key, value, span, value_span)


def _unquoted(raw: bytes) -> str:
    """The text of a bare or quoted value. Raises `ValueError`, fit for the user."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise ValueError("the value is not valid UTF-8") from None
    if text.startswith('"'):
        text = re.sub(_ESCAPE, _unescaped, text[1:-1])
    elif text.startswith("'"):
        text = text[1:-1]
    if "\0" in text:
        raise ValueError("a value cannot hold a NUL character")
    return text


def _unescaped(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    if digits:
        character = chr(int(digits, 16))
        if "\ud800" <= character <= "\udfff":
            raise ValueError(f"{quote(match[0])} is half of a character")
        return character
    if match[3] not in _ESCAPED:
        raise ValueError(f"{quote(match[0])} is not an escape; `\\\\` stands for a backslash")
    return _ESCAPED[match[3]]
