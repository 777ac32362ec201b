"""A program that was denied something gets a hint with the very flag that allows it, whatever its language says."""

from __future__ import annotations

from pathlib import Path

import pytest

import polyrun
from conformance.denied_programs import PROGRAMS, Wants
from polyrun.languages import Registry
from polyrun.model.outcomes import Status


def test_every_language_has_its_programs() -> None:
    assert set(PROGRAMS) == set(Registry.load().ids)


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_flag_is_named(language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wants: Wants = PROGRAMS[language]
    monkeypatch.setenv("POLYRUN_TEST_TOKEN", "s3cret")
    folder, secret = tmp_path / "document", tmp_path / "elsewhere" / "there.csv"
    folder.mkdir()
    secret.parent.mkdir()
    secret.write_text("a\n")
    texts = {
        "net": wants.net,
        "write": wants.write.replace("PATH", "/usr/share/polyrun-test"),
        "read": wants.read.replace("PATH", str(secret)),
        "unset": wants.unset,
    }
    blocks = [f"#lang:{language} name={name} allow-fail\n{code}\n#end\n" for name, code in texts.items() if code]
    (folder / "denied.mix").write_text("".join(blocks))
    result = polyrun.run(folder / "denied.mix", polyrun.Settings(sandbox="bubblewrap", policy="off"))
    hints = {}
    for one in result.blocks:
        if one.status is Status.TOOLCHAIN_MISSING:
            pytest.skip(str(one.reason))
        assert one.status in (Status.NONZERO_EXIT, Status.SIGNALLED), (one.name, one.status, one.stderr)
        hints[one.name] = (one.problem.hint or "" if one.problem else "") or one.stderr.decode()
    if wants.net:
        assert "`--allow-net` allows it" in hints["net"]
    assert "`--allow-write=/usr/share` allows it" in hints["write"]
    assert f"`--allow-read={secret}` shows it" in hints["read"]
    if wants.unset:
        assert "`--allow-env=POLYRUN_TEST_TOKEN` passes it on" in hints["unset"]
    assert "s3cret" not in "".join(hints.values())
