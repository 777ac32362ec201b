"""TypeScript is checked as such, runs as JavaScript does, and its positions survive what the compiler does to it."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from conformance.languages.harness import Bench, BenchOf, toolchain
from polyrun.languages import Toolchain, locate, lower
from polyrun.model.frozen import replace

BESIDE = {
    "beside.mjs": "export const x = 5;\nexport function twice(n) { return [n, n]; }",
    "beside.cjs": "exports.z = 7;",
    "beside.json": '{"y": 6}',
    "plain.cjs": "module.exports = (a) => a + 1;",
    "plain.d.cts": "declare function plain(a: number): number;\nexport = plain;",
}
CASES = tomllib.loads(Path(__file__).with_name("typescript.toml").read_text("utf-8"))


def named(kind: str) -> list[object]:
    return [pytest.param(case, id=case["name"]) for case in CASES[kind]]


@pytest.fixture
def typescript(bench_of: BenchOf) -> Bench:
    return bench_of("typescript")


@pytest.mark.parametrize("case", named("runs"))
def test_it_runs(typescript: Bench, case: dict[str, Any]) -> None:
    ended = typescript.run(case["code"], files=BESIDE)
    assert (ended.code, ended.stderr, ended.stdout) == (0, "", case["printed"])


@pytest.mark.parametrize("name", ["return at the top", "template of many lines", "enum and namespace"])
def test_lines_may_end_in_crlf(typescript: Bench, name: str) -> None:
    (case,) = (case for case in CASES["runs"] if case["name"] == name)
    ended = typescript.run(case["code"].replace("\n", "\r\n"))
    assert (ended.code, ended.stderr, ended.stdout) == (0, "", case["printed"])


@pytest.mark.parametrize("case", named("throws"))
def test_an_error_names_its_own_line_and_column(typescript: Bench, case: dict[str, Any]) -> None:
    before, _ = case["code"].split("!!new")
    ended = typescript.run(case["code"].replace("!!new", "new"), line=40)
    assert ended.built, ended.stderr
    frame = re.search(r"^ +at (?:.*\()?stats\.mix:(\d+):(\d+)\)?$", ended.stderr, re.MULTILINE)
    assert frame is not None, ended.stderr
    line = 40 + before.count("\n")
    assert (int(frame[1]), int(frame[2])) == (line, len(before) - before.rfind("\n")), ended.stderr
    located = locate(typescript.language, ended.stderr.encode(), "stats.mix")
    assert located is not None
    assert located.line == line
    assert "/bench-" not in ended.stderr


@pytest.mark.parametrize("case", named("refused"))
def test_a_type_error_fails_the_build_at_its_line_and_column(typescript: Bench, case: dict[str, Any]) -> None:
    ended = typescript.run(case["code"], line=30, files=BESIDE)
    assert not ended.built
    located = locate(typescript.language, ended.stderr.encode(), "stats.mix")
    assert located is not None, ended.stderr
    assert (located.line, located.column) == (29 + case["line"], case["column"])
    assert located.message.startswith(case["said"])
    assert "/bench-" not in ended.stderr
    assert "block.ts" not in ended.stderr


def test_every_type_error_is_told(typescript: Bench) -> None:
    ended = typescript.run(
        "let a: string = 1;\nlet b: { c: { d: number } } = { c: { d: 'x' } };\nreturn;\nlet e: string = 2;"
    )
    assert [line[:12] for line in ended.stderr.splitlines()] == ["stats.mix:12", "stats.mix:13", "stats.mix:15"]


def test_the_names_of_node_are_known_without_its_types(typescript: Bench, tmp_path: Path) -> None:
    tools = toolchain("typescript")
    assert isinstance(tools, Toolchain)
    compiler = Path(tools.programs["compiler"])
    shutil.copytree(compiler.parent.parent, tmp_path / "alone")
    alone = {**tools.programs, "compiler": str(tmp_path / "alone" / compiler.parent.name / compiler.name)}
    bench = Bench(typescript.language, replace(tools, programs=alone), tmp_path)
    (case,) = (case for case in CASES["runs"] if case["name"] == "globals of node")
    ended = bench.run("import fs from 'node:fs';\nimport { join } from 'path';\nfs.noSuchName;\n" + case["code"])
    assert (ended.code, ended.stderr, ended.stdout) == (0, "", case["printed"])
    assert "stats.mix:12:5: error TS2322" in bench.run("let x: number = __filename;").stderr


def test_only_imports_of_neighbours_look_beside_the_document(typescript: Bench) -> None:
    def reads(code: str) -> bool:
        return lower(typescript.language, code.encode(), 1, "a.mix").reads_workspace

    assert not reads("import fs from 'node:fs';\nimport { join } from \"path\";\nconst x = require('fs/promises');")
    assert not reads("console.log('imported from', 'x');")
    assert reads("import { x } from './beside.mjs';")
    assert reads("const x = require( '../x.json');")
    assert reads("await import('left-pad');")
    assert reads("import 'paths';")
