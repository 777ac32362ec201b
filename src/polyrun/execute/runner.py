"""One job to its result: prepare, build, run, explain."""

from __future__ import annotations

from collections.abc import Callable

from polyrun.execute.builds import Build, Builder
from polyrun.execute.deadline import Deadline
from polyrun.execute.problem import explain_failure, missing_toolchain
from polyrun.execute.stdin import read_stdin
from polyrun.execute.steps import Performed, Place, StepRunner
from polyrun.execute.surroundings import Surroundings
from polyrun.languages import ToolchainMissing
from polyrun.model.events import Event
from polyrun.model.frozen import replace
from polyrun.model.outcomes import Status
from polyrun.model.results import BlockResult
from polyrun.plan import Job


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
        if job.refusal is not None:
            return replace(result, status=Status.BLOCKED, reason=job.refusal.message, problem=job.refusal)
        if isinstance(toolchain, ToolchainMissing):
            problem = missing_toolchain(job, toolchain)
            return replace(result, status=Status.TOOLCHAIN_MISSING, reason=problem.message, problem=problem)
        options = job.block.options
        stdin = read_stdin(options.stdin, options.stdin_file, self._around.workspace.layers)
        if stdin.refusal is not None:
            return replace(result, status=Status.NONZERO_EXIT, reason=stdin.refusal)
        result = replace(result, toolchain=toolchain.version)

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
        )
        ran = await self._steps.perform(job, "run", place, job.limits, stdin=stdin.data)
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
        return replace(
            result,
            status=status,
            sandbox=self._around.capabilities.backend,
            enforced=tuple(sorted(performed.enforced)),
            reason=performed.result.outcome.reason,
            problem=explain_failure(job, self._around.source, status, performed),
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
    )
