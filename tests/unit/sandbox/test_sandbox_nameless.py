"""Open files without a name are found, once each, and named ones are not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyrun.sandbox.nameless import Nameless, held

MIB = 1 << 20
PROGRAM = """
import os, sys
folder = sys.argv[1]
def filled(fd, size):
    os.write(fd, b"x" * size)
    return fd
os.chdir(folder)
named = filled(os.open("named", os.O_RDWR | os.O_CREAT), 1 << 20)
nameless = filled(os.open("gone", os.O_RDWR | os.O_CREAT), 2 << 20)
os.unlink("gone")
again = os.dup(nameless)
memory = filled(os.memfd_create("m"), 3 << 20)
sparse = os.open("sparse", os.O_RDWR | os.O_CREAT)
os.ftruncate(sparse, 1 << 40)
os.unlink("sparse")
pipe = os.pipe()
if os.fork():
    print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()


def test_counts_each_nameless_file_once(holder: subprocess.Popen[str]) -> None:
    child = int(Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()[0])
    seen = held([holder.pid, child, holder.pid])
    assert 2 * MIB <= seen.disk_bytes < 2 * MIB + 65536
    assert 3 * MIB <= seen.memory_bytes < 3 * MIB + 65536


def test_file_systems_with_limits_of_their_own_are_left_out(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    seen = held([holder.pid], apart=[str(tmp_path)])
    assert seen.disk_bytes == 0
    assert seen.memory_bytes >= 3 * MIB


def test_processes_that_have_gone_hold_nothing() -> None:
    assert held([2**22 - 1]) == Nameless()
