"""Looking after a host: what it can do, what crashed runs left on it, and what was run."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Mapping

from polyrun import __version__
from polyrun.api.docker_setup import docker_options
from polyrun.api.folders import Folders, user_folders
from polyrun.api.standing import LanguageStatus, languages
from polyrun.config.settings import Settings
from polyrun.execute.cache import BuildCache
from polyrun.model.errors import SandboxError, SandboxUnavailable
from polyrun.model.frozen import frozen, replace
from polyrun.model.requirements import Requirements
from polyrun.report.history import PastExport, PastRun, read_exports, read_history
from polyrun.sandbox.base import Capabilities, Sandbox, Unavailable
from polyrun.sandbox.registry import FACTORIES, choose, create, probe
from polyrun.sandbox.scratch import reap


@frozen
class DoctorReport:
    """What PolyRun finds on this host.

    `sandboxes` has an entry for every backend of this version; `chosen` is the one a run would use with the
    given settings, or `refusal` why there is none.
    """

    version: str
    python: str
    system: str
    sandboxes: tuple[Capabilities | Unavailable, ...]
    chosen: str | None
    refusal: str | None
    languages: tuple[LanguageStatus, ...]
    folders: Folders


@frozen
class Leftover:
    """One thing that can be removed: its name, bytes and `kind`.

    That is `process`, `cgroup`, `folder`, `container` or `build cache`.
    """

    kind: str
    name: str
    size_bytes: int | None = None


@frozen
class CleanReport:
    """What there was to remove, whether that was tried, and what could not be removed, one line each."""

    found: tuple[Leftover, ...]
    removed: bool
    troubles: tuple[str, ...] = ()


def doctor(settings: Settings | None = None) -> DoctorReport:
    """Probe every backend afresh and look for every toolchain."""
    settings = settings or Settings()
    folders = user_folders()
    options = docker_options(settings)
    found_languages = tuple(languages())
    needs = {status.language.id: status.language.requirements for status in found_languages}

    async def look() -> tuple[list[Capabilities | Unavailable], str | None, str | None]:
        found: list[Capabilities | Unavailable] = []
        for name in FACTORIES:
            probed = await probe(name, folders.cache, fresh=True, options=options)
            if isinstance(probed, Unavailable):
                found.append(probed)
            else:
                found.append(await _tried(*probed, needs))
                await probed[0].close()
        try:
            chosen = await choose(
                settings.sandbox, settings.chain, settings.minimum, cache_folder=folders.cache, options=options
            )
        except SandboxUnavailable as error:
            return found, None, str(error)
        return found, chosen.sandbox.name, None

    sandboxes, chosen, refusal = asyncio.run(look())
    return DoctorReport(
        version=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        sandboxes=tuple(sandboxes),
        chosen=chosen,
        refusal=refusal,
        languages=found_languages,
        folders=folders,
    )


def clean(*, dry_run: bool = False, cache: bool = False) -> CleanReport:
    """Remove what runs that were killed left behind, with `cache` also the finished builds.

    Touches nothing of a run that is still going on. With `dry_run` only looks.
    """
    folders = user_folders()
    builds = BuildCache(folders.cache)
    reaped = reap(folders.cache, dry_run=dry_run)
    found = [Leftover("process", str(pid)) for pid in reaped.processes]
    found += [Leftover("cgroup", group) for group in reaped.groups]
    found += [Leftover("folder", folder) for folder in reaped.folders]
    found += [Leftover("container", name[:12]) for name in asyncio.run(_reap_containers(dry_run=dry_run))]
    if cache:
        size = builds.size() if dry_run else builds.clear()
        if size:
            found.append(Leftover("build cache", folders.cache, size))
    return CleanReport(tuple(found), removed=not dry_run, troubles=reaped.troubles)


async def _reap_containers(*, dry_run: bool) -> list[str]:
    """What killed runs left in the engine that the environment names, if there is one."""
    backend = create("docker")
    return [] if isinstance(backend, Unavailable) else await backend.reap(dry_run=dry_run, thorough=True)


async def _tried(
    sandbox: Sandbox, found: Capabilities, needs: Mapping[str, Requirements]
) -> Capabilities | Unavailable:
    """`found`, with a word on the images of a backend that needs some; unusable if a box of one does not start."""
    if sandbox.shows_host:
        return found
    there = [name for name, wanted in needs.items() if await sandbox.lacks([wanted]) is None]
    missing = [name for name in needs if name not in there]
    notes = [f"images: {', '.join(there) or 'none'}"]
    if missing:
        notes.append(f"no current image: {', '.join(missing)} (`polyrun images build {' '.join(missing)}`)")
    if there:
        try:
            elsewhere = await sandbox.elsewhere(needs[there[0]])
            if elsewhere is not None:
                await elsewhere.try_out()
        except SandboxError as error:
            return Unavailable(found.backend, str(error), error.hint)
    return replace(found, notes=(*found.notes, *notes))


def values(
    document: str | os.PathLike[str], settings: Settings | None = None
) -> tuple[PastRun, tuple[PastExport, ...]] | None:
    """The newest run of `document` in the log folder of `settings`, and what it exported; `None` without one."""
    folder = settings.log_dir if settings and settings.log_dir else user_folders().logs
    path = os.path.abspath(document)
    return read_exports(folder, os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)))


def history(limit: int = 20, settings: Settings | None = None) -> list[PastRun]:
    """The newest `limit` runs in the log folder of `settings`, newest first."""
    folder = settings.log_dir if settings and settings.log_dir else user_folders().logs
    return read_history(folder, limit)
