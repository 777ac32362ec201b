from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.events import JobFinished, JobStarted, RunStarted, SecurityEvent
from polyrun.model.frozen import replace
from polyrun.model.outcomes import Status
from polyrun.model.spans import Span
from polyrun.model.values import Kind, ValueInfo, ValueType
from polyrun.report.channel import Channel
from polyrun.report.console import Console
from polyrun.report.look import Look
from report_story import NOON, Part, Story, err, files, out, problem, story


@dataclass
class Screen:
    """A console on a real terminal (a pty), and what it shows."""

    leader: int
    console: Console

    def text(self) -> str:
        """All that was written, with the terminal's CR LF as LF."""
        os.set_blocking(self.leader, False)
        data = b""
        while True:
            try:
                data += os.read(self.leader, 1 << 16)
            except OSError:
                return data.decode().replace("\r\n", "\n")


@pytest.fixture
def screen(request: pytest.FixtureRequest) -> Callable[..., Screen]:
    def make(**options: bool) -> Screen:
        leader, follower = os.openpty()
        console = Console(Channel(follower), Channel(follower), Look(live=True), **options)

        def end() -> None:
            console.close()
            os.close(leader)
            os.close(follower)

        request.addfinalizer(end)
        return Screen(leader, console)

    return make


def report(folder: Path, told: Story, **options: bool) -> tuple[bytes, str]:
    """What a console without a terminal writes to stdout and to stderr."""
    with files(folder) as (first, second, written):
        console = Console(Channel(first), Channel(second), Look(), **options)
        for event in told.events():
            console.handle(event)
        console.close()
        data, about = written()
        return data, about.decode()


def test_output_is_byte_exact_and_alone_on_stdout(tmp_path: Path) -> None:
    data = bytes(range(256)) + b"\x1b[2Jno newline"
    stdout, stderr = report(tmp_path, story(Part(printed=(out(data),)), Part("cpp", "x", printed=(out(b"2"),))))
    assert stdout == data + b"2"
    assert "── 1/2 block 1 · python · line 1\n── 2/2 x · cpp · line 4\n\n#  block" in stderr


def test_stderr_of_programs_and_all_a_compiler_says_goes_to_stderr(tmp_path: Path) -> None:
    part = Part("cpp", printed=(("build", "stdout", b"note\n"), ("build", "stderr", b"warn\n"), err(b"oops\xff")))
    with files(tmp_path) as (first, second, written):
        console = Console(Channel(first), Channel(second), Look())
        for event in story(part).events():
            console.handle(event)
        stdout, stderr = written()
    assert stdout == b""
    assert b"line 1\nnote\nwarn\noops\xff\n\n#  block" in stderr


def test_a_problem_points_into_the_document(tmp_path: Path) -> None:
    part = Part(status=Status.NONZERO_EXIT, exit_code=1, problem=problem(Span(13, 19)))
    _, stderr = report(tmp_path, story(part))
    assert (
        "error[PR501]: `block 1` (python) exited with code 1\n --> story.mix:2:1\n  |\n2 | boom()\n  | ^^^^^^ here\n"
    ) in stderr.replace("  -->", " -->").replace("   |", "  |").replace(" 2 |", "2 |")


def test_a_block_that_was_not_started_says_why(tmp_path: Path) -> None:
    part = Part(name="plot", status=Status.SKIPPED, exit_code=None, reason="it needs `load`,\nwhich failed")
    _, stderr = report(tmp_path, story(part))
    assert stderr.startswith("── 1/1 plot · python · line 1\nskipped: it needs `load`,\\nwhich failed\n")


def test_truncation_is_marked_with_both_sizes(tmp_path: Path) -> None:
    stdout, stderr = report(tmp_path, story(Part(printed=(out(b"x" * 5000),), keep=1024)))
    assert stdout == b"x" * 1024
    assert "… stdout truncated: 1.0 KiB kept of 4.9 KiB\n" in stderr


def test_security_events_notes_and_warnings_are_seen_even_when_quiet(tmp_path: Path) -> None:
    warning = Diagnostic(Code.NOT_CARRIED_OUT, Severity.WARNING, "not carried out", Label(Span(0, 5)))
    told = story(Part(), notes=("no log is kept: disk full",), diagnostics=(warning,))
    with files(tmp_path) as (first, second, written):
        console = Console(Channel(first), Channel(second), Look(), quiet=True)
        console.handle(SecurityEvent(NOON, "downgrade", "level 1 instead\x1b of 2"))
        for event in told.events():
            console.handle(event)
        stderr = written()[1].decode()
    assert stderr.startswith("security: level 1 instead␛ of 2\nwarning[PR203]: not carried out\n")
    assert stderr.endswith("note: no log is kept: disk full\n")


def test_quiet_leaves_only_output_and_problems(tmp_path: Path) -> None:
    told = story(Part(printed=(out(b"7\n"),)), Part(name="b", status=Status.CANCELLED, reason="the run was cancelled"))
    assert report(tmp_path, told, quiet=True) == (b"7\n", "b: cancelled: the run was cancelled\n")


def test_verbose_shows_what_was_exported(tmp_path: Path) -> None:
    made = story(Part(name="make"))
    finished = made.events()[-2]
    assert isinstance(finished, JobFinished)
    plot = ValueInfo("plot", ValueType((Kind.FILE,), media="image/png"), 12 * 1024, "plot.png")
    finished = replace(finished, result=replace(finished.result, exports=(plot,)))
    for verbose in (True, False):
        with files(tmp_path) as (first, second, written):
            Console(Channel(first), Channel(second), Look(), verbose=verbose).handle(finished)
            told = written()[1].decode()
        assert ("export: `plot`, file, image/png, 12.0 KiB\n" in told) == verbose
        (tmp_path / "stderr").unlink()


def test_verbose_shows_commands_and_good_ends(tmp_path: Path) -> None:
    _, stderr = report(tmp_path, story(Part(printed=(out(b"7\n"),)), log_path="/logs/run.log"), verbose=True)
    assert "run: python -x\nok in 30 ms\n" in stderr
    assert stderr.endswith("log: /logs/run.log\n")


def test_artifacts_are_named_and_counted(tmp_path: Path) -> None:
    names = tuple(f"out{index}.csv" for index in range(7))
    _, stderr = report(tmp_path, story(Part(), artifacts=names, artifacts_dir="/kept"))
    assert "7 files written in /kept: out0.csv, out1.csv, out2.csv, out3.csv, out4.csv, …\n" in stderr


def test_on_a_terminal_programs_cannot_act_on_it(screen: Callable[..., Screen]) -> None:
    shown = screen()
    bell = "é".encode()
    part = Part(
        printed=(out(b"\x1b]0;pwned\x07\x1b"), out(b"[2J" + bell[:1]), out(bell[1:] + b"\r"), err(b"\x9b31m\b\n"))
    )
    for event in story(part).events():
        shown.console.handle(event)
    text = shown.text()
    assert "␛]0;pwned␇␛[2Jé\ufffd31m␈\n␍\n\n#  block" in text
    assert not set(text) & {"\x1b", "\x07", "\x9b", "\b", "\r"}


def test_raw_lets_them(screen: Callable[..., Screen]) -> None:
    shown = screen(raw=True)
    for event in story(Part(printed=(out(b"\x1b[31mred\x1b[0m\n"),))).events():
        shown.console.handle(event)
    assert "\x1b[31mred\x1b[0m\n" in shown.text()


def test_an_unfinished_line_never_glues_to_what_follows(screen: Callable[..., Screen]) -> None:
    shown = screen()
    for event in story(Part(printed=(out(b"no end"),)), Part(printed=(err(b"none"),))).events():
        shown.console.handle(event)
    text = shown.text()
    assert re.search(r"^no end\n── 2/2 ", text, re.MULTILINE)
    assert re.search(r"^none\n\n#  block", text, re.MULTILINE)


def test_progress_appears_for_slow_blocks_and_leaves_nothing_behind(screen: Callable[..., Screen]) -> None:
    shown = screen()
    told = story(Part(name="slow", printed=(out(b"done\n"),)))
    events = told.events()
    for event in events:
        shown.console.handle(event)
        if isinstance(event, JobStarted):
            time.sleep(0.8)
    text = shown.text()
    assert re.search(r"\r\x1b\[2K1/1 slow \(python\)  \d+ ms", text)
    lines = re.sub(r"[^\n]*\r\x1b\[2K", "", text).splitlines()
    assert lines[1] == "done"
    assert not any("slow (python)" in line for line in lines)


def test_progress_never_overwrites_an_unfinished_line(screen: Callable[..., Screen]) -> None:
    shown = screen()
    for event in story(Part(printed=(out(b"What is your name? "),))).events()[:4]:
        shown.console.handle(event)
    time.sleep(0.8)
    assert shown.text().endswith("What is your name? ")
    shown.console.close()
    assert shown.text() == "\n"


def test_a_lost_stderr_is_borne_and_a_lost_stdout_is_raised(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with files(tmp_path) as (first, _, written):
        console = Console(Channel(first), Channel(writer), Look())
        for event in story(Part(printed=(out(b"all of it"),))).events():
            console.handle(event)
        assert written()[0] == b"all of it"
        console = Console(Channel(writer), Channel(first), Look())
        events = story(Part(printed=(out(b"x"),))).events()
        for event in events[:3]:
            console.handle(event)
        with pytest.raises(BrokenPipeError):
            console.handle(events[3])
    os.close(writer)


def test_without_the_document_a_problem_is_still_told(tmp_path: Path) -> None:
    told = story(Part(status=Status.NONZERO_EXIT, exit_code=9, problem=problem(Span(0, 1)), reason="it said so"))
    events = told.events()
    assert isinstance(events[0], RunStarted)
    with files(tmp_path) as (first, second, written):
        console = Console(Channel(first), Channel(second), Look())
        for event in events[1:-1]:
            console.handle(event)
        assert "exit 9: it said so\n" in written()[1].decode()
