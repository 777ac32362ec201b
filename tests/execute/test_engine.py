"""Whole runs through the library, in the real sandbox: order, events, cancellation, what is left."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import polyrun
from polyrun.model.events import Event, JobFinished, JobStarted, Output, RunFinished, RunStarted, StepStarted

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "doc.mix"
        path.write_text(text)
        return path

    return write


def block(code: str, options: str = "", language: str = "bash") -> str:
    return f"#lang:{language} {options}\n{code}\n#end\n"


def test_blocks_run_in_order_and_share_only_the_folder(write: Write) -> None:
    path = write(
        block("echo one > shared; X=1; echo temporary > /tmp/t", "name=first")
        + block('cat shared; echo "x=$X"; ls /tmp/t 2>&1 | wc -l', "name=second")
        + block("print(open('shared').read().strip() + '!')", language="python")
    )
    result = polyrun.run(path)
    assert [b.status for b in result.blocks] == ["ok"] * 3
    assert result.block("second").stdout == b"one\nx=\n1\n"
    assert result.block(3).stdout == b"one!\n"
    assert not (path.parent / "shared").exists(), "writes land in the overlay"
    assert result.ok
    assert result.exit_code == 0


def test_a_failure_does_not_stop_what_does_not_need_it(write: Write) -> None:
    path = write(
        block("exit 3", "name=bad") + block("echo needs", "after=bad name=needy") + block("echo free", "name=free")
    )
    result = polyrun.run(path)
    assert [(b.name, b.status) for b in result.blocks] == [
        ("bad", "nonzero_exit"),
        ("needy", "skipped"),
        ("free", "ok"),
    ]
    assert "`bad`" in str(result.block("needy").reason)
    assert result.exit_code == 1
    assert result.block("bad").exit_code == 3


def test_fail_fast_stops_and_allow_fail_does_not_count(write: Write) -> None:
    text = block("exit 1", "allow-fail") + block("exit 2") + block("echo never")
    stopped = polyrun.run(write(text), polyrun.Settings(fail_fast=True))
    assert [b.status for b in stopped.blocks] == ["nonzero_exit", "nonzero_exit", "skipped"]
    assert polyrun.run(write(block("exit 1", "allow-fail"))).exit_code == 0


def test_the_whole_run_has_a_limit_too(write: Write) -> None:
    path = write(block("sleep 20") + block("echo never"))
    result = polyrun.run(path, polyrun.Settings(run_wall_s=0.5))
    assert [b.status for b in result.blocks] == ["time_limit", "time_limit"]
    assert result.wall_s < 10
    assert "whole run" in str(result.blocks[1].reason)
    assert result.exit_code == 5


def test_events_tell_the_story_in_order(write: Write) -> None:
    events: list[Event] = []
    result = polyrun.run(write(block("echo out; echo err >&2") + block("exit 1")), on_event=events.append)
    kinds = [type(event) for event in events if not isinstance(event, Output)]
    assert kinds == [
        RunStarted,
        *[JobStarted, StepStarted, JobFinished] * 2,
        RunFinished,
    ]
    outputs = [(event.stream, event.data) for event in events if isinstance(event, Output)]
    assert sorted(outputs) == [("stderr", b"err\n"), ("stdout", b"out\n")]
    assert isinstance(events[-1], RunFinished)
    assert events[-1].result == result
    assert [event.time for event in events] == sorted(event.time for event in events)


def test_output_is_announced_while_the_block_still_runs(write: Write) -> None:
    seen: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Output):
            seen.append("output")
        elif isinstance(event, JobFinished):
            seen.append("finished")

    polyrun.run(write(block("echo a; sleep 0.3; echo b")), on_event=listen)
    assert seen == ["output", "output", "finished"]


def test_a_listener_that_fails_ends_the_run_and_is_heard(write: Write) -> None:
    finished: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Output):
            raise BrokenPipeError("nobody reads")
        if isinstance(event, RunFinished):
            finished.append(event.result.status)

    with pytest.raises(BrokenPipeError, match="nobody reads"):
        polyrun.run(write(block("echo a; sleep 20") + block("echo b")), on_event=listen)


async def test_cancelling_the_task_leaves_a_finished_story_and_no_process(write: Write) -> None:
    events: list[Event] = []
    started = asyncio.Event()

    def listen(event: Event) -> None:
        events.append(event)
        if isinstance(event, Output):
            started.set()

    path = write(block("echo partial; sleep 20 & sleep 20") + block("echo never"))
    task = asyncio.create_task(polyrun.arun(path, on_event=listen))
    await asyncio.wait_for(started.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    final = events[-1]
    assert isinstance(final, RunFinished)
    assert final.result.status == "cancelled"
    assert [b.status for b in final.result.blocks] == ["cancelled", "cancelled"]
    assert final.result.blocks[0].stdout == b"partial\n"
    assert final.result.exit_code == 130


async def test_two_runs_side_by_side_do_not_meet(tmp_path: Path) -> None:
    paths = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        paths.append(tmp_path / name / "doc.mix")
        paths[-1].write_text(block(f"echo {name} > mine; sleep 0.2; cat mine"))
    first, second = await asyncio.gather(*(polyrun.arun(path) for path in paths))
    assert (first.blocks[0].stdout, second.blocks[0].stdout) == (b"a\n", b"b\n")


def test_a_document_that_changes_while_it_runs_is_reported(write: Write) -> None:
    path = write(block("sleep 0.2; echo fine"))

    def listen(event: Event) -> None:
        if isinstance(event, JobStarted):
            path.write_text("something else")

    result = polyrun.run(path, on_event=listen)
    assert result.blocks[0].stdout == b"fine\n"
    assert any("changed while it ran" in note for note in result.notes)


def test_stdin_comes_from_the_option_and_is_otherwise_empty(write: Write) -> None:
    path = write(block("cat; echo end", 'stdin="a b\\n"') + block("cat; echo end") + block("cat", "stdin=@input.txt"))
    (path.parent / "input.txt").write_text("from a file")
    result = polyrun.run(path)
    assert [b.stdout for b in result.blocks] == [b"a b\nend\n", b"end\n", b"from a file"]


def test_a_build_is_made_once_and_again_when_the_code_changes(write: Write) -> None:
    marker = os.urandom(8).hex()
    first = polyrun.run(write(block(f'printf("{marker}");', language="c"))).blocks[0]
    again = polyrun.run(write("moved\n\n" + block(f'printf("{marker}");', language="c"))).blocks[0]
    same = polyrun.run(write("moved\n\n" + block(f'printf("{marker}");', language="c"))).blocks[0]
    other = polyrun.run(write(block(f'printf("{marker}!");', language="c"))).blocks[0]
    assert first.stdout == again.stdout == same.stdout == marker.encode()
    assert other.stdout == f"{marker}!".encode()
    assert [b.build_cached for b in (first, again, same, other)] == [False, False, True, False]


def test_a_build_that_reads_beside_the_document_is_never_taken_from_the_cache(write: Write) -> None:
    path = write(block('#include "value.h"\nprintf("%d", VALUE);', language="c"))
    answers = []
    for value in (1, 2):
        (path.parent / "value.h").write_text(f"#define VALUE {value}\n")
        answers.append(polyrun.run(path).blocks[0].stdout)
    assert answers == [b"1", b"2"]


def test_a_build_cannot_see_the_folder_unless_it_says_so(write: Write) -> None:
    """Else a cached build could depend on a file that its fingerprint lacks; the digraph hides from the pattern."""
    path = write(block('%:include "value.h"\nputs("built");', language="c"))
    (path.parent / "value.h").write_text("")
    assert polyrun.run(path).blocks[0].status == "build_failed"


def test_run_code_gives_the_plain_dictionary() -> None:
    good = polyrun.run_code("print('hi')", {"timeout_seconds": 10})
    assert good["success"] is True
    assert (good["output"], good["error"], good["exit_code"]) == ("hi\n", "", 0)
    assert good["execution_time"] > 0
    assert good["memory_used"] is None or good["memory_used"] > 100_000
    bad = polyrun.runner("bash").run_code("echo no >&2; exit 4")
    assert (bad["success"], bad["error"], bad["exit_code"]) == (False, "no\n", 4)
    assert polyrun.run_code("#end\n#lang:ruby\nprint('still python')")["output"] == "still python\n"


def test_documents_with_errors_raise_and_run_nothing(write: Write) -> None:
    path = write(block("echo a") + "#lang:pyton\n1\n#end\n")
    with pytest.raises(polyrun.DocumentError) as caught:
        polyrun.run(path, on_event=lambda event: pytest.fail(f"{event} should not happen"))
    assert [d.code for d in caught.value.diagnostics] == ["PR101"]
    assert polyrun.validate_mix_file(path).ok is False
    assert len(polyrun.parse_mix_file(path).blocks) == 2


def test_the_whole_runs_limit_counts_builds_too_and_says_so(write: Write) -> None:
    path = write(block("#include <unistd.h>\nsleep(20);", language="c"))
    result = polyrun.run(path, polyrun.Settings(run_wall_s=1.5))
    assert result.blocks[0].status == "time_limit"
    assert "whole run" in str(result.blocks[0].reason)
    problem = result.blocks[0].problem
    assert problem is not None
    assert "--total-timeout" in str(problem.hint)
    assert result.wall_s < 10


def test_stdin_may_be_a_file_that_an_earlier_block_wrote_but_no_link(write: Write) -> None:
    path = write(
        block("echo written > a.txt; ln -s /etc/passwd b.txt")
        + block("cat", "stdin=@a.txt")
        + block("cat", "stdin=@b.txt")
        + block("cat", "stdin=@missing.txt")
    )
    blocks = polyrun.run(path).blocks
    assert blocks[1].stdout == b"written\n"
    assert [(b.status, b.stdout) for b in blocks[2:]] == [("nonzero_exit", b"")] * 2
    assert "cannot be read" in str(blocks[2].reason)


def test_the_callers_signal_handlers_come_back_and_ignored_stays_ignored(write: Write) -> None:
    calls: list[int] = []
    former = signal.signal(signal.SIGTERM, lambda number, _frame: calls.append(number))
    ignored = signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def listen(event: Event) -> None:
        if isinstance(event, Output):
            os.kill(os.getpid(), signal.SIGHUP)

    try:
        assert polyrun.run(write(block("echo a; sleep 0.1; echo b")), on_event=listen).ok
        os.kill(os.getpid(), signal.SIGTERM)
        assert calls == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, former)
        signal.signal(signal.SIGHUP, ignored)


def test_output_that_cannot_be_kept_is_marked_and_ends_nothing(write: Write) -> None:
    """RLIMIT_FSIZE stands in for a full disk: the kernel refuses the spool's bytes in the same way."""
    path = write(block("head -c 3000000 /dev/zero | tr '\\0' x; echo end >&2"))
    code = (
        "import resource, signal, sys, polyrun\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "settings = polyrun.load_settings(overrides={'log.keep': False})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))\n"
        "block = polyrun.run(sys.argv[1], settings).blocks[0]\n"
        "print(block.status, block.truncated, len(block.stdout) < 3_000_000, block.stderr, block.reason)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ok True True b'end\\n' its output could not be kept"), done.stdout + done.stderr


async def test_run_inside_an_event_loop_names_the_way_out(write: Write) -> None:
    with pytest.raises(polyrun.UsageError) as caught:
        polyrun.run(write(block(":")))
    assert "arun" in str(caught.value.hint)


@pytest.mark.parametrize("language", ["python", "c", "bash", "ruby"])
def test_code_without_a_document_counts_its_lines_from_one(language: str) -> None:
    faults = {"python": "1/0", "c": "int x = y;", "bash": "no_such_command", "ruby": "raise 'x'"}
    error = polyrun.runner(language).run_code(faults[language])["error"]
    assert re.search(r"code\W+(?:line )?1\b", error), error


@pytest.mark.parametrize(
    "permissions",
    [
        polyrun.Permissions(write=("/nowhere/at/all",)),
        polyrun.Permissions(read=("/nowhere/at/all",)),
        polyrun.Permissions(read=("/",)),
        polyrun.Permissions(write=("/../",)),
    ],
)
def test_grants_that_cannot_be_carried_out_are_refused(write: Write, permissions: polyrun.Permissions) -> None:
    with pytest.raises(polyrun.UsageError):
        polyrun.run(write(block(":")), polyrun.Settings(permissions=permissions))


def test_an_exception_says_the_first_fault(write: Write) -> None:
    with pytest.raises(polyrun.DocumentError, match=r"PR101 in line 1: .*pyton.*\(and 1 more\)"):
        polyrun.run(write("#lang:pyton\n#end\n#lang:rubi\n#end\n"))
