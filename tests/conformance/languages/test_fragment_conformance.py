"""Code without a `main`: what may stand in it, and that no line moves. The cases stand in `fragments.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from conformance.languages.harness import BenchOf
from polyrun.languages import locate

CASES = tomllib.loads(Path(__file__).with_name("fragments.toml").read_text("utf-8"))


def named(kind: str) -> list[object]:
    return [pytest.param(case, id=case["name"]) for case in CASES[kind]]


@pytest.mark.parametrize("case", named("runs"))
def test_fragment_runs(bench_of: BenchOf, case: dict[str, Any]) -> None:
    ended = bench_of(case["language"]).run(case["code"])
    assert (ended.code, ended.stderr, ended.stdout) == (0, "", case["printed"])


@pytest.mark.parametrize("case", named("fails"))
def test_fault_in_a_fragment_keeps_its_line(bench_of: BenchOf, case: dict[str, Any]) -> None:
    bench = bench_of(case["language"])
    ended = bench.run(case["code"], line=30)
    located = locate(bench.language, ended.stderr.encode(), "stats.mix")
    assert ended.code != 0
    assert located is not None, ended.stderr
    assert located.line == 29 + case["line"], ended.stderr
