"""What users of JavaScript, Ruby, Perl and Bash rely on beyond the common suite."""

from __future__ import annotations

import pytest

from conformance.languages.harness import BenchOf

ORDER = """
setTimeout(() => console.log('t'));
process.nextTick(() => console.log('n'));
Promise.resolve().then(() => console.log('p'));
console.log('m');
"""
WORKER = """
const { Worker } = require('worker_threads');
const worker = new Worker('require("worker_threads").parentPort.postMessage(8)', { eval: true });
worker.on('message', console.log);
"""
JAVASCRIPT = {
    "import of a built-in": (
        "import fs, { readFileSync } from 'node:fs';\nconsole.log(fs.readFileSync === readFileSync);",
        "true\n",
    ),
    "import of a module beside": ("import { x } from './beside.mjs';\nconsole.log(x);", "5\n"),
    "import of json beside": ("const x = require('./beside.json');\nconsole.log(x.y);", "6\n"),
    "require of a module beside": ("console.log(require('./beside.cjs').z);", "7\n"),
    "import of commonjs beside": ("import c from './beside.cjs';\nconsole.log(c.z);", "7\n"),
    "dynamic import in a script": ("import('./beside.mjs').then((m) => console.log(m.x));", "5\n"),
    "dynamic import in a module": ("const m = await import('./beside.mjs');\nconsole.log(m.x);", "5\n"),
    "top-level await": ("const x = await Promise.resolve(3);\nconsole.log(x);", "3\n"),
    "export": ("export const x = 1;\nconsole.log(x);", "1\n"),
    "require.main": ("console.log(require.main === module, require('path').basename(__filename));", "true stats.mix\n"),
    "import.meta": ("console.log(import.meta.url.endsWith('/stats.mix'));", "true\n"),
    "return at the top": ("console.log(1);\nreturn;\nconsole.log(2);", "1\n"),
    "this and globals": ("console.log(this === module.exports, typeof codePath);", "true undefined\n"),
    "order of timers": (ORDER, "m\nn\np\nt\n"),
    "worker": (WORKER, "8\n"),
    "strict mode": ("'use strict';\nconsole.log((function () { return this; })());", "undefined\n"),
}
BESIDE = {
    "beside.mjs": "export const x = 5;",
    "beside.json": '{"y": 6}',
    "beside.cjs": "exports.z = 7;",
}


@pytest.mark.parametrize("case", JAVASCRIPT)
def test_javascript(bench_of: BenchOf, case: str) -> None:
    code, printed = JAVASCRIPT[case]
    ended = bench_of("javascript").run(code, files=BESIDE)
    assert (ended.code, ended.stderr, ended.stdout) == (0, "", printed)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("\nPromise.reject(new Error('no'));", 1),
        ("\nawait Promise.reject(new Error('no'));", 1),
        ("\nexport const x = 1; throw new Error('no');", 1),
        ("const fs = 1;\nimport y from './beside.mjs'; await 1 +;", 1),
    ],
)
def test_javascript_failure_names_the_line_and_no_file_of_ours(bench_of: BenchOf, code: str, status: int) -> None:
    ended = bench_of("javascript").run(code, files=BESIDE)
    assert ended.code == status
    assert "stats.mix:13" in ended.stderr
    assert "run.cjs" not in ended.stderr


def test_javascript_import_of_a_missing_module_fails(bench_of: BenchOf) -> None:
    ended = bench_of("javascript").run("import x from './missing.mjs';")
    assert ended.code == 1
    assert "missing.mjs" in ended.stderr


def test_javascript_await_of_nothing_is_status_13(bench_of: BenchOf) -> None:
    assert bench_of("javascript").run("await new Promise(() => {});").code == 13


def test_ruby_looks_beside_the_document(bench_of: BenchOf) -> None:
    files = {"beside.rb": "X = __dir__\nrequire_relative 'deeper'", "deeper.rb": "Y = 2"}
    code = "require_relative 'beside'\nputs X == __dir__, __dir__ == Dir.pwd, Y, __FILE__ == $0"
    ended = bench_of("ruby").run(code, files=files)
    assert (ended.code, ended.stderr, ended.stdout) == (0, "", "true\ntrue\n2\ntrue\n")


def test_ruby_missing_file_is_blamed_on_the_block(bench_of: BenchOf) -> None:
    ended = bench_of("ruby").run("x = 1\nrequire_relative 'missing'")
    assert ended.code == 1
    assert "stats.mix:13:in" in ended.stderr
    assert "start.rb" not in ended.stderr


def test_perl_looks_beside_the_document(bench_of: BenchOf) -> None:
    code = "use FindBin;\nuse lib $FindBin::Bin;\nuse Beside;\nprint Beside::x(), \" $0 \", __FILE__, ' ', __LINE__;"
    ended = bench_of("perl").run(code, files={"Beside.pm": "package Beside; sub x { 5 } 1;"})
    assert (ended.code, ended.stderr, ended.stdout) == (0, "", "5 stats.mix stats.mix 15")


def test_perl_heredoc_of_a_crlf_block(bench_of: BenchOf) -> None:
    ended = bench_of("perl").run("print <<END;\r\nx\r\nEND\r\n")
    assert (ended.code, ended.stdout) == (0, "x\n")


def test_bash_has_no_strict_mode_and_knows_its_folder(bench_of: BenchOf) -> None:
    code = """false
echo "$- $undefined$OLDPWD|$0|$#|${BASH_SOURCE[0]}|$LINENO"
[ "$PWD" = "$(pwd -P)" ] && cat "$(dirname "$0")/data.txt"
"""
    ended = bench_of("bash").run(code, files={"data.txt": "d"})
    assert (ended.code, ended.stderr, ended.stdout) == (0, "", "hB |stats.mix|0|stats.mix|13\nd")


def test_bash_error_in_a_function_names_its_line(bench_of: BenchOf) -> None:
    ended = bench_of("bash").run("f() {\n  nothing_here\n}\nf", line=50)
    assert ended.stderr == "stats.mix: line 51: nothing_here: command not found\n"
