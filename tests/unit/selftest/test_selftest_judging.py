"""The judgement of the self-test: whatever is not as promised is found, and what is better than promised holds."""

from __future__ import annotations

import itertools
from dataclasses import replace
from signal import Signals
from typing import Any

import pytest

from polyrun.model.outcomes import Status
from polyrun.model.selftest import AttackResult, Verdict
from polyrun.sandbox.ground.throwaway import Told
from polyrun.selftest import judging
from polyrun.selftest.catalogue.attack import SECRET, SMALL, Attack, Expect
from polyrun.selftest.catalogue.register import ATTACKS, EVERY
from polyrun.selftest.judging import judge
from polyrun.selftest.observed import Observed
from polyrun.selftest.proof import lacking

ATTACK = Attack(
    rows=(1, 2),
    name="example",
    title="try something",
    program="",
    held=Expect(
        status=(Status.NONZERO_EXIT,),
        exit_code=3,
        reason="printed more",
        facts={"mount": "EPERM", "found": r"\[\]"},
        seconds=4.0,
        kept=("a", "b"),
        refused={"link": "symbolic link"},
        handed=("x",),
    ),
    held_without_cgroups=Expect(facts={"took": "400"}),
    weakness_without_cgroups="nobody counts that",
    capable={"mount": "0"},
)
GOOD = Observed(
    status="nonzero_exit",
    exit_code=3,
    signal=None,
    reason="it printed more than it may",
    seconds=1.0,
    stdout="begun: yes\nmount: EPERM\nfound: []\n",
    stderr="",
    printed=30,
    kept=["b", "a"],
    handed=["x"],
    refused={"link": "a symbolic link"},
)
WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "another status": ("status", {"status": "ok"}),
    "another exit code": ("exit code", {"exit_code": 4}),
    "another reason": ("reason", {"reason": "it slept"}),
    "no reason": ("reason", {"reason": None}),
    "another fact": ("mount", {"stdout": "begun: yes\nmount: 0\nfound: []\n"}),
    "more than the fact": ("mount", {"stdout": "begun: yes\nmount: EPERM or so\nfound: []\n"}),
    "a fact that is not told": ("mount", {"stdout": "begun: yes\nfound: []\n"}),
    "nothing was begun": ("begun", {"stdout": "mount: EPERM\nfound: []\n"}),
    "too slow": ("ended within", {"seconds": 4.1}),
    "too much printed": ("printed at most", {"printed": 2 * SMALL.flood_bytes + 65537}),
    "something left": ("left behind", {"left": ["process 7: sleep"]}),
    "too much kept": ("artifacts kept", {"kept": ["a", "b", "c"]}),
    "too little kept": ("artifacts kept", {"kept": ["a"]}),
    "not refused": ("artifact 'link'", {"refused": {}}),
    "refused for another reason": ("artifact 'link'", {"refused": {"link": "too large"}}),
    "more handed out": ("handed out", {"handed": ["x", "y"]}),
    "the secret on stdout": ("secret", {"stdout": GOOD.stdout + f"mount: {SECRET}\n"}),
    "the secret on stderr": ("secret", {"stderr": f"note: {SECRET}"}),
}


def judged(level: int, **changes: Any) -> AttackResult:
    return judge(ATTACK, level, replace(GOOD, **changes))


def test_what_is_as_promised_holds() -> None:
    result = judged(2)
    assert (result.verdict, result.troubles, result.weakness) == (Verdict.HELD, (), None)
    assert (result.rows, result.name, result.expected, result.got) == ((1, 2), "example", "exit 3", "exit 3")
    assert {check.name for check in result.checks} > {name for name, _ in WRONG.values()} - {"artifact 'link'"}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_less_is_found_and_named(name: str) -> None:
    check, changes = WRONG[name]
    for level in (2, 3, 4):
        result = judged(level, **changes)
        assert result.verdict is Verdict.NOT_HELD
        assert result.verdict.is_bad
        assert check in {trouble.name for trouble in result.troubles}
        assert result.got.startswith(result.troubles[0].name)


def test_a_wrong_signal_is_found() -> None:
    attack = Attack(
        rows=(55,), name="x", title="", program="", held=Expect(status=(Status.SIGNALLED,), signal="SIGSYS")
    )
    seen = replace(GOOD, status="signalled", exit_code=None)
    assert judge(attack, 2, replace(seen, signal="SIGSYS")).verdict is Verdict.HELD
    assert [one.name for one in judge(attack, 2, replace(seen, signal="SIGSEGV")).troubles] == ["signal"]


def test_a_stated_weakness_is_one_only_while_it_is_there() -> None:
    weak = replace(GOOD, status="ok", exit_code=0, reason=None, stdout="begun: yes\ntook: 400\n")
    result = judge(ATTACK, 1, weak)
    assert (result.verdict, result.weakness) == (Verdict.WEAKNESS, "nobody counts that")
    assert not result.verdict.is_bad
    better = judged(1)
    assert (better.verdict, better.weakness, better.troubles) == (Verdict.HELD, None, ())
    worse = judge(ATTACK, 1, replace(weak, stdout="begun: yes\ntook: 500\n"))
    assert worse.verdict is Verdict.NOT_HELD
    assert judge(ATTACK, 2, weak).verdict is Verdict.NOT_HELD


def test_a_busy_host_gets_more_time() -> None:
    slow = replace(GOOD, seconds=7.9)
    assert judge(ATTACK, 2, slow, 2.0).verdict is Verdict.HELD
    assert judge(ATTACK, 2, replace(slow, seconds=8.1), 2.0).verdict is Verdict.NOT_HELD


def test_only_time_is_tried_again() -> None:
    def is_only_slow(**changes: Any) -> bool:
        seen = replace(GOOD, **changes)
        return judging.is_only_slow(judge(ATTACK, 2, seen), seen)

    assert is_only_slow(seconds=9.0)
    assert not is_only_slow(seconds=9.0, left=["process 7"])
    assert not is_only_slow(status="ok")
    mild = Attack(rows=(1,), name="x", title="", program="", held=Expect(facts={"mount": "EPERM", "end": "yes"}))
    ended = replace(GOOD, status="time_limit", exit_code=None, reason="slow", stdout="begun: yes\nmount: EPERM\n")
    assert judging.is_only_slow(judge(mild, 2, ended), ended)
    escaped = replace(ended, stdout="begun: yes\nmount: 0\n")
    assert not judging.is_only_slow(judge(mild, 2, escaped), escaped)


@pytest.mark.parametrize("name", EVERY)
def test_where_nothing_was_tried_nothing_is_held(name: str) -> None:
    attack = EVERY[name]
    kept = {"kept": list(attack.held.kept or ()), "handed": list(attack.held.handed or ())}
    refused = dict.fromkeys(attack.held.refused, "a symbolic link, not a regular file")
    can_be_mute = isinstance(attack, Attack) and attack.mute is not None
    for level, status, code in itertools.product((1, 2, 3, 4), Status, (None, 0, 1, 127, attack.held.exit_code)):
        if can_be_mute and status in attack.promise(level).expect.status:
            continue
        for signal, reason in (
            (None, None),
            (attack.held.signal, "printed more than cpu, idle, used more than 1 s of CPU"),
        ):
            silent = Observed(status.value, code, signal, reason, 0.1, "", "", 0, refused=refused, **kept)
            assert judge(attack, level, silent).verdict is Verdict.NOT_HELD


def test_only_who_cannot_speak_is_mute() -> None:
    mute = {name: attack.promise(2).expect.status for name, attack in ATTACKS.items() if attack.mute is not None}
    assert mute == {"huge-static-array": (Status.SIGNALLED, Status.MEMORY_LIMIT)}


@pytest.mark.parametrize("name", [name for name, attack in EVERY.items() if attack.capable is not None])
def test_a_proof_is_more_than_what_a_box_shows_too(name: str) -> None:
    attack = EVERY[name]
    assert attack.capable
    held = attack.held
    codes = {held.exit_code, -Signals[held.signal] if held.signal is not None else None} - {None}
    shown = {**held.facts, **({"exit": str(code)} if (code := next(iter(codes), None)) is not None else {})}
    assert not attack.capable.items() <= shown.items()


def test_an_attack_that_does_no_harm_is_found_out() -> None:
    assert lacking(ATTACK, Told(0, "mount: 0\n", "", 9)) == ()
    assert lacking(ATTACK, Told(0, "mount: EPERM\n", "", 13)) == ("mount: EPERM",)
    assert lacking(ATTACK, Told(1, "", "Traceback\nOSError: no", 0)) == ("mount: not told (OSError: no)",)
    by_host = Attack(
        rows=(5,), name="x", title="", program="", held=Expect(),
        capable={"exit": "-9", "bytes": "[0-9]{3}", "file:out": "yes"},
    )  # fmt: skip
    assert lacking(by_host, Told(-9, "", "", 100, {"file:out": "yes"})) == ()
    assert len(lacking(by_host, Told(0, "", "", 10))) == 3
