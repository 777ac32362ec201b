"""Proof that an attack is one: the same program, where nothing stops it, does what it is meant to do."""

from __future__ import annotations

import os
import re

from polyrun.sandbox import disk
from polyrun.sandbox.base import Unavailable
from polyrun.sandbox.ground.throwaway import PROGRAMS, ThrowAway, Told, Wanted
from polyrun.selftest import programs
from polyrun.selftest.arena import apart
from polyrun.selftest.catalogue.attack import Attack
from polyrun.selftest.catalogue.documents import DocumentAttack
from polyrun.selftest.facts import facts_of
from polyrun.selftest.programs import CannotRun, Python

_MARKER = "polyrun-outside"


class Proof:
    """Runs attacks on throw-away hosts. `folder` is for its files."""

    def __init__(self, folder: str, python: Python) -> None:
        self._folder = folder
        self._python = python
        self._host = ThrowAway.here(python.program, python.roots)
        self._count = 0

    async def missing(self, attack: Attack) -> tuple[str, ...]:
        """What the attack did *not* do though nothing stopped it, one line each: empty when it is capable.

        Raises `CannotRun` when that cannot be seen on this host, and `SandboxError`.
        """
        if attack.capable is None:
            raise CannotRun(attack.not_shown or "nothing says what it would do")
        if isinstance(self._host, Unavailable):
            raise CannotRun(f"no host can be made to be thrown away: {self._host.reason}")
        self._count += 1
        base = os.path.join(self._folder, f"proof-{self._count}")
        os.makedirs(base)
        try:
            tools = programs.Tools((self._python.program,), _compiler(attack))
            name = await apart(lambda: programs.prepare(attack, base))
            told = await self._host.run(self._wanted(attack, tools, name), base)
        finally:
            await apart(lambda: disk.remove_tree(base))
        return lacking(attack, told)

    def _wanted(self, attack: Attack, tools: programs.Tools, name: str) -> Wanted:
        bound = attack.outside_bound
        argument = {"bound": bound, "marker": f"{_MARKER}-{self._count}", "numbers": programs.numbers()}
        return Wanted(
            argv=programs.words(attack, tools, f"{PROGRAMS}/{name}", "{planted}", bound),
            argument={**argument, "namespaces": {}},  # it is apart
            arguments=attack.arguments,
            times=attack.times,
        )


def _compiler(attack: Attack) -> str:
    found = programs.compiler()
    if found is None and attack.language == "shell":
        raise CannotRun("no C compiler")
    return found or ""


def lacking(attack: Attack | DocumentAttack, told: Told) -> tuple[str, ...]:
    """Those facts of `attack.capable` that `told` does not bear out, one line each."""
    own = {"exit": str(told.code), "bytes": str(told.printed)}
    facts = {**facts_of(told.stdout), **told.facts, **own}
    found = []
    for name, pattern in (attack.capable or {}).items():
        value = facts.get(name)
        if value is None:
            found.append(f"{name}: not told {_last(told.stderr)}".rstrip())
        elif not re.fullmatch(pattern, value):
            found.append(f"{name}: {value[:200]}")
    return tuple(found)


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return f"({lines[-1][:200]})" if lines else ""
