"""What there is on this host: languages, toolchains, sandboxes, leftovers, earlier runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from polyrun.api.folders import user_folders
from polyrun.api.reading import CheckResult, analyse, as_input, runnable
from polyrun.config.places import is_under
from polyrun.config.settings import Settings
from polyrun.languages import Language, Registry, Toolchain, ToolchainMissing, find_toolchain, toolchain_elsewhere
from polyrun.model.diagnostics import Diagnostic, Severity
from polyrun.model.frozen import frozen, replace
from polyrun.model.spans import Source
from polyrun.plan import Plan
from polyrun.plan.links import unused
from polyrun.sandbox.base import Sandbox
from polyrun.sandbox.host import HostOutput, run_trusted

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor


@frozen
class LanguageStatus:
    """A language and what this host has for it."""

    language: Language
    toolchain: Toolchain | ToolchainMissing


def registry_for(folder: str | None = None, trusted_folders: Iterable[str] = ()) -> Registry:
    """The languages of a document in `folder`: built in, the user's own, plugins, and those beside it if trusted."""
    folders = user_folders()
    extra = [os.path.join(folders.config, "languages")]
    if folder is not None and is_under(folder, trusted_folders):
        extra.append(beside(folder))
    return Registry.load(extra, cache=folders.languages)


def beside(folder: str) -> str:
    """Where a project keeps languages of its own."""
    return os.path.join(folder, ".polyrun", "languages")


def find_toolchains(languages: Iterable[Language]) -> Mapping[str, Toolchain | ToolchainMissing]:
    """The toolchain of each language, by id. Found ones are remembered; the others are looked for side by side."""
    wanted = {language.id: language for language in languages}
    cache = user_folders().toolchains

    def find(language: Language) -> Toolchain | ToolchainMissing:
        return find_toolchain(language, run=run_trusted, cache=cache)

    if len(wanted) == 1:
        return {name: find(language) for name, language in wanted.items()}
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=4) as pool:
        return dict(zip(wanted, pool.map(find, wanted.values()), strict=True))


async def toolchains_for(sandbox: Sandbox, languages: Iterable[Language]) -> Mapping[str, Toolchain | ToolchainMissing]:
    """The toolchain of each language, by id, as the boxes of `sandbox` have it. Raises `SandboxError`."""
    if sandbox.shows_host:
        return find_toolchains(languages)
    return await _Elsewhere(sandbox).find({language.id: language for language in languages})


def check(document: str | os.PathLike[str] | Source, settings: Settings | None = None) -> CheckResult:
    """Parse, plan and analyse `document` without running any of it.

    Raises `DocumentUnreadable`, and `UsageError` for what `settings.allow` names in vain. What a block asks for and the
    user has not granted is a warning here: the document is not at fault.
    """
    settings = settings or Settings()
    given = as_input(document)
    parsed, planned, diagnostics = analyse(given, registry_for(given.folder, settings.trusted_folders), settings)
    asked = [replace(job.refusal, severity=Severity.WARNING) for job in planned.jobs if job.refusal is not None]
    links = {job.info.index: job.links for job in planned.jobs}
    findings = _findings(planned, settings)
    found = [*diagnostics, *asked, *unused(parsed, links), *findings]
    found.sort(key=lambda one: (one.primary.span.start, one.code))
    return CheckResult(given.source, parsed, tuple(found), findings)


def _findings(plan: Plan, settings: Settings) -> tuple[Diagnostic, ...]:
    """What the static analysis says of all blocks, without what the user has allowed."""
    if settings.policy == "off":
        return ()
    from polyrun.api.judging import ALLOWED, judge

    return tuple(one for job in judge(plan, settings).jobs for one in job.findings if one.hint != ALLOWED)


def plan(document: str | os.PathLike[str] | Source, settings: Settings | None = None) -> Plan:
    """The plan of `document`. Raises `DocumentUnreadable`, and `DocumentError` when it has errors."""
    settings = settings or Settings()
    given = as_input(document)
    return runnable(given, registry_for(given.folder, settings.trusted_folders), settings)[0]


def languages() -> list[LanguageStatus]:
    """Every known language, by id, and its toolchain on this host."""
    registry = registry_for()
    known = [language for name in registry.ids if (language := registry.get(name)) is not None]
    found = find_toolchains(known)
    return [LanguageStatus(language, found[language.id]) for language in known]


class _Elsewhere:
    """Looks for toolchains where boxes have programs of their own: many at a time, in threads that ask the loop."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._loop = asyncio.get_running_loop()
        self._asked: set[Future[HostOutput]] = set()
        self._stopped = False

    async def find(self, wanted: Mapping[str, Language]) -> Mapping[str, Toolchain | ToolchainMissing]:
        from concurrent.futures import ThreadPoolExecutor

        # not the common threads: these wait for what the loop does, which may need one of those
        threads = ThreadPoolExecutor(max_workers=max(1, len(wanted)))
        try:
            found = await asyncio.gather(*(self._find(language, threads) for language in wanted.values()))
        finally:
            self._stopped = True
            for asked in list(self._asked):
                asked.cancel()
            threads.shutdown(wait=False, cancel_futures=True)
        return dict(zip(wanted, found, strict=True))

    async def _find(self, language: Language, threads: ThreadPoolExecutor) -> Toolchain | ToolchainMissing:
        elsewhere = await self._sandbox.elsewhere(language.requirements)
        assert elsewhere is not None

        def run(argv: Sequence[str]) -> HostOutput:
            asked = asyncio.run_coroutine_threadsafe(elsewhere.ask(argv), self._loop)
            self._asked.add(asked)
            if self._stopped:
                asked.cancel()
            try:
                return asked.result()
            finally:
                self._asked.discard(asked)

        def look() -> Toolchain | ToolchainMissing:
            return toolchain_elsewhere(language, run=run, place=elsewhere.place)

        return await self._loop.run_in_executor(threads, look)
