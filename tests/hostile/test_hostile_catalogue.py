"""Every attack of the catalogue: held at levels 2 and 3, held (or honestly not) at level 1, and capable elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from hostile.level import Level
from polyrun.model.selftest import Verdict
from polyrun.selftest.catalogue.register import ATTACKS, ELSEWHERE, EVERY, ROWS

SHOWN = [name for name, attack in ATTACKS.items() if attack.capable is not None]

KERNEL_LACKS = {"x32-abi": ["exit: 2"]}
"""Attack → what it does on a kernel that is built without what it is about; there its verdict is `not_capable`."""


def check(name: str, level: int, answer: dict[str, Any]) -> None:
    """The box must show what it promises, and no weakness may be stated that is none any more."""
    seen = answer["seen"]
    words = f"{name} ended {seen['status']}: {seen['reason']}\n{seen['stdout'][:2000]}\n{seen['stderr'][-2000:]}"
    assert answer["troubles"] == [], words
    is_weak = ATTACKS[name].promise(level).weakness is not None
    assert answer["verdict"] == (Verdict.WEAKNESS if is_weak else Verdict.HELD), words


@pytest.mark.parametrize("name", ATTACKS)
def test_level_2(name: str, level2: Level) -> None:
    check(name, 2, level2.ask(name, "box"))


@pytest.mark.parametrize("name", ATTACKS)
def test_level_1(name: str, level1: Level) -> None:
    check(name, 1, level1.ask(name, "box"))


@pytest.mark.docker
@pytest.mark.parametrize("name", ATTACKS)
def test_level_3(name: str, level3: Level) -> None:
    check(name, 3, level3.ask(name, "box"))


@pytest.mark.parametrize("name", SHOWN)
def test_capable_for_an_ordinary_user(name: str, level1: Level) -> None:
    """The same program, where nothing stops it, does what it is meant to do: so it is the box that holds it."""
    assert level1.ask(name, "outside")["missing"] in ([], KERNEL_LACKS.get(name))


@pytest.mark.parametrize("name", SHOWN)
def test_capable_for_root(name: str, level2: Level) -> None:
    """The same where a host to throw away is made by whoever can make control groups, most often root."""
    assert level2.ask(name, "outside")["missing"] in ([], KERNEL_LACKS.get(name))


def test_every_row_has_its_place() -> None:
    """Each row is here or says where it is; none is in both."""
    here = {row for attack in EVERY.values() for row in attack.rows}
    assert here | ELSEWHERE.keys() == set(ROWS)
    assert not here & ELSEWHERE.keys()


def test_what_is_not_shown_says_why() -> None:
    """An attack is shown to be one, or the self-test prints why not; a promise that differs by level says why."""
    for attack in ATTACKS.values():
        assert (attack.capable is None) == (attack.not_shown is not None), attack.name
        assert attack.weakness_without_cgroups is None or attack.held_without_cgroups is not None, attack.name
        assert attack.weakness_in_container is None or attack.held_in_container is not None, attack.name
    assert len(SHOWN) > 0.8 * len(ATTACKS)
