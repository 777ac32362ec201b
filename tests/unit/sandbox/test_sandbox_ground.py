"""The host to throw away: programs meet no defence on it, and nothing of the real host."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from polyrun.model.errors import SandboxError
from polyrun.sandbox.ground import careless, throwaway
from polyrun.sandbox.ground.baits import SECRET, TOKEN, Baits
from polyrun.sandbox.ground.careless import is_root_outside
from polyrun.sandbox.ground.throwaway import PROGRAMS, ThrowAway, Told, Wanted
from polyrun.selftest.programs import Python

MARKER = "polyrun-outside-unit"


def run(tmp_path: Path, program: str, *, times: int = 1, arguments: tuple[str, ...] = ()) -> Told:
    python = Python.of_host()
    host = ThrowAway.here(python.program, python.roots)
    assert isinstance(host, ThrowAway)
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs/x.py").write_text(
        "import json, os, socket, sys, time\nP = json.loads(sys.argv[1])\n" + program
    )
    argv = (python.program, f"{PROGRAMS}/x.py", "{argument}")
    wanted = Wanted(argv, {"bound": 1, "marker": MARKER, "numbers": {}}, arguments, times)
    return asyncio.run(host.run(wanted, str(tmp_path / "programs")))


def test_a_program_is_root_and_finds_every_bait(tmp_path: Path) -> None:
    told = run(
        tmp_path,
        """
print(os.getuid(), open(P["planted"] + "/secret").read().strip(), os.environ["POLYRUN_SELFTEST_TOKEN"])
print(socket.create_connection(("127.0.0.1", P["port"])).recv(99).decode())
print(socket.create_connection(("192.0.2.1", 443)).recv(99).decode())
open("/etc/written", "w").close()
os.mkdir("/sys/fs/cgroup/mine")
sys.exit(3)
""",
    )
    assert told.stderr == ""
    assert told.stdout == f"0 {SECRET} {SECRET}\n{SECRET}\n{SECRET}\n"
    assert told.code == 3
    assert told.printed == len(told.stdout)


def test_nothing_of_the_real_host_is_there(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("of the host")
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        told = run(
            tmp_path,
            f"""
for path in ({str(tmp_path / "real")!r}, "/home", "/root", "/var/lib", "/etc/hostname", "/run/systemd", "/usr/x"):
    try:
        print(path, sorted(os.listdir(path)) if os.path.isdir(path) else open(path, "r+"))
    except OSError as error:
        print(path, type(error).__name__)
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=1)
except OSError as error:
    print(type(error).__name__)
print(max(int(pid) for pid in os.listdir("/proc") if pid.isdigit()) < 100, socket.gethostname())
for name in ("/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches"):
    try:
        os.open(name, os.O_WRONLY)
    except OSError as error:
        print(type(error).__name__)
try:
    os.unlink("/usr/bin/env")
except OSError as error:
    print(error.strerror)
""",
        )
    assert told.stderr == ""
    first, *rest = told.stdout.splitlines()
    assert first.endswith("FileNotFoundError")
    assert rest[:2] == ["/home ['somebody']", "/root ['.ssh']"]
    assert all(line.endswith("FileNotFoundError") for line in rest[2:6])
    assert rest[6:8] == ["ConnectionRefusedError", "True throw-away"]
    assert all(re.fullmatch("PermissionError|OSError", line) for line in rest[8:10])
    assert rest[10] == "Read-only file system"


def test_root_there_is_nobody_who_could_write_to_the_real_host(tmp_path: Path) -> None:
    """Root of the namespace may undo read-only mounts; what lies below still belongs to somebody else."""
    told = run(
        tmp_path,
        """
import ctypes
libc = ctypes.CDLL(None)
MS_REMOUNT, MS_BIND = 32, 4096
print(open("/proc/self/uid_map").read().split()[1])
for path in ("/usr", "/proc/sys", "/proc/irq", "/proc/fs", "/proc/acpi"):
    libc.mount(None, path.encode(), None, MS_REMOUNT | MS_BIND, None)
paths = ["/usr/bin/env", os.path.realpath("/usr/bin/python3"), "/proc/sys/kernel/core_pattern",
         "/proc/sys/vm/drop_caches", "/proc/sys/kernel/sysrq"]
for path in paths:
    try:
        os.close(os.open(path, os.O_WRONLY))
        print("open", path)
    except OSError as error:
        print(error.errno)
for path in ("/usr/bin/polyrun-was-here", "/usr/polyrun-was-here"):
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
        os.unlink(path)
        print("made", path)
    except OSError as error:
        print(error.errno)
""",
    )
    assert told.stderr == ""
    outside, *rest = told.stdout.splitlines()
    assert int(outside) == (os.getuid() or 65534)
    assert len(rest) == 7
    assert set(rest[:2]) <= {"13", "30"}  # EACCES, EROFS
    assert set(rest) <= {"2", "13", "30"}  # not every kernel has all of those settings


def test_who_is_root_outside_is_not_run() -> None:
    assert is_root_outside("         0          0 4294967295\n")
    assert is_root_outside("0 65534 1\n65534 0 1\n")
    assert not is_root_outside("0 1000 1\n")
    script = Path(careless.__file__)
    done = subprocess.run([sys.executable, "-B", script, "x"], capture_output=True, text=True, check=False)
    own = Path("/proc/self/uid_map").read_text()
    if is_root_outside(own):
        assert (done.returncode, done.stdout) == (1, "")
        assert "would be root on the real host" in done.stderr


def test_what_a_program_does_later_is_waited_for_and_all_of_it_ends(tmp_path: Path) -> None:
    told = run(
        tmp_path,
        """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.3)
        open(P["planted"] + "/late", "w").close()
        time.sleep(600)
    os._exit(0)
os.wait()
""",
    )
    assert told.facts["file:late"] == "yes"
    assert told.facts["document"] == "intact"
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            assert MARKER.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue


def test_a_second_time_is_on_the_same_host(tmp_path: Path) -> None:
    told = run(tmp_path, "print(os.path.exists('mine'))\nopen('mine', 'w').close()\n", times=2)
    assert told.stdout == "True\n"


def test_a_shell_gets_the_words_as_they_are(tmp_path: Path) -> None:
    told = run(tmp_path, "print(len(sys.argv))\n", arguments=("one two", "; touch {planted}/owned"))
    assert told.stdout == "4\n"
    assert told.facts["file:owned"] == "yes"


def test_a_flood_is_cut_and_counted(tmp_path: Path) -> None:
    told = run(tmp_path, "sys.stdout.write('x' * 3_000_000)\n")
    assert (len(told.stdout), told.printed) == (65536, 3_000_000)


def test_it_ends_at_its_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throwaway, "_DEADLINE_S", 1.0)
    started = time.monotonic()
    with pytest.raises(SandboxError, match="did not end within 1 s"):
        run(tmp_path, "import subprocess\nsubprocess.Popen(['sleep', '600'])\ntime.sleep(600)\n")
    assert time.monotonic() - started < 10


def test_why_there_is_none_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throwaway, "PROGRAMS", "/usr/nowhere")  # read-only, so that it cannot be made
    with pytest.raises(SandboxError, match=r"making a host to throw away: Can't mkdir"):
        run(tmp_path, "")


def test_baits_go_away_with_the_last(tmp_path: Path) -> None:
    with closing(Baits(str(tmp_path / "one"))) as one, closing(Baits(str(tmp_path / "two"))) as two:
        for bait in (one, two):
            with socket.create_connection(("127.0.0.1", bait.port)) as asked:
                assert asked.recv(99).decode() == SECRET
        one_port = one.port
        assert os.environ[TOKEN] == SECRET
    assert TOKEN not in os.environ
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", one_port))
