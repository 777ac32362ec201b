"""Containers that wait, started and parked, for a command. Each is used once and then thrown away.

To start a container takes an engine 200 ms and more, to give a job to one that waits next to nothing. A run says early
what it will need (`expect`); a long-lived process keeps `minimum` of what it uses. What waits too long is replaced.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from polyrun.model.errors import SandboxError
from polyrun.sandbox.docker.container import Container
from polyrun.sandbox.docker.hardening import Wanted
from polyrun.sandbox.docker.options import PoolSize

_PAUSE_S = 0.5  # an engine that starts or removes a container keeps a processor busy for 100 ms
_LONGEST_PAUSE_S = 5.0

Starter = Callable[[Wanted], Awaitable[Container]]


class Pool:
    """The waiting containers of one engine, and the tasks that start and remove them."""

    def __init__(self, start: Starter, size: PoolSize) -> None:
        self._start = start
        self._size = size
        self._parked: dict[Wanted, deque[asyncio.Task[Container]]] = {}
        self._places = asyncio.Semaphore(size.starting)
        self._leaving: set[asyncio.Task[None]] = set()
        self._pauses: set[asyncio.Task[None]] = set()
        self._used: set[Wanted] = set()
        self._expected: Counter[Wanted] = Counter()
        self._last_take = 0.0
        self._keeper: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many containers wait, or are being started to."""
        return sum(map(len, self._parked.values()))

    def expect(self, wanted: Wanted) -> bool:
        """One more such container will be needed soon: start it in the background, unless as many wait already.

        Whether it makes sense to expect another.
        """
        if self._closing.is_set() or self.waiting >= self._size.maximum:
            return False
        self._expected[wanted] += 1
        if len(self._parked.get(wanted, ())) < self._expected[wanted]:
            self._add(wanted)
        return True

    async def take(self, wanted: Wanted) -> Container:
        """A container for one command: the longest waiting one, or a new one. Raises `SandboxError`."""
        self._used.add(wanted)
        self._last_take = time.monotonic()
        self._expected[wanted] = max(0, self._expected[wanted] - 1)
        try:
            while queue := self._parked.get(wanted):
                task = queue.popleft()
                try:
                    container = await asyncio.shield(task)
                except SandboxError:  # the next one, or a fresh one, will tell if that is not over
                    continue
                except asyncio.CancelledError:
                    self._leave(task)
                    raise
                if container.is_there and time.monotonic() - container.started < self._size.age_s:
                    return container
                self.discard(container)
            if self._closing.is_set():
                raise SandboxError("starting a container", "the run is over")
            return await self._start(wanted)
        finally:
            if self._size.minimum:
                self._later(wanted)

    def discard(self, container: Container) -> None:
        """Remove `container` in the background; where others wait, not before the next commands had their chance."""

        async def remove() -> None:
            if self._size.minimum:
                await self._calm()
            await container.remove()

        _keep(asyncio.create_task(remove()), self._leaving)

    async def close(self) -> None:
        """Remove every container that waits, and wait until all are gone."""
        self._closing.set()
        for task in (*self._pauses, *([self._keeper] if self._keeper is not None else [])):
            task.cancel()
        for starting in [task for queue in self._parked.values() for task in queue]:
            self._leave(starting)
        self._parked.clear()
        while self._leaving:
            await asyncio.wait(self._leaving)

    async def _begin(self, wanted: Wanted) -> Container:
        async with self._places:
            if self._closing.is_set():
                raise SandboxError("starting a container", "nobody needs it any more")
            return await self._start(wanted)

    def _leave(self, starting: asyncio.Task[Container]) -> None:
        """Remove what `starting` starts, also if it has not done so yet."""

        async def leave() -> None:
            try:
                container = await starting
            except SandboxError:
                return
            await container.remove()

        _keep(asyncio.create_task(leave()), self._leaving)

    def _later(self, wanted: Wanted) -> None:
        """Refill when the command that was just given its container has had the processors for itself for a while."""

        async def wait() -> None:
            await self._calm()
            self._expected.clear()  # of those who did not come in the end
            self._refill(wanted)

        _keep(asyncio.create_task(wait()), self._pauses)

    async def _calm(self) -> None:
        """Wait until no container has been taken for a while, though not for ever, or until the pool closes."""
        latest = time.monotonic() + _LONGEST_PAUSE_S
        while (left := min(self._last_take + _PAUSE_S, latest) - time.monotonic()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._closing.wait()
                    return

    def _add(self, wanted: Wanted) -> None:
        self._parked.setdefault(wanted, deque()).append(asyncio.create_task(self._begin(wanted)))
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._look_after())

    def _refill(self, wanted: Wanted) -> None:
        while len(self._parked.get(wanted, ())) < self._size.minimum and self.waiting < self._size.maximum:
            if self._closing.is_set():
                return
            self._add(wanted)

    async def _look_after(self) -> None:
        """Remove what waits too long or is gone, and start others for those of the minimum."""
        while self._parked:
            await asyncio.sleep(min(self._size.idle_s, self._size.age_s) / 4)
            for wanted, queue in list(self._parked.items()):
                for task in list(queue):  # the longest waiting first, so that the others can be the minimum
                    if task.done() and self._is_over(task, len(queue)):
                        queue.remove(task)
                        self._leave(task)
                if not queue:
                    del self._parked[wanted]
                if wanted in self._used:
                    self._refill(wanted)

    def _is_over(self, task: asyncio.Task[Container], waiting: int) -> bool:
        if task.exception() is not None:
            return True
        container = task.result()
        age_s = time.monotonic() - container.started
        spare = waiting > self._size.minimum
        return not container.is_there or age_s > self._size.age_s or (spare and age_s > self._size.idle_s)


def _keep(task: asyncio.Task[None], among: set[asyncio.Task[None]]) -> None:
    """Hold `task` among others until it is done: the loop alone would let go of it."""
    among.add(task)
    task.add_done_callback(among.discard)
