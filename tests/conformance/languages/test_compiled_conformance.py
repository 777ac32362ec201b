"""What users of the compiled languages rely on beyond the common suite."""

from __future__ import annotations

import time

import pytest

from conformance.languages.harness import BenchOf
from polyrun.languages import lower


@pytest.mark.parametrize("identifier", ["c", "cpp"])
def test_compiler_quotes_the_documents_line(bench_of: BenchOf, identifier: str) -> None:
    bench = bench_of(identifier)
    ended = bench.run("int x = 1;\nint y = @;\n", line=40, document="two words.mix")
    assert "\n   41 | int y = @;\n" in ended.stderr
    assert ended.stderr.startswith("two words.mix:41:9: error:") or "\ntwo words.mix:41:9: error:" in ended.stderr


@pytest.mark.parametrize("identifier", ["c", "cpp"])
def test_header_beside_the_document(bench_of: BenchOf, identifier: str) -> None:
    code = '#include "beside.h"\nprintf("%d\\n", BESIDE);'
    ended = bench_of(identifier).run(code, files={"beside.h": "#define BESIDE 5\n"})
    assert (ended.code, ended.stdout) == (0, "5\n")
    assert lower(bench_of(identifier).language, code.encode(), 5, "a.mix").reads_workspace


@pytest.mark.parametrize("identifier", ["c", "cpp"])
def test_missing_definition_is_blamed_on_its_use(bench_of: BenchOf, identifier: str) -> None:
    ended = bench_of(identifier).run("int missing(int x);\nint y = 1;\n\nreturn missing(y);", document="a b.mix")
    assert not ended.built
    assert "a b.mix:15: undefined reference to `missing" in ended.stderr


def test_rust_quotes_the_documents_line(bench_of: BenchOf) -> None:
    ended = bench_of("rust").run("let x: i32 = 1;\nlet y: u8 = x;\n", line=40)
    assert "\n41 | let y: u8 = x;\n" in ended.stderr


def test_java_exception_class_of_a_fragment(bench_of: BenchOf) -> None:
    code = 'class Odd extends RuntimeException {\n  Odd(String m) { super(m); }\n}\nthrow new Odd("no");'
    ended = bench_of("java").run(code, line=5)
    assert ended.stderr.endswith("Odd: no\n\tat Start.main(stats.mix:8)\n")


def test_java_runs_out_of_heap_with_a_trace(bench_of: BenchOf) -> None:
    ended = bench_of("java").run("var all = new ArrayList<long[]>();\nwhile (true) all.add(new long[1 << 20]);")
    assert "java.lang.OutOfMemoryError: Java heap space\n\tat Main.main(stats.mix:13)\n" in ended.stderr


def test_go_panic_in_a_goroutine_names_the_line(bench_of: BenchOf) -> None:
    ended = bench_of("go").run('done := make(chan int)\ngo func() {\n\tpanic("no")\n}()\n<-done')
    assert ended.code == 2
    assert "\tstats.mix:14 " in ended.stderr


def test_cpp_prepared_headers_are_used(bench_of: BenchOf) -> None:
    """A precompiled header that does not fit is passed over in silence; then a fragment takes four times as long."""
    bench = bench_of("cpp")

    def seconds(code: str) -> float:
        started = time.process_time()
        before = time.monotonic()
        assert bench.run(code).code == 0
        return max(time.monotonic() - before, time.process_time() - started)

    whole = "\n".join(f"#include <{name}>" for name in ("regex", "iostream", "bits/stdc++.h")) + "\nint main() {}"
    prepared = min(seconds("cout << 1;") for _ in range(3))
    parsed = min(seconds(whole) for _ in range(3))
    assert prepared < 0.8 * parsed
