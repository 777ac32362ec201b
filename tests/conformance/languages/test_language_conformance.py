"""What every language promises: it works, and whatever it says of the code names the document and its line."""

from __future__ import annotations

import pytest

from conformance.languages.behaviours import BEHAVIOURS, Behaviour
from conformance.languages.harness import Bench, Ended
from polyrun.languages import locate
from polyrun.languages.spec import Fault, SelfTest

ODD_NAMES = [
    "two words.mix",
    "quote\" and '.mix",
    "back\\slash #1.mix",
    "-dash.mix",
    "über.md",
    "a:5:7.mix",
    "{work}.mix",
    "long " * 40 + "name.mix",
]

# A class file numbers lines with 16 bits (JVMS 4.7.12); a frame beyond them has the document's name but no line.
LAST_TRACED_LINE = {"java": 65_000}


def selftest(bench: Bench) -> SelfTest:
    assert bench.language.selftest is not None, "every language has a self-test"
    return bench.language.selftest


def behaviour(bench: Bench) -> Behaviour:
    return BEHAVIOURS[bench.language.id]


def assert_blames(bench: Bench, ended: Ended, line: int, document: str = "stats.mix") -> None:
    located = locate(bench.language, ended.stderr.encode(), document)
    assert ended.code != 0
    assert located is not None, ended.stderr
    assert located.line == line, ended.stderr
    assert located.message, "a message goes with the line"
    assert "/bench-" not in ended.stderr, "no path of ours may be seen"
    assert bench.language.guest is None or bench.language.guest not in ended.stderr


def test_selftest_prints_what_it_must_and_nothing_else(bench: Bench) -> None:
    ended = bench.run(selftest(bench).code)
    assert (ended.code, ended.stderr, ended.stdout) == (0, "", selftest(bench).stdout)


@pytest.mark.parametrize("kind", ["build_fault", "run_fault"])
@pytest.mark.parametrize("line", [1, 2, 40, 100_000])
def test_fault_is_blamed_on_the_documents_own_line(bench: Bench, kind: str, line: int) -> None:
    fault: Fault | None = getattr(selftest(bench), kind)
    assert fault is not None, "every language has both faults"
    if kind == "run_fault":
        line = min(line, LAST_TRACED_LINE.get(bench.language.id, line))
    ended = bench.run(fault.code, line=line)
    assert_blames(bench, ended, line + fault.line - 1)


def test_fault_in_the_last_line_of_a_block_without_final_newline(bench: Bench) -> None:
    assert_blames(bench, bench.run(behaviour(bench).fails, line=7), 8)


def test_unclosed_bracket_is_blamed_on_a_line_of_the_block(bench: Bench) -> None:
    ended = bench.run(behaviour(bench).unclosed, line=7)
    located = locate(bench.language, ended.stderr.encode(), "stats.mix")
    assert ended.code != 0
    assert located is not None, ended.stderr
    assert 7 <= located.line <= 9, ended.stderr


@pytest.mark.parametrize("document", ODD_NAMES)
def test_odd_document_names_are_shown_as_they_are(bench: Bench, document: str) -> None:
    code = behaviour(bench).fails
    assert_blames(bench, bench.run(code, document=document), 13, document)


def test_crlf_block_runs_and_keeps_its_lines(bench: Bench) -> None:
    test = selftest(bench)
    ended = bench.run(test.code.replace("\n", "\r\n"))
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout.replace("\r\n", "\n") == test.stdout
    fault = test.run_fault
    assert fault is not None
    assert_blames(bench, bench.run(fault.code.replace("\n", "\r\n")), 11 + fault.line)


def test_stdin_reaches_the_block(bench: Bench) -> None:
    ended = bench.run(behaviour(bench).echo, stdin=b"one\ntwo\n")
    assert (ended.code, ended.stdout, ended.stderr) == (0, "ONE\nTWO\n", "")


def test_exit_code_is_the_blocks_own(bench: Bench) -> None:
    assert bench.run(behaviour(bench).exit3).code == behaviour(bench).exit_code


def test_block_starts_in_the_documents_folder(bench: Bench) -> None:
    ended = bench.run(behaviour(bench).beside, files={"data.txt": "beside\n"})
    assert (ended.code, ended.stdout, ended.stderr) == (0, "beside\n", "")


def test_arguments_reach_the_block(bench: Bench) -> None:
    ended = bench.run(behaviour(bench).args, args=["first", "--second"])
    assert (ended.code, ended.stderr) == (0, "")
    assert "first" in ended.stdout
    assert "--second" in ended.stdout
    assert "stats" not in ended.stdout


def test_empty_block_does_nothing(bench: Bench) -> None:
    assert bench.run("") == Ended(True, 0, "", "")
