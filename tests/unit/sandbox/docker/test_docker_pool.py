"""Containers that wait: no more than allowed, none too old, each taken once, and none left in the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from polyrun.model.errors import SandboxError
from polyrun.sandbox.docker.hardening import Wanted
from polyrun.sandbox.docker.options import PoolSize
from polyrun.sandbox.docker.pool import Pool

ONE = Wanted("one", 1, 1, 1, 1)
OTHER = Wanted("other", 1, 1, 1, 1)


@dataclass
class Waiting:
    """As much of a container as a pool asks for."""

    number: int
    wanted: Wanted
    removed: int = 0
    is_there: bool = True
    started: float = field(default_factory=time.monotonic)

    async def remove(self) -> None:
        await asyncio.sleep(0.01)
        self.removed += 1


class Yard:
    """Starts containers, `takes_s` seconds each, and knows them all; the next `failing` starts fail."""

    def __init__(self, takes_s: float = 0.0) -> None:
        self.made: list[Waiting] = []
        self.takes_s, self.failing = takes_s, 0
        self.starting = self.most = self.asked = 0

    async def start(self, wanted: Wanted) -> Any:
        self.asked += 1
        self.starting += 1
        self.most = max(self.most, self.starting)
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.starting -= 1
        if self.failing:
            self.failing -= 1
            raise SandboxError("starting a container", "no room")
        self.made.append(Waiting(len(self.made), wanted))
        return self.made[-1]

    @property
    def left(self) -> list[Waiting]:
        return [one for one in self.made if not one.removed]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - a condition of the pool's own state
            await asyncio.sleep(0.005)


@asynccontextmanager
async def pooled(yard: Yard, **size: Any) -> AsyncIterator[Pool]:
    """A pool that leaves nothing, and removes nothing twice."""
    pool = Pool(yard.start, PoolSize(**size))
    before = asyncio.all_tasks()
    yield pool
    await pool.close()
    assert [one for one in yard.made if one.removed > 1] == []
    await asyncio.sleep(0)
    assert asyncio.all_tasks() - before == set()


async def test_what_was_expected_is_waiting() -> None:
    yard = Yard()
    async with pooled(yard) as pool:
        assert pool.expect(ONE)
        assert pool.expect(OTHER)
        await until(lambda: len(yard.made) == 2)
        taken: Any = await pool.take(OTHER)
        assert (taken.wanted, taken.number, yard.asked) == (OTHER, 1, 2)
        assert pool.waiting == 1
    assert yard.left == [taken]


async def test_one_that_is_still_starting_is_waited_for() -> None:
    yard = Yard(takes_s=0.05)
    async with pooled(yard) as pool:
        pool.expect(ONE)
        taken: Any = await pool.take(ONE)
        assert (taken.number, yard.asked) == (0, 1)
        assert pool.waiting == 0


async def test_each_is_taken_once_and_the_oldest_first() -> None:
    yard = Yard()
    async with pooled(yard, starting=1) as pool:
        for _ in range(3):
            pool.expect(ONE)
        await until(lambda: len(yard.made) == 3)
        taken: list[Any] = [await pool.take(ONE) for _ in range(4)]
        assert [one.number for one in taken] == [0, 1, 2, 3]
        many: list[Any] = await asyncio.gather(*(pool.take(ONE) for _ in range(5)))
        assert len({one.number for one in (*taken, *many)}) == 9


async def test_what_nobody_expected_is_started_at_once() -> None:
    yard = Yard()
    async with pooled(yard, maximum=0) as pool:
        assert not pool.expect(ONE)
        taken: Any = await pool.take(ONE)
        assert taken.wanted == ONE
        pool.discard(taken)
    assert yard.left == []


async def test_no_more_than_the_maximum_wait() -> None:
    yard = Yard()
    async with pooled(yard, maximum=3) as pool:
        assert [pool.expect(ONE), pool.expect(OTHER), pool.expect(ONE), pool.expect(ONE), pool.expect(OTHER)] == [
            True, True, True, False, False,
        ]  # fmt: skip
        await until(lambda: len(yard.made) == 3)
        await pool.take(ONE)
        assert pool.expect(OTHER)
        assert not pool.expect(OTHER)


async def test_only_so_many_are_started_at_the_same_time() -> None:
    yard = Yard(takes_s=0.01)
    async with pooled(yard, starting=2, maximum=8) as pool:
        for _ in range(8):
            pool.expect(ONE)
        await until(lambda: len(yard.made) == 8)
        assert yard.most == 2


async def test_a_start_that_failed_is_made_up_for() -> None:
    yard = Yard()
    yard.failing = 2
    async with pooled(yard) as pool:
        pool.expect(ONE)
        pool.expect(ONE)
        await until(lambda: yard.asked == 2)
        taken: Any = await pool.take(ONE)
        assert (taken.number, yard.asked) == (0, 3)


async def test_a_start_that_fails_again_is_told() -> None:
    yard = Yard()
    yard.failing = 2
    async with pooled(yard) as pool:
        pool.expect(ONE)
        with pytest.raises(SandboxError, match="no room"):
            await pool.take(ONE)


async def test_a_failed_start_that_nobody_takes_is_forgotten() -> None:
    yard = Yard()
    yard.failing = 1
    async with pooled(yard, idle_s=0.04) as pool:
        pool.expect(ONE)
        await until(lambda: yard.asked == 1)
        await until(lambda: pool.waiting == 0)
    yard.failing = 1
    async with pooled(yard) as pool:
        pool.expect(ONE)
        await until(lambda: yard.asked == 2)


@pytest.mark.parametrize("how", ["gone", "old"])
async def test_one_that_is_gone_or_too_old_is_not_handed_out(how: str) -> None:
    yard = Yard()
    async with pooled(yard, age_s=100) as pool:
        pool.expect(ONE)
        await until(lambda: len(yard.made) == 1)
        if how == "gone":
            yard.made[0].is_there = False
        else:
            yard.made[0].started -= 101
        taken: Any = await pool.take(ONE)
        assert taken.number == 1
    assert yard.left == [taken]


async def test_what_waits_too_long_is_removed() -> None:
    yard = Yard()
    async with pooled(yard, idle_s=0.08) as pool:
        pool.expect(ONE)
        pool.expect(OTHER)
        await until(lambda: len(yard.made) == 2)
        await asyncio.sleep(0.03)
        assert len(yard.left) == 2, "not before its time"
        await until(lambda: not yard.left)
        assert pool.waiting == 0
        taken: Any = await pool.take(ONE)
        assert taken.number == 2, "and the pool works on"


async def test_what_ended_by_itself_while_it_waited_is_removed() -> None:
    yard = Yard()
    async with pooled(yard, idle_s=0.04, age_s=100) as pool:
        pool.expect(ONE)
        await until(lambda: len(yard.made) == 1)
        yard.made[0].is_there = False
        await until(lambda: not yard.left)


async def test_the_minimum_is_kept_and_not_started_anew() -> None:
    yard = Yard()
    async with pooled(yard, minimum=1, idle_s=0.04) as pool:
        for _ in range(4):
            pool.expect(ONE)
        taken: Any = await pool.take(ONE)
        await until(lambda: len(yard.left) == 2)
        await asyncio.sleep(0.1)
        assert (pool.waiting, len(yard.left), yard.asked) == (1, 2, 4)
        assert [one.number for one in yard.left] == [taken.number, 3], "the youngest is what stays"


async def test_what_was_taken_is_replaced_up_to_the_minimum() -> None:
    yard = Yard()
    async with pooled(yard, minimum=2) as pool:
        await pool.take(ONE)
        await until(lambda: len(yard.made) == 3)
        assert pool.waiting == 2
        await pool.take(ONE)
        await until(lambda: len(yard.made) == 4)
        assert pool.waiting == 2


async def test_one_of_the_minimum_that_is_too_old_is_replaced() -> None:
    yard = Yard()
    async with pooled(yard, minimum=1, idle_s=0.04, age_s=100) as pool:
        await pool.take(ONE)
        await until(lambda: len(yard.made) == 2)
        yard.made[1].started -= 101
        await until(lambda: yard.made[1].removed == 1)
        await until(lambda: len(yard.made) == 3)
        assert pool.waiting == 1


async def test_closing_removes_all_that_wait_also_those_still_starting() -> None:
    yard = Yard(takes_s=0.05)
    async with pooled(yard, starting=2, maximum=8) as pool:
        for _ in range(8):
            pool.expect(ONE)
        await until(lambda: yard.starting == 2)
        started = time.monotonic()
        await pool.close()
        assert time.monotonic() - started < 0.15
        assert yard.left == []
        assert len(yard.made) == 2, "none is started only to be removed"
        assert not pool.expect(ONE)


async def test_closing_waits_for_what_is_discarded() -> None:
    yard = Yard()
    async with pooled(yard) as pool:
        taken: Any = await pool.take(ONE)
        pool.discard(taken)
        assert yard.left == [taken]
        await pool.close()
        assert yard.left == []
        await pool.close()


async def test_a_cancelled_take_leaves_no_container() -> None:
    yard = Yard(takes_s=0.05)
    async with pooled(yard) as pool:
        pool.expect(ONE)
        taking = asyncio.create_task(pool.take(ONE))
        await until(lambda: yard.starting == 1)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        await until(lambda: len(yard.made) == 1 and not yard.left)
        assert pool.waiting == 0


async def test_a_cancelled_take_of_many_leaves_the_others_theirs() -> None:
    yard = Yard(takes_s=0.05)
    async with pooled(yard) as pool:
        pool.expect(ONE)
        pool.expect(ONE)
        first, second = (asyncio.create_task(pool.take(ONE)) for _ in range(2))
        await until(lambda: yard.starting == 2)
        first.cancel()
        taken: Any = await second
        assert taken.is_there
        await until(lambda: yard.left == [taken])
