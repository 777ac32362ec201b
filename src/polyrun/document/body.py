r"""Reads a block's body: finds its directives and makes the code that will run.

A directive stands in the leading or trailing run of comment and blank lines, bare or behind the language's
own comment leader. `\#end`, `\#lang:` and `\#end:WORD` in column 1 stand for the line without the backslash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from polyrun.document.collector import Collector, quote
from polyrun.document.directive_text import DIRECTIVE_NAMES, DirectiveReader
from polyrun.document.nearest import nearest
from polyrun.document.tree import Directive
from polyrun.model.codes import Code
from polyrun.model.frozen import frozen
from polyrun.model.spans import Source, Span
from polyrun.model.syntax import LanguageSyntax

# Compiled where they are used, as few bodies need them; `re` keeps what it has compiled.
_ESCAPED = rb"\n\\(?=\\*+#(?:lang:|end[ \t]*+(?:\r?\n|\r?\Z)|end:))"
_COMMENT_OPENING = rb"[ \t]*/\*"
_STRAY_NAMED_END = rb"\n(#end:[^\s]*)"


@frozen
class Body:
    """The directives of a body, in order, and its code: as many lines as the body, ready to run."""

    directives: tuple[Directive, ...]
    code: bytes


@frozen
class _Syntax:
    """Patterns for one language; each match starts at the newline before its line."""

    candidate: re.Pattern[bytes]
    code_line: re.Pattern[bytes]
    block_comments: bool


@lru_cache(maxsize=256)
def _syntax(comments: tuple[str, ...]) -> _Syntax:
    leaders = sorted({leader.encode() for leader in comments if leader != "/*"}, key=len, reverse=True)
    block_comments = "//" in comments or "/*" in comments
    leader = b"|".join([re.escape(leader) for leader in leaders] + ([rb"/\*"] if block_comments else []))
    comment = b"|".join(
        [re.escape(leader) for leader in leaders] + ([rb"/\*[^\n]*\*/[ \t]*\r?(?:\n|\Z)"] * block_comments)
    )
    behind = rb"(?:(?P<leader>" + leader + rb")[ \t]*)?" if leader else rb"(?P<leader>(?!))?"
    return _Syntax(
        candidate=re.compile(rb"\n[ \t]*" + behind + rb"#(?P<word>[A-Za-z][A-Za-z-]{1,15}):(?P<text>[^\n]*)"),
        code_line=re.compile(rb"\n(?![ \t]*+(?:\r?\n|\r?\Z" + (b"|" + comment if comment else b"") + rb"))"),
        block_comments=block_comments,
    )


_Candidates = dict[int, "re.Match[bytes]"]
"""Lines that look like directives, by the offset where the line starts, in order."""


class BodyReader:
    """Reads the bodies of one document."""

    def __init__(self, source: Source, languages: Mapping[str, LanguageSyntax], collector: Collector) -> None:
        self._source = source
        self._languages = languages
        self._collector = collector
        self._directives = DirectiveReader(source, collector)

    def read(self, span: Span, syntax: LanguageSyntax | None, until: str | None) -> Body:
        """Read the body at `span`, which starts at a line's start behind the header's newline.

        `until` is the word of the block's own closing line: then only that line can be escaped.
        """
        if not len(span):
            return Body((), b"")
        data = self._source.data
        patterns = _syntax(syntax.comments if syntax else ("#", "//"))
        cuts: list[tuple[int, int]] = []
        directives: list[Directive] = []
        candidates = self._candidates(span, patterns)
        if candidates:
            head_end = _leading_run(data, span, patterns, candidates)
            tail_start = _trailing_run(data, span, patterns, candidates, head_end)
            for start, match in candidates.items():
                if head_end <= start < tail_start or match["word"].lower() == b"lang":
                    self._report_misplaced(match, until)
                    continue
                directive = self._directive(match)
                if directive is not None:
                    directives.append(directive)
                if match["leader"] is None:
                    cuts.append((start, _line_end(match)))
        if until is None:
            self._report_named_ends(span)
        return Body(tuple(directives), _unescaped(_without(data, span, cuts), until))

    def _candidates(self, span: Span, patterns: _Syntax) -> _Candidates:
        found: _Candidates = {}
        for match in patterns.candidate.finditer(self._source.data, span.start - 1, span.end):
            if match["leader"] == b"/*" and not match["text"].rstrip().endswith(b"*/"):
                continue
            word = match["word"].decode()
            if word.lower() == "lang" or _meant(word) is not None:
                if not self._directives.admit(1, Span(match.start("word") - 1, match.end("word") + 1)):
                    break
                found[match.start() + 1] = match
        return found

    def _directive(self, match: re.Match[bytes]) -> Directive | None:
        """The directive on a candidate line; a misspelled one is reported."""
        word = match["word"].decode()
        hash_at = match.start("word") - 1
        if word not in DIRECTIVE_NAMES:
            place = Span(hash_at, match.end("word") + 1)
            message = f"there is no directive {quote(f'#{word}:')}"
            hint = f"did you mean `#{_meant(word)}:`?"
            self._collector.error(Code.UNKNOWN_DIRECTIVE, message, place, hint=hint)
            return None
        text = match["text"].rstrip(b"\r")
        if match["leader"] == b"/*":
            text = text.rstrip()[:-2].rstrip()
        start = match.start("text")
        span = Span(hash_at, start + len(text.rstrip()))
        return self._directives.read(word, Span(start, start + len(text)), span)

    def _report_misplaced(self, match: re.Match[bytes], until: str | None) -> None:
        word = match["word"].decode()
        place = Span(match.start("word") - 1, match.end("word") + 1)
        if word in DIRECTIVE_NAMES:
            message = f"`#{word}:` in the middle of a block is not a directive"
            hint = "move it above or below the block's code"
            self._collector.warning(Code.MISPLACED_DIRECTIVE, message, place, hint=hint)
        elif word.lower() == "lang" and until is None:
            words = match["text"].decode(errors="replace").split(maxsplit=1)
            if words and words[0].lower() in self._languages:
                message = "`#lang:` opens a block only in lower case and in column 1"
                self._collector.warning(Code.MISPLACED_DIRECTIVE, message, place)

    def _report_named_ends(self, span: Span) -> None:
        data = self._source.data
        if data.find(b"\n#end:", span.start - 1, span.end) < 0:
            return
        for match in re.compile(_STRAY_NAMED_END).finditer(data, span.start - 1, span.end):
            place = Span(*match.span(1))
            text = self._source.text(place)
            message = f"{quote(text)} closes only a block that was opened with {quote('until=' + text[5:])}"
            self._collector.warning(Code.MISPLACED_DIRECTIVE, message, place)


def _without(data: bytes, span: Span, cuts: list[tuple[int, int]]) -> bytes:
    """The newline before `span` and all of `span` but the `cuts`."""
    pieces: list[bytes] = []
    position = span.start - 1
    for start, end in cuts:
        pieces.append(data[position:start])
        position = end
    pieces.append(data[position : span.end])
    return b"".join(pieces)


def _unescaped(code: bytes, until: str | None) -> bytes:
    """`code` without its first newline, and without the backslashes before lines that would open or close a block."""
    if b"\n\\" not in code:
        return code[1:]
    pattern = _ESCAPED
    if until is not None:
        pattern = rb"\n\\(?=\\*+#end:" + re.escape(until.encode()) + rb"[ \t]*+(?:\r?\n|\r?\Z))"
    # Piece by piece into one buffer: `sub` would keep millions of pieces, for some documents.
    result = bytearray()
    position = 1
    for match in re.compile(pattern).finditer(code):
        result += code[position : match.start() + 1]
        position = match.end()
    result += code[position:]
    return bytes(result)


def _line_end(match: re.Match[bytes]) -> int:
    """Where the line of a candidate ends, without its terminator."""
    return match.end() - match["text"].endswith(b"\r")


@lru_cache(maxsize=1024)
def _meant(word: str) -> str | None:
    """The directive that `word` is or probably misspells."""
    return nearest(word, DIRECTIVE_NAMES)


def _leading_run(data: bytes, span: Span, patterns: _Syntax, candidates: _Candidates) -> int:
    """Where the leading run of comment, blank and directive lines ends."""
    position = span.start
    if data.startswith(b"#!", position):
        position = _next_line(data, position, span.end)
    while True:
        match = patterns.code_line.search(data, position - 1, span.end)
        if match is None or match.end() >= span.end:
            return span.end
        start = match.end()
        if start in candidates:
            position = _next_line(data, start, span.end)
        elif patterns.block_comments and (after := _after_comment(data, start, span.end)) is not None:
            position = after
        else:
            return start
        if position >= span.end:
            return span.end


def _after_comment(data: bytes, start: int, end: int) -> int | None:
    """The line after the `/* … */` comment that starts on the line at `start` and has its lines to itself."""
    opening = re.compile(_COMMENT_OPENING).match(data, start, end)
    close = data.find(b"*/", opening.end(), end) if opening else -1
    if close < 0:
        return None
    after = _next_line(data, close, end)
    return None if data[close + 2 : after].strip() else after


def _next_line(data: bytes, position: int, end: int) -> int:
    feed = data.find(b"\n", position, end)
    return end if feed < 0 else feed + 1


def _trailing_run(data: bytes, span: Span, patterns: _Syntax, candidates: _Candidates, floor: int) -> int:
    """Where the trailing run starts; at `floor` or behind it."""
    position = span.end
    first = next((start for start in candidates if start >= floor), span.end)
    while position > first:
        start = data.rfind(b"\n", span.start, position - 1) + 1 or span.start
        if start not in candidates and patterns.code_line.match(data, start - 1, position):
            return position
        position = start
    return position
