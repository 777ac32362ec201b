"""Watching a running program: its clock, and those limits that no kernel mechanism enforces here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from polyrun.model.frozen import frozen
from polyrun.model.limits import Limits
from polyrun.model.outcomes import Status
from polyrun.sandbox import verdict
from polyrun.sandbox.verdict import Stop

FIRST_LOOK_S = 0.05  # most blocks are over by then and pay for no sampling at all
_LOOK_S = 0.1
_QUICK_LOOK_S = 0.025
_DISK_LOOK_S = 0.25
_MAX_SHARE = 20  # a look that takes t is followed by a pause of at least 20 t


@frozen
class Sample:
    """What a tree uses now (`cpu_s`: has used). `None` means: unknown, or the kernel itself enforces it."""

    cpu_s: float | None = None
    memory_bytes: int | None = None
    processes: int | None = None


@frozen
class DiskUse:
    """Bytes allocated and entries made; `trouble` says what cannot be counted and so counts as too much."""

    allocated_bytes: int
    entries: int
    trouble: str | None = None


MAX_ENTRIES = 200_000
"""More files and folders than this in a run's workspace count as a disk limit hit."""


class Watch:
    """One program's clock. `sample` and `disk` are asked again and again until the program ends.

    `quick` asks often, for hosts where sampling is what enforces a limit.
    """

    def __init__(
        self,
        limits: Limits,
        sample: Callable[[], Sample],
        disk: Callable[[], DiskUse] | None,
        *,
        quick: bool,
    ) -> None:
        self.stop: Stop | None = None
        self.peak_memory: int | None = None
        self.peak_processes: int | None = None
        self.cpu_s: float | None = None
        self.wall_s = 0.0
        self._limits = limits
        self._sample = sample
        self._disk = disk
        self._pause_s = _QUICK_LOOK_S if quick else _LOOK_S
        self._next_disk = 0.0
        self._ended = asyncio.Event()

    def end(self) -> None:
        """The program has ended, or must: wakes `until_end`."""
        self._ended.set()

    def halt(self, status: Status, reason: str) -> None:
        """End the program for this reason; the first reason stands."""
        if self.stop is None and not self._ended.is_set():
            self.stop = Stop(status, reason)
        self._ended.set()

    async def until_end(self) -> None:
        """Return when `end` or `halt` was called, or a limit was hit; the clock starts now."""
        started = time.monotonic()
        pause = FIRST_LOOK_S
        try:
            while not self._ended.is_set():
                left = self._limits.wall_s - (time.monotonic() - started)
                if left <= 0:
                    self._look(disk=False)
                    self.halt(Status.TIME_LIMIT, verdict.wall_reason(self._limits, self.cpu_s))
                    return
                try:
                    await asyncio.wait_for(self._ended.wait(), min(pause, left))
                except TimeoutError:
                    looked = time.monotonic()
                    self._look(disk=looked >= self._next_disk)
                    pause = max(self._pause_s, _MAX_SHARE * (time.monotonic() - looked))
        finally:
            self.wall_s = time.monotonic() - started

    def _look(self, *, disk: bool) -> None:
        limits, now = self._limits, self._sample()
        if now.cpu_s is not None:
            self.cpu_s = max(now.cpu_s, self.cpu_s or 0.0)
            if now.cpu_s > limits.cpu_s:
                self.halt(Status.TIME_LIMIT, verdict.cpu_reason(limits))
        if now.memory_bytes is not None:
            self.peak_memory = max(now.memory_bytes, self.peak_memory or 0)
            if now.memory_bytes > limits.memory_bytes:
                self.halt(Status.MEMORY_LIMIT, verdict.memory_reason(limits))
        if now.processes is not None:
            self.peak_processes = max(now.processes, self.peak_processes or 0)
            if now.processes > limits.processes:
                self.halt(Status.PROCESS_LIMIT, verdict.processes_reason(limits))
        if disk and self._disk is not None:
            looked = time.monotonic()
            use = self._disk()
            if use.allocated_bytes > limits.disk_bytes:
                self.halt(Status.DISK_LIMIT, verdict.disk_reason(limits))
            elif use.trouble is not None:
                self.halt(Status.DISK_LIMIT, use.trouble)
            elif use.entries > MAX_ENTRIES:
                self.halt(Status.DISK_LIMIT, f"made more than {MAX_ENTRIES} files and folders")
            took = time.monotonic() - looked
            self._next_disk = time.monotonic() + max(_DISK_LOOK_S, _MAX_SHARE * took)
