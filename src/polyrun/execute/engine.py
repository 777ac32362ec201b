"""Drives a plan through a sandbox: order, time, cancellation and the stream of events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from polyrun.execute.deadline import deadline_in
from polyrun.execute.emitter import Emitter, Listener
from polyrun.execute.exit_code import BLOCK_FAILED, INTERNAL, exit_code
from polyrun.execute.runner import JobRunner, unstarted
from polyrun.execute.schedule import Schedule, Skip, Start
from polyrun.execute.steps import StepBroken
from polyrun.execute.surroundings import Surroundings
from polyrun.model.diagnostics import Diagnostic
from polyrun.model.events import JobFinished, JobStarted, RunFinished, RunStarted, SecurityEvent
from polyrun.model.frozen import NOTHING, frozen, replace
from polyrun.model.outcomes import Status
from polyrun.model.results import BlockResult, RunResult
from polyrun.plan import Job, Plan

_CANCELLED = "the run was cancelled"


@frozen
class Kept:
    """What was kept of the files the blocks wrote: relative paths, the folder that holds them, remarks.

    `values` are exports as JSON and `saved` the files that exports were saved in, as far as the caller asked for them;
    with `lacking` something that was asked for is not there.
    """

    paths: tuple[str, ...] = ()
    folder: str | None = None
    notes: tuple[str, ...] = ()
    values: Mapping[str, str] = NOTHING
    saved: tuple[str, ...] = ()
    lacking: bool = False


class Engine:
    """Runs one plan once.

    `collect` is called after the last box is gone and returns the artifacts. `downgrades` are the
    messages about weaker sandboxes than configured; they become security events. `publish` is called with the
    result before it is announced, and may add what came of that.
    """

    def __init__(
        self,
        run_id: str,
        plan: Plan,
        surroundings: Surroundings,
        *,
        listener: Listener | None = None,
        fail_fast: bool = False,
        run_wall_s: float | None = None,
        downgrades: tuple[str, ...] = (),
        diagnostics: tuple[Diagnostic, ...] = (),
        log_path: str | None = None,
        collect: Callable[[], Kept] = Kept,
        publish: Callable[[RunResult], RunResult] | None = None,
    ) -> None:
        self._run_id = run_id
        self._plan = plan
        self._around = surroundings
        self._emit = Emitter(listener, self.cancel)
        self._jobs = {job.info.index: job for job in plan.jobs}
        self._schedule = Schedule(
            {job.info.index: job.after for job in plan.jobs},
            {job.info.index: job.info.label for job in plan.jobs},
            fail_fast=fail_fast,
        )
        self._deadline = deadline_in(run_wall_s)
        self._fault: BaseException | None = None
        self._downgrades = downgrades
        self._diagnostics = diagnostics
        self._log_path = log_path
        self._collect = collect
        self._publish = publish
        self._runner = JobRunner(surroundings, self._emit, self._deadline)
        self._current: asyncio.Task[BlockResult] | None = None
        self._cancelled = False
        self._results: list[BlockResult] = []
        self._unannounced = list(plan.jobs)

    def cancel(self, reason: str = _CANCELLED) -> None:
        """End the run: the running block is killed, the rest is not started. May be called at any time, repeatedly.

        `reason` is what is said of the blocks that are not started.
        """
        if not self._cancelled:
            self._cancelled = True
            self._schedule.stop(Status.CANCELLED, reason)
            if self._current is not None:
                self._current.cancel()

    async def run(self) -> RunResult:
        """Run to the end and return the result; call it once.

        If the calling task is cancelled, everything is cleaned up, `RunFinished` is emitted and
        the cancellation propagates. So does a listener's exception, and a `SandboxError`: the run
        ends with it, but the blocks before it keep their results and what they wrote.
        """
        started = time.monotonic()
        self._emit(
            RunStarted(
                time=time.time(),
                run_id=self._run_id,
                document=self._around.source.name,
                source=self._around.source,
                sandbox=self._around.capabilities.backend,
                level=self._around.capabilities.level,
                blocks=tuple(job.info for job in self._plan.jobs),
                folder=self._around.workspace.folder,
            )
        )
        for message in self._downgrades:
            self._emit(SecurityEvent(time.time(), "downgrade", message))
        interrupted = False
        await self._announce()
        while True:
            if self._deadline is not None and self._deadline.left_s <= 0:
                self._schedule.stop(Status.TIME_LIMIT, f"not started: {self._deadline.reason}")
            action = self._schedule.next()
            if isinstance(action, Start):
                result, outside = await self._perform(self._jobs[action.index])
                await self._announce()
                interrupted = interrupted or outside
                self._schedule.finished(action.index, result.status, allowed_to_fail=result.allowed_to_fail)
            elif isinstance(action, Skip):
                result = unstarted(self._jobs[action.index], action.status, action.reason)
            else:
                break
            self._results.append(result)
            self._emit(JobFinished(time.time(), self._jobs[action.index].info, result))
        final = self._finish(started)
        if self._publish is not None:
            final = self._publish(final)
        self._emit(RunFinished(time.time(), final))
        if self._fault is not None:
            raise self._fault
        if interrupted:
            raise asyncio.CancelledError
        if self._emit.failure is not None:
            raise self._emit.failure
        return final

    async def _perform(self, job: Job) -> tuple[BlockResult, bool]:
        """Run `job` in a task of its own, so that a cancellation from outside still leaves a result.

        Returns the result and whether the calling task was cancelled meanwhile.
        """
        self._emit(JobStarted(time.time(), job.info))
        if self._cancelled:
            return unstarted(job, Status.CANCELLED, _CANCELLED), False
        task = self._current = asyncio.create_task(self._runner.run(job))
        interrupted = False
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                interrupted = True
                self.cancel()
        self._current = None
        if task.cancelled():  # before its first step, or between two
            return unstarted(job, Status.CANCELLED, _CANCELLED), interrupted
        fault = task.exception()
        if fault is not None:
            self._schedule.stop(Status.CANCELLED, "the run ended with a fault of PolyRun's surroundings")
            result = unstarted(job, Status.CANCELLED, f"PolyRun could not run it: {fault}")
            if isinstance(fault, StepBroken):
                result = replace(result, run=fault.performed.result)
                fault = fault.__cause__
            self._fault = fault
            return result, interrupted
        return task.result(), interrupted

    async def _announce(self) -> None:
        """Tell the sandbox of the jobs to come, as far as it wants to hear of them."""
        while self._unannounced and not self._cancelled:
            job = self._unannounced[0]
            if not await self._around.sandbox.expect(job.language.requirements, job.limits, net=job.permissions.net):
                return
            del self._unannounced[0]

    def _finish(self, started: float) -> RunResult:
        kept = self._collect()
        code = INTERNAL if self._fault else exit_code(self._results, cancelled=self._cancelled)
        if code == 0 and kept.lacking:
            code = BLOCK_FAILED
        return RunResult(
            run_id=self._run_id,
            source=self._around.source,
            status="cancelled" if self._cancelled else "ok" if code == 0 else "failed",
            exit_code=code,
            blocks=tuple(self._results),
            diagnostics=self._diagnostics,
            wall_s=time.monotonic() - started,
            sandbox=self._around.capabilities.backend,
            level=self._around.capabilities.level,
            artifacts=kept.paths,
            artifacts_dir=kept.folder,
            log_path=self._log_path,
            notes=kept.notes + tuple(self._around.sandbox.notes),
            values=kept.values,
            saved=kept.saved,
        )
