"""The documents of the self-test, run by the function that the command calls; and that it sees what does not hold."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

import polyrun
from polyrun import api
from polyrun.api.folders import user_folders
from polyrun.api.staging import Stage
from polyrun.config.settings import Settings
from polyrun.model.frozen import replace
from polyrun.model.selftest import AttackResult, Verdict
from polyrun.model.spans import Source
from polyrun.selftest.catalogue.documents import DocumentAttack, Trial
from polyrun.selftest.catalogue.register import DOCUMENTS
from polyrun.selftest.session import tried

PRINTS = "#lang:python\nprint('got out')\n#end\n"
LONG = [name for name, attack in DOCUMENTS.items() if attack.seconds > 20]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_holds_and_is_an_attack(name: str) -> None:
    report = api.selftest(only=[name])
    (result,) = report.results
    assert (result.verdict, result.troubles, result.why_not) == (Verdict.HELD, (), None)
    assert result.capable
    assert report.ok


def judged(folder: Path, attack: DocumentAttack) -> AttackResult:
    stage = Stage(str(folder), Settings(sandbox="bubblewrap", log_level="DEBUG"))
    result = asyncio.run(tried(attack, 1, stage.run, stage.missing))
    assert os.listdir(folder) == []
    return result


def attack(*trials: Trial, honest: tuple[Trial, ...] = ()) -> DocumentAttack:
    return DocumentAttack(rows=(1,), name="x", title="try something", trials=trials, honest=honest)


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name not in LONG])
def test_documents_that_do_no_harm_are_found_out(name: str, tmp_path: Path) -> None:
    """What shows that an attack is one does not hold itself."""
    real = DOCUMENTS[name]
    harmless = {trial.name: replace(one, name=trial.name) for trial, one in zip(real.trials, real.honest, strict=False)}
    swapped = [replace(harmless.get(one.name, one), answer=one.answer, says=one.says) for one in real.trials]
    result = judged(tmp_path, replace(real, trials=tuple(swapped)))
    assert result.verdict is Verdict.NOT_HELD
    assert {check.name.removesuffix(" says") for check in result.troubles} == set(harmless)


def test_an_attack_that_proves_nothing_is_found_out(tmp_path: Path) -> None:
    trial = Trial("prints", PRINTS, "ok", "got out")
    assert judged(tmp_path, attack(trial, honest=(trial,))).verdict is Verdict.HELD
    result = judged(tmp_path, attack(trial, honest=(replace(trial, says="nothing"),)))
    assert (result.verdict, result.why_not) == (Verdict.NOT_CAPABLE, "prints says: got out")


def test_a_secret_that_gets_out_is_found(tmp_path: Path) -> None:
    leaks = "#lang:python\nprint(open({secret}).read())\n#end\n"
    stage = Stage(str(tmp_path), Settings(sandbox="local"))
    result = asyncio.run(tried(attack(Trial("leak", leaks, "ok")), 1, stage.run, stage.missing))
    assert [check.name for check in result.troubles] == ["secret"]


def test_a_line_that_is_forged_is_found(tmp_path: Path) -> None:
    """A log in which a document's name stands as it is would be seen to have lines too many."""
    (trial,) = DOCUMENTS["forge-the-logs"].honest
    result = judged(tmp_path, attack(replace(trial, answer="0 more 0 forged")))
    assert [(check.name, check.got) for check in result.troubles] == [(trial.name, "5 more 4 forged")]


def test_a_document_that_does_not_run_proves_nothing_of_the_logs(tmp_path: Path) -> None:
    trial = replace(DOCUMENTS["forge-the-logs"].trials[0], document=PRINTS)
    assert [check.got for check in judged(tmp_path, attack(trial)).troubles] == ["the document did not run"]


def test_what_is_missing_on_the_host_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    stage = tmp_path / "stage"
    stage.mkdir()
    result = judged(stage, attack(Trial("other", "#lang:javascript\n1\n#end\n", "ok")))
    assert (result.verdict, result.reason) == (Verdict.NOT_RUN, "no javascript")


def test_nothing_of_it_gets_into_the_folders_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))  # the common one is in use by other tests

    def files() -> set[str]:
        return {os.path.join(path, name) for path, _, names in os.walk(user_folders().state) for name in names}

    polyrun.run(Source(b"#lang:bash\ntrue\n#end\n", "seen.mix"), folder=tmp_path)
    before = files()
    assert before, "what is written there would be seen"
    stage = tmp_path / "stage"
    stage.mkdir()
    judged(stage, attack(Trial("prints", PRINTS, "ok", "got out")))
    assert files() == before
