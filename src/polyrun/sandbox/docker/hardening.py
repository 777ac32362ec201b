"""How a container is shut in: what PolyRun asks of the engine, and whether that is what the container really got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyrun.model.errors import SandboxError
from polyrun.model.frozen import frozen
from polyrun.model.limits import GIB, MIB, Limits
from polyrun.sandbox.cgroups import PERIOD_US, quota_us
from polyrun.sandbox.docker.options import DockerOptions
from polyrun.sandbox.docker.recipe import USER_ID
from polyrun.sandbox.watch import MAX_ENTRIES

ROOT = "/polyrun"
TMP = "/tmp"  # noqa: S108 - a tmpfs of the container's own
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

OWN_KERNELS = frozenset({"runsc"})
"""Runtimes that put a kernel of their own under the container."""

RESERVE = 4 * MIB
"""Bytes that the starter sets aside, so that it can hand back when the program has filled everything."""

MOST_DISK = 64 * GIB
"""The most that a place in a container may hold, in bytes; a lower limit is watched."""

LABEL_OWNER = "polyrun.owner"
LABEL_KEPT = "polyrun.kept"
"""In place of the owner for a container that stays when it has ended: no start removes it, only `polyrun clean`."""
LABEL_DEADLINE = "polyrun.deadline"

_LEAST_MEMORY = 6 * MIB  # of every engine (daemon/container_operations_unix.go)
_SENT_ALONG = 64 * MIB
_TMP_BYTES = 256 * MIB
_SHM_BYTES = 64 * MIB
_STARTER = 1
_DOWN = frozenset(["tunl0", "sit0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "ip6tnl0", "ip6gre0"])
"""Interfaces that every network namespace has where tunnels are loaded; they are down, and stay so without rights."""
_KERNEL_BYTES = 64 * MIB  # what a kernel of its own needs beside the program; the engine counts both together
_KERNEL_THREADS = 512
_PODMANS_OWN = dict.fromkeys(("/run", "/var/tmp"), "ro,noexec,nosuid,nodev,size=4096,mode=755")  # noqa: S108
"""Where Podman puts a writable tmpfs of half the host's memory into a read-only root, unless there is another."""
_OWN_FILES = 160  # the starter holds one for each folder on its way down (`MAX_DEPTH` in starter.h), and a few more
_MASKED = (
    *("/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats"),
    *("/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"),
    *("/sys/devices/virtual/powercap", "/proc/pressure"),
)
"""The engine's own list (oci/defaults.go of Moby), and what may be written to with no right at all."""
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_NPROC = 4096  # counts all containers of the host together, so it is a backstop; `PidsLimit` is the limit


@frozen
class Wanted:
    """A container that can run a certain kind of command; equal ones can stand in for each other."""

    image: str
    memory_bytes: int
    pids: int
    open_files: int
    disk_bytes: int
    cpus: float | None = None
    net: bool = False
    runtime: str | None = None
    read_only_root: bool = True
    remove: bool = True
    podman: bool = False

    @property
    def rooms(self) -> Mapping[str, int]:
        """The places that can be written to, and how many bytes each may hold."""
        return {ROOT: self.disk_bytes, TMP: min(self.disk_bytes, _TMP_BYTES)}

    @classmethod
    def of(cls, image: str, limits: Limits, sent_bytes: int, options: DockerOptions, *, net: bool) -> Wanted:
        """For a command under `limits` that is sent along with files of `sent_bytes`, which lie in memory.

        More than 64 MiB of them get room and memory of their own, so that the program keeps its own.
        """
        extra = 0 if sent_bytes <= _SENT_ALONG else 1 << (sent_bytes - 1).bit_length()
        memory = max(limits.memory_bytes, _LEAST_MEMORY) + extra
        processes = limits.processes + _STARTER
        if options.runtime in OWN_KERNELS:
            memory, processes = memory + _KERNEL_BYTES, processes + _KERNEL_THREADS
        return cls(
            image,
            memory - memory % 4096,
            processes,
            limits.open_files,
            min(limits.disk_bytes, MOST_DISK) + _SENT_ALONG + extra,
            limits.cpus,
            net or options.net,
            options.runtime,
            options.read_only_root,
            options.remove,
        )


def body(wanted: Wanted, labels: Mapping[str, str]) -> dict[str, Any]:
    """What `POST /containers/create` takes for `wanted`.

    The engine's own filter of system calls stays on; ours is put upon the program by the starter, which knows calls by
    number and not, as engines do, by the names that they happen to know.
    """
    inodes = "" if wanted.podman else f",nr_inodes={2 * MAX_ENTRIES}"  # Podman has no word for that
    host: dict[str, Any] = {
        "AutoRemove": wanted.remove and wanted.runtime not in OWN_KERNELS,  # one killed for its memory is looked at
        "NetworkMode": "bridge" if wanted.net else "none",
        "ReadonlyRootfs": wanted.read_only_root,
        "Privileged": False,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "Memory": wanted.memory_bytes + RESERVE,
        "MemorySwap": wanted.memory_bytes + RESERVE,
        "PidsLimit": wanted.pids,
        "Ulimits": [
            # the program's own limit is set by the starter
            {"Name": "nofile", "Soft": wanted.open_files + _OWN_FILES, "Hard": wanted.open_files + _OWN_FILES},
            {"Name": "nproc", "Soft": _NPROC, "Hard": _NPROC},
            {"Name": "core", "Soft": 0, "Hard": 0},
            {"Name": "fsize", "Soft": wanted.disk_bytes, "Hard": wanted.disk_bytes},
        ],
        "Tmpfs": {place: f"rw,exec,nosuid,nodev,size={size},mode=1777" + inodes for place, size in wanted.rooms.items()}
        | (_PODMANS_OWN if wanted.podman and wanted.read_only_root else {}),
        "MaskedPaths": list(_MASKED),
        "ReadonlyPaths": list(_READ_ONLY),
        "ShmSize": _SHM_BYTES,
        "IpcMode": "private",
        "LogConfig": {"Type": "none", "Config": {}},
        "Init": False,
        "RestartPolicy": {"Name": "no"},
    }
    if wanted.cpus is not None:
        host |= {"CpuPeriod": PERIOD_US, "CpuQuota": quota_us(wanted.cpus)}
    if wanted.runtime is not None:
        host["Runtime"] = wanted.runtime
    return {
        "Image": wanted.image,
        "User": f"{USER_ID}:{USER_ID}",
        "Hostname": "polyrun",
        "WorkingDir": "/",
        "Env": [f"PATH={PATH}"],
        "OpenStdin": True,
        "StdinOnce": True,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": False,
        "Tty": False,
        "Labels": dict(labels),
        "HostConfig": host,
    }


def check(wanted: Wanted, facts: Mapping[str, list[str]]) -> None:
    """Compare what the starter found with `wanted`. Raises `SandboxError` for the first thing that is not in force.

    With a kernel of its own (gVisor) the container's `/proc` and control groups do not show the host's limits; then
    only what they do show is compared.
    """
    expected = {
        "NoNewPrivs": "1",
        "CapEff": "0" * 16,
        "CapBnd": "0" * 16,
        "Uid": "\t".join([str(USER_ID)] * 4),
        "memory": str(wanted.memory_bytes + RESERVE),
        "pids": str(wanted.pids),
    }
    if wanted.read_only_root:
        expected["root"] = "read-only"
    if wanted.cpus is not None:
        expected["quota"] = str(quota_us(wanted.cpus))
    if wanted.runtime in OWN_KERNELS:
        if facts.get("root") == ["closed"]:  # it asks who may write before it asks whether anybody can
            expected.pop("root", None)
        for name in ("NoNewPrivs", "memory", "pids", "quota"):
            expected.pop(name, None)
    if not wanted.net:
        expected["interface"] = "lo"
    for name, value in expected.items():
        found = [one for one in facts.get(name, ["unknown"]) if one not in _DOWN]
        if found != [value] and not (name == "interface" and found == ["unknown"]):
            said = ", ".join(found)
            raise SandboxError("starting a container", f"`{name}` is {said} in it, and {value} was asked for")
    spaces = dict(line.split(" ", 1) for line in facts.get("space", []) if " " in line)
    for place, most in wanted.rooms.items():
        word = spaces.get(place, "0").split(" ")[0]
        size = int(word) if word.isascii() and word.isdigit() else 0
        if not 0 < size <= most + 4096:
            raise SandboxError(
                "starting a container", f"`{place}` has room for {size} bytes, and {most} were asked for"
            )
