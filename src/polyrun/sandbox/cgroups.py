"""Control groups: limits on a whole process tree that the kernel enforces and counts.

Knows version 1, version 2 and the hybrid of both. Groups are made below PolyRun's own group only (or beside
it, where version 2 forbids groups with both processes and controlled children). Their names tell
who made them, so that the groups of a PolyRun that was killed can be found (`dead_groups`).

Kernel documentation: admin-guide/cgroup-v1/memory.rst, pids.rst, cpuacct.rst and admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from polyrun.model.errors import SandboxError
from polyrun.model.frozen import frozen
from polyrun.model.limits import Limits
from polyrun.sandbox import pidfd, placement
from polyrun.sandbox.identity import is_orphan, is_own, new_name

PERIOD_US = 100_000
"""The period in which a share of processors is counted, in microseconds."""

_SETUP_PIDS = 2  # bubblewrap's monitor and the box's init live in the group too
_BATCH = 64  # descriptors held at once


@frozen
class Counters:
    """What a group has used; `None` where its kernel does not count that.

    `oom_kills` and `pids_refused` are how often the kernel enforced the memory and process limits.
    """

    cpu_s: float | None = None
    memory_bytes: int | None = None
    processes: int | None = None
    oom_kills: int = 0
    pids_refused: int = 0


class Group(Protocol):
    """The group of one command."""

    @property
    def joins(self) -> tuple[str, ...]:
        """The files into which a process writes `0` to become a member."""
        ...

    def holds(self, pid: int) -> bool:
        """Whether the process `pid` is a member, for each controller. Raises `OSError` if it is gone."""
        ...

    def mark(self) -> None:
        """Count from here: what was used so far was PolyRun's own set-up."""
        ...

    def counters(self) -> Counters:
        """Use since `mark`."""
        ...

    def kill(self) -> None:
        """SIGKILL to every member."""
        ...

    def remove(self) -> None:
        """Kill what is left and delete the group. Raises `SandboxError` when the kernel will not within a second."""
        ...


class Hierarchy(Protocol):
    """A place where groups can be made."""

    description: str
    has_cpus: bool

    def create(self, limits: Limits) -> Group:
        """A new group with `limits` in force, read back. Raises `SandboxError` when they are not."""
        ...


def find(mountinfo: str, membership: str) -> Hierarchy | str:
    """The hierarchy this process may use, or why there is none.

    The arguments are the texts of `/proc/self/mountinfo` and `/proc/self/cgroup`. Memory and process limits
    must both be possible. Nothing is created here; `create` finds out the rest.
    """
    mounts = placement.mounts(mountinfo)
    groups = placement.memberships(membership)
    v1 = {
        name: path
        for name in ("memory", "pids", "cpuacct", "cpu")
        if (path := placement.own_folder(mounts.get(name), groups.get(name))) is not None and os.access(path, os.W_OK)
    }
    if {"memory", "pids"} <= v1.keys():
        return HierarchyV1(v1)
    unified = placement.own_folder(mounts.get("unified"), groups.get("unified"))
    if unified is None:
        return "no cgroup file system with the memory and pids controllers is mounted"
    for parent in (unified, os.path.dirname(unified)):
        enabled = _words(os.path.join(parent, "cgroup.subtree_control"))
        # moving a process needs write access to the nearest common ancestor's cgroup.procs (cgroup-v2.rst, delegation)
        if {"memory", "pids"} <= enabled and all(os.access(p, os.W_OK) for p in (parent, f"{parent}/cgroup.procs")):
            return HierarchyV2(parent, has_cpus="cpu" in enabled)
    return f"`{unified}` is not delegated to this user with the memory and pids controllers"


def find_here() -> Hierarchy | str:
    """`find` for this process."""
    with open("/proc/self/mountinfo") as mountinfo, open("/proc/self/cgroup") as membership:
        return find(mountinfo.read(), membership.read())


class HierarchyV1:
    """Version 1: one folder for each controller."""

    def __init__(self, parents: Mapping[str, str]) -> None:
        self._parents = dict(parents)
        self.has_cpus = "cpu" in parents
        self.description = "cgroup v1: " + ", ".join(sorted(parents))

    def create(self, limits: Limits) -> Group:
        """See `Hierarchy`."""
        wanted = [name for name in self._parents if name != "cpu" or limits.cpus is not None]
        if limits.cpus is not None and not self.has_cpus:
            raise SandboxError("setting limits", "there is no writable cpu controller for `cpus`")
        name = new_name()
        folders = {controller: os.path.join(self._parents[controller], name) for controller in wanted}
        group = _GroupV1(folders)
        try:
            for folder in folders.values():
                os.mkdir(folder, 0o755)
            _set(folders["memory"], "memory.limit_in_bytes", _pages(limits.memory_bytes))
            if os.path.exists(os.path.join(folders["memory"], "memory.memsw.limit_in_bytes")):
                _set(folders["memory"], "memory.memsw.limit_in_bytes", _pages(limits.memory_bytes))
            _set(folders["pids"], "pids.max", limits.processes + _SETUP_PIDS)
            if limits.cpus is not None:
                _set(folders["cpu"], "cpu.cfs_period_us", PERIOD_US)
                _set(folders["cpu"], "cpu.cfs_quota_us", quota_us(limits.cpus))
        except OSError as error:
            group.remove()
            raise SandboxError("setting limits", f"the control group refused: {error}") from error
        except SandboxError:
            group.remove()
            raise
        return group


class _GroupV1:
    def __init__(self, folders: Mapping[str, str]) -> None:
        self._folders = folders
        # `tasks` moves a single thread, and `0` is the writer itself: so the kernel needs no grace period, some 8 ms,
        # as it does for `cgroup.procs` or another process
        self.joins = tuple(os.path.join(folder, "tasks") for folder in folders.values())
        self._cpu_before = 0

    def holds(self, pid: int) -> bool:
        groups = placement.groups_of(pid)
        return all(groups.get(name) == os.path.basename(folder) for name, folder in self._folders.items())

    def mark(self) -> None:
        self._cpu_before = self._cpu_ns() or 0
        with contextlib.suppress(OSError):  # else the peak counts some 2 MiB of our own set-up
            _write(self._folders["memory"], "memory.max_usage_in_bytes", 0)

    def _cpu_ns(self) -> int | None:
        return _number(self._folders["cpuacct"], "cpuacct.usage") if "cpuacct" in self._folders else None

    def counters(self) -> Counters:
        memory, pids = self._folders["memory"], self._folders["pids"]
        cpu_ns = self._cpu_ns()
        peak = _number(pids, "pids.peak")
        return Counters(
            cpu_s=None if cpu_ns is None else (cpu_ns - self._cpu_before) / 1e9,
            memory_bytes=_number(memory, "memory.max_usage_in_bytes"),
            processes=None if peak is None else max(1, peak - _SETUP_PIDS),
            oom_kills=_keyed(memory, "memory.oom_control").get("oom_kill", 0),
            pids_refused=_keyed(pids, "pids.events").get("max", 0),
        )

    def kill(self) -> None:
        _kill_members(self._folders["pids"])

    def remove(self) -> None:
        _remove(self._folders.values(), self.kill)


class HierarchyV2:
    """Version 2: one folder below `parent`, whose `cgroup.subtree_control` has memory and pids already."""

    def __init__(self, parent: str, *, has_cpus: bool) -> None:
        self._parent = parent
        self.has_cpus = has_cpus
        self.description = "cgroup v2: memory, pids" + (", cpu" if has_cpus else "")

    def create(self, limits: Limits) -> Group:
        """See `Hierarchy`."""
        if limits.cpus is not None and not self.has_cpus:
            raise SandboxError("setting limits", "the cpu controller is not delegated, `cpus` cannot be enforced")
        folder = os.path.join(self._parent, new_name())
        group = _GroupV2(folder)
        try:
            os.mkdir(folder, 0o755)
            _set(folder, "memory.max", _pages(limits.memory_bytes))
            if os.path.exists(os.path.join(folder, "memory.swap.max")):
                _set(folder, "memory.swap.max", 0)
            _set(folder, "pids.max", limits.processes + _SETUP_PIDS)
            if limits.cpus is not None:
                quota = quota_us(limits.cpus)
                _write(folder, "cpu.max", f"{quota} {PERIOD_US}")
        except OSError as error:
            group.remove()
            raise SandboxError("setting limits", f"the control group refused: {error}") from error
        except SandboxError:
            group.remove()
            raise
        return group


class _GroupV2:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.joins = (os.path.join(folder, "cgroup.procs"),)
        self._cpu_before = 0

    def holds(self, pid: int) -> bool:
        return placement.groups_of(pid).get("unified") == os.path.basename(self._folder)

    def mark(self) -> None:
        self._cpu_before = _keyed(self._folder, "cpu.stat").get("usage_usec", 0)

    def counters(self) -> Counters:
        peak = _number(self._folder, "pids.peak")
        cpu_us = _keyed(self._folder, "cpu.stat").get("usage_usec")
        return Counters(
            cpu_s=None if cpu_us is None else (cpu_us - self._cpu_before) / 1e6,
            memory_bytes=_number(self._folder, "memory.peak"),
            processes=None if peak is None else max(1, peak - _SETUP_PIDS),
            oom_kills=_keyed(self._folder, "memory.events").get("oom_kill", 0),
            pids_refused=_keyed(self._folder, "pids.events").get("max", 0),
        )

    def kill(self) -> None:
        _kill_members(self._folder)

    def remove(self) -> None:
        _remove([self._folder], self.kill)


def quota_us(cpus: float) -> int:
    """Processor time in each `PERIOD_US` for a share of processors (1.0 is one); the kernel takes no less than 1000."""
    return max(1000, round(cpus * PERIOD_US))


def empty_groups() -> Iterator[str]:
    """The groups of this very process in which no process is: being made, being removed, or forgotten."""
    for parent in _own_folders():
        for name in filter(is_own, os.listdir(parent) if os.path.isdir(parent) else ()):
            folder = os.path.join(parent, name)
            with contextlib.suppress(OSError), open(os.path.join(folder, "cgroup.procs"), encoding="ascii") as file:
                if not file.read():
                    yield folder


def dead_groups() -> Iterator[str]:
    """The groups below this process's own whose names say that their PolyRun is gone."""
    for parent in _own_folders():
        try:
            names = os.listdir(parent)
        except OSError:
            continue
        for name in names:
            if is_orphan(name):
                yield os.path.join(parent, name)


def _own_folders() -> list[str]:
    with open("/proc/self/mountinfo") as mountinfo, open("/proc/self/cgroup") as membership:
        mounts, groups = placement.mounts(mountinfo.read()), placement.memberships(membership.read())
    folders = []
    for name in ("memory", "pids", "cpuacct", "cpu", "unified"):
        folder = placement.own_folder(mounts.get(name), groups.get(name))
        if folder is not None:
            folders.append(folder)
            if name == "unified":
                folders.append(os.path.dirname(folder))
    return folders


def remove_dead(folder: str) -> None:
    """Kill the members of a group found by `dead_groups` and delete it. Raises `SandboxError` when it stays."""
    _remove([folder], lambda: _kill_members(folder))


def _pages(size: int) -> int:
    """Limits are kept in pages; a size that is no multiple would not read back."""
    page = os.sysconf("SC_PAGE_SIZE")
    return max(page, size - size % page)


def _write(folder: str, name: str, value: int | str) -> None:
    fd = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, str(value).encode())
    finally:
        os.close(fd)


def _read(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name), "rb", buffering=0) as file:  # a box reads ten; as text they cost more
            return file.read().decode()
    except OSError:
        return ""


def _words(path: str) -> set[str]:
    return set(_read(*os.path.split(path)).split())


def _number(folder: str, name: str) -> int | None:
    text = _read(folder, name).strip()
    return int(text) if text.isdigit() else None


def _keyed(folder: str, name: str) -> dict[str, int]:
    lines = (line.split() for line in _read(folder, name).splitlines())
    return {line[0]: int(line[1]) for line in lines if len(line) == 2 and line[1].isdigit()}


def _set(folder: str, name: str, value: int) -> None:
    _write(folder, name, value)
    if _number(folder, name) != value:
        raise SandboxError("setting limits", f"`{name}` of the control group did not take {value}")


def _kill_members(folder: str) -> None:
    """SIGKILL to every member that is still one when its identity is held.

    A member outside our pid namespace is shown as 0 (cgroup-v2.rst), which kill(2) would take for our own group.
    """
    with contextlib.suppress(OSError):
        _write(folder, "cgroup.kill", 1)  # version 2 since Linux 5.14; reaches other pid namespaces too
        return
    members = _members(folder)
    for start in range(0, len(members), _BATCH):
        _kill_batch(folder, members[start : start + _BATCH])


def _kill_batch(folder: str, pids: Iterable[int]) -> None:
    with contextlib.ExitStack() as stack:
        held = {}
        for pid in pids:
            with contextlib.suppress(OSError):
                held[pid] = os.pidfd_open(pid)
                stack.callback(os.close, held[pid])
        for pid in held.keys() & set(_members(folder)):
            with contextlib.suppress(PermissionError):
                pidfd.kill(held[pid])


def _members(folder: str) -> list[int]:
    return [int(pid) for pid in _read(folder, "cgroup.procs").split() if pid != "0"]


def _remove(folders: Iterable[str], kill: object) -> None:
    deadline = time.monotonic() + 1.0
    for folder in folders:
        while True:
            try:
                os.rmdir(folder)
            except FileNotFoundError:
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise SandboxError("removing a control group", str(error)) from error
                if callable(kill):
                    kill()
                time.sleep(0.001)
            else:
                break
