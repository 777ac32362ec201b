"""SQL: statements in order, tables as text, the place of every error, and nothing touched but what is named."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from conformance.languages.harness import ENVIRONMENT, Bench, BenchOf
from polyrun.languages import locate

CASES = tomllib.loads(Path(__file__).with_name("sql.toml").read_text("utf-8"))


def named(kind: str) -> list[object]:
    return [pytest.param(case, id=case["name"]) for case in CASES[kind]]


@pytest.fixture
def sql(bench_of: BenchOf) -> Bench:
    return bench_of("sql")


@pytest.mark.parametrize("case", named("fails"))
def test_an_error_names_its_place(sql: Bench, case: dict[str, Any]) -> None:
    ended = sql.run(case["code"], line=30)
    located = locate(sql.language, ended.stderr.encode(), "stats.mix")
    assert ended.code == 1
    assert located is not None, ended.stderr
    assert (located.line, located.column) == (29 + case["line"], case.get("column")), ended.stderr
    assert located.message.startswith(case["said"])
    assert "LINE" not in ended.stderr, "DuckDB's own line is not the document's"
    assert "run.py" not in ended.stderr


def test_a_block_that_is_no_text_is_an_error_of_its_line(sql: Bench) -> None:
    ended = sql.run(b"SELECT 1;\nSELECT '\xff';")
    assert (ended.code, ended.stderr) == (1, "stats.mix:13:9: Invalid Input Error: the block is not UTF-8\n")


def test_a_mistake_in_the_grammar_stops_the_block_before_it_begins(sql: Bench) -> None:
    assert sql.run("SELECT 1;\nSELEC 2;").stdout == ""
    assert sql.run("SELECT 1 AS x;\nSELECT error('no');").stdout == " x\n---\n 1\n"


@pytest.mark.parametrize("case", named("tables"))
def test_what_a_query_finds_is_printed_as_a_table(sql: Bench, case: dict[str, Any]) -> None:
    ended = sql.run(case["code"])
    assert (ended.code, ended.stderr, ended.stdout) == (0, "", case["printed"])


@pytest.mark.parametrize(
    ("rows", "note"),
    [(100, None), (101, "... 1 more row"), (350, "... 250 more rows"), (10**12, "... at least 100000 more rows")],
)
def test_many_rows_are_cut_with_a_note(sql: Bench, rows: int, note: str | None) -> None:
    lines = sql.run(f"FROM range({rows});").stdout.splitlines()
    assert len([line for line in lines if line.strip().isdigit()]) == 100
    assert lines[-1] == (note or "    99")


def test_a_long_text_is_cut(sql: Bench) -> None:
    lines = sql.run("SELECT repeat('x', 5000000) AS x, 1 AS y;").stdout.splitlines()
    assert lines[2] == f" {'x' * 1000}… | 1"


def test_explain_is_readable(sql: Bench) -> None:
    ended = sql.run("EXPLAIN SELECT 42 AS x;")
    assert ended.code == 0
    assert len(ended.stdout.splitlines()) > 4
    assert "physical_plan" in ended.stdout


def test_tables_and_files_stay_in_order_on_stdout(sql: Bench) -> None:
    ended = sql.run("SELECT 1 AS x; COPY (SELECT 2) TO '/dev/stdout' (HEADER false); SELECT 3 AS x;")
    assert ended.stdout == " x\n---\n 1\n2\n\n x\n---\n 3\n"


def test_files_beside_the_document_are_tables(sql: Bench) -> None:
    files = {"rates.csv": "currency,rate\nEUR,1.5\nCHF,2\n", "names.json": '[{"name": "a"}, {"name": "b"}]'}
    code = (
        "COPY (FROM 'rates.csv') TO 'rates.parquet';\n"
        "SELECT name, sum(rate) AS total FROM 'rates.parquet', 'names.json' GROUP BY name ORDER BY name;"
    )
    assert sql.run(code, files=files).stdout == " name | total\n------+-------\n a    |   3.5\n b    |   3.5\n"


def test_csv_comes_from_stdin(sql: Bench) -> None:
    code = "SELECT sum(x) AS total FROM read_csv('/dev/stdin');"
    assert sql.run(code, stdin=b"x,y\n1,a\n2,b\n").stdout == " total\n-------\n     3\n"


def test_arguments_are_a_list(sql: Bench) -> None:
    code = "SELECT unnest(getvariable('args')) AS arg;"
    assert sql.run(code, args=["it's", "--x"]).stdout == " arg\n------\n it's\n --x\n"
    assert sql.run("SELECT len(getvariable('args')) AS n;").stdout == " n\n---\n 0\n"


def test_no_table_is_a_variable_of_ours(sql: Bench) -> None:
    for name in ("block", "args", "connection", "sys", "code"):
        assert f"Table with name {name} does not exist" in sql.run(f"FROM {name};").stderr


def test_nothing_is_left_behind_and_nothing_installed(
    sql: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENVIRONMENT, "HOME", str(tmp_path))
    sort = "CREATE TABLE t AS SELECT random() AS x FROM range(100000);\nSELECT count(*) AS n FROM (FROM t ORDER BY x);"
    ended = sql.run(f"{sort}\nFROM glob('*');")
    assert ended.stdout.endswith(" file\n-----------\n stats.mix\n"), ended.stderr
    autoload = sql.run("FROM 'https://example.org/x.csv';")
    assert autoload.code == 1
    assert "download" not in autoload.stderr
    assert os.listdir(tmp_path) == []


def test_memory_is_bounded_by_the_box(sql: Bench) -> None:
    ended = sql.run("SELECT 1 AS x;\nCREATE TABLE t AS SELECT uuid() AS x FROM range(100000000);")
    assert ended.code == 1
    assert "stats.mix:13: Out of Memory Error: " in ended.stderr
