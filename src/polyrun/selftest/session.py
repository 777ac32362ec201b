"""One self-test: which attacks, in which order and how many at a time, and what came of each."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import closing
from typing import TypeVar

from polyrun.model.errors import SandboxError, UsageError
from polyrun.model.frozen import replace
from polyrun.model.selftest import AttackResult, Verdict
from polyrun.sandbox.base import Sandbox
from polyrun.sandbox.ground.baits import Baits
from polyrun.sandbox.scratch import scratch
from polyrun.selftest import judging
from polyrun.selftest.arena import Arena, Place
from polyrun.selftest.catalogue.attack import Attack
from polyrun.selftest.catalogue.documents import DocumentAttack
from polyrun.selftest.catalogue.register import ELSEWHERE, EVERY, ROWS
from polyrun.selftest.observed import Observed
from polyrun.selftest.programs import CannotRun
from polyrun.selftest.proof import Proof

_AT_ONCE = 2
_MOST_PATIENCE = 4.0
_A = TypeVar("_A", Attack, DocumentAttack)
_Run = Callable[[_A], Awaitable[Observed]]
_Missing = Callable[[_A], Awaitable[tuple[str, ...]]]

Progress = Callable[[AttackResult | str], None]
"""Called on the event loop with an attack's name when it starts and with its result when it is over."""


def chosen(only: Iterable[str]) -> list[Attack | DocumentAttack]:
    """The attacks that names and row numbers call for, in the catalogue's order; all without any.

    Raises `UsageError` for what is neither, and for a row without an attack.
    """
    wanted = list(only)
    found: set[str] = set()
    for word in wanted:
        if word in EVERY:
            found.add(word)
            continue
        if not (word.isascii() and word.isdecimal()) or int(word) not in ROWS:
            raise UsageError(
                f"`{word[:60]}` is no attack and no row of the catalogue",
                hint=f"rows are 1 to {ROWS[-1]}; `polyrun selftest --list` lists the attacks",
            )
        if int(word) in ELSEWHERE:
            raise UsageError(f"row {word} has no attack here: {ELSEWHERE[int(word)]}")
        found |= {attack.name for attack in EVERY.values() if int(word) in attack.rows}
    return [attack for attack in EVERY.values() if not wanted or attack.name in found]


async def tried(attack: _A, level: int, run: _Run[_A], missing: _Missing[_A]) -> AttackResult:
    """`run` one attack on a sandbox of `level` and, when there it held, see what is `missing` where nothing stops it.

    `run` is that of an `Arena`, `missing` that of a `Proof`, or both what does the same for documents.
    """
    started = time.monotonic()
    try:
        result, _ = await in_box(attack, level, run)
    except CannotRun as error:
        result = _without(attack, level, Verdict.NOT_RUN, str(error))
    except SandboxError as error:
        result = _without(attack, level, Verdict.BROKEN, str(error))
    if result.verdict in (Verdict.HELD, Verdict.WEAKNESS):
        result = await _proven(result, attack, missing)
    return replace(result, wall_s=time.monotonic() - started)


def at_once(sandbox: Sandbox) -> int:
    """How many attacks run side by side; containers are too slow to start for more than one."""
    return _AT_ONCE if sandbox.shows_host else 1


class Session:
    """Attacks on one sandbox of one level, with files in a `folder` that others need not be able to read."""

    def __init__(self, folder: str, place: Place, level: int) -> None:
        self._folder = folder
        self._place = place
        self._level = level

    async def run(self, attacks: Sequence[Attack], progress: Progress) -> list[AttackResult]:
        """All of `attacks`; those that mind the clock one after the other, the rest two at a time."""
        workers_at_most = at_once(self._place.sandbox)
        results: dict[str, AttackResult] = {}
        together = [attack for attack in attacks if not attack.alone]
        apart = [attack for attack in attacks if attack.alone]
        for turn, (waiting, workers) in enumerate(((together, workers_at_most), (apart, 1))):
            queue = iter(waiting)
            names = [f"{turn}-{number}" for number in range(min(workers, len(waiting)))]
            await side_by_side(self._work(name, queue, results, progress) for name in names)
        return [results[attack.name] for attack in attacks]

    async def _work(
        self, name: str, queue: Iterable[Attack], results: dict[str, AttackResult], progress: Progress
    ) -> None:
        folder = os.path.join(self._folder, name)
        os.mkdir(folder)
        with closing(Baits(os.path.join(folder, "planted"))) as baits:
            arena = Arena(folder, self._place, baits)
            proof = Proof(folder, self._place.proving)
            for attack in queue:
                progress(attack.name)
                results[attack.name] = result = await tried(attack, self._level, arena.run, proof.missing)
                progress(result)


async def run(
    place: Place, level: int, attacks: Sequence[Attack], progress: Progress = lambda _what: None
) -> tuple[list[AttackResult], list[str]]:
    """Run `attacks` against a sandbox of `level`: their results, and what was left in an engine at the end.

    Raises `SandboxError` when there is no place for files. Cancelled, it leaves nothing behind.
    """
    with scratch() as folder:
        results = await Session(folder, place, level).run(attacks, progress)
        return results, await place.left()


async def in_box(attack: _A, level: int, run: _Run[_A]) -> tuple[AttackResult, Observed]:
    """What came of `attack` in a box at `level`, and what was seen. Raises what `run` raises.

    A busy host gets a second try where only the clock was against it.
    """
    seen = await run(attack)
    result = judging.judge(attack, level, seen, _patience())
    if result.verdict is Verdict.NOT_HELD and judging.is_only_slow(result, seen):
        seen = await run(attack)
        result = judging.judge(attack, level, seen, _patience())
    return result, seen


async def side_by_side(work: Iterable[Coroutine[None, None, None]]) -> None:
    """Do all of it side by side; what one of them raises ends the others and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except ExceptionGroup as troubles:
        raise troubles.exceptions[0] from None


def _patience() -> float:
    """How many times longer than on an idle host things take now: runnable processes for each processor.

    A host may be too busy to be judged by: bounds that are stretched without end promise nothing.
    """
    return min(_MOST_PATIENCE, max(1.0, os.getloadavg()[0] / len(os.sched_getaffinity(0))))


async def _proven(result: AttackResult, attack: _A, missing: _Missing[_A]) -> AttackResult:
    """`result` with what is known of whether the attack is one."""
    try:
        lacks = await missing(attack)
    except (CannotRun, SandboxError) as error:
        return replace(result, why_not=str(error))
    if lacks:
        return replace(result, verdict=Verdict.NOT_CAPABLE, why_not="; ".join(lacks))
    return replace(result, capable=True)


def _without(attack: Attack | DocumentAttack, level: int, verdict: Verdict, reason: str) -> AttackResult:
    return AttackResult(
        rows=attack.rows,
        name=attack.name,
        title=attack.title,
        verdict=verdict,
        expected=judging.expected(attack.promise(level).expect),
        reason=reason,
    )
