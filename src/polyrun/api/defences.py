"""Attack a sandbox of this host with the hostile catalogue, and say what came of it."""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from polyrun import __version__
from polyrun.api.docker_setup import docker_options
from polyrun.api.folders import user_folders
from polyrun.api.signals import Signals
from polyrun.api.staging import Stage
from polyrun.api.standing import registry_for
from polyrun.config.settings import Settings
from polyrun.model.errors import SandboxError, SandboxUnavailable, UsageError
from polyrun.model.selftest import AttackResult, SelfTestReport
from polyrun.sandbox.registry import Chosen, choose
from polyrun.sandbox.scratch import scratch
from polyrun.selftest import session
from polyrun.selftest.arena import Place
from polyrun.selftest.catalogue.attack import Attack
from polyrun.selftest.catalogue.documents import DocumentAttack
from polyrun.selftest.catalogue.register import ELSEWHERE, EVERY

Progress = Callable[[str, AttackResult | None], None]
"""Gets an attack's name when it starts, and its name and result when it is over; called on the event loop."""


async def aselftest(
    settings: Settings | None = None,
    *,
    only: Iterable[str] = (),
    on_attack: Progress = lambda _name, _result: None,
) -> SelfTestReport:
    """Run the attacks `only` (names or row numbers; all by default) on the sandbox that a run would use.

    Where nothing stops them they are run only on a throw-away host (see docs/selftest.md). What the sandbox does is
    never an exception. Raises `UsageError` for an unknown attack, and `SandboxUnavailable` without a sandbox
    that isolates. When the task is cancelled, every process is gone and every folder removed before the
    cancellation propagates.
    """
    settings = settings or Settings()
    attacks = session.chosen(only)
    registry = registry_for()
    python, c = registry.get("python"), registry.get("c")
    assert python is not None
    assert c is not None
    chosen = await choose(
        settings.sandbox,
        settings.chain,
        settings.minimum,
        cache_folder=user_folders().cache,
        needs=[python.requirements],
        options=docker_options(settings),
    )
    _check_isolates(chosen)
    started, began = time.time(), time.monotonic()
    level = chosen.capabilities.level
    place = Place.of(chosen.sandbox, python.requirements, c.requirements)
    try:
        as_documents = await _documents(chosen, settings, attacks, on_attack)
        in_boxes, left = await session.run(
            place,
            level,
            [attack for attack in attacks if isinstance(attack, Attack)],
            lambda what: on_attack(*((what, None) if isinstance(what, str) else (what.name, what))),
        )
    finally:
        with suppress(SandboxError):  # which would hide the real reason
            await chosen.sandbox.close()
    return SelfTestReport(
        sandbox=chosen.sandbox.name,
        level=level,
        enforced=tuple(sorted(feature.value for feature in chosen.capabilities.features)),
        missing=chosen.capabilities.missing,
        results=(*in_boxes, *as_documents),
        not_concerned=ELSEWHERE,
        left=tuple(left),
        version=__version__,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        started=started,
        wall_s=time.monotonic() - began,
    )


def selftest(
    settings: Settings | None = None,
    *,
    only: Iterable[str] = (),
    on_attack: Progress = lambda _name, _result: None,
) -> SelfTestReport:
    """Like `aselftest`, for code without an event loop.

    In the main thread SIGINT, SIGTERM and SIGHUP end it in order, and then `KeyboardInterrupt` is raised.
    """
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        raise UsageError("`selftest` cannot wait inside a running event loop", hint="write `await aselftest(...)`")

    async def main() -> SelfTestReport:
        with Signals():
            return await aselftest(settings, only=only, on_attack=on_attack)

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def attack_names() -> dict[str, tuple[tuple[int, ...], str]]:
    """Every attack: its rows of the catalogue and what it tries, in a few words."""
    return {attack.name: (attack.rows, attack.title) for attack in EVERY.values()}


async def _documents(
    chosen: Chosen, settings: Settings, attacks: Iterable[Attack | DocumentAttack], on_attack: Progress
) -> list[AttackResult]:
    """Run those of `attacks` that are documents, as if nothing but the sandbox were set."""
    bare = Settings(sandbox=chosen.sandbox.name, docker=settings.docker, log_level="DEBUG")
    documents = [attack for attack in attacks if isinstance(attack, DocumentAttack)]
    queue = iter(documents)
    results: dict[str, AttackResult] = {}
    with scratch() as folder:
        stage = Stage(folder, bare)

        async def work() -> None:
            for attack in queue:
                on_attack(attack.name, None)
                results[attack.name] = await session.tried(attack, chosen.capabilities.level, stage.run, stage.missing)
                on_attack(attack.name, results[attack.name])

        await session.side_by_side(work() for _ in range(session.at_once(chosen.sandbox)))
    return [results[attack.name] for attack in documents]


def _check_isolates(chosen: Chosen) -> None:
    if chosen.capabilities.level > 0:
        return
    raise SandboxUnavailable(
        f"`{chosen.sandbox.name}` isolates nothing, so the attacks would do their harm to this host",
        hint="`polyrun selftest --sandbox bubblewrap`, or `--sandbox docker`",
    )
