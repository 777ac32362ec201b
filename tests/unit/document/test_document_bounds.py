"""What keeps a hostile or absurd document from costing more than its size."""

from __future__ import annotations

import time

import pytest

from polyrun.document import MAX_DOCUMENT_BYTES, Block, Document, Import, Prose, parse, print_document
from polyrun.document.collector import CAPS
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Severity
from polyrun.model.spans import Source
from polyrun.model.syntax import LanguageSyntax

LANGUAGES = {"python": LanguageSyntax("python", ("#",)), "c": LanguageSyntax("c", ("//",))}


def read(data: bytes) -> Document:
    return parse(Source(data, "x.mix"), LANGUAGES)


def codes(document: Document) -> set[Code]:
    return {diagnostic.code for diagnostic in document.diagnostics}


def test_a_document_over_64_mib_is_not_parsed() -> None:
    document = read(b"#lang:python\n".ljust(MAX_DOCUMENT_BYTES + 1, b"x"))
    assert codes(document) == {Code.TOO_LARGE}
    assert document.has_errors
    assert isinstance(document.segments[0], Prose)
    assert len(document.segments[0].span) == MAX_DOCUMENT_BYTES + 1


def test_a_document_of_64_mib_is_parsed() -> None:
    document = read(b"#lang:python\n".ljust(MAX_DOCUMENT_BYTES, b"x"))
    assert Code.TOO_LARGE not in codes(document)
    assert len(document.blocks) == 1


def test_blocks_over_100_000_are_not_read() -> None:
    document = read(b"#lang:c\n1\n#end\n" * 100_002)
    assert codes(document) == {Code.TOO_MANY_BLOCKS}
    assert len(document.blocks) == 100_000
    assert document.diagnostics[0].line(document.source) == 300_001
    assert document.segments[-1] == Prose(type(document.blocks[0].span)(15 * 100_000, 15 * 100_002))


def test_a_flood_of_notes_does_not_hide_an_error() -> None:
    document = read(b"#lang:python\n" * 500 + b"#lang:cobol\n1\n#end\n")
    errors = [d for d in document.diagnostics if d.severity is Severity.ERROR]
    assert [d.code for d in errors] == [Code.UNKNOWN_LANGUAGE]
    assert document.diagnostics[-1].code is Code.TOO_MANY_DIAGNOSTICS
    assert len(document.diagnostics) <= 200


def test_after_a_hundred_errors_the_rest_is_not_read() -> None:
    data = b"#lang:cobol\n1\n#end\n" * 1000
    document = read(data)
    assert len(document.diagnostics) == CAPS[Severity.ERROR]
    assert len(document.blocks) == CAPS[Severity.ERROR]
    assert print_document(document) == data


def test_after_a_hundred_errors_in_prose_the_rest_is_not_read() -> None:
    document = read(b"#end\n" * 1000)
    assert [d.code for d in document.diagnostics].count(Code.STRAY_END) == CAPS[Severity.ERROR]


@pytest.mark.parametrize("header", [b"a=1 " * 20_000, b"x" * 70_000])
def test_a_header_is_at_most_64_kib(header: bytes) -> None:
    document = read(b"#lang:python " + header + b"\n1\n#end\n")
    assert [d.code for d in document.diagnostics] == [Code.BAD_OPTION]
    assert document.blocks[0].options.given == ()
    assert document.blocks[0].code == b"1\n"


def test_a_directive_is_at_most_64_kib() -> None:
    document = read(b"#lang:python\n#import: " + b"a, " * 30_000 + b"\n1\n#end\n")
    assert [d.code for d in document.diagnostics] == [Code.BAD_DIRECTIVE]
    assert document.blocks[0].directives == ()


@pytest.mark.parametrize(
    "line",
    [b"#import: a\n", b"#import: " + b", ".join(b"n%d" % number for number in range(7000)) + b"\n"],
    ids=["many directives", "many names"],
)
def test_names_in_directives_are_bounded(line: bytes) -> None:
    document = read(b"#lang:python\n" + line * (1_200_000 // len(line)) + b"1\n#end\n")
    errors = [d for d in document.diagnostics if d.code is Code.BAD_DIRECTIVE and "100,000" in d.message]
    assert len(errors) == 1
    directives = [d for d in document.blocks[0].directives if isinstance(d, Import)]
    assert sum(len(d.items) for d in directives) <= 100_000


@pytest.mark.parametrize(
    "front_matter",
    [b"a: " + b"x" * 70_000, b"[" * 60_000, b"&a [" * 10_000, b"- " * 30_000, b"{" * 60_000, b'"' + b"\\" * 60_000],
)
def test_hostile_front_matter_is_refused_soon(front_matter: bytes) -> None:
    started = time.process_time()
    document = read(b"---\n" + front_matter + b"\n---\n#lang:python\n1\n#end\n")
    assert Code.BAD_FRONT_MATTER in codes(document)
    assert time.process_time() - started < 5


def test_long_words_are_cut_in_messages() -> None:
    document = read(b"#lang:" + b"x" * 5000 + b" name=" + b"-" * 5000 + b"\n1\n#end\n")
    assert len(document.diagnostics) == 2
    assert all(len(diagnostic.message) < 120 for diagnostic in document.diagnostics)


HOSTILE = {
    "one line": b"x" * 8_000_000,
    "signs": b"#" * 8_000_000,
    "newlines": b"\n" * 8_000_000,
    "blanks": b"\n" + b" " * 8_000_000 + b"#",
    "ends": b"#end\n" * 1_000_000,
    "almost ends": (b"#lang:c\n#end" + b" " * 1000 + b"x\n") * 5000,
    "headers": b"#lang:c\n" * 1_000_000,
    "headers until": b"#lang:c until=E\n" * 500_000,
    "one header": b"#lang:c " + b"a=1 " * 2_000_000,
    "comments": b"#lang:c\n// #import: a\n" + b"/* */\n" * 500_000 + b"// #import: b\n",
    "long comments": b"#lang:c\n// #import: a\n" + b"/*\n*/\n" * 500_000 + b"// #import: b\n",
    "open comment": b"#lang:c\n// #import: a\n" + b"/*" * 2_000_000 + b"\n#import: b\n",
    "brackets": b"#lang:c\n#import: " + b"(" * 60_000 + b"\n1\n#end\n",
    "escapes": b"#lang:c\n" + b"\\#end\n" * 500_000,
    "backslashes": b"#lang:c\n" + b"\\" * 4_000_000,
    "names": b"".join(b"#lang:c name=n%d\n1\n#end\n" % number for number in range(50_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_document_takes_more_than_linear_time(name: str) -> None:
    data = HOSTILE[name]
    started = time.process_time()
    document = read(data)
    # A quadratic scan of a megabyte takes minutes; the limit leaves room for a slow, busy machine.
    assert time.process_time() - started < 20
    assert print_document(document) == data


def test_a_million_lines_are_read_in_two_seconds() -> None:
    line = b"total = sum(p * rates['EUR'] for p in prices)\n"
    data = (b"#lang:python\n" + line * 98 + b"#end\n") * 10_000
    started = time.process_time()
    document = read(data)
    assert time.process_time() - started < 2
    assert len([segment for segment in document.segments if isinstance(segment, Block)]) == 10_000
    assert document.blocks[-1].line == 999_901
