"""What holds for every sequence of bytes."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from polyrun.document import Block, Document, parse, print_document
from polyrun.model.diagnostics import Severity
from polyrun.model.spans import Source, Span
from polyrun.model.syntax import LanguageSyntax
from polyrun.report.diagnostics import render_text, to_json, to_sarif

LANGUAGES = {
    "python": LanguageSyntax("python", ("#",)),
    "c": LanguageSyntax("c", ("//", "/*")),
    "sql": LanguageSyntax("sql", ("--",)),
    "text": LanguageSyntax("text", ()),
}

PIECES = [
    *(
        b"#lang:",
        b"#lang:python",
        b"#lang: c",
        b"#lang:sql",
        b"#lang:text",
        b"#lang:x",
        b"#end",
        b"#end:E",
        b" until=E",
    ),
    *(b" name=a", b" timeout=1s", b" after='a,b'", b' args="x', b'"', b"'", b"=", b",", b"\\", b"---", b"polyrun: 1"),
    *(b"#import: a, b.c as d", b"#export: x:table", b"#requires: p>=2,<3", b"#expect: y", b"#exprot: a", b"#lnag:c"),
    *(
        b"// ",
        b"/* ",
        b" */",
        b"-- ",
        b"# ",
        b"x = 1",
        b"\n",
        b"\n",
        b"\n",
        b"\r\n",
        b"\r",
        b"\t",
        b" ",
        b"\0",
        b"\xff",
    ),
    *(
        "é€😀".encode(),
        b"\xef\xbb\xbf",
        b"\\#end",
        b"\\#lang:x",
        b"defaults: {timeout: 3s}",
        b"params:",
        b"&a",
        b"*a",
        b": ",
    ),
]
ACTING = "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"
"""Characters that do something to a terminal: controls other than the newline, and changes of reading order."""

DOCUMENTS = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from(PIECES)).map(b"".join),
)


def read(data: bytes, *, strict: bool = False) -> Document:
    return parse(Source(data, "x.mix"), LANGUAGES, strict=strict)


def inside(span: Span, outer: Span) -> bool:
    return outer.start <= span.start <= span.end <= outer.end


@settings(max_examples=500)
@given(DOCUMENTS)
def test_segments_tile_the_source(data: bytes) -> None:
    document = read(data)
    position = 0
    for segment in document.segments:
        assert segment.span.start == position
        assert segment.span.end > position
        position = segment.span.end
    assert position == len(data)
    assert document.blocks == tuple(segment for segment in document.segments if isinstance(segment, Block))


@settings(max_examples=500)
@given(DOCUMENTS)
def test_a_block_is_where_it_says(data: bytes) -> None:
    document = read(data)
    source = document.source
    for index, block in enumerate(document.blocks, start=1):
        assert block.index == index
        assert inside(block.header, block.span)
        assert inside(block.body, block.span)
        assert block.header.end <= block.body.start
        assert block.end is None or (inside(block.end, block.span) and block.body.end == block.end.start)
        assert source.line_at(block.span.start) == block.line
        assert data[block.header.start :].startswith(b"#lang:")
        assert block.code.count(b"\n") == data[block.body.start : block.body.end].count(b"\n")
        if block.code:
            assert source.line_at(block.body.start) == block.code_line
        for directive in block.directives:
            assert inside(directive.span, block.body)
        for option in block.options.given:
            assert inside(option.span, block.header)


@settings(max_examples=500)
@given(DOCUMENTS)
def test_diagnostics_lie_inside_and_in_order(data: bytes) -> None:
    document = read(data)
    whole = Span(0, len(data))
    for diagnostic in document.diagnostics:
        for label in (diagnostic.primary, *diagnostic.secondary):
            assert inside(label.span, whole)
        assert "\n" not in diagnostic.message
        assert not diagnostic.message.endswith(".")
    starts = [diagnostic.primary.span.start for diagnostic in document.diagnostics]
    assert starts == sorted(starts)


@settings(max_examples=300)
@given(DOCUMENTS)
def test_printing_and_parsing_again_changes_nothing(data: bytes) -> None:
    document = read(data)
    printed = print_document(document)
    assert printed == data
    assert repr(read(printed).segments) == repr(document.segments)


@settings(max_examples=300)
@given(DOCUMENTS)
def test_strict_only_raises_severities(data: bytes) -> None:
    plain, strict = read(data), read(data, strict=True)
    assert repr(plain.segments) == repr(strict.segments)
    errors = {d.primary.span for d in plain.diagnostics if d.severity is Severity.ERROR}
    assert errors <= {d.primary.span for d in strict.diagnostics if d.severity is Severity.ERROR}


@settings(max_examples=300)
@given(DOCUMENTS)
def test_every_report_can_be_made_and_acts_on_no_terminal(data: bytes) -> None:
    document = read(data)
    text = render_text(document.source, document.diagnostics)
    assert not re.search(ACTING, text)
    assert text.count("-->") >= len(document.diagnostics)
    facts = to_json(document.source, document.diagnostics)
    assert [fact["code"] for fact in facts] == [diagnostic.code for diagnostic in document.diagnostics]
    assert len(to_sarif(document.source, document.diagnostics)["runs"][0]["results"]) == len(facts)
