"""Cuts a `.mix` document into prose and blocks.

Scans for the few lines that matter with patterns over the bytes, never line by line, so that the
cost is that of a search. Lines end at LF.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from polyrun.document.body import BodyReader
from polyrun.document.collector import Collector, quote
from polyrun.document.header import OPENING, read_header
from polyrun.document.nearest import suggest
from polyrun.document.options import Changes, read_options
from polyrun.document.prose import check_prose
from polyrun.document.tree import Block, Name, Options, Prose
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Label
from polyrun.model.frozen import frozen
from polyrun.model.spans import Source, Span
from polyrun.model.syntax import LanguageSyntax

MAX_BLOCKS = 100_000

_CLOSING = re.compile(rb"\n#(?:(?P<next>lang:)|end[ \t]*+(?=\r?\n|\r?\Z))")
_NAMED_END = rb"\n(#end:([A-Za-z0-9_-]+)[ \t]*+)(?=\r?\n|\r?\Z)"  # compiled where it is needed, like those below
_ALMOST_END = rb"(?i)\n([ \t]*#[ \t]*end)[ \t]*+(?=\r?\n|\r?\Z)"
_HEADER_START = rb"#lang:[ \t]*[^\s]*"


@frozen
class _Opening:
    """What a message about an open block needs to know of its header."""

    start: int
    line: int
    language: Name
    until: str | None


class MixReader:
    """Reads one document; `segments` may be asked once."""

    def __init__(
        self,
        source: Source,
        languages: Mapping[str, LanguageSyntax],
        defaults: Mapping[str | None, Changes],
        collector: Collector,
        *,
        strict: bool,
    ) -> None:
        self._source = source
        self._data = source.data
        self._languages = languages
        self._defaults = defaults
        self._collector = collector
        self._strict = strict
        self._bodies = BodyReader(source, languages, collector)
        self._names: dict[str, Name] = {}
        self._line = 1
        self._counted = 0

    def segments(self, start: int) -> Iterator[Prose | Block]:
        """Prose and blocks from `start` (a line's start) to the end, without a gap."""
        position, index = start, 0
        while position < len(self._data):
            header = self._find_header(position)
            if header > position:
                prose = Span(position, header)
                check_prose(self._source, prose, self._languages, self._collector)
                yield Prose(prose)
            if header == len(self._data):
                return
            if index == MAX_BLOCKS:
                place = Span(header, header + len(OPENING))
                message = f"the document has more than {MAX_BLOCKS:,} blocks"
                self._collector.error(Code.TOO_MANY_BLOCKS, message, place, "the first one too many")
                yield Prose(Span(header, len(self._data)))
                return
            if self._collector.full:
                yield Prose(Span(header, len(self._data)))
                return
            index += 1
            block = self._block(header, index)
            yield block
            position = block.span.end

    def _find_header(self, position: int) -> int:
        """The start of the next `#lang:` line at or after `position`, or the end of the document."""
        if self._data.startswith(OPENING, position):
            return position
        found = self._data.find(b"\n" + OPENING, position)
        return len(self._data) if found < 0 else found + 1

    def _line_of(self, offset: int) -> int:
        """The line of `offset`; offsets must not decrease, so that all calls together cost one pass."""
        self._line += self._data.count(b"\n", self._counted, offset)
        self._counted = offset
        return self._line

    def _line_after(self, position: int) -> tuple[int, int]:
        """Where the line that holds `position` ends, without and with its terminator."""
        feed = self._data.find(b"\n", position)
        if feed < 0:
            return len(self._data) - self._data.endswith(b"\r"), len(self._data)
        return feed - (self._data[feed - 1 : feed] == b"\r"), feed + 1

    def _block(self, start: int, index: int) -> Block:
        header_end, body_start = self._line_after(start)
        header = read_header(self._source, Span(start, header_end), self._collector)
        language = self._language(header.language)
        changes, given = read_options(header.options, self._collector)
        name: Name | None = changes.pop("name", None)
        if name is not None:
            name = self._unique(name)
        options = Options(**(self._default_changes(language) | changes), given=given)
        line = self._line_of(start)
        opening = _Opening(start, line, header.language, options.until)
        body, end, block_end = self._extent(opening, body_start)
        if not self._data[body.start : body.end].strip():
            place = Span(start, header_end)
            self._collector.note(
                Code.EMPTY_BLOCK, "the block is empty", place, hint="write code below it, or remove it"
            )
        content = self._bodies.read(body, language, options.until)
        return Block(
            index=index,
            language=header.language,
            language_id=language.id if language else None,
            name=name,
            options=options,
            directives=content.directives,
            span=Span(start, block_end),
            header=Span(start, header_end),
            body=body,
            end=end,
            line=line,
            code_line=line + 1,
            code=content.code,
        )

    def _language(self, name: Name) -> LanguageSyntax | None:
        found = self._languages.get(name.text.lower())
        if found is None and name.text:
            hint = suggest(name.text, self._languages)
            if hint is None:
                ids = sorted({syntax.id for syntax in self._languages.values()})
                hint = f"the languages are {', '.join(f'`{id_}`' for id_ in ids[:40])}" if ids else None
            message = f"there is no language {quote(name.text)}"
            self._collector.error(Code.UNKNOWN_LANGUAGE, message, name.span, hint=hint)
        return found

    def _default_changes(self, language: LanguageSyntax | None) -> dict[str, Any]:
        changes = dict(self._defaults.get(None, {}))
        if language is not None:
            changes |= self._defaults.get(language.id, {})
        return changes

    def _unique(self, name: Name) -> Name:
        first = self._names.setdefault(name.text, name)
        if first is not name:
            also = Label(first.span, "first given here")
            message = f"two blocks are named {quote(name.text)}"
            self._collector.error(Code.DUPLICATE_NAME, message, name.span, "given again", also=also)
        return name

    def _extent(self, opening: _Opening, body: int) -> tuple[Span, Span | None, int]:
        """The body from `body` on, the closing line (`None` without one) and where the block ends."""
        until = opening.until
        if until is not None:
            closings = self._named_ends.get(until.encode(), [])
            at = bisect_left(closings, Span(body, body))
            if at < len(closings):
                return Span(body, closings[at].start), closings[at], self._line_after(closings[at].end)[1]
        closing = _CLOSING.search(self._data, body - 1) if body < len(self._data) else None
        end = len(self._data) if closing is None else closing.start() + 1
        if closing is None or closing["next"] or until is not None:
            self._report_open(opening, Span(body, end))
        if closing is None or closing["next"]:
            return Span(body, end), None, end
        line_end, after = self._line_after(closing.end())
        return Span(body, end), Span(end, line_end), after

    @cached_property
    def _named_ends(self) -> Mapping[bytes, list[Span]]:
        """All `#end:WORD` lines by word, in order; found once however many blocks ask."""
        ends: dict[bytes, list[Span]] = defaultdict(list)
        for match in re.finditer(_NAMED_END, self._data):
            ends[match[2]].append(Span(*match.span(1)))
        return ends

    def _report_open(self, block: _Opening, body: Span) -> None:
        closing = f"#end:{block.until}" if block.until else "#end"
        text = block.language.text
        message = f"block {quote(text)} is never closed" if text else "the block is never closed"
        also, hint = None, f"add `{closing}` at the end of the document"
        following = re.compile(_HEADER_START).match(self._data, body.end)
        almost = re.compile(_ALMOST_END).search(self._data, body.start - 1, body.end) if len(body) else None
        if almost is not None:
            also = Label(Span(*almost.span(1)), "this does not close it")
            hint = f"write `{closing}` in lower case and in column 1"
        elif following is not None:
            also = Label(Span(*following.span()), f"the next block starts before `{closing}`")
            line = block.line + self._data.count(b"\n", block.start, body.end)
            hint = f"add `{closing}` before line {line}"
        elif block.until is not None and body.end < len(self._data):
            also = Label(Span(body.end, body.end + 4), f"only `{closing}` closes it")
            hint = f"write `{closing}` here"
        # A word chosen with `until=` promises that all before it is code: guessing where that ends may run prose.
        report = self._collector.error if self._strict or block.until is not None else self._collector.note
        place = Span(block.start, block.language.span.end)
        report(Code.BLOCK_NOT_CLOSED, message, place, "opened here", hint=hint, also=also)
