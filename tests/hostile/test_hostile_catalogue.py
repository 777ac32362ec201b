"""Every attack of the catalogue: held at levels 2 and 3, held (or honestly not) at level 1, and capable outside."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hostile.catalogue.attack import SECRET, Attack, Expect
from hostile.catalogue.register import ATTACKS, ELSEWHERE
from hostile.level import Level


def facts_of(stdout: str) -> dict[str, str]:
    """The `name: value` lines; of a name that is told twice, the first that says more than an error."""
    facts: dict[str, str] = {}
    for line in stdout.split("\n"):
        name, colon, value = line.partition(": ")
        if colon and (name not in facts or SECRET in value):
            facts[name] = value
    return facts


def check(attack: Attack, expect: Expect, seen: dict[str, Any]) -> None:
    """Compare what was seen in a box with what was promised."""
    words = f"{attack.name} ended {seen['status']}: {seen['reason']}\n{seen['stdout'][:2000]}\n{seen['stderr'][-2000:]}"
    assert SECRET not in seen["stdout"] + seen["stderr"], words
    assert seen["status"] in {status.value for status in expect.status}, words
    assert expect.exit_code is None or seen["exit_code"] == expect.exit_code, words
    assert expect.signal is None or seen["signal"] == expect.signal, words
    assert expect.reason is None or re.search(expect.reason, seen["reason"] or ""), words
    facts = facts_of(seen["stdout"])
    for name, pattern in expect.facts.items():
        assert re.fullmatch(pattern, facts.get(name, "(not told)")), f"{name}: {facts.get(name)}\n{words}"
    assert seen["seconds"] < expect.seconds
    assert seen["printed"] <= 2 * attack.limits.flood_bytes + 65536  # of two streams
    assert not seen["left"], seen["left"]
    if expect.kept is not None:
        assert sorted(seen["kept"]) == sorted(expect.kept)
    assert expect.handed is None or sorted(seen["handed"]) == sorted(expect.handed), seen["handed"]
    for path, pattern in expect.refused.items():
        assert re.search(pattern, seen["refused"].get(path, "(kept)")), (path, seen["refused"])


@pytest.mark.parametrize("name", ATTACKS)
def test_level_2(name: str, level2: Level) -> None:
    attack = ATTACKS[name]
    check(attack, attack.held, level2.ask(name, "box"))


@pytest.mark.parametrize("name", ATTACKS)
def test_level_1(name: str, level1: Level) -> None:
    attack = ATTACKS[name]
    check(attack, attack.held_without_cgroups or attack.held, level1.ask(name, "box"))


@pytest.mark.docker
@pytest.mark.parametrize("name", ATTACKS)
def test_level_3(name: str, level3: Level) -> None:
    attack = ATTACKS[name]
    check(attack, attack.held_in_container or attack.held, level3.ask(name, "box"))


@pytest.mark.parametrize("name", [name for name, attack in ATTACKS.items() if attack.capable is not None])
def test_capable_outside(name: str, level1: Level) -> None:
    """The same program, without a box, does what it is meant to do: so it is the box that holds it."""
    attack = ATTACKS[name]
    seen = level1.ask(name, "outside")
    facts = facts_of(seen["stdout"])
    for fact, pattern in (attack.capable or {}).items():
        told = facts.get(fact, "(not told)")
        assert re.fullmatch(pattern, told), f"{fact}: {told}\n{seen['stdout'][:2000]}\n{seen['stderr'][-2000:]}"
    assert not seen["left"]


def test_every_row_has_its_place() -> None:
    """Rows 1–66 are here or say where they are; none is in both."""
    here = {row for attack in ATTACKS.values() for row in attack.rows}
    assert here | ELSEWHERE.keys() == set(range(1, 67))
    assert not here & ELSEWHERE.keys()


def test_what_differs_without_cgroups_says_why() -> None:
    """An attack that level 1 does not hold has the weakness in words, for the self-test to print."""
    for attack in ATTACKS.values():
        assert attack.weakness_without_cgroups is None or attack.held_without_cgroups is not None, attack.name
        assert attack.weakness_in_container is None or attack.held_in_container is not None, attack.name
    assert sum(attack.capable is not None for attack in ATTACKS.values()) > len(ATTACKS) // 2
