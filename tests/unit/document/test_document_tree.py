"""The tree's own answers, and values of front matter."""

from __future__ import annotations

import math

import pytest

from polyrun.document import Block, Document, Option, parse
from polyrun.model.codes import Code
from polyrun.model.spans import Source, Span
from polyrun.model.syntax import LanguageSyntax

LANGUAGES = {"python": LanguageSyntax("python", ("#",))}


def read(text: str) -> Document:
    return parse(Source(text.encode(), "x.mix"), LANGUAGES)


def block(text: str) -> Block:
    return read(text).blocks[0]


def test_an_option_is_found_with_its_place() -> None:
    text = "#lang:python timeout=10s\n1\n#end\n"
    option = block(text).options.option("timeout")
    assert isinstance(option, Option)
    assert text[option.value_span.start : option.value_span.end] == "10s"
    assert block(text).options.option("memory") is None


def test_a_refused_option_is_not_given() -> None:
    assert block("#lang:python timeout=never\n1\n#end\n").options.given == ()


def test_names_in_after_have_their_own_places() -> None:
    text = "#lang:python after=load,'x' name=y\n1\n#end\n"
    assert block('#lang:python after="a, b"\n1\n#end\n').options.after[1].span == Span(23, 24)
    assert block("#lang:python after=a,b\n1\n#end\n").options.after[1].span == Span(21, 22)
    assert block('#lang:python after="\\x61,b"\n1\n#end\n').options.after[1].span == Span(19, 27)
    assert read(text).has_errors


def test_without_expect_nothing_is_expected() -> None:
    assert block("#lang:python\n1\n#end\n").expected is None
    assert block("#lang:python\n#expect:\n#expect:  a \n1\n#end\n").expected == "\n a "


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-7", -7), ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("true", True), ("no", "no"), ("null", None),
        ("~", None), ("", None), ("10:30", "10:30"), ("2024-01-01", "2024-01-01"), ('"1"', "1"), ("0x10", "0x10"),
        (".inf", math.inf), ("-.inf", -math.inf), ("[1, a]", (1, "a")), ("{a: {b: 1}}", {"a": {"b": 1}}),
        ("9" * 1001, math.inf), ("|\n    a\n    b\n", "a\nb\n"),
    ],
)  # fmt: skip
def test_params_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    front_matter = read(f"---\nparams:\n  é: 1\n  p: {text}\n---\n").front_matter
    assert front_matter is not None
    [param] = front_matter.params
    assert param.value == value
    assert type(param.value) is type(value)
    assert param.name.text == "p"


def test_places_behind_wide_characters_are_bytes() -> None:
    document = read("---\nparams:\n  a: üé€😀\n  b: 1\n---\n")
    assert document.front_matter is not None
    span = document.front_matter.params[1].name.span
    assert document.source.text(span) == "b"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_is_recognised(encoding: str) -> None:
    mark = b"" if encoding == "utf-16" else b"\xfe\xff"
    document = parse(Source(mark + "#lang:python\n1\n".encode(encoding), "x.mix"), LANGUAGES)
    assert "looks like UTF-16" in next(d for d in document.diagnostics if d.code is Code.INVALID_ENCODING).message


def test_the_first_invalid_byte_is_found_far_inside() -> None:
    data = "é".encode() * 600_000 + b"\xff" + b"x"
    [found] = [d for d in parse(Source(data, "x"), {}).diagnostics if d.code is Code.INVALID_ENCODING]
    assert found.primary.span == Span(1_200_000, 1_200_001)


def test_params_that_are_not_numbers_are_not_nan() -> None:
    front_matter = read("---\nparams: {p: .nan}\n---\n").front_matter
    assert front_matter is not None
    assert isinstance(front_matter.params[0].value, float)
    assert math.isnan(front_matter.params[0].value)


def test_long_numbers_do_not_break_the_parser() -> None:
    document = read(f"#lang:python timeout={'9' * 400} memory={'9' * 400}\n1\n#end\n")
    assert [d.code.value for d in document.diagnostics] == ["PR106", "PR106"]
