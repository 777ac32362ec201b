"""Builds and the support files of languages: made once, kept by fingerprint, mounted read-only."""

from __future__ import annotations

from polyrun import __version__
from polyrun.execute.steps import Performed, Place, StepRunner
from polyrun.execute.surroundings import Surroundings
from polyrun.languages import Program, prepare_program
from polyrun.model.events import StepKind
from polyrun.model.frozen import frozen
from polyrun.model.outcomes import Status
from polyrun.model.permissions import Permissions
from polyrun.plan import Fingerprint, Job, build_fingerprint
from polyrun.sandbox.base import Workspace


@frozen
class Build:
    """A build: the `folder` that holds it (`None` if it failed), and the step that made it (`None` if cached)."""

    folder: str | None
    digest: str
    performed: Performed | None = None

    @property
    def cached(self) -> bool:
        """Whether it was made earlier."""
        return self.performed is None


class Builder:
    """Makes or finds the builds of one run."""

    def __init__(self, surroundings: Surroundings, steps: StepRunner) -> None:
        self._around = surroundings
        self._steps = steps
        self._prepared: dict[tuple[str, ...], Build] = {}

    async def prepare(self, job: Job) -> Build | None:
        """The support files of the job's language, made from PolyRun's own sources; `None` if it needs none."""
        program = prepare_program(job.language, values=bool(job.links))
        if program is None or program.build is None:
            return None
        known = self._prepared.get(program.build.argv)
        if known is None:
            place = Place(program, self._nothing(), Permissions())
            known = await self._find_or_make(job, "prepare", place, self._fingerprint(job, program, None))
            if known.folder is not None:
                self._prepared[program.build.argv] = known
        return known

    async def build(self, job: Job, prepared: Build | None) -> Build | None:
        """The job's own build; `None` if its language has no build step.

        A build that may read the files beside the document is made afresh, because they are no part of
        its fingerprint; every other build cannot see them, so that its fingerprint is the whole truth.
        """
        if job.program.build is None:
            return None
        reads = job.program.reads_workspace
        workspace = self._around.workspace if reads else self._nothing()
        place = Place(job.program, workspace, job.permissions, prepared.folder if prepared else None)
        fingerprint = self._fingerprint(job, job.program, prepared)
        return await (self._make if reads else self._find_or_make)(job, "build", place, fingerprint)

    def release(self, build: Build | None) -> None:
        """Say that `build` is not in use any more."""
        if build is not None:
            self._around.cache.release(build.digest)

    def _nothing(self) -> Workspace:
        """An empty folder in place of the document's."""
        return Workspace(self._around.new_folder(), overlay=self._around.new_folder())

    def _fingerprint(self, job: Job, program: Program, prepared: Build | None) -> Fingerprint:
        toolchain = self._around.toolchain(job.language.id)
        digest = prepared.digest if prepared else None
        return build_fingerprint(job.language, program, toolchain, digest, __version__)

    async def _find_or_make(self, job: Job, kind: StepKind, place: Place, fingerprint: Fingerprint) -> Build:
        digest = fingerprint.digest
        found = self._around.cache.lookup(digest)
        if found is not None:
            return Build(found, digest)
        made = await self._make(job, kind, place, fingerprint)
        if made.folder is None:
            return made
        return Build(self._around.cache.store(digest, made.folder), digest, made.performed)

    async def _make(self, job: Job, kind: StepKind, place: Place, fingerprint: Fingerprint) -> Build:
        folder = self._around.new_folder()
        there = Place(place.program, place.workspace, place.permissions, place.prepared, folder)
        performed = await self._steps.perform(job, kind, there, job.build_limits)
        made = performed.status is Status.OK
        return Build(folder if made else None, fingerprint.digest, performed)
