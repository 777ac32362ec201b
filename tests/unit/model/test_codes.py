"""The catalogue of codes: complete, short, and its documents raise what they explain."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from polyrun.document import parse
from polyrun.model.codes import Code, explain
from polyrun.model.spans import Source
from polyrun.model.syntax import LanguageSyntax

LANGUAGES = {name: LanguageSyntax(name, ("#",)) for name in ("python", "bash", "ruby")}

WITHOUT_A_DOCUMENT = {
    Code.DOCUMENT_UNREADABLE: "there is no document",
    Code.INVALID_ENCODING: "a TOML file cannot hold invalid UTF-8",
    Code.TOO_LARGE: "the document would have 64 MiB",
    Code.TOO_MANY_BLOCKS: "the document would have 100,001 blocks",
    Code.TOO_MANY_DIAGNOSTICS: "the document would have more than 100 faults",
}
DOCUMENT_CODES = [code for code in Code if code.startswith("PR1")] + [Code.NOT_CARRIED_OUT]


def test_the_catalogue_has_exactly_the_codes() -> None:
    table = tomllib.loads(files("polyrun.model").joinpath("codes.toml").read_text("utf-8"))
    assert list(table) == [code.value for code in Code]
    assert all(set(entry) == {"title", "means", "example", "remedy"} for entry in table.values())


@pytest.mark.parametrize("code", list(Code))
def test_the_text_is_short_and_whole(code: Code) -> None:
    text = explain(code)
    assert text.code is code
    assert 5 <= len(text.title) <= 40
    assert not text.title.endswith(".")
    assert all(part.endswith(".") and len(part) <= 320 for part in (text.means, text.remedy))
    assert len(text.example.splitlines()) <= 10


@pytest.mark.parametrize("code", [code for code in DOCUMENT_CODES if code not in WITHOUT_A_DOCUMENT])
def test_the_example_raises_its_code(code: Code) -> None:
    document = parse(Source(explain(code).example.encode(), "example.mix"), LANGUAGES)
    assert code in {diagnostic.code for diagnostic in document.diagnostics}


@pytest.mark.parametrize("code", list(WITHOUT_A_DOCUMENT))
def test_no_example_is_excused_in_vain(code: Code) -> None:
    document = parse(Source(explain(code).example.encode(), "example.mix"), LANGUAGES)
    assert code not in {diagnostic.code for diagnostic in document.diagnostics}
