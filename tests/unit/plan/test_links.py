"""Imports and exports before anything runs: who gives what to whom, and what is wrong with a document that asks so."""

from __future__ import annotations

import pytest

import polyrun
from polyrun.api import plan
from polyrun.config.settings import Settings
from polyrun.model.diagnostics import Severity

MUTUAL = """\
#lang:python name=a
#import: y
#export: x
x = 1
#end
#lang:ruby name=b
#import: x
#export: y
y = 1
#end
"""
MAKES = "#lang:python name=make\n#export: rate\nrate = 0.5\n#end\n"


def found(text: str) -> list[tuple[str, int, str, str | None]]:
    """Code, line, message and hint of everything that is not just a note."""
    result = polyrun.check(polyrun.Source(text.encode(), "doc.mix"))
    return [
        (one.code.value, result.source.position(one.primary.span.start).line, one.message, one.hint)
        for one in result.diagnostics
        if one.severity is not Severity.NOTE
    ]


@pytest.mark.parametrize(
    ("text", "code", "line", "message", "hint"),
    [
        (
            MAKES + "#lang:ruby\n#import: rats\nputs rats\n#end\n",
            "PR601", 6, "no earlier block exports `rats`", "did you mean `rate`?",
        ),
        (
            "#lang:python\nrate = 0.5\n#end\n#lang:ruby\n#import: rate\nputs rate\n#end\n",
            "PR601", 5, "no earlier block exports `rate`",
            "`rate` is set in `block 1` but not exported; add `#export: rate` there",
        ),
        (
            MAKES + "#lang:ruby\n#import: make.total\nputs total\n#end\n",
            "PR601", 6, "`make` does not export `total`", "exported are `rate`",
        ),
        (
            "#lang:ruby\n#import: total\nputs total\n#end\n",
            "PR601", 2, "no earlier block exports `total`",
            "add `#export: total` to the block that makes it, or give it with `--set total=…`",
        ),
        (
            MAKES + "#lang:ruby\n#import: made.rate\nputs rate\n#end\n",
            "PR201", 6, "no block is called `made`",
            "a name before the dot is that of a block, given by its `name=` option",
        ),
        (
            "#lang:ruby\n#import: rate\nputs rate\n#end\n" + MAKES,
            "PR602", 2, "`rate` comes from `make`, which stands later",
            "blocks run in document order: move the block that exports above the one that imports",
        ),
        (
            "#lang:python name=a\n#import: a.x\n#export: x\nx = 1\n#end\n",
            "PR602", 2, "`a` imports `x` from itself",
            "blocks run in document order: move the block that exports above the one that imports",
        ),
        (
            MUTUAL,
            "PR602", 2, "`a` and `b` import from each other",
            "blocks run in document order: move the block that exports above the one that imports",
        ),
        (
            MAKES + "#lang:ruby\n#import: rate as end\nputs 1\n#end\n",
            "PR604", 6, "`end` cannot be the name of a variable in Ruby",
            "give it another name here: `#import: rate as end_value`",
        ),
        (
            "#lang:python\n#export: totl\ntotal = 1\n#end\n",
            "PR605", 2, "`totl` does not occur in the block", "an export is the name of a variable of the block",
        ),
    ],
)  # fmt: skip
def test_mistakes(text: str, code: str, line: int, message: str, hint: str) -> None:
    assert found(text)[0] == (code, line, message, hint)


def test_an_export_that_nobody_imports_is_a_note() -> None:
    (note,) = polyrun.check(polyrun.Source(MAKES.encode(), "doc.mix")).diagnostics
    assert (note.code.value, note.severity, note.message) == ("PR603", Severity.NOTE, "no block imports `rate`")


@pytest.mark.parametrize(
    "setter", ["rate = 1", "rate=1", "let rate = 1", "int rate = 1;", "rate := 1", "rate <- 1", "$rate = 1"]
)
def test_what_sets_a_variable_is_seen(setter: str) -> None:
    text = f"#lang:python\n{setter}\n#end\n#lang:python\n#import: rate\nprint(rate)\n#end\n"
    assert "is set in `block 1` but not exported" in (found(text)[0][3] or "")


@pytest.mark.parametrize("other", ["rate == 1", "print(rate)", "rates = 1", "my.rate = 1", "# rate"])
def test_what_only_mentions_it_is_not(other: str) -> None:
    text = f"#lang:python\n{other}\n#end\n#lang:python\n#import: rate\nprint(rate)\n#end\n"
    assert "is set in" not in (found(text)[0][3] or "")


def test_the_latest_export_wins_and_a_named_block_is_taken_by_name() -> None:
    text = (
        "#lang:python name=a\n#export: x\nx = 1\n#end\n#lang:python name=b\n#export: x\nx = 2\n#end\n"
        "#lang:python\n#import: x, a.x as first\nprint(x, first)\n#end\n"
    )
    links = plan(polyrun.Source(text.encode(), "doc.mix")).jobs[2].links
    assert [(link.local, link.producer) for link in links.imports] == [("x", 2), ("first", 1)]
    assert links.needs == (1, 2)


def test_an_import_needs_the_block_that_exports() -> None:
    text = MAKES + "#lang:python name=other\npass\n#end\n#lang:python name=use\n#import: rate\nprint(rate)\n#end\n"
    jobs = plan(polyrun.Source(text.encode(), "doc.mix"), Settings(only=("use",))).jobs
    assert [job.info.name for job in jobs] == ["make", "use"]


def test_a_value_from_outside_comes_first() -> None:
    text = MAKES + "#lang:python\n#import: rate, make.rate as own\nprint(rate, own)\n#end\n"
    links = plan(polyrun.Source(text.encode(), "doc.mix"), Settings(given={"rate": "1"})).jobs[1].links
    assert [(link.local, link.producer) for link in links.imports] == [("rate", None), ("own", 1)]


@pytest.mark.parametrize(
    ("code", "known"), [("x = 1", True), ("xx = 1; x_ = 2", False), ("# export: x", True), ("y = 2\nprint(x+y)", True)]
)
def test_an_exported_name_occurs_in_the_code(code: str, known: bool) -> None:
    codes = [code for code, *_ in found(f"#lang:python\n#export: x\n{code}\n#end\n")]
    assert ("PR605" not in codes) == known
