"""What processes hold open that has no name any more, and so is in no folder that could be counted.

A file that is unlinked while it is open keeps its space until its last descriptor is closed; a memory file
(memfd_create(2)) never had a name. Both are seen where the kernel shows descriptors: in `/proc/PID/fd`.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Collection, Iterable

from polyrun.model.frozen import frozen

_MEMORY_FILE = "/memfd:"
_MAX_DESCRIPTORS = 50_000
_MAX_SECONDS = 0.25


@frozen
class Nameless:
    """Allocated bytes: of unlinked files on disks, and of memory files."""

    disk_bytes: int = 0
    memory_bytes: int = 0


def held(pids: Iterable[int], apart: Collection[str] = ()) -> Nameless:
    """What the processes `pids` hold together, each file once.

    `apart` are folders, as the processes see them, whose file systems have a limit of their own (a box's `/tmp` and
    `/dev/shm`): what lies there is left out. A process that has gone counts nothing, nor does one that may not be
    looked at: without root, one that has made itself undumpable (prctl(2)). Gives up, with what it has, after
    50 000 descriptors or a quarter of a second.
    """
    files: dict[tuple[int, int], tuple[int, bool]] = {}
    devices: dict[int, frozenset[int]] = {}
    left = _MAX_DESCRIPTORS
    deadline = time.monotonic() + _MAX_SECONDS
    for pid in pids:
        if left <= 0 or time.monotonic() > deadline:
            break
        with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as descriptors:
            for descriptor in descriptors:
                left -= 1
                with contextlib.suppress(OSError):
                    facts = os.stat(descriptor.path)
                    if facts.st_nlink or not stat.S_ISREG(facts.st_mode):
                        continue
                    in_memory = os.readlink(descriptor.path).startswith(_MEMORY_FILE)
                    if in_memory or facts.st_dev not in devices.setdefault(pid, _devices(pid, apart)):
                        files[facts.st_dev, facts.st_ino] = (facts.st_blocks * 512, in_memory)
    return Nameless(
        disk_bytes=sum(size for size, in_memory in files.values() if not in_memory),
        memory_bytes=sum(size for size, in_memory in files.values() if in_memory),
    )


def _devices(pid: int, folders: Iterable[str]) -> frozenset[int]:
    found = set()
    for folder in folders:
        with contextlib.suppress(OSError):
            found.add(os.stat(f"/proc/{pid}/root{folder}").st_dev)
    return frozenset(found)
