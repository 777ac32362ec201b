"""What users of Lua, PHP and R rely on beyond the common suite. Most cases stand in `scripts.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from conformance.languages.harness import BenchOf
from polyrun.languages import locate

CASES = tomllib.loads(Path(__file__).with_name("scripts.toml").read_text("utf-8"))


def named(kind: str) -> list[object]:
    return [pytest.param(case, id=f"{case['language']}: {case['name']}") for case in CASES[kind]]


@pytest.mark.parametrize("case", named("runs"))
def test_script_runs(bench_of: BenchOf, case: dict[str, Any]) -> None:
    ended = bench_of(case["language"]).run(case["code"], args=["a", "b"], files=case.get("beside"))
    assert (ended.code, ended.stderr, ended.stdout) == (0, "", case["printed"])


@pytest.mark.parametrize("case", named("fails"))
def test_fault_in_a_script_keeps_its_line(bench_of: BenchOf, case: dict[str, Any]) -> None:
    bench = bench_of(case["language"])
    ended = bench.run(case["code"], files=case.get("beside"))
    located = locate(bench.language, ended.stderr.encode(), "stats.mix")
    assert ended.code != 0
    assert located is not None, ended.stderr
    assert (located.line, located.column) == (11 + case["line"], case.get("column")), ended.stderr
    assert located.message.startswith(case["message"]), ended.stderr
    assert bench.language.guest is not None
    assert bench.language.guest not in ended.stderr


HALF = {
    "lua": "io.write('half')\nos.execute('kill -9 $PPID')",
    "php": "echo 'half';\nexec('kill -9 $PPID');",
    "r": "cat('half')\ntools::pskill(Sys.getpid(), 9)",
}


@pytest.mark.parametrize("identifier", HALF)
def test_output_appears_as_it_is_printed(bench_of: BenchOf, identifier: str) -> None:
    ended = bench_of(identifier).run(HALF[identifier])
    assert (ended.code, ended.stdout) == (-9, "half")


def test_lua_shows_the_calls_of_the_block_and_no_others(bench_of: BenchOf) -> None:
    ended = bench_of("lua").run("local function f() error('no') end\nf()")
    assert ended.stderr == (
        "lua: stats.mix:12: no\nstack traceback:\n"
        "\t[C]: in function 'error'\n\tstats.mix:12: in local 'f'\n\tstats.mix:13: in main chunk\n"
    )


@pytest.mark.parametrize("line", [1, 2, 3])
@pytest.mark.parametrize("code", ["<?php\necho __LINE__;", "\necho __LINE__;", "<?= '' ?>\n<?= __LINE__;"])
def test_php_begins_at_any_line(bench_of: BenchOf, code: str, line: int) -> None:
    ended = bench_of("php").run(code, line=line)
    assert (ended.code, ended.stderr, ended.stdout) == (0, "", str(line + 1))


def test_php_warns_on_stderr_with_the_line(bench_of: BenchOf) -> None:
    ended = bench_of("php").run("\necho $x, 'on';")
    assert (ended.code, ended.stdout) == (0, "on")
    assert ended.stderr == "PHP Warning:  Undefined variable $x in stats.mix on line 13\n"


def test_php_handlers_of_the_block_see_the_document(bench_of: BenchOf) -> None:
    code = "set_exception_handler(fn($e) => print($e->getLine() . $e->getTraceAsString()));\nthrow new Error;"
    assert bench_of("php").run(code).stdout == "13#0 {main}"


def test_php_shows_errors_on_stdout_too_if_the_block_wants(bench_of: BenchOf) -> None:
    ended = bench_of("php").run("ini_set('display_errors', '1');\nmissing();")
    assert "in stats.mix:13" in ended.stdout
    assert "in stats.mix:13" in ended.stderr


def test_r_shows_an_error_as_it_does_and_the_lines_it_came_through(bench_of: BenchOf) -> None:
    ended = bench_of("r").run("f <- function(n) {\n  if (n > 0) f(n - 1) else stop('no')\n}\nf(2)\ncat('on')")
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr == (
        "Error in f(n - 1) : no\nCalls: f -> f -> f\n  at stats.mix:13:3\n  at stats.mix:15:1\nExecution halted\n"
    )


def test_r_warns_after_each_expression(bench_of: BenchOf) -> None:
    code = "f <- function() warning('in f')\nf()\nmessage('between')\nwarning('top')\noptions(warn = 1)\nwarning('now')"
    ended = bench_of("r").run(code)
    assert ended.code == 0
    assert ended.stderr == "Warning message:\nIn f() : in f\nbetween\nWarning message:\ntop \nWarning: now\n"


def test_r_handlers_of_the_block_count(bench_of: BenchOf) -> None:
    assert bench_of("r").run("options(error = quote(quit(status = 7)))\nstop('no')").code == 7
    ended = bench_of("r").run("options(error = NULL)\nstop('no')")
    assert (ended.code, ended.stderr) == (1, "Error: no\nExecution halted\n")


def test_r_names_the_line_of_bytes_that_are_no_text(bench_of: BenchOf) -> None:
    bench = bench_of("r")
    ended = bench.run(b"x <- 1\nx <- '\xff'\ny <- 2\nz <- 3\n")
    assert ended.code == 1
    assert locate(bench.language, ended.stderr.encode(), "stats.mix") == (
        13,
        1,
        "invalid multibyte character in parser",
    )
