"""Diagnostics as text, JSON and SARIF: a few whole snapshots, and what must hold for all."""

from __future__ import annotations

import re
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.spans import Source, Span
from polyrun.report.diagnostics import render_text, to_json, to_sarif
from polyrun.report.snippet import MAX_COLUMNS, snippet
from polyrun.report.width import display_width


def diagnostic(*labels: Label, severity: Severity = Severity.ERROR, hint: str | None = None) -> Diagnostic:
    return Diagnostic(Code.BLOCK_NOT_CLOSED, severity, "it is wrong", labels[0], labels[1:], hint)


def label(source: Source, words: str, text: str = "") -> Label:
    start = source.data.index(words.encode())
    return Label(Span(start, start + len(words.encode())), text)


def text_of(data: str, *words: tuple[str, str], hint: str | None = None) -> str:
    source = Source(data.encode(), "stats.mix")
    return render_text(source, [diagnostic(*(label(source, *pair) for pair in words), hint=hint)])


def block(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


def test_the_layout_of_the_design() -> None:
    data = "a\nb\nc\n#lang:python name=mean\n1\n2\n3\n4\n#lang:r\n"
    words = [("#lang:python", "opened here"), ("#lang:r", "the next block starts before `#end`")]
    assert text_of(data, *words, hint="add `#end` before line 9") == block("""
        error[PR103]: it is wrong
          --> stats.mix:4:1
           |
         4 | #lang:python name=mean
           | ^^^^^^^^^^^^ opened here
         9 | #lang:r
           | ------- the next block starts before `#end`
        hint: add `#end` before line 9
    """)


def test_two_labels_on_one_line_share_it() -> None:
    assert text_of("#lang:py a=1 a=2\n", ("a=2", "given again"), ("a=1", "first given here")) == block("""
        error[PR103]: it is wrong
          --> stats.mix:1:14
           |
         1 | #lang:py a=1 a=2
           |          --- first given here
           |              ^^^ given again
    """)


def test_tabs_wide_and_hidden_characters_keep_the_marks_in_place() -> None:
    data = "\t日本\x1b[31m\u202e\texport x\r\n"
    assert text_of(data, ("export", "here"), ("日本", "")) == block("""
        error[PR103]: it is wrong
          --> stats.mix:1:11
           |
         1 |     日本␛[31m<U+202E>   export x
           |     ----
           |                         ^^^^^^ here
    """)


def test_line_numbers_of_two_widths_stand_at_the_right() -> None:
    assert text_of("x\n" * 8 + "nine\nten\n", ("nine", ""), ("ten", "b"), hint="first\nsecond") == block("""
        error[PR103]: it is wrong
           --> stats.mix:9:1
            |
          9 | nine
            | ^^^^
         10 | ten
            | --- b
        hint: first
              second
    """)


def test_an_empty_source_can_be_pointed_at() -> None:
    source = Source(b"", "x.mix")
    assert render_text(source, [diagnostic(Label(Span(0, 0), "here"))]) == block("""
        error[PR103]: it is wrong
          --> x.mix:1:1
           |
         1 |
           | ^ here
    """)


def test_a_label_over_several_lines_marks_the_first() -> None:
    source = Source(b"one\ntwo\n", "x.mix")
    assert "   | ^^\n" in render_text(source, [diagnostic(Label(Span(1, 7)))]).replace("|  ", "| ")


def test_a_long_line_is_cut_around_the_label() -> None:
    source = Source(b"a" * 5000 + b"MARK" + b"b" * 5000, "x.mix")
    line, marks = render_text(source, [diagnostic(label(source, "MARK"))]).splitlines()[3:5]
    assert line == " 1 | ..." + "a" * 37 + "MARK" + "b" * 73 + "..."
    assert marks == "   | " + " " * 40 + "^^^^"


def test_far_labels_on_a_long_line_are_shown_apart() -> None:
    source = Source(b"FIRST" + b"a" * 5000 + b"SECOND", "x.mix")
    lines = render_text(source, [diagnostic(label(source, "FIRST"), label(source, "SECOND"))]).splitlines()
    assert [line[:3] for line in lines[3:]] == [" 1 ", "   ", " 1 ", "   "]


def test_a_label_longer_than_the_line_allows_is_cut() -> None:
    source = Source(b"x" * 5000, "x.mix")
    line, marks = render_text(source, [diagnostic(Label(Span(0, 5000), "all"))]).splitlines()[3:5]
    assert line == " 1 | " + "x" * 117 + "..."
    assert marks == "   | " + "^" * 117 + " all"


def test_a_line_of_many_megabytes_is_shown_at_once() -> None:
    source = Source("é".encode() * 10_000_000, "x.mix")
    found = snippet(source, 1, Span(10_000_000, 10_000_002))
    assert found.text[found.column] == "é"
    assert found.width == 1


def test_colours_are_only_added() -> None:
    source = Source(b"#lang:py\n", "x.mix")
    found = [diagnostic(label(source, "py", "a"), severity=severity, hint="b") for severity in Severity]
    coloured = render_text(source, found, colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == render_text(source, found)


def test_nothing_renders_to_nothing() -> None:
    assert render_text(Source(b"", "x"), []) == ""
    assert to_json(Source(b"", "x"), []) == []


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "a\nb"])
def test_names_and_messages_cannot_act_on_the_terminal(name: str) -> None:
    found = Diagnostic(Code.BAD_NAME, Severity.ERROR, f"bad {name}", Label(Span(0, 1), name), hint=name)
    text = render_text(Source(b"x\n", name), [found])
    assert all(character == "\n" or character.isprintable() for character in text)


@given(st.text(max_size=300), st.integers(0, 1200), st.integers(0, 20))
def test_the_marks_stand_below_what_they_mark(line: str, start: int, length: int) -> None:
    data = line.encode()
    source = Source(data, "x")
    start = min(start, max(len(data) - 1, 0))
    mark = Span(start, min(start + length, len(data)))
    number = source.line_at(start)
    found = snippet(source, number, mark)
    assert display_width(found.text) <= MAX_COLUMNS
    assert found.width >= 1
    assert found.column <= display_width(found.text)
    rendered = render_text(source, [diagnostic(Label(mark))]).splitlines()
    assert rendered[1].endswith(f"x:{source.position(start)}")
    assert rendered[3].split("|")[0].strip() == str(number)
    assert rendered[4].endswith("^" * found.width)


def test_json_says_where_each_label_is() -> None:
    source = Source("é x\ny\n".encode(), "x.mix")
    found = diagnostic(label(source, "x", "first"), label(source, "y"), hint="do it")
    assert to_json(source, [found]) == [
        {
            "code": "PR103",
            "severity": "error",
            "message": "it is wrong",
            "line": 1,
            "column": 3,
            "end_line": 1,
            "end_column": 4,
            "labels": [
                {"line": 1, "column": 3, "end_line": 1, "end_column": 4, "text": "first", "primary": True},
                {"line": 2, "column": 1, "end_line": 2, "end_column": 2, "text": "", "primary": False},
            ],
            "hint": "do it",
        }
    ]


def test_sarif_has_what_the_standard_requires() -> None:
    source = Source(b"x\ny\n", "my stats.mix")
    warning = Diagnostic(Code.NUL_BYTE, Severity.WARNING, "nul", Label(Span(0, 1)))
    log = to_sarif(source, [diagnostic(label(source, "x", "a"), label(source, "y", "b"), hint="do it"), warning])
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["PR103", "PR116"]
    assert all(rule["shortDescription"]["text"] and rule["help"]["text"] for rule in rules)
    first, second = run["results"]
    assert [rules[result["ruleIndex"]]["id"] for result in (first, second)] == [first["ruleId"], second["ruleId"]]
    assert first["level"] == "error"
    assert second["level"] == "warning"
    assert first["message"]["text"] == "it is wrong\nhint: do it"
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "my%20stats.mix"
    assert place["region"] == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2}
    assert first["relatedLocations"][0]["message"] == {"text": "b"}
    assert first["relatedLocations"][0]["id"] == 0
    assert "relatedLocations" not in second
