"""Code in macros is looked at like any other, and findings in it have their place in the block."""

from __future__ import annotations

import pytest

from polyrun.policy.analyse import Analyser
from polyrun.policy.load_rules import load_rules

PLACES = {
    "body of a C macro": ("c", "int x;\n#define GO(c) run(system(c))\n", (1, 18), (1, 24)),
    "second line of a body": ("c", "#define GO(c) do { \\\n  system(c); \\\n} while (0)\n", (1, 2), (1, 8)),
    "macro after letters of two bytes": ("c", "/* ü */ int y;\n/* ü */\n#define ÜB(c) system(c)\n", (2, 15), (2, 21)),
    "arguments of a Rust macro": (
        "rust",
        'fn main() {\n    println!("ü {:?}", std::process::Command::new("ls"));\n}',
        (1, 24),
        (1, 50),
    ),
    "macro in a macro": (
        "rust",
        'fn main() { a!(1,\n b!(2,\n  std::process::Command::new("ls"))); }',
        (2, 2),
        (2, 28),
    ),
}


@pytest.mark.parametrize(("grammar", "code", "start", "end"), PLACES.values(), ids=PLACES)
def test_a_finding_in_a_macro_has_its_place(
    grammar: str, code: str, start: tuple[int, int], end: tuple[int, int]
) -> None:
    found = [one for one in Analyser(grammar, load_rules()).findings(code.encode()) if one.code == "PR701"]
    assert [(one.start, one.end) for one in found] == [(start, end)]


def test_what_repeats_in_a_macro_counts_as_inside_the_loop_around_it() -> None:
    code = "fn main() { loop { log!(std::thread::spawn(work)); } }"
    assert {one.code for one in Analyser("rust", load_rules()).findings(code.encode())} == {"PR708", "PR709"}


def test_a_macro_that_exits_ends_the_loop_that_uses_it() -> None:
    code = "#define STOP() do { exit(1); } while (0)\nint main(void) { for (;;) { STOP(); } }"
    assert not Analyser("c", load_rules()).findings(code.encode())


@pytest.mark.parametrize("body", ["return 1;", "break;", "goto out;"])
def test_a_body_may_be_the_one_statement_that_leaves(body: str) -> None:
    code = f"int f(void) {{ while (1) {body} out: return 0; }}"
    assert not Analyser("c", load_rules()).findings(code.encode())
