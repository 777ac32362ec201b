"""Asking goes to exactly whom it is meant for, and never ends a run."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from polyrun.sandbox import pidfd, procfs, questions
from polyrun.sandbox.base import Ask
from polyrun.sandbox.closeup import Activity
from polyrun.sandbox.procfs import Stat
from polyrun.sandbox.pump import Pump


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_a_thread_of_another_process_is_not_signalled(sleeper: subprocess.Popen[bytes]) -> None:
    assert not pidfd.signal_thread(os.getpid(), sleeper.pid, signal.SIGTERM)
    time.sleep(0.05)
    assert sleeper.poll() is None
    if pidfd.signal_thread(sleeper.pid, sleeper.pid, signal.SIGTERM):  # Linux 6.9
        assert sleeper.wait() == -signal.SIGTERM


@pytest.fixture
def handler() -> Iterator[int]:
    """A process that handles the signal, and says nothing."""
    argv = ["bash", "-c", "trap : USR1; echo; read x"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.05)
        yield process.pid
        process.kill()


@pytest.mark.parametrize("spare", range(5))
async def test_without_descriptors_the_run_goes_on(handler: int, spare: int) -> None:
    """At whichever of its files the question cannot go on, it ends with what it has, and leaves none open."""

    def members() -> list[Stat]:
        return [facts for facts in procfs.processes() if facts.pid == handler]

    said: list[bytes] = []
    pump = Pump(lambda _stream, data: said.append(data), 1 << 20)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptors = os.listdir("/proc/self/fd")
    filler = [os.open("/dev/null", os.O_RDONLY) for _ in range(200)]  # so that there are no holes
    resource.setrlimit(resource.RLIMIT_NOFILE, (filler[-1] + 1 + spare, before[1]))
    try:
        asked = Ask(signal.SIGUSR1, deaf=True)
        activity, answer = await questions.question(members, handler, asked, pump, lambda: False)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for fd in filler:
            os.close(fd)
    assert answer == b""
    assert activity == (Activity((), "waiting for input on stdin") if spare else Activity())
    assert len(os.listdir("/proc/self/fd")) == len(descriptors)
    pump.close()
