"""What a test left behind: processes, threads, mounts, control groups, folders, descriptors.

Every worker looks only at what is its own: orphans come back to it because it is a subreaper, folders lie in its own
temp folder, and the names of control groups tell which process made them.
"""

from __future__ import annotations

import ctypes
import gc
import os
import re
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from polyrun.sandbox.scratch import MEMORY

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_SETTLE_S = 3.0
_OWN_NAME = re.compile(r"polyrun-(\d+)-")


def adopt_orphans() -> None:
    """Make this process the parent of every orphan below it, so that none can get out of sight (prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@dataclass(frozen=True)
class Surroundings:
    """What exists at one moment, each thing with a name fit for a message."""

    children: dict[int, str]
    threads: dict[int, str]
    mounts: frozenset[str]
    groups: frozenset[str]
    folders: frozenset[str]
    descriptors: dict[int, str]

    @classmethod
    def now(cls) -> Surroundings:
        return cls(_children(), _threads(), _mounts(), _groups(), _folders(), _descriptors())

    def added(self, before: Surroundings) -> list[str]:
        """What is here and was not there before, a line each."""
        return [
            *(f"process {pid}: {name}" for pid, name in self.children.items() if pid not in before.children),
            *(f"thread {name}" for ident, name in self.threads.items() if ident not in before.threads),
            *(f"mount {line}" for line in sorted(self.mounts - before.mounts)),
            *(f"control group {path}" for path in sorted(self.groups - before.groups)),
            *(f"folder {path}" for path in sorted(self.folders - before.folders)),
            *(f"descriptor {n} -> {to}" for n, to in self.descriptors.items() if before.descriptors.get(n) != to),
        ]


def leaks_since(before: Surroundings) -> list[str]:
    """What was left behind since `before`; waits a little for what is just going away."""
    found = Surroundings.now().added(before)
    if found:
        gc.collect()
    deadline = time.monotonic() + _SETTLE_S
    while (found := Surroundings.now().added(before)) and time.monotonic() < deadline:
        _reap(before)
        time.sleep(0.02)
    return found


def _reap(before: Surroundings) -> None:
    """Bury adopted orphans that have died, as init would have."""
    for pid in _children():
        if pid not in before.children and _state(pid) == "Z":
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue


def _children() -> dict[int, str]:
    found = {}
    for task in os.listdir("/proc/self/task"):
        try:
            pids = Path(f"/proc/self/task/{task}/children").read_text().split()
        except OSError:
            continue  # the thread ended meanwhile
        for pid in map(int, pids):
            name = _command(pid)
            if "resource_tracker" not in name:  # multiprocessing keeps one for the life of the interpreter
                found[pid] = name
    return found


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        words = ""
    return words[:200] or f"({_state(pid)})"


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "gone"


def _threads() -> dict[int, str]:
    # execnet's own threads come and go with the messages of xdist
    return {t.ident or 0: t.name for t in threading.enumerate() if "execnet" not in repr(t).lower()}


def _mounts() -> frozenset[str]:
    ours = tempfile.gettempdir()
    return frozenset(line for line in Path("/proc/self/mountinfo").read_text().splitlines() if ours in line)


def _group_folders() -> list[str]:
    """Where this process's groups, and those of its children, are made; see `polyrun.sandbox.cgroups`."""
    mounts = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        head, _, tail = line.partition(" - ")
        kind, _, options = tail.split(" ")[:3]
        if kind.startswith("cgroup"):
            for name in ["", *options.split(",")] if kind == "cgroup2" else options.split(","):
                mounts[name] = head.split(" ")[4]
    folders = set()
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for name in controllers.split(","):
            if name in mounts:
                own = os.path.normpath(f"{mounts[name]}/{path}")
                folders |= {own, os.path.dirname(own)}
    return sorted(folders)


_GROUP_FOLDERS = _group_folders()


def _groups() -> frozenset[str]:
    found = set()
    for folder in _GROUP_FOLDERS:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            if _is_own(name):
                found.add(f"{folder}/{name}")
    return frozenset(found)


def _folders() -> frozenset[str]:
    ours = tempfile.gettempdir()
    found = {f"{ours}/{name}" for name in os.listdir(ours) if name.startswith("polyrun-")}
    return frozenset(found | {f"{MEMORY}/{name}" for name in os.listdir(MEMORY) if _is_own(name)})


def _is_own(name: str) -> bool:
    """Whether what is called `name` was made by this process, or by one that is gone."""
    match = _OWN_NAME.match(name)
    return match is not None and (int(match[1]) == os.getpid() or not os.path.exists(f"/proc/{match[1]}"))


def _descriptors() -> dict[int, str]:
    found = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            found[int(number)] = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue  # the descriptor of this very listing
    return found
