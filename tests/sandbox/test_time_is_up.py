"""What is seen and heard of a program whose time is up, and that no program can make use of being asked."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Any

import pytest

from polyrun.model.frozen import replace
from polyrun.model.limits import MIB, Limits
from polyrun.sandbox.base import Ask

Bench = Any
ASK = Ask(signal.SIGUSR1.value)
SHORT = Limits(wall_s=0.6, memory_bytes=256 * MIB, processes=32)
STDIN = "pipe(my $r, my $w); open(STDIN, '<&', $r); "


WAITING = {
    "sleep 60": ": it was idle, sleeping (",
    f"{STDIN} <STDIN>": ": it was idle, waiting for input on stdin (",
    "pipe(my $r, my $w); <$r>": ": it was idle, waiting for input on descriptor ",
    "if (!fork) { sleep 60 } wait": ": it was idle, waiting for a child process, which is sleeping (",
    "system 'sleep 60 | cat'": ": it was idle, waiting for a child process, which is sleeping (",
}


async def test_what_it_was_waiting_for(bench: Bench) -> None:
    limits = replace(SHORT, wall_s=1.0)
    rans = await asyncio.gather(*(bench.perl(script, limits=limits) for script in WAITING))
    assert [ran.status for ran in rans] == ["time_limit"] * len(WAITING)
    for ran, words in zip(rans, WAITING.values(), strict=True):
        assert words in ran.outcome.reason


async def test_work_that_was_done_before_it_waited(bench: Bench) -> None:
    work = "$| = 1; my $u = 0; $u = (times)[0] while $u < 0.1; print 'waits'; sleep 60"
    ran = await bench.perl(work, limits=replace(SHORT, wall_s=1.5))
    waited = ran.stdout == b"waits"  # on a crowded machine it may not have got its tenth of a second
    assert ("sleeping" in ran.outcome.reason) == waited
    assert ("busy" in ran.outcome.reason) != waited


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("if (!fork) { 1 while 1 } wait", ": it was busy ("),
        ("if (!fork) { 1 while 1 } if (!fork) { 1 while 1 } wait", ", 2 threads)"),
    ],
)
async def test_who_was_busy(bench: Bench, script: str, words: str) -> None:
    ran = await bench.perl(script, limits=SHORT)
    assert ran.status == "time_limit"
    assert ": it was busy (" in ran.outcome.reason
    assert words in ran.outcome.reason


async def test_without_control_groups(ungrouped: Bench) -> None:
    ran = await ungrouped.perl("$SIG{USR1} = sub { print STDERR 'here' }; sleep 1 while 1", limits=SHORT, ask=ASK)
    assert ": it was idle, sleeping (" in ran.outcome.reason
    assert (ran.stderr, ran.outcome.stack.strip()) == (b"", b"here")


async def test_the_answer_is_kept_apart(bench: Bench) -> None:
    script = "$SIG{USR1} = sub { print 'out'; print STDERR 'here' }; $| = 1; print 'before'; 1 while 1"
    ran = await bench.perl(script, limits=SHORT, ask=ASK)
    assert (ran.stdout, ran.stderr) == (b"before", b"")
    assert ran.outcome.stack.split() == [b"here", b"out"]
    assert (ran.outcome.signal, ran.outcome.exit_code) == ("SIGKILL", None)
    assert ran.outcome.usage.wall_s < 0.9


async def test_processor_time_that_ran_out(bench: Bench) -> None:
    limits = Limits(wall_s=20, cpu_s=0.3)
    ran = await bench.perl("$SIG{USR1} = sub { print STDERR 'here' }; 1 while 1", limits=limits, ask=ASK)
    assert ran.outcome.reason.startswith("used more than 0.3 s of CPU (0.")
    assert ran.outcome.stack.strip() == b"here"


async def test_nobody_is_signalled_who_does_not_listen(bench: Bench) -> None:
    deaf = [
        "$SIG{USR1} = 'IGNORE'; sleep 60",
        "$SIG{USR1} = 'DEFAULT'; sleep 60",
        "use POSIX; $SIG{USR1} = sub { print 'x' }; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGUSR1)); sleep 60",
        "system 'perl', '-e', 'sleep 60'; print 'went on'; sleep 60",
    ]
    for ran in await asyncio.gather(*(bench.perl(script, limits=SHORT, ask=ASK) for script in deaf)):
        assert (ran.status, ran.outcome.signal) == ("time_limit", "SIGKILL")
        assert (ran.stdout, ran.stderr, ran.outcome.stack) == (b"", b"", b"")


async def test_the_grandchild_that_is_busy_is_asked_first(bench: Bench) -> None:
    script = (
        "$SIG{USR1} = sub { print STDERR $name };"
        "if (!fork) { if (!fork) { $name = 'busy'; 1 while 1 } sleep 60 } sleep 60"
    )
    ran = await bench.perl(script, limits=SHORT, ask=ASK)
    assert ran.outcome.stack.strip() == b"busy"


async def test_an_endless_answer_is_bounded_and_saves_nobody(bench: Bench) -> None:
    started = time.monotonic()
    ran = await bench.perl(
        "$SIG{USR1} = sub { while (1) { syswrite STDERR, 'x' x 65536; syswrite STDOUT, 'y' x 65536 } }; 1 while 1",
        limits=SHORT,
        ask=ASK,
    )
    assert time.monotonic() - started < 8
    assert (ran.status, ran.stdout, ran.stderr) == ("time_limit", b"", b"")
    assert len(ran.outcome.stack) <= 2 * 128 * 1024 + 2
    assert ran.outcome.stack.startswith(b"x" * 65536)


async def test_what_was_in_the_pipes_by_then_is_output(bench: Bench) -> None:
    script = "$SIG{USR1} = sub { print STDERR 'here'; kill KILL => $$ }; syswrite STDOUT, 'z' x 9 while 1"
    ran = await bench.perl(script, limits=SHORT, ask=ASK)
    assert set(ran.stdout) == {ord("z")}
    assert ran.outcome.stack.startswith(b"here")


@pytest.mark.parametrize(
    ("script", "limits", "words"),
    [
        ("my @x = map { 'x' x 1048576 } 1 .. 500; sleep 9", {"memory_bytes": 64 * MIB}, "MiB of memory (peak "),
        ("print 'x' x 65536 while 1", {"flood_bytes": 4 * MIB}, "printed more than 4.0 MiB ("),
        (
            "for (1 .. 40) { my $p = fork; sleep 1, die unless defined $p; sleep 9 unless $p } sleep 9",
            {"processes": 8},
            " at once)",
        ),
    ],
)
async def test_a_limit_says_what_was_used(bench: Bench, script: str, limits: dict[str, int], words: str) -> None:
    ran = await bench.perl(script, limits=Limits(wall_s=8, **limits))
    assert ran.outcome.status.is_limit
    assert words in ran.outcome.reason
