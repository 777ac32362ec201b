"""What Go does with values beyond the samples: its ways out of `main`, its own types, and what it refuses."""

from __future__ import annotations

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


@pytest.mark.timeout(200)
def test_everything_is_handed_on_unchanged(tmp_path: Path) -> None:
    """From Python to Go and back, without a line that names a type."""
    python = speakers()["python"]
    names = python.makes
    imports = ", ".join(f"make_python.{name} as in_{name}" for name in names)
    code = "".join(f"{name} := in_{name}\n" for name in names)
    middle = f"#lang:go name=middle\n#import: {imports}\n#export: {', '.join(names)}\n{code}#end\n"
    back = python.consumer(python).replace("make_python.", "middle.")
    assert ok(tmp_path, python.producer() + middle + back)[-1] == python.reports(python)


LEAVES = {
    "return in the middle": "n := 1\nif n == 1 {\n\tn = 7\n\treturn\n}\nn = 8\n",
    "last value, whatever was deferred": "n := 1\ndefer func() { n = 7 }()\nn = 2\n",
    "put before os.Exit": "func f(n int) { polyrun.Put(`n`, n) }\nf(1)\nf(7)\nos.Exit(0)\n",
    "group of variables": "var (\n\tm = len(\n\t\t`n`,\n\t)\n\tn = m + 6\n)\n",
    "constant": "const n = 7\n",
    "main without package": "func main() {\n\t_, n := 0, 7 // n\n}\n",
    "variable of the package": """package main

var n int

func fill() { n = 7 }

func main() {
	if n > 0 {
		return
	}
	fill()
}
""",
    "panic that is recovered": "n := 7\ndefer func() { recover() }()\npanic(n)\n",
}
"""Programs that end with `n` being 7."""


@pytest.mark.timeout(200)
def test_ways_out_of_main(tmp_path: Path) -> None:
    blocks = "".join(f"#lang:go name=b{at}\n#export: n\n{code}#end\n" for at, code in enumerate(LEAVES.values()))
    names = ", ".join(f"b{at}.n as n{at}" for at in range(len(LEAVES)))
    shown = ", ".join(f"n{at}" for at in range(len(LEAVES)))
    printed = ok(tmp_path, f"{blocks}#lang:python\n#import: {names}\nprint({shown})\n#end\n")
    assert printed[-1].split() == ["7"] * len(LEAVES)


SHAPES = """#lang:go name=made
#export: item, rows:table, fraction, far, some, sum
type base struct{ ID int }
type made struct {
	base
	name string `json:"n"`
	skip chan int `json:"-"`
	opt *int `json:"opt,omitempty"`
	odd string `polyrun:"a, b"`
}
type row struct {
	x int32
	y *string
}
text := "y"
item := made{base: base{1}, name: "m", odd: "o"}
rows := []row{{1, nil}, {2, &text}}
fraction := big.NewRat(5, 4)
far := uint64(math.MaxUint64)
some := map[string]any{"b": []uint8{1}, "a": time.Unix(0, 0).UTC()}
sum := [2]float32{0.5, 1}
#end
#lang:python
#import: item, fraction, far, some, sum, rows:list
print(item, fraction, far, some, sum, rows)
#end
"""


@pytest.mark.timeout(200)
def test_types_of_the_block(tmp_path: Path) -> None:
    assert ok(tmp_path, SHAPES)[-1] == (
        "{'ID': 1, 'n': 'm', 'a, b': 'o'} 1.25 18446744073709551615 "
        "{'a': datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), 'b': b'\\x01'} [0.5, 1.0] "
        "[{'x': 1, 'y': None}, {'x': 2, 'y': 'y'}]\n"
    )


NAMES = """#lang:python name=source
#export: list, words, gaps
import numpy as np
list = np.eye(2)
words = {"type": 1, "type_": 2.5, "nil": None}
gaps = [{"a": 1, "b": None}, {"b": "x"}, {}]
#end
#lang:go
#import: list, words, gaps as given
#export: gaps
gaps := given
fmt.Println(list.Shape, list.At(1, 1), words.type__, words.type_, words.nil_)
#end
#lang:python
#import: gaps
print(gaps)
#end
"""


@pytest.mark.timeout(200)
def test_names_that_mean_something_else(tmp_path: Path) -> None:
    """A value called like a package, keys called like words of Go; and a key that is missing is not null."""
    _, shown, back = ok(tmp_path, NAMES)
    assert shown == "[2 2] 1 1 2.5 <nil>\n"
    assert back == "[{'a': 1, 'b': None}, {'b': 'x'}, {}]\n"


LARGE = """#lang:go name=made
#export: xs:array, ys
xs, ys := make([]float64, 1e6), make([]string, 1e5)
for n := range xs {
	xs[n] = float64(n)
}
#end
#lang:go
#import: xs, ys
total := 0.0
for n := range xs.Data {
	xs.Data[n]++
	total += xs.Data[n]
}
fmt.Println(total, len(ys))
#end
"""


@pytest.mark.timeout(200)
def test_a_million_numbers(tmp_path: Path) -> None:
    assert ok(tmp_path, LARGE)[-1] == "5.000005e+11 100000\n"


BUILD_FAULTS = {
    "f := func() {}\n": (3, 1, "f cannot be exported: it is a function, which has no form in other languages"),
    "type t struct{ c chan int }\n\n  f := []t{}\n": (5, 3, "the field c of an item of it is a channel"),
    "var f strings.Builder\nf.Len()\n": (3, 5, "f cannot be exported: it is a strings.Builder"),
    "n := 1\nf := map[int]bool{}\nn++\n": (4, 1, "f cannot be exported: it is a map whose keys are no texts"),
}


@pytest.mark.timeout(200)
def test_a_type_that_cannot_be_exported_does_not_build(tmp_path: Path) -> None:
    blocks = run(tmp_path, "".join(f"#lang:go\n#export: f\n{code}#end\n" for code in BUILD_FAULTS))
    before = 0
    for block, (code, (line, column, wanted)) in zip(blocks, BUILD_FAULTS.items(), strict=True):
        assert block["status"] == "build_failed", told(block)
        assert f"values.mix:{before + line}:{column}: " in str(block["build"])
        assert wanted in str(block["build"])
        before += code.count("\n") + 3


RUN_FAULTS = {
    "type t struct{ next *t }\nx := &t{}\nx.next = x\n": "nested deeper than 64 levels, or has itself inside",
    "x := big.NewRat(1, 3)\n": "it is the fraction 1/3, which is no decimal number",
    "x := `\\xff`[1:2] + string([]byte{255})\n": "it is a text that is not valid UTF-8; declare it as :bytes",
    "var x any = make(chan int)\n": "it is a channel, which has no form in other languages",
    "x := errors.New(`a`)\n": "it is an error; export its text, err.Error()",
}


@pytest.mark.timeout(200)
def test_values_that_are_refused(tmp_path: Path) -> None:
    blocks = run(tmp_path, "".join(f"#lang:go\n#export: x\n{code}#end\n" for code in RUN_FAULTS))
    for block, wanted in zip(blocks, RUN_FAULTS.values(), strict=True):
        problem = block["problem"]
        assert isinstance(problem, dict), told(block)
        assert problem["code"] == "PR609"
        assert wanted in problem["message"]


@pytest.mark.timeout(200)
def test_a_panic_is_where_it_was_and_exports_nothing(tmp_path: Path) -> None:
    document = "#lang:go\n#export: x\nx := []int{1}\nfmt.Println(len(x))\n\nx[len(x)] = 2\n#end\n"
    (block,) = run(tmp_path, document)
    assert block["status"] == "nonzero_exit"
    assert block["exit_code"] == 2
    assert "values.mix:6" in str(block["stderr"])
    assert "recovered" not in str(block["stderr"])
    assert not block["exports"]
