"""Lowering is pure text work: what lands in which file, on which line."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrun.languages import Language, Registry, locate, lower, prepare_program
from polyrun.languages.names import quoted
from polyrun.languages.pieces import blank, mask, split

REGISTRY = Registry.load()
FRAGMENTED = ("c", "cpp", "java", "rust", "go")


def language(identifier: str) -> Language:
    found = REGISTRY.get(identifier)
    assert found is not None
    return found


def main_file(identifier: str, code: bytes, line: int, document: str = "a.mix") -> bytes:
    return next(iter(lower(language(identifier), code, line, document).files.values()))


@pytest.mark.parametrize("identifier", ["bash", "ruby", "perl"])
def test_padding_puts_the_code_on_its_line_behind_the_glue(identifier: str) -> None:
    lines = main_file(identifier, b"first\nsecond\n", 5).split(b"\n")
    assert lines[:3] == [b"", b"", b""]
    assert b"dir" in lines[3] or b"cd " in lines[3]
    assert lines[4:] == [b"first", b"second", b""]


@pytest.mark.parametrize("identifier", ["python", "javascript"])
def test_guests_get_the_code_as_it_is_and_the_line(identifier: str) -> None:
    program = lower(language(identifier), b"\xff\r\n\x00", 77, "a.mix")
    assert b"\xff\r\n\x00" in program.files.values()
    assert program.run.argv[-2:] == ("{document}", "77")


def test_line_directive_escapes_the_name() -> None:
    assert main_file("c", b"int main(void) {}", 5, 'a"b\\c\n.mix').startswith(b'#line 5 "a\\"b\\\\c?.mix"\n')
    assert quoted("a:5", "go") == "a:5"
    assert quoted("it's\t", "python") == '"it\'s?"'


@pytest.mark.parametrize(("code", "given"), [(b"a\r\nb\r\n", b"a\nb\n"), (b"a\r\nb\n", b"a\r\nb\n")])
def test_bash_gets_lf_only_when_every_line_ends_in_crlf(code: bytes, given: bytes) -> None:
    assert main_file("bash", code, 3).endswith(given)
    assert lower(language("python"), code, 3, "a.mix").files["code.py"] == code


def test_fragment_arguments_are_for_fragments_only() -> None:
    fragment = lower(language("cpp"), b"cout << 1;", 3, "a.mix").build
    program = lower(language("cpp"), b"int main() {}", 3, "a.mix").build
    assert fragment is not None
    assert program is not None
    assert "-include" in fragment.argv
    assert "-include" not in program.argv
    assert "{fragment}" not in fragment.argv + program.argv


def test_what_needs_preparing_has_a_program_for_it() -> None:
    prepared = {name for name in REGISTRY.ids if prepare_program(language(name)) is not None}
    assert prepared == {"cpp", "java", "go"}
    with_values = {name for name in REGISTRY.ids if prepare_program(language(name), values=True) is not None}
    assert with_values == {*prepared, "c", "rust"}
    used = {name for name in REGISTRY.ids if "{prepared}" in repr(language(name).build)}
    assert used == prepared


@pytest.mark.parametrize("identifier", FRAGMENTED)
@given(code=st.text(alphabet="ab {}()[];=#\"'/*\\\n<>,.:0", max_size=60))
def test_cutting_loses_and_moves_nothing(identifier: str, code: str) -> None:
    spec = language(identifier).fragment
    assert spec is not None
    text = blank(code, spec)
    assert len(text) == len(code)
    assert [at for at, char in enumerate(text) if char == "\n"] == [at for at, char in enumerate(code) if char == "\n"]
    pieces = split(text, spec)
    assert [piece.start for piece in pieces] == [0, *(piece.end for piece in pieces[:-1])][: len(pieces)]
    assert not pieces or pieces[-1].end == len(text)
    kept, rest = mask(code, pieces[::2]), mask(code, pieces[1::2])
    assert len(kept) == len(rest) == len(code)
    merged = "".join(a if a != " " else b for a, b in zip(kept, rest, strict=True))
    assert merged == code


@pytest.mark.parametrize("identifier", FRAGMENTED)
@given(code=st.binary(max_size=80), line=st.integers(1, 300))
def test_lowering_accepts_every_byte(identifier: str, code: bytes, line: int) -> None:
    assert lower(language(identifier), code, line, "a.mix").files


HOSTILE = [
    *("(", "{", "a ", "a<", "a<b> ", "a::", "* ", "a,", "template<", "[[", "int a(", "static ", '"', "/*", "'", "="),
    *("a a(a) ", "@a ", "r#", "import ", "struct a ", "a?", "<a>", "(a)", "1'", "a(int a)", "{}", "; a a", "Ok("),
    *("a(a){", "a a a{} ", "#if\n", "func a", "a := "),
]


@pytest.mark.parametrize("identifier", FRAGMENTED)
@pytest.mark.parametrize("unit", HOSTILE)
def test_lowering_stays_linear_on_hostile_code(identifier: str, unit: str) -> None:
    code = (unit * (100_000 // len(unit))).encode()
    started = time.process_time()
    lower(language(identifier), code, 5, "a.mix")
    assert time.process_time() - started < 2.0


HOSTILE_OUTPUT = [
    *("a.mix:1", "a.mix:1\n", "a", "\n", ": a.mix:1:in `", "\tat (a.mix:1)\n", '  File "a.mix", line 1\n', "a.Error"),
    *("panic: \n", "error: a\n --> ", "panicked at '", " at a.mix line 1", "    at ", "(", "a.mix:1: error: "),
    *("Error in a : ", "Error in a :\n  b\n", "Error: a\n  at a.mix:1:", "lua: a\nstack traceback:\n\ta\n", "lua: a: "),
    *("PHP Fatal error:  Uncaught a in b:1\n", "PHP Fatal error:  Uncaught \n", "PHP Parse error: a in a.mix:1"),
    *("PHP Fatal error:  Uncaught a in b:1\nStack trace:\n#0 a\n", "lua: stack traceback:\n", "Error:", "Error:\n"),
]


@pytest.mark.parametrize("identifier", REGISTRY.ids)
@pytest.mark.parametrize("unit", HOSTILE_OUTPUT)
def test_locating_stays_quick_on_hostile_output(identifier: str, unit: str) -> None:
    started = time.process_time()
    locate(language(identifier), (unit * (400_000 // len(unit))).encode(), "a.mix")
    assert time.process_time() - started < 2.0


def test_location_is_not_mistaken_for_that_of_another_file() -> None:
    python = language("python")
    assert locate(python, b'  File "xa.mix", line 3, in f\n', "a.mix") is None
    assert locate(python, b'  File "a.mix", line 3, in f\n    x\nValueError: no\n', "a.mix") == (
        3,
        None,
        "ValueError: no",
    )
    located = locate(language("rust"), b"error: no\n  --> a.mix:3:7\n", "a.mix")
    assert located == (3, 7, "no")
    assert locate(python, b"", "a.mix") is None
    assert locate(language("c"), b"a+mix:3:1: error: x", "a.mix") is None
