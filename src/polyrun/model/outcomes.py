"""How a step or a job ended, as a value.

A failure of the user's program is an `Outcome`, never an exception (law 2 of the design).
"""

from __future__ import annotations

from enum import StrEnum

from polyrun.model.frozen import frozen
from polyrun.model.limits import Usage


class Status(StrEnum):
    """How a job ended. The words are part of the JSON contract."""

    OK = "ok"
    NONZERO_EXIT = "nonzero_exit"
    SIGNALLED = "signalled"
    BUILD_FAILED = "build_failed"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    PROCESS_LIMIT = "process_limit"
    DISK_LIMIT = "disk_limit"
    BLOCKED = "blocked"
    TOOLCHAIN_MISSING = "toolchain_missing"
    EXPORT_MISSING = "export_missing"
    IMPORT_REFUSED = "import_refused"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def is_limit(self) -> bool:
        """Whether a limit ended the job."""
        return self in _LIMITS


_LIMITS = frozenset(
    {Status.TIME_LIMIT, Status.MEMORY_LIMIT, Status.OUTPUT_LIMIT, Status.PROCESS_LIMIT, Status.DISK_LIMIT}
)


class Feature(StrEnum):
    """One thing a sandbox can enforce. The words are part of the JSON contract (`enforced`)."""

    FILES = "files"  # only the listed paths are visible, system paths are read-only
    NETWORK = "network"  # no route anywhere, no host loopback
    PIDS = "pids"  # the number of processes and threads of the whole tree
    MEMORY = "memory"  # the memory of the whole tree
    CPU = "cpu"  # CPU seconds of the whole tree
    CPUS = "cpus"  # the share of processors
    WALL = "wall"  # wall-clock seconds
    DISK = "disk"  # bytes written to the workspace
    OUTPUT = "output"  # bytes printed
    OPEN_FILES = "open_files"  # descriptors of one process
    SYSCALLS = "syscalls"  # our seccomp filter is on
    PRIVILEGES = "privileges"  # no capabilities, no_new_privs
    PROCESSES_HIDDEN = "processes_hidden"  # own pid namespace: no other process is visible
    ENVIRONMENT = "environment"  # only allow-listed variables


@frozen
class Outcome:
    """How one step ended in a box.

    `exit_code` is 0–255 for a normal exit and `None` after a signal; `signal` is then its name
    (`SIGSEGV`). `reason` says in one line what a status alone cannot (which limit, busy or idle). `stack` is what a
    program whose time was up printed when it was asked where it is: the program's own words, whatever they are.
    """

    status: Status
    exit_code: int | None = None
    signal: str | None = None
    usage: Usage = Usage()
    reason: str | None = None
    stack: bytes = b""
