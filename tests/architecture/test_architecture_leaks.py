"""The leak check itself: what it must find, and what it must not mind."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from leak_check import Surroundings, leaks_since


def _process(stack: ExitStack) -> str:
    child = subprocess.Popen(["sleep", "60"])
    stack.callback(child.wait)
    stack.callback(child.kill)
    return f"process {child.pid}: sleep 60"


def _orphan(stack: ExitStack) -> str:
    done = subprocess.run(["sh", "-c", "setsid sleep 60 >/dev/null & echo $!"], stdout=subprocess.PIPE, check=True)
    pid = int(done.stdout)
    stack.callback(os.waitpid, pid, 0)
    stack.callback(os.kill, pid, 9)
    return f"process {pid}: "


def _folder(stack: ExitStack) -> str:
    return f"folder {stack.enter_context(tempfile.TemporaryDirectory(prefix='polyrun-left-'))}"


def _descriptor(stack: ExitStack) -> str:
    number = os.open("/etc/passwd", os.O_RDONLY)
    stack.callback(os.close, number)
    return f"descriptor {number} -> /etc/passwd"


def _thread(stack: ExitStack) -> str:
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="left-over")
    thread.start()
    stack.callback(thread.join)
    stack.callback(end.set)
    return "thread left-over"


@pytest.mark.parametrize("leave", [_process, _orphan, _folder, _descriptor, _thread])
def test_what_is_left_behind_is_named(leave: Callable[[ExitStack], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leak_check._SETTLE_S", 0.2)
    before = Surroundings.now()
    with ExitStack() as stack:
        name = leave(stack)
        assert any(line.startswith(name) for line in leaks_since(before))
    assert leaks_since(before) == []


def test_what_is_just_going_away_is_given_time() -> None:
    before = Surroundings.now()
    subprocess.run(["sh", "-c", "setsid sleep 0.3 >/dev/null &"], check=True)
    started = time.monotonic()
    assert leaks_since(before) == []
    assert time.monotonic() - started > 0.1


def test_a_look_around_is_cheap() -> None:
    started = time.perf_counter()
    for _ in range(20):
        Surroundings.now()
    assert (time.perf_counter() - started) / 20 < 0.05
