"""Watching a running program: its clock, and those limits that no kernel mechanism enforces here."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from polyrun.model.frozen import frozen
from polyrun.model.limits import Limits
from polyrun.model.outcomes import Status
from polyrun.sandbox import verdict
from polyrun.sandbox.closeup import Activity
from polyrun.sandbox.verdict import Recent, Stop

FIRST_LOOK_S = 0.05  # most blocks are over by then and pay for no sampling at all
_LOOK_S = 0.1
_QUICK_LOOK_S = 0.025
_LATELY_S = 0.3  # what a program did before that says nothing of what it does now
_LOOKS_KEPT = 32
_DISK_LOOK_S = 0.25
_DISK_GAP_S = 1.0  # at most, however long a look took: what is written meanwhile is seen late
_AT_ONCE_S = 0.005  # a look that takes longer is no business of the event loop


@frozen
class Sample:
    """What a tree uses now (`cpu_s`: has used). `None` means: unknown, or the kernel itself enforces it."""

    cpu_s: float | None = None
    memory_bytes: int | None = None
    processes: int | None = None


@frozen
class DiskUse:
    """Bytes allocated and entries made; `trouble` says what cannot be counted and so counts as too much.

    `largest_file` is the size of the largest regular file, as it claims.
    """

    allocated_bytes: int
    entries: int
    trouble: str | None = None
    largest_file: int = 0


MAX_ENTRIES = 100_000
"""More files and folders than this made by one program count as a disk limit hit: counting them takes half a second."""


class Watch:
    """One program's clock. `sample` and `disk` are asked again and again until the program ends, each at its own pace.

    `disk` may take long and is asked in a thread, never twice at once. `quick` asks `sample` often, for hosts where
    sampling is what enforces a limit.
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
        self.largest_file: int | None = None
        self.disk_bytes: int | None = None
        self._looks: deque[tuple[float, float]] = deque(maxlen=_LOOKS_KEPT)
        self._limits = limits
        self._sample = sample
        self._disk = disk
        self._pause_s = _QUICK_LOOK_S if quick else _LOOK_S
        self._disk_look: asyncio.Future[DiskUse] | None = None
        self._disk_took_s = 0.0
        self._ended = asyncio.Event()
        self._started = time.monotonic()

    def end(self) -> None:
        """The program has ended, or must: wakes `until_end`."""
        self._ended.set()

    def halt(self, status: Status, reason: str) -> None:
        """End the program for this reason; the first reason stands."""
        if self.stop is None and not self._ended.is_set():
            self.stop = Stop(status, reason)
        self._ended.set()

    def start(self) -> None:
        """The program may run from now on: the clock starts."""
        self._started = time.monotonic()
        self._looks.append((self._started, 0.0))

    def explain(self, activity: Activity) -> None:
        """Say what the program was doing when its wall clock ran out, now that it was looked at closely."""
        if self.stop is not None and self.stop.reason == self._wall_reason(None):
            self.stop = Stop(self.stop.status, self._wall_reason(activity))

    @property
    def time_is_up(self) -> bool:
        """Whether the program was stopped because of one of its clocks."""
        return self.stop is not None and self.stop.status is Status.TIME_LIMIT

    def is_over(self) -> bool:
        """Whether the program has meanwhile taken more memory or processes than it may; for a last look around it."""
        now, limits = self._sample(), self._limits
        return (now.memory_bytes or 0) > limits.memory_bytes or (now.processes or 0) > limits.processes

    async def until_end(self) -> None:
        """Return when `end` or `halt` was called, or a limit was hit."""
        started = self._started
        pause = FIRST_LOOK_S
        looking: asyncio.Task[None] | None = None
        try:
            while not self._ended.is_set():
                left = self._limits.wall_s - (time.monotonic() - started)
                if left <= 0:
                    self._look()
                    self.halt(Status.TIME_LIMIT, self._wall_reason(None))
                    return
                try:
                    await asyncio.wait_for(self._ended.wait(), min(pause, left))
                except TimeoutError:
                    if looking is None and self._disk is not None:
                        looking = asyncio.create_task(self._look_at_disk(self._disk))
                        looking.add_done_callback(lambda _task: self._ended.set())  # it has failed, or was cancelled
                    self._look()
                    pause = self._pause_s
        finally:
            self.wall_s = time.monotonic() - started
            if looking is not None:
                looking.cancel()
        if looking is not None and looking.done() and not looking.cancelled():
            looking.result()

    async def settle(self) -> None:
        """One last look at the disk, when all processes of the program are gone; then nothing looks any more."""
        if self._disk_look is not None:
            await asyncio.wait((self._disk_look,))
        if self._disk is None:
            return
        if self._disk_took_s < _AT_ONCE_S:
            self._judge_disk(self._disk())
        else:
            self._judge_disk(await asyncio.to_thread(self._disk))

    async def _look_at_disk(self, disk: Callable[[], DiskUse]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            started = time.monotonic()
            self._disk_look = loop.run_in_executor(None, disk)
            self._judge_disk(await asyncio.shield(self._disk_look))
            self._disk_took_s = time.monotonic() - started
            await asyncio.sleep(min(max(_DISK_LOOK_S, 2 * self._disk_took_s), _DISK_GAP_S))

    def _wall_reason(self, activity: Activity | None) -> str:
        return verdict.wall_reason(self._limits, self.cpu_s, self._recent(), activity)

    def _recent(self) -> Recent | None:
        """How much processor time was used lately; `None` before there are two looks far enough apart."""
        if not self._looks:
            return None
        until, cpu_s = self._looks[-1]
        earlier = [look for look in self._looks if until - look[0] >= _LATELY_S] or [self._looks[0]]
        since, before_s = earlier[-1]
        return Recent(cpu_s - before_s, until - since) if until > since else None

    def _look(self) -> None:
        limits, now = self._limits, self._sample()
        if now.cpu_s is not None:
            self.cpu_s = max(now.cpu_s, self.cpu_s or 0.0)
            self._looks.append((time.monotonic(), self.cpu_s))
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

    def _judge_disk(self, use: DiskUse) -> None:
        """Too much on the disk is the reason even if the program has ended meanwhile, unless there is one already."""
        self.largest_file = max(use.largest_file, self.largest_file or 0)
        self.disk_bytes = max(use.allocated_bytes, self.disk_bytes or 0)
        if use.allocated_bytes > self._limits.disk_bytes:
            reason = verdict.disk_reason(self._limits)
        elif use.trouble is not None:
            reason = use.trouble
        elif use.entries > MAX_ENTRIES:
            reason = f"made more than {MAX_ENTRIES} files and folders"
        else:
            return
        self.stop = self.stop or Stop(Status.DISK_LIMIT, reason)
        self._ended.set()
