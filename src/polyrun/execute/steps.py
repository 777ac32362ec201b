"""One step in a box of its own: placeholders filled, output captured and announced."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Literal

from polyrun.execute.deadline import Deadline
from polyrun.execute.surroundings import Surroundings
from polyrun.languages import Program, Step
from polyrun.model.capture import Capture, Spool
from polyrun.model.errors import SandboxError
from polyrun.model.events import Event, Output, StepKind, StepStarted
from polyrun.model.frozen import frozen, replace
from polyrun.model.limits import MIB, Limits, Usage
from polyrun.model.outcomes import Feature, Outcome, Status
from polyrun.model.permissions import Permissions
from polyrun.model.results import StepResult
from polyrun.plan import Job
from polyrun.sandbox.base import Ask, BoxSpec, Command, Workspace
from polyrun.sandbox.layout import expand

_VALUES_ENV = {"POLYRUN_IN": "{in}", "POLYRUN_OUT": "{out}", "POLYRUN_GUEST": "{guest}"}
"""Tells a guest library where a block's values are, and where it lies itself."""


@frozen
class Place:
    """What a step's box holds: the program's files, and host folders for the placeholders of the same names.

    `inbox` and `outbox` are `{in}` and `{out}`.
    """

    program: Program
    workspace: Workspace
    permissions: Permissions
    prepared: str | None = None
    build: str | None = None
    inbox: str | None = None
    outbox: str | None = None


@frozen
class Performed:
    """A step that was executed, and what its box enforced."""

    result: StepResult
    enforced: frozenset[Feature]

    @property
    def status(self) -> Status:
        """How the step ended."""
        return self.result.outcome.status


class StepBroken(Exception):
    """The box of a step broke, which the cause tells of. `performed` is what the step had printed by then."""

    def __init__(self, performed: Performed) -> None:
        super().__init__(performed.result.outcome.reason)
        self.performed = performed


class StepRunner:
    """Executes the steps of one run. All captures of the run share one spool."""

    def __init__(
        self, surroundings: Surroundings, emit: Callable[[Event], None], deadline: Deadline | None = None
    ) -> None:
        self._around = surroundings
        self._deadline = deadline
        self._emit = emit
        self._spool = Spool()

    async def perform(self, job: Job, kind: StepKind, place: Place, limits: Limits, *, stdin: bytes = b"") -> Performed:
        """Execute a step of `place.program`: for `run` its run step, else its build step, which it must have.

        When the calling task is cancelled while the step runs, the box is emptied and the result
        has status `cancelled` and what was printed so far. Raises `StepBroken` when the box breaks, and `SandboxError`
        when there is none.
        """
        step = place.program.run if kind == "run" else place.program.build
        assert step is not None
        streams = {name: Capture(self._spool, limits.output_bytes) for name in ("stdout", "stderr")}
        if self._deadline is not None:
            limits = self._deadline.cut(limits)
            if limits.wall_s <= 0:
                outcome = Outcome(Status.TIME_LIMIT, reason=self._deadline.reason)
                return Performed(StepResult(outcome, streams["stdout"], streams["stderr"]), frozenset())
        limits = self._around.sandbox.bounded(limits)
        if place.inbox is not None:
            step = replace(step, env={**step.env, **_VALUES_ENV})
        command = self._command(job, step, limits, stdin, kind)
        if not _uses_prepared(step):  # it may be large, and where a box is far away it has to travel
            place = replace(place, prepared=None)
        async with self._around.sandbox.open(self._spec(job, place)) as box:
            # For people, the box's own placeholders stay: its paths mean nothing outside.
            argv = tuple(expand(word, command.words) for word in command.argv)
            self._emit(StepStarted(time.time(), job.info, kind, argv))

            def sink(stream: Literal["stdout", "stderr"], data: bytes) -> None:
                kept = streams[stream].write(data)
                if kept:
                    self._emit(Output(time.time(), job.info, kind, stream, kept))

            started = time.monotonic()
            try:
                outcome = await box.run(command, limits, sink)
            except SandboxError as error:
                outcome = Outcome(Status.CANCELLED, usage=Usage(wall_s=time.monotonic() - started), reason=str(error))
                result = StepResult(outcome, streams["stdout"], streams["stderr"])
                raise StepBroken(Performed(result, box.enforced)) from error
            except asyncio.CancelledError:
                usage = Usage(wall_s=time.monotonic() - started)
                outcome = Outcome(Status.CANCELLED, usage=usage, reason="the run was cancelled")
            outcome = self._judged(outcome, streams.values())
            return Performed(StepResult(outcome, streams["stdout"], streams["stderr"]), box.enforced)

    def _judged(self, outcome: Outcome, captures: Iterable[Capture]) -> Outcome:
        """`outcome` with what only the engine knows: whose time was up, and output that could not be kept."""
        if outcome.status is Status.TIME_LIMIT and self._deadline is not None and self._deadline.left_s <= 0:
            return replace(outcome, reason=self._deadline.reason)
        lost = next((capture.trouble for capture in captures if capture.trouble is not None), None)
        if lost is not None and outcome.reason is None:
            return replace(outcome, reason=f"its output could not be kept: {lost}")
        return outcome

    def _spec(self, job: Job, place: Place) -> BoxSpec:
        mounts = {}
        if job.language.guest is not None:
            mounts["guest"] = job.language.guest
        if place.prepared is not None:
            mounts["prepared"] = place.prepared
        if place.inbox is not None:
            mounts["in"] = place.inbox
        return BoxSpec(
            workspace=place.workspace,
            scratch=self._around.scratch,
            files=place.program.files,
            mounts=mounts,
            outputs={"out": place.outbox} if place.outbox is not None else {},
            roots=self._around.toolchain(job.language.id).roots,
            build=place.build,
            permissions=place.permissions,
            requirements=job.language.requirements,
        )

    def _command(self, job: Job, step: Step, limits: Limits, stdin: bytes, kind: StepKind) -> Command:
        words = {
            **self._around.toolchain(job.language.id).programs,
            "document": self._around.source.name,
            "memory_mib": str(limits.memory_bytes // MIB),
        }
        stack = job.language.stack if kind == "run" else None
        ask = Ask(stack.signal, stack.deaf) if stack is not None else None
        return Command(step.argv, step.env, words, stdin, cwd=step.cwd, writes_build=kind != "run", ask=ask)


def _uses_prepared(step: Step) -> bool:
    return any("{prepared}" in text for text in (*step.argv, *step.env.values(), step.cwd))
