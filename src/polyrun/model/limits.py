"""What a job may use and what it did use, with the unit in every name.

Also reads the two notations people write: durations (`250ms`, `10s`, `2m`, `1h`) and sizes (`64k`, `512m`, `1g`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from polyrun.model.frozen import frozen, replace

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

MIN_MEMORY = 4 * MIB
"""Less than this, not even the shell that starts a program fits."""

MAX_WALL_S = 7 * 24 * 3600.0
MAX_BYTES = 1 << 50

_Number = TypeVar("_Number", int, float)

_DURATION = r"(\d+(?:\.\d+)?)(ms|s|m|h)?"
_DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_SIZE = r"(?i)(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?"
_SIZE_UNITS = {"": 1, "k": KIB, "m": MIB, "g": GIB, "t": 1024 * GIB}


def parse_duration(text: str) -> float:
    """Seconds from `250ms`, `10s`, `1.5m`, `1h` or a bare number of seconds.

    Raises `ValueError`, with a message fit for the user, unless 0 < result <= one week.
    """
    match = re.fullmatch(_DURATION, text.strip())
    if match is None:
        raise ValueError(f"`{text}` is not a duration such as `250ms`, `10s`, `2m` or `1h`")
    seconds = float(match[1]) * _DURATION_UNITS[match[2]]
    if not 0 < seconds <= MAX_WALL_S or math.isnan(seconds):
        raise ValueError(f"`{text}` is out of range: a duration is more than 0 and at most one week")
    return seconds


def parse_size(text: str) -> int:
    """Bytes from `64k`, `512m`, `1.5g`, `512MiB` or a bare number of bytes; units are powers of 1024.

    Raises `ValueError`, with a message fit for the user, unless 1 <= result <= 2**50.
    """
    match = re.fullmatch(_SIZE, text.strip())
    if match is None:
        raise ValueError(f"`{text}` is not a size such as `64k`, `512m` or `1g`")
    size = float(match[1]) * _SIZE_UNITS[match[2].lower()]
    if not 1 <= size <= MAX_BYTES:  # before `int`, which refuses the infinity that 400 digits give
        raise ValueError(f"`{text}` is out of range: a size is at least 1 byte and at most 1024t")
    return int(size)


def check_memory(size: int) -> int:
    """Pass `size` bytes through as a memory limit. Raises `ValueError`, fit for the user, if nothing starts in it."""
    if size < MIN_MEMORY:
        least = format_bytes(MIN_MEMORY)
        raise ValueError(f"{format_bytes(size)} of memory is too little: nothing starts in less than {least}")
    return size


def format_bytes(count: int) -> str:
    """`count` bytes for people, e.g. `812 B`, `9.4 MiB`; one decimal at most."""
    value, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


@frozen
class Limits:
    """What one step may use; every field is positive.

    `wall_s` and `cpu_s` are seconds (`cpu_s` of the whole process tree), `cpus` is a share of
    processors (1.0 is one processor; `None` leaves it to the machine), `processes` counts
    processes and threads, `disk_bytes` what may be written to the workspace. `output_bytes` is
    what is kept of each stream: the rest is drained and marked, until `flood_bytes` ends the step.
    """

    wall_s: float = 30.0
    cpu_s: float = 30.0
    memory_bytes: int = 512 * MIB
    processes: int = 64
    open_files: int = 256
    output_bytes: int = 8 * MIB
    flood_bytes: int = GIB
    disk_bytes: int = GIB
    cpus: float | None = None

    def updated(self, changes: Mapping[str, float | int | None]) -> Limits:
        """These limits with the fields that `changes` names; `None` there leaves a field as it is."""
        given = {name: value for name, value in changes.items() if value is not None}
        return replace(self, **given)


@frozen
class Usage:
    """What one step used, as the kernel counted it; `None` where this host cannot tell.

    `memory_bytes` is the peak of the whole process tree, `processes` its peak count of processes and threads,
    `disk_bytes` the most that it had on the disk when somebody looked, `output_bytes` all that it printed.
    """

    wall_s: float = 0.0
    cpu_s: float | None = None
    memory_bytes: int | None = None
    processes: int | None = None
    disk_bytes: int | None = None
    output_bytes: int | None = None

    def plus(self, other: Usage) -> Usage:
        """Two steps one after the other: times and output add, peaks are the larger one."""
        return Usage(
            wall_s=self.wall_s + other.wall_s,
            cpu_s=_of_known(sum, self.cpu_s, other.cpu_s),
            memory_bytes=_of_known(max, self.memory_bytes, other.memory_bytes),
            processes=_of_known(max, self.processes, other.processes),
            disk_bytes=_of_known(max, self.disk_bytes, other.disk_bytes),
            output_bytes=_of_known(sum, self.output_bytes, other.output_bytes),
        )


def _of_known(combine: Callable[[list[_Number]], _Number], *values: _Number | None) -> _Number | None:
    known = [value for value in values if value is not None]
    return combine(known) if known else None
