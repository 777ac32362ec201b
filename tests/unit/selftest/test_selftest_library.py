"""The self-test as library code calls it."""

from __future__ import annotations

import asyncio

import pytest

from polyrun import api
from polyrun.config.settings import Settings
from polyrun.model.errors import SandboxUnavailable, UsageError
from polyrun.model.selftest import AttackResult


def test_it_tells_as_it_goes_on() -> None:
    told: list[tuple[str, AttackResult | None]] = []
    report = api.selftest(only=["keyrings", "27"], on_attack=lambda name, result: told.append((name, result)))
    started = [name for name, result in told if result is None]
    ended = {name: result for name, result in told if result is not None}
    assert sorted(started) == sorted(ended) == sorted(one.name for one in report.results)
    assert all(ended[one.name] == one for one in report.results)
    assert report.ok
    assert report.left == ()
    assert {one.name: one.capable for one in report.results}["keyrings"]


def test_what_a_listener_raises_comes_back_as_it_is() -> None:
    def stop(_name: str, _result: AttackResult | None) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        api.selftest(only=["keyrings"], on_attack=stop)


async def test_inside_a_loop() -> None:
    with pytest.raises(UsageError, match="running event loop"):
        api.selftest(only=["keyrings"])
    report = await api.aselftest(only=["exit-like-the-engine"])
    assert [one.verdict for one in report.results] == [api.Verdict.HELD]


async def test_cancelled_it_ends() -> None:
    started = asyncio.Event()
    running = asyncio.create_task(api.aselftest(only=["sleep"], on_attack=lambda *_: started.set()))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_a_sandbox_that_isolates_nothing_is_refused() -> None:
    with pytest.raises(SandboxUnavailable, match="isolates nothing"):
        api.selftest(Settings(sandbox="local"))
