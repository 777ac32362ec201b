"""What a program in a container finds: next to nothing that is not its own."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

import engine
from polyrun.model.limits import GIB, MIB
from sandbox.docker_bench import once

pytestmark = pytest.mark.docker

_LOOK = r"""
import ctypes, errno, glob, json, os, resource, socket
libc = ctypes.CDLL(None, use_errno=True)
def failure(act):
    try:
        act()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return "done"
def call(name, *args):
    ctypes.set_errno(0)
    return errno.errorcode.get(ctypes.get_errno(), "done") if getattr(libc, name)(*args) else "done"
def size(place):
    facts = os.statvfs(place)
    return [facts.f_blocks * facts.f_frsize, facts.f_files]
def connect(*address):
    with socket.socket() as one:
        one.settimeout(2)
        one.connect(address)
def first(*names):
    return next((open(name).read().strip() for name in names if os.path.exists(name)), None)
status = dict(line.rstrip("\n").split(":\t", 1) for line in open("/proc/self/status") if ":\t" in line)
print(json.dumps({
    "ids": [os.getuid(), os.geteuid(), os.getgid(), os.getegid()], "groups": os.getgroups(), "status": status,
    "interfaces": [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line],
    "routes": len(open("/proc/net/route").readlines()) - 1,
    "connect": [failure(lambda: connect("1.1.1.1", 53)), failure(lambda: connect("172.17.0.1", 2375))],
    "writes": {place: failure(lambda: open(place + "/x", "w")) for place in ("/", "/etc", "/usr/bin", "/var/tmp")},
    "proc": {name: failure(lambda: open("/proc/" + name, "w")) for name in ("sysrq-trigger", "sys/kernel/modprobe")},
    "starter": [failure(lambda: open(f"/proc/1/{name}")) for name in ("environ", "mem", "maps")]
    + [failure(lambda: os.listdir("/proc/1/fd")), failure(lambda: os.kill(1, 9))],
    "sizes": {place: size(place) for place in ("/polyrun", "/tmp", "/dev/shm")},
    "mounts": [line.split()[:4] for line in open("/proc/mounts")],
    "pids": first("/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"),
    "memory": first("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"),
    "sockets": glob.glob("/run/**/*.sock", recursive=True) + glob.glob("/polyrun/**/*.sock", recursive=True),
    "devices": sorted(os.listdir("/dev")), "processes": [name for name in os.listdir("/proc") if name.isdigit()],
    "environment": dict(os.environ), "host": socket.gethostname(), "cwd": os.getcwd(),
    "descriptors": sorted(os.listdir("/proc/self/fd")),
    "limits": {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name))
               for name in ("CORE", "NOFILE", "FSIZE", "CPU")},
    "calls": {"unshare": call("unshare", 0x10000000), "mount": call("mount", b"x", b"/tmp", b"tmpfs", 0, 0),
              "chroot": call("chroot", b"/tmp"), "setuid": call("setuid", 0), "ptrace": call("ptrace", 16, 1, 0, 0)},
}))
"""


@pytest.fixture(scope="module")
def seen() -> Any:
    patch = pytest.MonkeyPatch()
    try:
        engine.use(patch)
        patch.setenv("SECRET_TOKEN", "hunter2")
        patch.delenv("TZ", raising=False)
        ran = once("python", _LOOK)
    finally:
        patch.undo()
    assert (ran.status, ran.stderr) == ("ok", b"")
    return json.loads(ran.stdout)


def test_it_is_an_ordinary_user_and_stays_one(seen: Any) -> None:
    assert seen["ids"] == [10001] * 4
    assert seen["groups"] in ([], [10001])
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert seen["status"][name] == "0" * 16
    assert seen["status"]["NoNewPrivs"] == "1"
    assert seen["calls"]["setuid"] == "EPERM"


def test_the_seccomp_filter_is_on(seen: Any) -> None:
    assert seen["status"]["Seccomp"] == "2"
    for call in ("unshare", "mount", "chroot", "ptrace"):
        assert seen["calls"][call] in {"EPERM", "ENOSYS"}, call


def test_there_is_no_network(seen: Any) -> None:
    assert seen["interfaces"] == ["lo"]
    assert seen["routes"] == 0
    assert seen["connect"] == ["ENETUNREACH", "ENETUNREACH"]


def test_nothing_can_be_written_but_what_is_its_own(seen: Any) -> None:
    assert set(seen["writes"].values()) == {"EROFS"}
    assert set(seen["proc"].values()) <= {"EROFS", "EACCES", "ENOENT"}
    options = {place: set(words.split(",")) for _, place, _, words in seen["mounts"]}
    assert "ro" in options["/"]
    for place in ("/polyrun", "/tmp", "/dev/shm"):
        assert {"rw", "nosuid", "nodev"} <= options[place]


def test_folders_in_memory_have_an_end(seen: Any) -> None:
    assert seen["sizes"]["/polyrun"] == [GIB + 64 * MIB, 200_000]
    assert seen["sizes"]["/tmp"] == [256 * MIB, 200_000]
    assert seen["sizes"]["/dev/shm"][0] == 64 * MIB


def test_limits_of_the_kernel_are_on(seen: Any) -> None:
    assert seen["pids"] == "65", "64 and the starter"
    assert seen["memory"] == str(512 * MIB)
    assert seen["limits"] == {"CORE": [0, 0], "NOFILE": [256, 256], "FSIZE": [GIB, GIB], "CPU": [31, 31]}


def test_nothing_of_the_host_is_there(seen: Any) -> None:
    assert seen["sockets"] == []
    assert not any("docker.sock" in word for mount in seen["mounts"] for word in mount)
    assert set(seen["devices"]) <= {
        "console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout",
        "tty", "urandom", "zero",
    }  # fmt: skip
    assert seen["host"] == "polyrun"
    assert seen["cwd"] == "/polyrun/work"


def test_only_its_own_processes_are_seen_and_the_starter_is_closed(seen: Any) -> None:
    assert len(seen["processes"]) == 2
    assert seen["starter"][:4] == ["EACCES"] * 4
    assert seen["starter"][4] == "done", "PID 1 does not get signals from inside, and is alive to tell all this"


def test_it_has_three_descriptors(seen: Any) -> None:
    assert seen["descriptors"] == ["0", "1", "2", "3"], "3 is that of the listing itself"


def test_the_environment_is_only_what_is_listed(seen: Any) -> None:
    assert set(seen["environment"]) == {"HOME", "LANG", "LC_CTYPE", "LOGNAME", "PATH", "TMPDIR", "USER"} & set(
        seen["environment"]
    )
    assert seen["environment"]["HOME"] == "/tmp"
    assert os.environ.get("HOME") != "/tmp"
