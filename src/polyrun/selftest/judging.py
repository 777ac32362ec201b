"""The judgement: what was seen in a box against what a box of its level promises."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from polyrun.model.outcomes import Status
from polyrun.model.selftest import AttackResult, Checked, Verdict
from polyrun.sandbox.ground.baits import SECRET
from polyrun.selftest.catalogue.attack import BEGUN, Attack, Expect
from polyrun.selftest.catalogue.documents import DocumentAttack
from polyrun.selftest.facts import facts_of
from polyrun.selftest.observed import Observed

_NOT_TOLD = "(not told)"
_LONGEST = 300
_ERROR = re.compile(r"E[A-Z0-9]+")
_ALSO_REFUSALS = {"ValueError", "gaierror", "E.*", "0", r"\[\]", "zeros"}
_PLAIN = re.compile(r"[\w -]+")
_SHOWN = 2


def judge(attack: Attack | DocumentAttack, level: int, seen: Observed, patience: float = 1.0) -> AttackResult:
    """What `seen` says of a box at `level`; whether the attack is capable at all is another question.

    Bounds on time are stretched by `patience`, because on a busy host everything takes longer. A box that shows more
    than it promises holds, also where a weakness is known.
    """
    promise = attack.promise(level)
    checks = tuple(examine(attack, promise.expect, seen, patience))
    verdict = Verdict.HELD if all(check.ok for check in checks) else Verdict.NOT_HELD
    if verdict is Verdict.HELD and promise.weakness is not None:
        verdict = Verdict.WEAKNESS
    if promise.weakness is not None and promise.expect is not attack.held:
        better = tuple(examine(attack, attack.held, seen, patience))
        if all(check.ok for check in better):
            checks, verdict = better, Verdict.HELD
    return AttackResult(
        rows=attack.rows,
        name=attack.name,
        title=attack.title,
        verdict=verdict,
        expected=expected(attack.held if verdict is Verdict.HELD else promise.expect),
        got=got(promise.expect, seen, [check for check in checks if not check.ok]),
        weakness=promise.weakness if verdict is Verdict.WEAKNESS else None,
        checks=checks,
        wall_s=seen.seconds,
    )


def is_only_slow(result: AttackResult, seen: Observed) -> bool:
    """Whether nothing but time was short: the box ended a program that had not come far, or all took long."""
    late = {check.name for check in result.troubles}
    if seen.status == Status.TIME_LIMIT:
        told = {name for check in result.checks if (name := check.name) and check.got == _NOT_TOLD}
        return late <= {"status", "ended within"} | told
    return late == {"ended within"}


def examine(attack: Attack | DocumentAttack, expect: Expect, seen: Observed, patience: float) -> Iterator[Checked]:
    """Each thing that must be so, and whether it is."""
    printed = seen.stdout + seen.stderr
    where = printed[max(printed.find(SECRET) - 60, 0) :][:_LONGEST] if SECRET in printed else "not printed"
    yield Checked("secret", "not printed", where, SECRET not in printed)
    statuses = [status.value for status in expect.status]
    how = seen.status if not seen.reason else f"{seen.status}: {seen.reason[:_LONGEST]}"
    yield Checked("status", " or ".join(statuses), how, seen.status in statuses)
    if expect.exit_code is not None:
        yield _same("exit code", str(expect.exit_code), str(seen.exit_code))
    if expect.signal is not None:
        yield _same("signal", expect.signal, str(seen.signal))
    if expect.reason is not None:
        said = seen.reason or ""
        yield Checked("reason", expect.reason, said[:_LONGEST], re.search(expect.reason, said) is not None)
    facts = facts_of(seen.stdout)
    if isinstance(attack, Attack) and attack.mute is None:
        yield from _facts({BEGUN: "yes"}, facts)
    yield from _facts(expect.facts, facts)
    longest = patience * expect.seconds
    yield Checked("ended within", f"{longest:.3g} s", f"{seen.seconds:.2f} s", seen.seconds < longest)
    most = 2 * attack.limits.flood_bytes + 65536  # of two streams
    yield Checked("printed at most", f"{most} bytes", f"{seen.printed} bytes", seen.printed <= most)
    yield Checked("left behind", "nothing", "; ".join(seen.left)[:_LONGEST] or "nothing", not seen.left)
    if expect.kept is not None:
        yield _files("artifacts kept", expect.kept, seen.kept)
    if expect.handed is not None:
        yield _files("handed out", expect.handed, seen.handed)
    for path, pattern in expect.refused.items():
        why = seen.refused.get(path, "(kept)")
        yield Checked(f"artifact {path!r}", f"refused: {pattern}", why[:_LONGEST], re.search(pattern, why) is not None)


def expected(expect: Expect) -> str:
    """The promise in a few words."""
    parts = [_status(status.value, expect.exit_code, expect.signal) for status in expect.status]
    ending = " or ".join(dict.fromkeys(parts))
    if expect.status[0] is not Status.OK:
        return ending
    refused = [name for name, pattern in expect.facts.items() if _is_refusal(pattern)]
    others = [f"{name} {pattern}" for name, pattern in expect.facts.items() if _PLAIN.fullmatch(pattern)]
    words = ["refused"] if refused else others[:_SHOWN]
    return ", ".join([*([ending] if len(parts) > 1 or not words else []), *words])


def got(expect: Expect, seen: Observed, troubles: Sequence[Checked]) -> str:
    """What was seen, in a few words: what went wrong, if anything."""
    if troubles:
        worst = troubles[0]
        more = f" (and {len(troubles) - 1} more)" if len(troubles) > 1 else ""
        return f"{worst.name}: {worst.got}{more}"
    ending = _status(seen.status, seen.exit_code, seen.signal)
    if seen.status != Status.OK:
        return ending
    facts = facts_of(seen.stdout)
    errors = [facts.get(name, "") for name, pattern in expect.facts.items() if _is_refusal(pattern)]
    distinct = [each for each in dict.fromkeys(errors) if _ERROR.fullmatch(each)]
    others = [f"{name} {facts[name]}" for name, pattern in expect.facts.items() if _PLAIN.fullmatch(pattern)]
    return ", ".join(distinct or (["nothing"] if errors else others[:_SHOWN])) or ending


def _facts(wanted: Mapping[str, str], told: Mapping[str, str]) -> Iterator[Checked]:
    for name, pattern in wanted.items():
        value = told.get(name, _NOT_TOLD)
        yield Checked(name, pattern, value[:_LONGEST], re.fullmatch(pattern, value) is not None)


def _same(name: str, wanted: str, seen: str) -> Checked:
    return Checked(name, wanted, seen, wanted == seen)


def _files(name: str, wanted: Sequence[str], seen: Sequence[str]) -> Checked:
    ok = sorted(wanted) == sorted(seen)
    return Checked(name, _listed(wanted), _listed(seen), ok)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, sorted(names)))[:_LONGEST] or "nothing"


def _status(status: str, exit_code: int | None, signal: str | None) -> str:
    if status == Status.NONZERO_EXIT:
        return f"exit {exit_code}" if exit_code is not None else "a failure"
    if status == Status.SIGNALLED:
        return signal or "a signal"
    return status.replace("_", " ")


def _is_refusal(pattern: str) -> bool:
    """Whether a fact that matches says that something was not possible."""
    parts = pattern.split("|")
    refused = [part for part in parts if _ERROR.fullmatch(part) or part == r"\[\]"]
    return bool(refused) and all(part in refused or part in _ALSO_REFUSALS for part in parts)
