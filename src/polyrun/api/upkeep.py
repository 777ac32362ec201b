"""Looking after a host: what it can do, what crashed runs left on it, and what was run."""

from __future__ import annotations

import asyncio
import os
import platform

from polyrun import __version__
from polyrun.api.folders import Folders, user_folders
from polyrun.api.standing import LanguageStatus, languages
from polyrun.config.settings import Settings
from polyrun.execute.cache import BuildCache
from polyrun.model.errors import SandboxUnavailable
from polyrun.model.frozen import frozen
from polyrun.report.history import PastExport, PastRun, read_exports, read_history
from polyrun.sandbox.base import Capabilities, Unavailable
from polyrun.sandbox.registry import FACTORIES, choose, probe
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
    """One thing that can be removed: its `kind` (`process`, `cgroup`, `folder`, `build cache`), name and bytes."""

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

    async def look() -> tuple[list[Capabilities | Unavailable], str | None, str | None]:
        found: list[Capabilities | Unavailable] = []
        for name in FACTORIES:
            probed = await probe(name, folders.cache, fresh=True)
            found.append(probed if isinstance(probed, Unavailable) else probed[1])
        try:
            chosen = await choose(settings.sandbox, settings.chain, settings.minimum, cache_folder=folders.cache)
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
        languages=tuple(languages()),
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
    if cache:
        size = builds.size() if dry_run else builds.clear()
        if size:
            found.append(Leftover("build cache", folders.cache, size))
    return CleanReport(tuple(found), removed=not dry_run, troubles=reaped.troubles)


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
