"""Values in and out of the command: `--set`, `--get`, `--save`, `polyrun values`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from cli_case import MakeCase

DOCUMENT = """\
#lang:python name=make
#import: n, rates
#export: total, big, rows:table, xs:array, raw, note:file
total = n * rates["a"]
big = {"k": [1, None, 2**70, float("nan"), b"x"]}
rows = [{"a": 1, "b": 'x,"y'}, {"a": None, "b": ""}]
xs = [[1.5, 2], [3, 4]]
raw = b"\\0\\xff"
with open("note.txt", "w") as file:
    file.write("kept")
note = "note.txt"
print("noise")
#end
"""
GIVEN = ("--set", "n=3", "--set", "rates=rates.json")
RATES = '{"a": 0.5}'


def test_one_export_as_json(case: MakeCase) -> None:
    made = case(DOCUMENT).file("rates.json", RATES)
    made.args("run", "doc.mix", *GIVEN, "--get", "total").stdout("1.5\n").stderr("").exits(0)


def test_several_come_in_the_order_they_were_asked_for(case: MakeCase) -> None:
    made = case(DOCUMENT).file("rates.json", RATES)
    words = ("--get", "rows", "--get", "make.xs", "--get", "big")
    rows, xs, big = made.args("run", "doc.mix", *GIVEN, *words).nowhere("noise").exits(0).text.splitlines()
    assert json.loads(rows) == [{"a": 1, "b": 'x,"y'}, {"a": None, "b": ""}]
    assert json.loads(xs) == [[1.5, 2.0], [3.0, 4.0]]
    tagged = [{"$t": "int", "v": str(2**70)}, {"$t": "float", "v": "NaN"}, {"$t": "bytes", "v": "eA=="}]
    assert json.loads(big) == {"k": [1, None, *tagged]}


def test_json_holds_what_was_asked_for(case: MakeCase) -> None:
    made = case(DOCUMENT).file("rates.json", RATES)
    words = ("--get", "total", "--format", "json")
    found = json.loads(made.args("run", "doc.mix", *GIVEN, *words).exits(0).out)
    assert found["values"] == {"total": 1.5}
    assert found["blocks"][0]["stdout"] == "noise\n"


def test_every_export_becomes_a_standard_file(case: MakeCase) -> None:
    made = case(DOCUMENT).file("rates.json", RATES)
    ended = (
        made.args("run", "doc.mix", *GIVEN, "--save", "out").stdout("noise\n").stderr_has("6 exports saved").exits(0)
    )
    out = ended.folder / "out"
    names = ["big.json", "note.txt", "raw.bin", "rows.arrow", "total.json", "xs.npy"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert (out / "total.json").read_text() == "1.5\n"
    assert (out / "raw.bin").read_bytes() == b"\0\xff"
    assert (out / "note.txt").read_text() == "kept"
    assert np.load(out / "xs.npy").tolist() == [[1.5, 2.0], [3.0, 4.0]]
    with pa.memory_map(str(out / "rows.arrow")) as file:
        assert pa.ipc.open_file(file).read_all().to_pydict() == {"a": [1, None], "b": ['x,"y', ""]}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_tables_in_another_form(case: MakeCase, form: str) -> None:
    made = case(DOCUMENT).file("rates.json", RATES)
    out = made.args("run", "doc.mix", *GIVEN, "--save", "out", "--tables", form).exits(0).folder / "out"
    if form == "csv":
        assert (out / "rows.csv").read_bytes() == b'a,b\r\n1,"x,""y"\r\n,""\r\n'
    else:
        table = pyarrow.parquet.read_table(out / "rows.parquet")
        assert table.to_pydict() == {"a": [1, None], "b": ['x,"y', ""]}


@pytest.mark.parametrize("name", ["rows.arrow", "rows.parquet", "rows.csv"])
def test_what_was_saved_can_be_given(case: MakeCase, name: str) -> None:
    made = case(DOCUMENT).file("rates.json", RATES)
    form = name.partition(".")[2]
    made.args("run", "doc.mix", *GIVEN, "--save", ".", "--tables", form).exits(0)
    made.file("take.mix", "#lang:python\n#import: rows\nprint(*rows)\n#end\n")
    made.args("run", "take.mix", "-q", "--set", f"rows={name}")
    made.stdout("{'a': 1, 'b': 'x,\"y'} {'a': None, 'b': ''}\n").exits(0)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("3", "3"),
        ("-0.0", "-0.0"),
        ("null", "None"),
        ('"3"', "'3'"),
        ("Oslo", "'Oslo'"),
        ("", "''"),
        ("1e999x", "'1e999x'"),
        ('[1, {"a": true}]', "[1, {'a': True}]"),
        ('{"$t": "date", "v": "2026-11-24"}', "datetime.date(2026, 11, 24)"),
        (str(2**80), str(2**80)),
    ],
)
def test_a_given_text(case: MakeCase, given: str, shown: str) -> None:
    made = case("#lang:python\n#import: x\nimport datetime\nprint(repr(x))\n#end\n")
    made.args("run", "doc.mix", "-q", "--set", f"x={given}").stdout(shown + "\n").exits(0)


def test_a_given_value_comes_before_an_export(case: MakeCase) -> None:
    made = case(
        "#lang:python name=a\n#export: x\nx = 1\n#end\n#lang:python\n#import: x, a.x as own\nprint(x, own)\n#end\n"
    )
    made.args("run", "doc.mix", "-q", "--set", "x=2").stdout("2 1\n").exits(0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--set", "n"), "error: `--set n` is not `NAME=VALUE`"),
        (("--set", "2=3"), "error: `--set 2=3` is not `NAME=VALUE`"),
        (("--set", "n=1", "--set", "n=2"), "error: `--set n=…` stands there twice"),
        ((*GIVEN, "--set", "ratez=1"), "error: `--set ratez=…`: no block imports `ratez`\nhint: did you mean `rates`?"),
        ((*GIVEN, "--get", "totl"), "error: `--get totl`: no block that runs exports it\nhint: did you mean `total`?"),
        (("--set", "n=1", "--set", "rates=no.json"), "error[PR612]: `rates`, which `--set` gives, cannot be used: `no"),
        (("--set", "n=1", "--set", "rates={"), "error[PR612]: `rates`, which `--set` gives, cannot be used: expecting"),
        (("--set", "n=1"), "error[PR601]: no earlier block exports `rates`"),
    ],
)  # fmt: skip
def test_mistakes_are_told_before_anything_runs(case: MakeCase, words: tuple[str, ...], message: str) -> None:
    made = case(DOCUMENT).file("rates.json", RATES)
    made.args("run", "doc.mix", *words).stdout("").stderr_has(message).nowhere("noise", "PR901").exits(2)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.json", b'{"a": 1, "a": 2}', "the key `a` stands twice"),
        ("x.json", b"\xff", "not valid UTF-8"),
        ("x.json", b"[" * 100_000, "nested too deep"),
        ("x.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': 'O'}    ", "not that of a `.npy` file"),
        ("x.npy", b"no array", "not a `.npy` file"),
        ("x.csv", b"a,b\n1\n", "row 2 has 1 cells where 2 belong"),
        ("x.csv", b"a,a\n1,2\n", "two of its columns have one name"),
        ("x.csv", b"", "it is empty"),
        ("x.csv", b'a\n"x\n', "unexpected end of data"),
        ("x.arrow", b"", "it is empty"),
        ("x.arrow", b"ARROW1\0\0 and no more", "cannot be used"),
        ("x.parquet", b"PAR1PAR1", "cannot be used"),
        ("x.txt", b"\xff", "not valid UTF-8"),
    ],
)
def test_a_given_file_that_is_not_what_it_says(case: MakeCase, name: str, content: bytes, message: str) -> None:
    made = case("#lang:python\n#import: x\nprint(x)\n#end\n").file(name, content)
    made.args("run", "doc.mix", "--set", f"x={name}").stdout("").stderr_has("error[PR612]", message)
    made.nowhere("PR901", "Traceback").exits(2)


def test_what_cannot_be_handed_out_fails_the_run(case: MakeCase) -> None:
    made = case("#lang:python allow-fail\n#export: x\nx = 1\nraise SystemExit(3)\n#end\n")
    made.args("run", "doc.mix", "--get", "x").stdout("").stderr_has("note: `x` was not exported").exits(1)
    made = case("#lang:python\n#export: x\nx = 1\n#end\n").file("taken", "")
    made.args("run", "doc.mix", "--save", "taken").stderr_has("note: `x` is not saved: ").exits(1)
    made = case(DOCUMENT).file("rates.json", RATES)
    made.args("run", "doc.mix", *GIVEN, "--get", "note").stdout("")
    made.stderr_has("`note` cannot be printed: a file has no form in JSON").exits(1)


def test_the_last_run_is_remembered(case: MakeCase, tmp_path: Path) -> None:
    logs = str(tmp_path / "logs")
    listed = ("values", "doc.mix", "--log-dir", logs)
    case(DOCUMENT).args(*listed).stdout("").stderr_has("no run of `doc.mix` is logged").exits(2)
    case(DOCUMENT).file("rates.json", RATES).args("run", "doc.mix", *GIVEN, "--log-dir", logs).exits(0)
    lines = case(DOCUMENT).args(*listed).exits(0).text.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [
        ["total", "float"],
        ["big", "map"],
        ["rows", "table"],
        ["xs", "array(float64)"],
        ["raw", "bytes"],
        ["note", "file"],
    ]
    found = json.loads(case(DOCUMENT).args(*listed, "--format", "json").exits(0).out)
    rows = next(one for one in found["exports"] if one["name"] == "rows")
    assert (rows["block"], rows["rows"], rows["columns"]) == ("make", 2, {"a": "int64", "b": "str"})


def test_a_check_knows_what_a_run_is_given(case: MakeCase) -> None:
    case(DOCUMENT).args("check", "doc.mix", "--set", "n", "--set", "rates").stdout_has("note[PR603]").nowhere(
        "PR601"
    ).exits(0)
    case(DOCUMENT).args("plan", "doc.mix", "--set", "n", "--set", "rates").stdout_has("make").exits(0)
