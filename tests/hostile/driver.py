"""Runs attacks on request, as whichever user it was started: `python driver.py FOLDER BACKEND`.

Reads one JSON request a line (`{"attack": NAME, "where": "box" or "outside"}`) and answers with one line. A process of
its own, because level 1 is what an ordinary user gets, and the tests may run as root. Programs and judgement are those
of `polyrun selftest`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from contextlib import closing
from dataclasses import asdict
from typing import Any

from polyrun.languages import Registry
from polyrun.sandbox.base import Capabilities
from polyrun.sandbox.ground.baits import Baits
from polyrun.sandbox.registry import probe
from polyrun.selftest.arena import Arena, Place
from polyrun.selftest.catalogue.attack import Attack
from polyrun.selftest.catalogue.register import ATTACKS
from polyrun.selftest.proof import Proof
from polyrun.selftest.session import in_box


class Driver:
    """One sandbox, one set of baits, attacks one after the other."""

    def __init__(self, folder: str, place: Place, baits: Baits, level: int) -> None:
        self._arena = Arena(folder, place, baits)
        self._place = place
        self._proof = Proof(folder, place.proving)
        self._level = level

    async def answer(self, attack: Attack, where: str) -> dict[str, Any]:
        """What came of the attack in a box, or what it did not do where nothing stops it."""
        if where == "outside":
            return {"missing": await self._proof.missing(attack)}
        result, seen = await in_box(attack, self._level, self._arena.run)
        troubles = [f"{check.name}: {check.got} (expected {check.expected})" for check in result.troubles]
        troubles += await self._place.left()
        return {"verdict": result.verdict, "troubles": troubles, "seen": asdict(seen)}


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def main(folder: str, backend: str) -> None:
    """Announce what the sandbox enforces, then answer requests until stdin ends."""
    found = await probe(backend)
    if not isinstance(found, tuple):
        _say({"unavailable": found.reason})
        return
    sandbox, capabilities = found
    assert isinstance(capabilities, Capabilities)
    needs = [language.requirements for name in ("python", "c") if (language := Registry.load().get(name)) is not None]
    with closing(Baits(os.path.join(folder, "planted"))) as baits:
        driver = Driver(folder, Place.of(sandbox, *needs), baits, capabilities.level)
        _say({"level": capabilities.level, "features": sorted(capabilities.features)})
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            request = json.loads(line)
            try:
                _say(await driver.answer(ATTACKS[request["attack"]], request["where"]))
            except Exception as error:  # noqa: BLE001 - the boundary: the test shows it
                _say({"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()})


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
