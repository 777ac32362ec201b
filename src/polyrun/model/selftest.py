"""The vocabulary of the self-test: what came of each attack, and of all."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from polyrun.model.frozen import NOTHING, frozen


class Verdict(StrEnum):
    """What is to be said of one attack. The words are part of the JSON contract (`polyrun.selftest/1`)."""

    HELD = "held"  # the sandbox showed what it promises
    WEAKNESS = "weakness"  # it does not stop this at its level, and says so
    NOT_HELD = "not_held"  # it showed less than it promises
    BROKEN = "broken"  # the sandbox itself failed
    NOT_CAPABLE = "not_capable"  # where nothing stops it the attack does no harm here, so that it proves nothing
    NOT_RUN = "not_run"  # the attack needs something that this host does not have

    @property
    def is_bad(self) -> bool:
        """Whether the sandbox gave less than its level promises."""
        return self in (Verdict.NOT_HELD, Verdict.BROKEN)


@frozen
class Checked:
    """One thing that was looked at: what had to be there (in words or as a pattern), and what was."""

    name: str
    expected: str
    got: str
    ok: bool


@frozen
class AttackResult:
    """What came of one attack.

    `rows` are those of the catalogue. `expected` and `got` are in a few words, `checks` in full. `capable` says whether
    the attack was seen to succeed where nothing stops it, `why_not` why it was not. `weakness` is what the sandbox does
    not stop, `reason` why the attack was not run or how the sandbox failed.
    """

    rows: tuple[int, ...]
    name: str
    title: str
    verdict: Verdict
    expected: str
    got: str = ""
    capable: bool = False
    why_not: str | None = None
    weakness: str | None = None
    reason: str | None = None
    checks: tuple[Checked, ...] = ()
    wall_s: float = 0.0

    @property
    def troubles(self) -> tuple[Checked, ...]:
        """What was not as it had to be."""
        return tuple(check for check in self.checks if not check.ok)


@frozen
class SelfTestReport:
    """What came of all attacks that were chosen, in the order of the catalogue.

    `missing` are what the sandbox says it does not enforce, `not_concerned` the rows of the catalogue without an attack
    here, each with its reason. `left` is what was found on the host at the very end.
    """

    sandbox: str
    level: int
    enforced: tuple[str, ...]
    missing: tuple[str, ...]
    results: tuple[AttackResult, ...]
    not_concerned: Mapping[int, str] = NOTHING
    left: tuple[str, ...] = ()
    version: str = ""
    system: str = ""
    started: float = 0.0
    wall_s: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the sandbox gave at least what its level promises.

        What was not run does not count against it, but where nothing was `judged`, nobody knows.
        """
        return self.judged and not self.left and not any(result.verdict.is_bad for result in self.results)

    @property
    def judged(self) -> bool:
        """Whether any attack says something about the sandbox: not all of them were `NOT_RUN` or `NOT_CAPABLE`."""
        silent = (Verdict.NOT_RUN, Verdict.NOT_CAPABLE)
        return any(result.verdict not in silent for result in self.results)

    def count(self, verdict: Verdict) -> int:
        """How many attacks ended so."""
        return sum(result.verdict is verdict for result in self.results)

    @property
    def not_shown(self) -> int:
        """How many attacks held without having been seen to succeed elsewhere."""
        judged = (Verdict.HELD, Verdict.WEAKNESS)
        return sum(result.verdict in judged and not result.capable for result in self.results)
