"""What Rust does with values beyond the samples: its ways out of `main`, its own types, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.values.samples import speakers
from conformance.values.test_value_conformance import run, told


def ok(folder: Path, document: str) -> list[str]:
    """Run `document`, in which all goes well; what each block printed."""
    blocks = run(folder, document)
    for block in blocks:
        assert block["status"] == "ok", told(block)
    return [str(block["stdout"]) for block in blocks]


@pytest.mark.timeout(300)
def test_everything_is_handed_on_unchanged(tmp_path: Path) -> None:
    """From Python to Rust and back, without a line that names a type."""
    python = speakers()["python"]
    names = ", ".join(python.makes)
    imports = ", ".join(f"make_python.{name}" for name in python.makes)
    code = "".join(f"let {name} = {name};\n" for name in python.makes)
    middle = f"#lang:rust name=middle\n#import: {imports}\n#export: {names}\n{code}#end\n"
    back = python.consumer(python).replace("make_python.", "middle.")
    assert ok(tmp_path, python.producer() + middle + back)[-1] == python.reports(python)


def test_maps_of_a_list_keep_their_keys(tmp_path: Path) -> None:
    make = "#lang:python name=make\n#export: rows\nrows = [{'b': 1, 'a': 2}, {'a': None, 'b': 3}, {'a': 4}, {}]\n#end\n"
    code = "let mut last = rows[3].clone();\nlast.a = Some(5);\n"
    rust = f"#lang:rust name=rust\n#import: rows\n#export: rows, last\n{code}#end\n"
    take = "#lang:python\n#import: rust.rows, last\nprint(rows, last)\n#end\n"
    assert ok(tmp_path, make + rust + take)[-1] == "[{'b': 1, 'a': 2}, {'a': None, 'b': 3}, {'a': 4}, {}] {'a': 5}\n"


LEAVES = {
    "return in the middle": "let mut n = 1;\nif n == 1 {\n  n = 7;\n  return;\n}\nn = 8;\n",
    "question mark": 'let n: i64 = "7".parse()?;\nif n == 7 { return Ok(()); }\npanic!();\n',
    "Ok at the end": 'let n: i64 = "7".parse()?;\nOk(()) // done\n',
    "let else": "let n = Some(7);\nlet n = match n { Some(n) => n, None => return };\n",
    "put before exit": 'fn f(n: i32) { polyrun::put("n", n); }\nf(1);\nf(7);\nstd::process::exit(0);\n',
    "moved after it was put": 'let n = vec![3, 4];\npolyrun::put("n", n.iter().sum::<i32>());\ndrop(n);\n',
    "loop at the end": "let mut n = 1;\nfor i in 1..4 { n += i }\n",
    "program": """#![allow(dead_code)]
use std::process::ExitCode;
fn other() { return; }
fn main() -> ExitCode {
    let n = 7;
    if n > 7 { return ExitCode::FAILURE; }
    other();
    match n { 7 => ExitCode::SUCCESS, _ => ExitCode::FAILURE }
}
""",
}
"""Programs that end with `n` being 7."""


@pytest.mark.timeout(200)
def test_ways_out_of_main(tmp_path: Path) -> None:
    blocks = "".join(f"#lang:rust name=b{at}\n#export: n\n{code}#end\n" for at, code in enumerate(LEAVES.values()))
    imports = ", ".join(f"b{at}.n as n{at}" for at in range(len(LEAVES)))
    names = ", ".join(f"n{at}" for at in range(len(LEAVES)))
    take = f"#lang:python\n#import: {imports}\nprint([{names}])\n#end\n"
    assert ok(tmp_path, blocks + take)[-1] == f"{[7] * len(LEAVES)}\n"


OWN = """
use std::rc::Rc;
struct Point<'a> { x: f32, label: &'a str, tags: Option<Vec<char>> }
polyrun::record!(Point<'_> { x, label, tags });
let points = vec![Point { x: 0.5, label: "a", tags: None }, Point { x: 1.5, label: "b", tags: Some(vec!['u']) }];
let mut counts: HashMap<char, usize> = HashMap::new();
for c in "abca".chars() { *counts.entry(c).or_default() += 1; }
let shared = Rc::new(RefCell::new(BTreeSet::from(["b", "a"])));
let pairs = vec![("z", 1), ("y", 2)];
let big = [u64::MAX, 1];
let parts = (1, "a", polyrun::Date::new(2024, 2, 29));
let text = b"abc";
let rows = [("a", 1.5), ("b", 2.5)];
let times = polyrun::Table::new()
  .add("at", ["2026-07-01T12:00:00+02:00[Europe/Berlin]".parse::<polyrun::Timestamp>().unwrap()])
  .add("price", [Some(polyrun::Decimal::new(150, 2))])
  .add("took", [std::time::Duration::from_nanos(1)]);
"""
OWN_MADE = """
[{'x': 0.5, 'label': 'a', 'tags': None}, {'x': 1.5, 'label': 'b', 'tags': ['u']}]
{'a': 2, 'b': 1, 'c': 1}
['a', 'b']
{'z': 1, 'y': 2}
[18446744073709551615, 1]
[1, 'a', datetime.date(2024, 2, 29)]
abc
[1.5, 2.5]
2026-07-01 12:00:00+02:00 1.50
"""


@pytest.mark.timeout(200)
def test_types_of_the_standard_library_and_of_the_block(tmp_path: Path) -> None:
    exports = "points, counts, shared, pairs:map, big, parts, text:str, rows, times"
    make = f"#lang:rust name=make\n#export: {exports}\n{OWN}#end\n"
    names = [export.partition(":")[0] for export in exports.split(", ")]
    show = [f"print({name})" for name in names[:-2]]
    show += ["print([row[1] for row in rows])", "import pandas", "print(times['at'].iloc[0], times['price'].iloc[0])"]
    take = f"#lang:python\n#import: {', '.join(names)}\nimport pandas\n" + "\n".join(show) + "\n#end\n"
    assert ok(tmp_path, make + take)[-1] == OWN_MADE.lstrip()


@pytest.mark.timeout(200)
def test_large_numbers_are_mapped(tmp_path: Path) -> None:
    code = "import numpy as np\nxs, ns = np.arange(1e6), list(range(10**6))\n"
    make = f"#lang:python name=make\n#export: xs, ns\n{code}#end\n"
    rust = """#lang:rust name=rust
#import: xs, ns
#export: xs, ys:array, total
xs[0] = 5.0;
let ys: Vec<f32> = xs.iter().map(|x| *x as f32).collect();
let total: i64 = ns.iter().sum();
#end
"""
    take = """#lang:python
#import: make.xs as old, rust.xs, ys, total
import numpy
print(old[0], xs[0], xs[-1], ys.dtype, ys[-1], total)
#end
"""
    assert ok(tmp_path, make + rust + take)[-1] == "0.0 5.0 999999.0 float32 999999.0 499999500000\n"


BROKEN = {
    'let f = fs::File::open("x");\nlet n = f?;\nprintln!();': (4, "File` cannot be exported|Export` is not satisfied"),
    "let n = vec![1];\nlet m = n;\ndrop(m);": (5, "borrow of moved value: `n`"),
    "let n = 1;\n\nlet m: i32 = missing;": (5, "cannot find value `missing` in this scope"),
}
"""Programs that do not build, the line of the document and what is told of it (old compilers say it otherwise)."""


@pytest.mark.parametrize("code", list(BROKEN))
def test_what_does_not_build_is_told_at_its_line(code: str, tmp_path: Path) -> None:
    line, told_of_it = BROKEN[code]
    (block,) = run(tmp_path, f"#lang:rust\n#export: n\n{code}\n#end\n")
    assert block["status"] == "build_failed", told(block)
    problem = block["problem"]
    assert isinstance(problem, dict)
    assert problem["line"] == line, problem
    assert any(text in json.dumps(problem) for text in told_of_it.split("|")), problem


def test_a_panic_names_the_same_line(tmp_path: Path) -> None:
    make = "#lang:python name=make\n#export: xs, t\nimport numpy as np\nxs, t = np.arange(3.0), 'x'\n#end\n"
    code = '#lang:rust\n#import: xs, t\n#export: n\nlet n = xs.len();\n\nprintln!("{}{}", t, xs[n]);\n#end\n'
    _, block = run(tmp_path, make + code)
    assert block["exit_code"] == 101, told(block)
    assert "values.mix:11:" in str(block["stderr"])
    assert "the len is 3 but the index is 3" in str(block["stderr"])


REFUSED = {
    "let n = polyrun::Date::from_days(100_000_000);": "it is a date in the year 275760, and only 1 to 9999 can be said",
    'let n = std::path::Path::new("missing.txt");': "the file missing.txt cannot be read: No such file or directory",
}


@pytest.mark.parametrize("code", list(REFUSED))
def test_a_value_that_cannot_be_said_is_refused(code: str, tmp_path: Path) -> None:
    (block,) = run(tmp_path, f"#lang:rust\n#export: n\n{code}\n#end\n")
    problem = block["problem"]
    assert isinstance(problem, dict), told(block)
    assert problem["message"].startswith(f"`n` cannot be exported: {REFUSED[code]}")
