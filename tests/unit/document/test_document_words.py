"""Hints: the word that was meant."""

from __future__ import annotations

import pytest

from polyrun.document import parse
from polyrun.document.nearest import nearest
from polyrun.model.spans import Source
from polyrun.model.syntax import LanguageSyntax

LANGUAGES = {name: LanguageSyntax(id_, ("#",)) for name, id_ in {"python": "python", "py": "python", "r": "r"}.items()}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("pyhton", "python"),
        ("PYTHON", "python"),
        ("pithn", "python"),
        ("rubyy", "ruby"),
        ("lnag", "lang"),
        ("c", None),
        ("jx", None),
        ("cobol", None),
        ("p" * 41, None),
        ("", None),
    ],
)
def test_nearest(word: str, meant: str | None) -> None:
    assert nearest(word, ("python", "ruby", "lang", "js")) == meant


@pytest.mark.parametrize(
    ("document", "hint"),
    [
        ("#lang:pyhton\n1\n#end\n", "did you mean `python`?"),
        ("#lang:cobol\n1\n#end\n", "the languages are `python`, `r`"),
        ("#lang:py mem=1g\n1\n#end\n", "did you mean `memory`?"),
        ("#lang:py nmae=x\n1\n#end\n", "did you mean `name`?"),
        ("#lang:py cpu=50\n1\n#end\n", "write `cpu=10s` for processor time, or `cpu=50%` for a share of one processor"),
        ("#lang:py\n1\n#lang:r\n1\n#end\n", "add `#end` before line 3"),
        ("#lang:py\n1\n", "add `#end` at the end of the document"),
        ("#lang:py\n1\n  # END\n", "write `#end` in lower case and in column 1"),
        ("#lang:py until=X\n1\n#end\n", "write `#end:X` here"),
        ("#lnag:py\n#lang:r\n1\n#end\n", "did you mean `#lang:py`?"),
        ("#lang:py\n#exports: x\n1\n#end\n", "did you mean `#export:`?"),
        ("#lang:py\n#export: x:tabel\n1\n#end\n", "did you mean `table`?"),
        ("---\nparmas: {}\n---\n#lang:py\n1\n#end\n", "did you mean `params`?"),
    ],
)
def test_a_hint_says_what_to_do(document: str, hint: str) -> None:
    found = parse(Source(document.encode(), "x.mix"), LANGUAGES).diagnostics
    assert hint in [diagnostic.hint for diagnostic in found]


def test_without_any_language_there_is_no_hint() -> None:
    assert parse(Source(b"#lang:x\n1\n#end\n", "x.mix"), {}).diagnostics[0].hint is None
