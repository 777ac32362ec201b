"""The limits that the kernel keeps for each process by itself: setrlimit(2), applied from outside."""

from __future__ import annotations

import math
import os
import resource

from polyrun.model.limits import Limits


def apply(pid: int, limits: Limits, *, processes: bool) -> None:
    """Set the limits of `pid`, which its children inherit.

    `processes` also sets RLIMIT_NPROC; it counts per user *namespace* since Linux 5.14, so it bounds one box only
    for a process that is in its box already. The kernel ignores it for uid 0. Never RLIMIT_AS: JVM, Node and
    Go reserve far more than they use. Raises `ProcessLookupError` when `pid` is gone.
    """
    cpu_s = math.ceil(limits.cpu_s) + 1  # the whole tree's limit is watched; this is the inner stop
    wanted = {
        # Not 0: the kernel ignores that when cores are piped to a handler (systemd-coredump), but refuses
        # for 1 (fs/coredump.c), which is below the least size of a core file too.
        resource.RLIMIT_CORE: (1, 1),
        resource.RLIMIT_CPU: (cpu_s, cpu_s + 1),
        resource.RLIMIT_FSIZE: (limits.disk_bytes, limits.disk_bytes),
        resource.RLIMIT_NOFILE: (limits.open_files, limits.open_files),
    }
    if processes and os.getuid() != 0:
        wanted[resource.RLIMIT_NPROC] = (limits.processes + 1, limits.processes + 1)  # and the box's init
    for which, pair in wanted.items():
        _, most = resource.prlimit(pid, which)
        capped = pair if most == resource.RLIM_INFINITY else (min(pair[0], most), min(pair[1], most))
        resource.prlimit(pid, which, capped)
