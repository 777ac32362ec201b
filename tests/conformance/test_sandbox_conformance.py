"""Every language in every sandbox: what works, what is limited, and that a limit is reported as that limit."""

from __future__ import annotations

from pathlib import Path

import pytest

import engine
import polyrun
from conformance.languages.behaviours import BEHAVIOURS
from conformance.limit_programs import PROGRAMS
from polyrun.api import test_language as try_language
from polyrun.languages import Registry
from polyrun.model.limits import MIB, Limits
from polyrun.model.outcomes import Status
from polyrun.sandbox.registry import FACTORIES

LANGUAGES = Registry.load().ids
SANDBOXES = tuple(FACTORIES)

pytestmark = [pytest.mark.parametrize("sandbox", SANDBOXES), pytest.mark.parametrize("language", LANGUAGES)]


@pytest.fixture(autouse=True)
def _engine(sandbox: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if sandbox == "docker":
        engine.use(monkeypatch)


def settings(sandbox: str, limits: Limits | None = None) -> polyrun.Settings:
    return polyrun.Settings(sandbox=sandbox, limits=limits or Limits(), policy="off")  # sandboxes are what is tested


def block(language: str, name: str, code: str, options: str = "") -> str:
    return f"#lang:{language} name={name} {options}\n{code}\n#end\n\n"


def run(tmp_path: Path, text: str, given: polyrun.Settings) -> polyrun.RunResult:
    path = tmp_path / "conformance.mix"
    path.write_text(text)
    result = polyrun.run(path, given)
    for one in result.blocks:
        if one.status is Status.TOOLCHAIN_MISSING:
            pytest.skip(str(one.reason))
    return result


def test_its_own_programs_and_the_lines_of_their_faults(sandbox: str, language: str) -> None:
    for check in try_language(language, settings(sandbox)):
        if check.title == "has a toolchain" and not check.ok:
            pytest.skip(check.detail)
        assert check.ok, check


def test_ordinary_behaviour(tmp_path: Path, sandbox: str, language: str) -> None:
    programs, big = BEHAVIOURS[language], PROGRAMS[language]
    (tmp_path / "data.txt").write_text("beside: grüße\n")
    (tmp_path / "input.txt").write_text("abc\n")
    text = (
        block(language, "echo", programs.echo, "stdin=@input.txt")
        + block(language, "nothing", programs.echo)
        + block(language, "exit3", programs.exit3)
        + block(language, "beside", programs.beside)
        + block(language, "big", big.print)
        + (block(language, "kill", big.kill) if big.kill is not None else "")
    )
    result = run(tmp_path, text, settings(sandbox, Limits(output_bytes=16 * MIB)))
    assert result.block("echo").stdout == b"ABC\n"
    assert result.block("nothing").stdout == b"", "stdin is closed"
    exit3 = result.block("exit3")
    assert (exit3.status, exit3.exit_code) == (Status.NONZERO_EXIT, programs.exit_code)
    assert result.block("beside").stdout.decode() == "beside: grüße\n"
    assert result.block("big").stdout == b"x" * 10_000_000
    assert not result.block("big").truncated
    if big.kill is not None:
        killed = result.block("kill")
        assert (killed.status, killed.signal, killed.exit_code) == (Status.SIGNALLED, "SIGKILL", None)
    for one in result.blocks:
        assert one.sandbox == sandbox
        assert one.usage.wall_s > 0
        assert one.usage.cpu_s is not None
        assert one.usage.memory_bytes is not None or sandbox == "local", (
            "`local` samples, and cannot see a short program"
        )
        assert one.usage.memory_bytes is None or one.usage.memory_bytes > 100_000


def test_limits_are_enforced_and_reported_as_what_they_are(tmp_path: Path, sandbox: str, language: str) -> None:
    reach = PROGRAMS[language]
    text = (
        block(language, "wall", reach.busy, "timeout=1s")
        + block(language, "cpu", reach.busy, "timeout=20s cpu=1s")
        + block(language, "memory", reach.hog, "memory=192m timeout=20s")
        + block(language, "flood", reach.print)
    )
    result = run(tmp_path, text, settings(sandbox, Limits(output_bytes=1 * MIB, flood_bytes=4 * MIB)))
    wall, cpu, memory, flood = result.blocks
    assert (wall.status, cpu.status) == (Status.TIME_LIMIT, Status.TIME_LIMIT), (wall.reason, cpu.reason)
    assert wall.usage.wall_s < 6
    assert cpu.usage.wall_s < 10, "CPU time was the limit, not the wall clock"
    assert "CPU" in str(cpu.reason)
    if reach.own_heap and memory.status is not Status.MEMORY_LIMIT:
        assert b"memory" in memory.stderr.lower(), memory.stderr
        assert not memory.ok
    else:
        assert memory.status is Status.MEMORY_LIMIT, (memory.reason, memory.stderr[-300:])
    assert flood.status is Status.OUTPUT_LIMIT
    assert flood.truncated
    assert flood.stdout == b"x" * MIB
    assert result.exit_code == 5


def test_the_suite_knows_every_language(sandbox: str, language: str) -> None:
    assert sandbox in SANDBOXES
    assert language in BEHAVIOURS.keys() & PROGRAMS.keys(), "write its programs, and it is tested like the others"
