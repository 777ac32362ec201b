"""SQL: the last query and what has a name go out, and nothing that Python or DuckDB would change goes unnoticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.values.test_value_conformance import run, told


def blocks_of(folder: Path, *sql: tuple[str, str]) -> list[dict[str, Any]]:
    return run(folder, "".join(f"#lang:sql\n{head}\n{code}\n#end\n" for head, code in sql))


REFUSED = {
    "months": ("SELECT INTERVAL '1 month' AS i;", "months, which have no fixed length"),
    "infinity": ("SELECT 'infinity'::DATE AS d;", "a day outside of the years 1 to 9999"),
    "large": ("SELECT sum(9223372036854775807) AS s FROM range(3);", "an integer of more than 64 bits"),
    "nested": ("SELECT [1, 2] AS l;", "declare the export as `list`"),
    "twice": ("SELECT 1 AS a, 2 AS a;", "two columns of one name (`a`)"),
    "changes": ("CREATE TABLE t (x INT); INSERT INTO t VALUES (1) RETURNING x;", "the last result is that of INSERT"),
}


def test_what_has_no_form_is_refused_with_a_reason(tmp_path: Path) -> None:
    found = blocks_of(tmp_path, *(("#export: x", code) for code, _ in REFUSED.values()))
    for block, (_, reason) in zip(found, REFUSED.values(), strict=True):
        assert block["status"] == "export_missing", told(block)
        assert reason in block["problem"]["message"]


DECLARED = {
    "int": ("SELECT sum(i) FROM range(10) t(i);", "45"),
    "float": ("SELECT 1.1;", "1.1"),
    "duration": ("SELECT INTERVAL '1 day -0.5 seconds';", "86399.5 s"),
    "timestamp": ("SET TimeZone = 'Asia/Tokyo'; SELECT TIMESTAMPTZ '2026-07-01 00:00:00.5+02';", "2026-06-30T22:00:00.5Z"),  # noqa: E501
    "list": ("SELECT i AS a, DATE '2026-01-01' + i::INT AS d FROM range(1) t(i);", '[{"a": 0, "d": 2026-01-01}]'),
    "list(float)": ("SELECT unnest([1.5, 2]);", "[1.5, 2.0]"),
    "map": ("SELECT 1 AS a, {'b': [TIME '01:02:03']} AS s;", '{"a": 1, "s": {"b": [01:02:03]}}'),
}  # fmt: skip


def test_the_declared_type_says_what_a_result_is(tmp_path: Path) -> None:
    found = blocks_of(tmp_path, *((f"#export: x:{kind}", code) for kind, (code, _) in DECLARED.items()))
    for block, (_, preview) in zip(found, DECLARED.values(), strict=True):
        assert block["status"] == "ok", told(block)
        assert block["exports"]["x"]["preview"] == preview


def test_one_block_hands_over_tables_variables_and_its_last_result(tmp_path: Path) -> None:
    code = "CREATE TABLE t AS FROM range(3);\nCREATE VIEW w AS FROM t;\nSET VARIABLE v = [1, 2];\nSELECT 1 AS r;"
    made, taken = run(
        tmp_path,
        f"#lang:sql\n#export: t, w, v, rest\n{code}\n#end\n"
        "#lang:python\n#import: t, w, v, rest\nprint(len(t), len(w), v, [*rest])\n#end\n",
    )
    assert made["stdout"] == " r\n---\n 1\n"
    assert taken["stdout"] == "3 3 [1, 2] [{'r': 1}]\n", told(taken)


def test_errors_stay_at_their_places(tmp_path: Path) -> None:
    bad, missing = blocks_of(
        tmp_path, ("#export: x", "SELECT 1;\n  SELECT nosuch\nFROM range(3);"), ("#export: x", "SELECT $rate;")
    )
    assert (bad["problem"]["line"], bad["problem"]["column"]) == (4, 10), told(bad)
    assert "Values were not provided" in missing["problem"]["labels"][0]["text"], told(missing)


def test_a_million_rows_pass_without_a_package(tmp_path: Path) -> None:
    made, _, counted = run(
        tmp_path,
        "#lang:sql\n#export: big\nSELECT i, i / 2 AS x, 'ü' || i AS s, i % 3 = 0 AS b, nullif(i % 5, 0) AS n"
        " FROM range(1000000) t(i);\n#end\n"
        "#lang:python\n#import: big\nprint(big.types)\n#end\n"
        "#lang:sql\n#import: big\n#export: out:list\n"
        "SELECT count(*), sum(i), sum(x), max(s), count(n), count(*) FILTER (WHERE b) FROM big;\n"
        "SELECT i FROM big a JOIN big b USING (i);\n#end\n",
    )
    assert made["status"] == "ok", told(made)
    assert "1000000 | 499999500000 | 249999750000.0 | ü999999 |   800000 |" in str(counted["stdout"])
    assert "'type': 'list(int)'" in str(counted["exports"]), told(counted)


@pytest.mark.parametrize(("value", "kind"), [
    ("{'key': [1], 'value': [2]}", 'STRUCT("key" BIGINT[], "value" BIGINT[])'),
    ("{'a': 1, 'A': 2}", "MAP(VARCHAR, BIGINT)"),
    ("[{'a': 1}, {'b': 2}]", "JSON"),
    ("[1, 2**64]", "HUGEINT[]"),
    ("[float('nan'), None, 1]", "DOUBLE[]"),
    ("[True, 1]", "JSON"),
])  # fmt: skip
def test_parameters_have_types_that_change_nothing(value: str, kind: str, tmp_path: Path) -> None:
    _, block = run(
        tmp_path,
        f"#lang:python\n#export: x\nx = {value}\n#end\n"
        "#lang:sql\n#import: x\nSELECT typeof($x) AS t, $x::VARCHAR;\n#end\n",
    )
    assert kind in str(block["stdout"]).splitlines()[2], told(block)
