"""Try a language out: its own test programs, in the sandbox, with the lines of their faults checked."""

from __future__ import annotations

from typing import NamedTuple

from polyrun.api.running import run
from polyrun.api.standing import registry_for
from polyrun.config.settings import Settings
from polyrun.languages import Language
from polyrun.languages.spec import Fault
from polyrun.model.errors import UsageError
from polyrun.model.frozen import replace
from polyrun.model.outcomes import Status
from polyrun.model.results import BlockResult, RunResult
from polyrun.model.spans import Source
from polyrun.sandbox.scratch import scratch

_PROSE = "some prose, so that no line number is right by chance\n\n"
_HEADER_LINE = _PROSE.count("\n") + 1
_NAME = "trial.mix"


class Check(NamedTuple):
    """One thing that was tried: its title, whether it worked, and what was seen instead."""

    title: str
    ok: bool
    detail: str = ""


def test_language(name: str, settings: Settings | None = None) -> list[Check]:  # noqa: PT028 - no test of pytest's
    """Run the test programs of the language called `name` and compare what they do with what they should.

    Raises `UsageError` for an unknown language and `SandboxUnavailable` like `run`.
    """
    language = registry_for().get(name)
    if language is None:
        raise UsageError(f"`{name}` is not a known language", hint="`polyrun languages` lists them")
    test = language.selftest
    if test is None:
        return [Check("has test programs", ok=False, detail="the specification has no `[selftest]`")]
    result = _run(language, test.code, settings).blocks[0]
    if result.status is Status.TOOLCHAIN_MISSING:
        return [Check("has a toolchain", ok=False, detail=result.reason or "")]
    checks = [
        Check("has a toolchain", ok=True, detail=result.toolchain or ""),
        Check("runs", result.ok, _ending(result)),
        Check(
            "prints what it should",
            result.stdout == test.stdout.encode(),
            repr(result.stdout.decode("utf-8", "replace")),
        ),
    ]
    if test.build_fault is not None:
        checks.append(
            _fault("points at the line of a fault found before it runs", language, test.build_fault, settings)
        )
    if test.run_fault is not None:
        checks.append(_fault("points at the line of a fault found while it runs", language, test.run_fault, settings))
    return checks


def _fault(title: str, language: Language, fault: Fault, settings: Settings | None) -> Check:
    result = _run(language, fault.code, settings)
    block = result.blocks[0]
    line = _HEADER_LINE + fault.line
    errors = block.stderr + (block.build.stderr.read() + block.build.stdout.read() if block.build else b"")
    named = _NAME.encode() in errors and str(line).encode() in errors
    placed = block.problem is not None and block.problem.line(result.source) == line
    return Check(title, named and placed, f"expected line {line} of `{_NAME}`: {_ending(block)}")


def _run(language: Language, code: str, settings: Settings | None) -> RunResult:
    text = f"{_PROSE}#lang:{language.id}\n{code}#end\n"
    with scratch() as folder:
        return run(Source(text.encode(), _NAME), replace(settings or Settings(), keep_logs=False), folder=folder)


def _ending(result: BlockResult) -> str:
    errors = result.stderr or (result.build.stderr.read() if result.build else b"")
    return f"{result.status}: {errors.decode('utf-8', 'replace').strip()[-500:]}"
