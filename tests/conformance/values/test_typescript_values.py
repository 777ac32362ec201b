"""TypeScript: what is imported has the type of its value, and what cannot be exported does not compile."""

from __future__ import annotations

from pathlib import Path

from conformance.values.test_value_conformance import run, told

MAKE = """#lang:python
#export: total, rows, small, large, mixed
import pandas as pd
total, small, large = 2, list(range(100)), [*range(100), 2**60]
mixed = [{"class": "a", "n": 1}, {"class": "b"}]
rows = pd.DataFrame({"price a": [0.5, 1.5], "n": pd.array([1, None], dtype="Int8")})
#end
"""


def test_values_have_their_types(tmp_path: Path) -> None:
    code = """const gap: number | null = rows.columns.n[1];
const x: number = rows.columns["price a"][1] + small[99] + (gap ?? 10) + (mixed[1].n ?? 100);
const [first] = rows;
const y: number | bigint = large[100];
console.log(x, first["price a"], typeof y, mixed[0].class);
"""
    _, block = run(tmp_path, f"{MAKE}#lang:ts\n#import: rows, small, large, mixed\n{code}#end\n")
    assert block["stdout"] == "210.5 0.5 bigint a\n", told(block)


def test_entries_of_a_map_have_their_type(tmp_path: Path) -> None:
    made = "#lang:python\n#export: words\nwords = {'tea': {'n': 2, 'at': [1, 3]}, 'bun': {'n': 1, 'at': [2]}}\n#end\n"
    code = """for (const [word, { n, at }] of Object.entries(words))
  console.log(word, n, at.map((one) => one * 2).join());
const wrong: string = Object.values(words)[0].n;
"""
    _, block = run(tmp_path, f"{made}#lang:ts\n#import: words\n{code}#end\n")
    assert "9:7: error TS2322: Type 'number' is not assignable to type 'string'." in str(block["build"]), told(block)
    assert str(block["build"]).count("error") == 1, told(block)


def test_a_wrong_use_is_an_error_of_its_line(tmp_path: Path) -> None:
    wrong = ["const s: string = total;", "rows.columns.n[0] + 1;", "rows.columns.nosuch;", "large[0] + 1;"]
    document = "".join(f"#lang:ts\n#import: total, rows, large\n\n{one}\n#end\n" for one in wrong)
    _, *blocks = run(tmp_path, MAKE + document)
    for n, block in enumerate(blocks):
        assert block["status"] == "build_failed", told(block)
        problem = block["problem"]
        assert isinstance(problem, dict)
        assert problem["line"] == MAKE.count("\n") + 5 * n + 4, told(block)


def test_what_cannot_be_exported_does_not_compile(tmp_path: Path) -> None:
    code = "const n = 1;\nexport const f = () => n;"
    block, braced, growing = run(
        tmp_path,
        f"#lang:ts\n#export: f\n{code}\n#end\n#lang:ts\n#export: x\nconst x = 1;\nif (x) {{\n#end\n"
        "#lang:ts\n#export: xs\nconst xs = [];\nxs.push(1);\n#end\n",
    )
    assert "4:14: error TS2344: 'f' cannot be exported: a function has no form" in str(block["build"]), told(block)
    problem = braced["problem"]
    assert isinstance(problem, dict)
    assert problem["line"] == 9, told(braced)
    assert growing["status"] == "ok", told(growing)


def test_an_object_that_has_no_form_is_refused_when_it_ends(tmp_path: Path) -> None:
    (block,) = run(tmp_path, "#lang:ts\n#export: x\nconst x = { inner: new WeakMap() };\n#end\n")
    problem = block["problem"]
    assert isinstance(problem, dict)
    assert "an object of the class `WeakMap` has no form" in problem["message"], told(block)
