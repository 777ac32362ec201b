r"""Documents whose expectations stand inside them, as quoted lines of prose.

    > error[PR103] 4:1 never closed      a diagnostic: severity, code, line and column, words of its message
    > block 1 code = b'x = 1\n'           a fact about a block: an attribute path and what it equals
    > strict                             the document is parsed with `strict`

All diagnostics must be listed, in order. Expectations may stand in any prose; to have them out of the way of
what is tested, most documents start with them.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from polyrun.document import Document, parse, print_document
from polyrun.model.codes import Code
from polyrun.model.spans import Source
from polyrun.model.syntax import LanguageSyntax

FOLDER = Path(__file__).parent / "document"
DOCUMENTS = sorted(FOLDER.glob("*.mix"))

HASH, SLASHES = ("#",), ("//",)
LANGUAGES = {
    "python": LanguageSyntax("python", HASH),
    "py": LanguageSyntax("python", HASH),
    "ruby": LanguageSyntax("ruby", HASH),
    "bash": LanguageSyntax("bash", HASH),
    "c": LanguageSyntax("c", SLASHES),
    "c++": LanguageSyntax("cpp", SLASHES),
    "javascript": LanguageSyntax("javascript", SLASHES),
    "sql": LanguageSyntax("sql", ("--",)),
}

_DIAGNOSTIC = re.compile(r"^> (error|warning|note)\[(PR\d{3})\] (\d+:\d+) (.+?)\r?$", re.MULTILINE)
_FACT = re.compile(r"^> block (\d+) ([\w.]+) = (.+?)\r?$", re.MULTILINE)
_STRICT = re.compile(r"^> strict\r?$", re.MULTILINE)

GENERATED = {
    Code.DOCUMENT_UNREADABLE: "raised where files are read",
    Code.TOO_LARGE: "see tests/unit/document/test_document_bounds.py",
    Code.TOO_MANY_BLOCKS: "see tests/unit/document/test_document_bounds.py",
    Code.TOO_MANY_DIAGNOSTICS: "see tests/unit/document/test_document_bounds.py",
}


def _read(path: Path) -> tuple[str, Document]:
    data = path.read_bytes()
    text = data.decode(errors="replace")
    return text, parse(Source(data, path.name), LANGUAGES, strict=bool(_STRICT.search(text)))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_document_is_read_as_it_says(path: Path) -> None:
    text, document = _read(path)
    found = [
        (d.severity.value, d.code.value, str(document.source.position(d.primary.span.start)), d.message)
        for d in document.diagnostics
    ]
    expected = [match.groups() for match in _DIAGNOSTIC.finditer(text)]
    assert [one[:3] for one in found] == [one[:3] for one in expected], "\n".join(map(str, found))
    for (*_, message), (*_, words) in zip(found, expected, strict=True):
        assert words in message
    for index, path_to, value in _FACT.findall(text):
        fact: object = document.blocks[int(index) - 1]
        for part in path_to.split("."):
            fact = fact[int(part)] if isinstance(fact, tuple) else getattr(fact, part)
        assert fact == ast.literal_eval(value), f"block {index} {path_to}"
    assert print_document(document) == document.source.data


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_document_expects_something(path: Path) -> None:
    text = path.read_bytes().decode(errors="replace")
    assert _DIAGNOSTIC.search(text) or _FACT.search(text)
    marked = [line for line in text.splitlines() if re.match(r"> *(error|warning|note|block|strict)\b", line)]
    read = [*_DIAGNOSTIC.finditer(text), *_FACT.finditer(text), *_STRICT.finditer(text)]
    assert len(marked) == len(read), "an expectation is misspelled"


def test_every_document_code_has_a_golden() -> None:
    raised = {d.code for path in DOCUMENTS for d in _read(path)[1].diagnostics}
    assert {code for code in Code if code.startswith("PR1")} - raised == set(GENERATED)
