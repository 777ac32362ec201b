"""What a slow look at the disk must not delay, and what the last look finds."""

from __future__ import annotations

import asyncio
import time

import pytest

from polyrun.model.limits import MIB, Limits
from polyrun.model.outcomes import Status
from polyrun.sandbox.watch import MAX_ENTRIES, DiskUse, Sample, Watch

_LIMITS = Limits(wall_s=10, disk_bytes=MIB)
_NOTHING = DiskUse(0, 0)


class _SlowDisk:
    """A disk whose looks take `seconds`; when each one started and how many there were at once."""

    def __init__(self, seconds: float, found: DiskUse = _NOTHING) -> None:
        self.seconds = seconds
        self.found = found
        self.started: list[float] = []
        self.at_once = self.most_at_once = 0

    def __call__(self) -> DiskUse:
        self.started.append(time.monotonic())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.seconds)
        self.at_once -= 1
        return self.found


async def test_a_slow_disk_does_not_delay_the_other_limits() -> None:
    started = time.monotonic()

    def sample() -> Sample:
        return Sample(memory_bytes=0 if time.monotonic() - started < 0.4 else 1 << 50)

    watch = Watch(_LIMITS, sample, _SlowDisk(1.5), quick=True)
    await watch.until_end()
    assert watch.stop is not None
    assert watch.stop.status is Status.MEMORY_LIMIT
    assert time.monotonic() - started < 1.0
    await watch.settle()


async def test_after_a_slow_look_the_next_one_is_not_far() -> None:
    disk = _SlowDisk(0.3)
    watch = Watch(_LIMITS, Sample, disk, quick=False)
    asyncio.get_running_loop().call_later(2.5, watch.end)
    await watch.until_end()
    await watch.settle()
    assert watch.stop is None
    assert len(disk.started) >= 3
    gaps = [later - earlier for earlier, later in zip(disk.started, disk.started[1:], strict=False)]
    assert max(gaps) < 0.3 + 1.3
    assert disk.most_at_once == 1


async def test_the_last_look_finds_what_no_other_did() -> None:
    disk = _SlowDisk(0, DiskUse(2 * MIB, 3, largest_file=77))
    watch = Watch(_LIMITS, Sample, disk, quick=False)
    watch.end()
    await watch.until_end()
    assert not disk.started
    await watch.settle()
    assert watch.stop is not None
    assert (watch.stop.status, watch.largest_file) == (Status.DISK_LIMIT, 77)


async def test_the_first_reason_stands() -> None:
    watch = Watch(_LIMITS, Sample, _SlowDisk(0, DiskUse(0, MAX_ENTRIES + 1)), quick=False)
    watch.halt(Status.OUTPUT_LIMIT, "first")
    await watch.settle()
    assert watch.stop is not None
    assert watch.stop.reason == "first"


async def test_a_look_that_fails_is_no_silence() -> None:
    def disk() -> DiskUse:
        raise OSError("no such disk")

    watch = Watch(_LIMITS, Sample, disk, quick=False)
    with pytest.raises(OSError, match="no such disk"):
        await watch.until_end()
