"""Where values are handed over in a language whose statements are expressions (Rust)."""

from __future__ import annotations

import time

import pytest

from polyrun.languages import Registry, lower
from polyrun.languages.handing import Names

LANGUAGE = Registry.load().get("rust")
N = 'polyrun::put("n", &n);'


def lowered(code: str, *exports: str) -> str:
    assert LANGUAGE is not None
    program = lower(LANGUAGE, code.encode(), 2, "a.mix", Names((), exports or ("n",)))
    return program.files["a.mix"].decode().replace(" polyrun::check(&n);", "")


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("let n = 1;", f"let n = 1; {N}"),
        ("let n = 1; f()", f"let n = 1; f(); {N}"),
        ("let mut n = 1;\nfor i in 0..2 { n += i }", f"for i in 0..2 {{ n += i }} {N}"),
        ("let n = 1; // why\n", f"let n = 1; {N} // why\n"),
        ("let n = 1; if n > 0 { return; }", f"if n > 0 {{ return {{ {N}  }}; }} {N}"),
        ("let n = 1;\nlet m = match n { 1 => return, m => m };", f"1 => return {{ {N}  }}, m => m }}; {N}"),
        ("let n = match f() { Some(n) => n, None => return };", f"None => return }}; {N}"),
        ("let Some(n) = f() else { g(); return };", f"else {{ g(); return }}; {N}"),
        ("let (m, n) = f(); return Ok(());", f"let (m, n) = f(); return {{ {N} Ok(()) }};"),
        (
            "let n = f(); if g() { return Err(h(n)); } Ok(())",
            f"return Err(h(n)); }} polyrun::then(Ok(()), || {{ {N} }})",
        ),
        ("let n = 1; let f = |x: i64| { return; };", f"{{ return; }}; {N}"),
        ("let n = 1; fn f() { return; }", f"{{ return; }} {N}"),
        ("let n = 1; g(|x| match x { _ => return });", f"_ => return }}); {N}"),
        ("const n: i64 = 1; f();", f"f(); {N}"),
        ("let Point { m, n } = f(); g();", f"g(); {N}"),
        ("let n = [0; 5]; g();", f"g(); {N}"),
    ],
)
def test_values_are_put_where_main_is_left(code: str, wanted: str) -> None:
    assert wanted in lowered(code)
    assert lowered(code).count("polyrun::put") == wanted.count("polyrun::put")


@pytest.mark.parametrize(
    "code",
    [
        "if let Some(n) = f() { g(n); }",
        "fn f() { let n = 1; g(n); }",
        "{ let n = 1; g(n); }",
        'let s = "let n = 1;";',
        'let n = 1; polyrun::put("n", n);',
    ],
)
def test_what_is_not_there_at_the_end_is_left_to_the_program(code: str) -> None:
    assert code in lowered(code)
    assert lowered(code).count("put(") == code.count("put(")


def test_a_type_is_looked_at_where_the_variable_is_declared_last() -> None:
    assert LANGUAGE is not None
    code = b"let n = File::open(p)?;\nlet n = read(n);\nf();"
    text = lower(LANGUAGE, code, 2, "a.mix", Names((), ("n",))).files["a.mix"].decode()
    assert f"?;\nlet n = read(n); polyrun::check(&n);\nf(); {N}" in text


@pytest.mark.parametrize(
    ("header", "body", "wanted"),
    [
        ("()", "let n = 1;", f"let n = 1; {N}"),
        ("() -> Result<(), E>", "let n = 1; g()", f"let n = 1; polyrun::then(g(), || {{ {N} }})"),
        ("() -> T", "let n = 1; if n { A } else { B }", f"polyrun::then(if n {{ A }} else {{ B }}, || {{ {N} }})"),
    ],
)  # fmt: skip
def test_whole_programs(header: str, body: str, wanted: str) -> None:
    text = lowered(f"#![allow(dead_code)]\nfn f() {{ return; }}\nfn main{header} {{ {body} }}\nfn g() {{}}")
    assert text.startswith("\n#![allow(dead_code)]\nfn f() { return; }\nfn main")
    assert f'{wanted} }} #[path = "polyrun_imports.rs"] mod polyrun_in;\nfn g() {{}}' in text


@pytest.mark.parametrize(
    "unit", ["return ", "return; ", "return x(", "let n = { ", "let n ", "{ ", "} ", "|x| {", "Ok("]
)
def test_hostile_code_takes_no_time(unit: str) -> None:
    start = time.process_time()
    lowered("let n = 1; " + unit * 20_000)
    assert time.process_time() - start < 5
