"""One job to its result: prepare, build, run, explain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from polyrun.execute.builds import Build, Builder
from polyrun.execute.deadline import Deadline
from polyrun.execute.stdin import read_stdin
from polyrun.execute.steps import Performed, Place, StepRunner
from polyrun.execute.surroundings import Surroundings
from polyrun.languages import ToolchainMissing
from polyrun.model.diagnostics import Severity
from polyrun.model.events import Event
from polyrun.model.frozen import replace
from polyrun.model.outcomes import Status
from polyrun.model.results import BlockResult
from polyrun.plan import Job

if TYPE_CHECKING:
    from polyrun.execute.handover import Handover


class JobRunner:
    """Performs the jobs of one run, one after another."""

    def __init__(
        self, surroundings: Surroundings, emit: Callable[[Event], None], deadline: Deadline | None = None
    ) -> None:
        self._around = surroundings
        self._steps = StepRunner(surroundings, emit, deadline)
        self._builder = Builder(surroundings, self._steps)

    async def run(self, job: Job) -> BlockResult:
        """Perform `job` and say how it ended; cancelling the task gives a result with status `cancelled`."""
        toolchain = self._around.toolchains[job.language.id]
        result = unstarted(job, Status.OK)
        refusal = job.refusal or next((one for one in job.findings if one.severity is Severity.ERROR), None)
        if refusal is not None:
            return replace(result, status=Status.BLOCKED, reason=refusal.message, problem=refusal)
        if isinstance(toolchain, ToolchainMissing):
            from polyrun.execute.problem import missing_toolchain

            problem = missing_toolchain(job, toolchain)
            return replace(result, status=Status.TOOLCHAIN_MISSING, reason=problem.message, problem=problem)
        options = job.block.options
        stdin = read_stdin(options.stdin, options.stdin_file, self._around.workspace.layers)
        if stdin.refusal is not None:
            return replace(result, status=Status.NONZERO_EXIT, reason=stdin.refusal)
        result = replace(result, toolchain=toolchain.version)
        if job.links and self._around.handover is not None:
            return await self._passing(job, result, stdin.data, self._around.handover)
        return await self._build_and_run(job, result, stdin.data)

    async def _passing(self, job: Job, result: BlockResult, stdin: bytes, handover: Handover) -> BlockResult:
        """Perform a job with values: lay out what it imports, and take what it exports when it has ended well."""
        prepared = handover.prepare(job)
        if prepared.problem is not None:
            reason = prepared.problem.message
            return replace(result, status=Status.IMPORT_REFUSED, reason=reason, problem=prepared.problem)
        job = replace(job, program=replace(job.program, files={**job.program.files, **prepared.files}))
        result = replace(result, imports=prepared.imports)
        outbox = prepared.outbox
        assert outbox is not None
        with outbox:
            asyncio.get_running_loop().call_soon(handover.get_ready)
            result = await self._build_and_run(job, result, stdin, prepared.inbox, outbox.folder)
            if not result.ok:
                return result
            taken = await handover.take(job, outbox)
        if taken.problem is not None:
            reason = taken.problem.message
            return replace(result, status=Status.EXPORT_MISSING, reason=reason, problem=taken.problem)
        return replace(result, exports=taken.exports)

    async def _build_and_run(
        self, job: Job, result: BlockResult, stdin: bytes, inbox: str | None = None, outbox: str | None = None
    ) -> BlockResult:
        prepared = await self._builder.prepare(job)
        build = prepared if prepared and prepared.folder is None else await self._builder.build(job, prepared)
        if build is not None:
            result = replace(result, build_cached=build.cached)
            if build.performed is not None:
                result = self._with_build(result, job, build, build.performed)
            if build.folder is None:
                return result
        place = Place(
            job.program,
            self._around.workspace,
            job.permissions,
            prepared.folder if prepared else None,
            build.folder if build else None,
            inbox,
            outbox,
        )
        ran = await self._steps.perform(job, "run", place, job.limits, stdin=stdin)
        self._builder.release(build)
        return replace(self._ended(result, job, ran.status, ran), run=ran.result)

    def _with_build(self, result: BlockResult, job: Job, build: Build, performed: Performed) -> BlockResult:
        status = performed.status
        if status in (Status.NONZERO_EXIT, Status.SIGNALLED):
            status = Status.BUILD_FAILED
        ended = self._ended(result, job, status, performed)
        reason = ended.reason or ("the build failed" if build.folder is None else None)
        return replace(ended, build=performed.result, reason=reason)

    def _ended(self, result: BlockResult, job: Job, status: Status, performed: Performed) -> BlockResult:
        problem = None
        if status is not Status.OK:
            from polyrun.execute.problem import explain_failure

            problem = explain_failure(job, self._around.document, self._around.workspace.folder, status, performed)
        return replace(
            result,
            status=status,
            sandbox=self._around.capabilities.backend,
            enforced=tuple(sorted(performed.enforced)),
            reason=performed.result.outcome.reason,
            problem=problem,
        )


def unstarted(job: Job, status: Status, reason: str | None = None) -> BlockResult:
    """The result of a job that did nothing yet."""
    return BlockResult(
        index=job.info.index,
        name=job.info.name,
        language=job.info.language,
        line=job.info.line,
        status=status,
        reason=reason,
        allowed_to_fail=job.block.options.allow_fail,
        findings=job.findings,
    )
