"""Looks at the text outside blocks for lines that were meant to be directives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from polyrun.document.collector import Collector, quote
from polyrun.document.directive_text import DIRECTIVE_NAMES
from polyrun.document.nearest import nearest
from polyrun.model.codes import Code
from polyrun.model.spans import Source, Span
from polyrun.model.syntax import LanguageSyntax

# Each match starts at the newline before its line. Headings (`# Title`) and `#hashtags` have no colon
# right behind the word, and are left alone.
_LOOKALIKE = rb"""\n (?P<line> (?P<indent>[ \t]*) \#
         (?: (?P<end> end (?::[^\s]*)? (?=[ \t]*+(?:\r?\n|\r?\Z)) )
           | (?P<gap>[ \t]*) (?P<word>[A-Za-z][A-Za-z-]{1,15} (?=:) | [Ll][Aa][Nn][Gg] (?=[ \t])) (?P<colon>:?)
             [ \t]* (?P<next>[^\s]{0,40}) ) )"""


def check_prose(source: Source, span: Span, languages: Mapping[str, LanguageSyntax], collector: Collector) -> None:
    """Report the lookalikes among the lines of `span`, which starts at a line's start."""
    data = source.data
    if data.find(b"#", span.start, span.end) < 0:
        return
    lookalike = re.compile(_LOOKALIKE, re.VERBOSE)
    if span.start == 0 or data[span.start - 1 : span.start] != b"\n":
        # The very first line has no newline before it: look at a copy of it.
        feed = data.find(b"\n", span.start, span.end)
        end = span.end if feed < 0 else feed + 1
        first = lookalike.match(b"\n" + data[span.start : min(end, span.start + 256)])
        if first is not None:
            _check_line(first, span.start - 1, languages, collector)
        start = end - 1
    else:
        start = span.start - 1
    for match in lookalike.finditer(data, max(start, 0), span.end):
        if collector.full:
            return
        _check_line(match, 0, languages, collector)


def _check_line(
    match: re.Match[bytes], shift: int, languages: Mapping[str, LanguageSyntax], collector: Collector
) -> None:
    place = Span(match.start("line") + len(match["indent"]) + shift, match.end("line") + shift)
    if match["end"] is not None:
        if not match["indent"]:
            message = f"{quote('#' + match['end'].decode(errors='replace'))} closes nothing"
            hint = "remove it, or open a block above it with `#lang:`"
            collector.error(Code.STRAY_END, message, place, "no block is open here", hint=hint)
        return
    word, following = match["word"].decode(), match["next"].decode(errors="replace")
    tight = bool(match["colon"] and following) and match.start("next") == match.end("colon")
    if _means_lang(word) and (tight or following.lower() in languages):
        _report_lang(match, word, following, place, collector)
    elif match["colon"] and not match["gap"] and (meant := _meant(word)) is not None:
        place = Span(place.start, match.end("colon") + shift)
        if meant == word:
            hint = "move it into the block, above or below the code"
            message = f"`#{word}:` outside a block has no effect"
            collector.warning(Code.MISPLACED_DIRECTIVE, message, place, hint=hint)
        else:
            message = f"there is no directive {quote(f'#{word}:')}"
            collector.error(Code.UNKNOWN_DIRECTIVE, message, place, hint=f"did you mean `#{meant}:`?")


def _report_lang(match: re.Match[bytes], word: str, following: str, place: Span, collector: Collector) -> None:
    if word == "lang" and match["colon"]:
        message = "`#lang:` opens a block only in column 1 and without a blank behind `#`"
        hint = f"write `#lang:{following}` at the start of the line, if this is a block"
        collector.warning(Code.MISPLACED_DIRECTIVE, message, place, hint=hint)
    elif not match["gap"] and not match["indent"]:
        written = f"#{word}{match['colon'].decode()}"
        collector.error(
            Code.UNKNOWN_DIRECTIVE, f"{quote(written)} opens no block", place, hint=f"did you mean `#lang:{following}`?"
        )


@lru_cache(maxsize=4096)
def _meant(word: str) -> str | None:
    """The directive that `word` is or probably misspells."""
    return nearest(word, DIRECTIVE_NAMES)


@lru_cache(maxsize=4096)
def _means_lang(word: str) -> bool:
    return nearest(word, ("lang",)) is not None
