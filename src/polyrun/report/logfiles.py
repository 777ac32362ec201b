"""The files of one run in the log folder: names that never collide, and the removal of old ones."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

KEPT_RUNS = 100
_NAME = re.compile(r"(run_(\d{8}T\d{6}Z)(?:_(\d+))?)\.(?:log|jsonl)")
_ATTEMPTS = 10_000
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Stem(NamedTuple):
    """A run's place in the order of time: `stamp` is UTC, `number` counts the runs of one second."""

    stamp: str
    number: int
    name: str


def create_pair(folder: str, started: float, *, human: bool) -> tuple[int, int | None, str]:
    """Create `run_<UTC time>.jsonl`, with `human` also `.log`, readable by their owner only.

    Runs that begin in the same second get `_2`, `_3`, … The folder is made if need be. Returns the two
    descriptors and the path without suffix. Raises `OSError`.
    """
    os.makedirs(folder, exist_ok=True, mode=0o700)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(started))
    for number in range(1, _ATTEMPTS):
        base = os.path.join(folder, f"run_{stamp}" if number == 1 else f"run_{stamp}_{number}")
        try:
            events = os.open(f"{base}.jsonl", _FLAGS, 0o600)
        except FileExistsError:
            continue
        if not human:
            return events, None, base
        try:
            return events, os.open(f"{base}.log", _FLAGS, 0o600), base
        except OSError as error:
            os.close(events)
            os.unlink(f"{base}.jsonl")
            if not isinstance(error, FileExistsError):
                raise
    raise FileExistsError(f"too many logs of one second in `{folder}`")


def stems(folder: str) -> list[Stem]:
    """The runs that have files in `folder`, oldest first. Raises `OSError`."""
    with os.scandir(folder) as listing:
        matches = [match for entry in listing if (match := _NAME.fullmatch(entry.name))]
    return sorted({Stem(match[2], int(match[3] or 1), match[1]) for match in matches})


def old_files(folder: str, keep: int) -> Iterator[str]:
    """The files of all runs in `folder` but the newest `keep`. Raises `OSError`."""
    for stem in stems(folder)[: -keep or None]:
        yield os.path.join(folder, f"{stem.name}.jsonl")
        yield os.path.join(folder, f"{stem.name}.log")


def prune(folder: str, keep: int = KEPT_RUNS) -> None:
    """Remove the files of all runs but the newest `keep`; what cannot be removed stays."""
    with suppress(OSError):
        for path in old_files(folder, keep):
            with suppress(OSError):
                os.unlink(path)
