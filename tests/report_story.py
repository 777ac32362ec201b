"""Runs to report on, made of real model objects: what the engine would emit, without running anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from polyrun.model.capture import Capture, Spool
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.events import (
    BlockInfo,
    Event,
    JobFinished,
    JobStarted,
    Output,
    RunFinished,
    RunStarted,
    StepKind,
    StepStarted,
    Stream,
)
from polyrun.model.frozen import replace
from polyrun.model.limits import MIB, Usage
from polyrun.model.outcomes import Feature, Outcome, Status
from polyrun.model.results import BlockResult, RunResult, StepResult
from polyrun.model.spans import Source, Span

NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z
EVERYTHING = tuple(sorted(feature.value for feature in Feature))

Piece = tuple[StepKind, Stream, bytes]


@dataclass
class Part:
    """One block of a story: how it ends and what it prints."""

    language: str = "python"
    name: str | None = None
    status: Status = Status.OK
    exit_code: int | None = 0
    signal: str | None = None
    printed: tuple[Piece, ...] = ()
    reason: str | None = None
    problem: Diagnostic | None = None
    allowed_to_fail: bool = False
    keep: int = 8 * MIB
    enforced: tuple[str, ...] = EVERYTHING
    wall_s: float = 0.03
    memory_bytes: int | None = 9 * MIB


def out(data: bytes) -> Piece:
    return ("run", "stdout", data)


def err(data: bytes) -> Piece:
    return ("run", "stderr", data)


def problem(span: Span, message: str = "`block 1` (python) exited with code 1") -> Diagnostic:
    return Diagnostic(Code.NONZERO_EXIT, Severity.ERROR, message, Label(span, "here"))


@dataclass
class Story:
    """A document and what its blocks did."""

    parts: tuple[Part, ...]
    source: Source = field(default_factory=lambda: Source(b"#lang:python\nboom()\n#end\n", "story.mix"))
    sandbox: str = "bubblewrap"
    level: int = 2
    result_changes: dict[str, object] = field(default_factory=dict)

    def infos(self) -> tuple[BlockInfo, ...]:
        return tuple(
            BlockInfo(index, part.name, part.language, 3 * index - 2) for index, part in enumerate(self.parts, 1)
        )

    def events(self) -> list[Event]:
        spool = Spool()
        infos = self.infos()
        found: list[Event] = [RunStarted(NOON, "r1", self.source.name, self.sandbox, self.level, infos, self.source)]
        results = []
        for info, part in zip(infos, self.parts, strict=True):
            result = self._block(found, spool, info, part)
            results.append(result)
            found.append(JobFinished(NOON + 1, info, result))
        found.append(RunFinished(NOON + 2, self._run(tuple(results))))
        return found

    def result(self) -> RunResult:
        last = self.events()[-1]
        assert isinstance(last, RunFinished)
        return last.result

    def _block(self, found: list[Event], spool: Spool, info: BlockInfo, part: Part) -> BlockResult:
        started = part.status not in (Status.SKIPPED, Status.TOOLCHAIN_MISSING, Status.BLOCKED)
        if started:
            found.append(JobStarted(NOON, info))
        steps: dict[StepKind, StepResult] = {}
        kinds: list[StepKind] = ["build"] if any(kind == "build" for kind, _, _ in part.printed) else []
        if started and part.status is not Status.BUILD_FAILED:
            kinds.append("run")
        for kind in kinds:
            found.append(StepStarted(NOON, info, kind, (part.language, "-x")))
            captures = {"stdout": Capture(spool, part.keep), "stderr": Capture(spool, part.keep)}
            for step, stream, data in part.printed:
                if step == kind and (kept := captures[stream].write(data)):
                    found.append(Output(NOON, info, kind, stream, kept))
            usage = Usage(part.wall_s, 0.02, part.memory_bytes, 1)
            status = part.status if kind == kinds[-1] else Status.OK
            outcome = Outcome(status, part.exit_code, part.signal, usage, part.reason)
            steps[kind] = StepResult(outcome, captures["stdout"], captures["stderr"])
        return BlockResult(
            index=info.index,
            name=info.name,
            language=info.language,
            line=info.line,
            status=part.status,
            build=steps.get("build"),
            run=steps.get("run"),
            sandbox=self.sandbox if steps else None,
            enforced=part.enforced if steps else (),
            reason=part.reason,
            problem=part.problem,
            allowed_to_fail=part.allowed_to_fail,
        )

    def _run(self, blocks: tuple[BlockResult, ...]) -> RunResult:
        failed = any(not block.ok and not block.allowed_to_fail for block in blocks)
        result = RunResult(
            run_id="r1",
            source=self.source,
            status="failed" if failed else "ok",
            exit_code=1 if failed else 0,
            blocks=blocks,
            diagnostics=(),
            wall_s=0.41,
            sandbox=self.sandbox,
            level=self.level,
        )
        return replace(result, **self.result_changes)


def story(*parts: Part, **changes: object) -> Story:
    return Story(parts, result_changes=changes)


@contextmanager
def files(folder: Path) -> Iterator[tuple[int, int, Callable[[], tuple[bytes, bytes]]]]:
    """Two descriptors, and what was written to them."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    first, second = os.open(folder / "stdout", flags), os.open(folder / "stderr", flags)
    yield first, second, lambda: ((folder / "stdout").read_bytes(), (folder / "stderr").read_bytes())
    os.close(first)
    os.close(second)
