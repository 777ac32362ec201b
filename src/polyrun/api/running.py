"""Run a document: the composition root, where the parts meet."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from polyrun.api.audit import Audit, audited, check_out_of_reach
from polyrun.api.docker_setup import docker_options
from polyrun.api.folders import Folders, user_folders
from polyrun.api.reading import Input, as_input, runnable
from polyrun.api.record import Record
from polyrun.api.rundirs import RunFolders
from polyrun.api.signals import Signals
from polyrun.api.standing import registry_for, toolchains_for
from polyrun.config.settings import Settings
from polyrun.execute.cache import BuildCache
from polyrun.execute.emitter import Listener
from polyrun.execute.engine import Engine, Kept
from polyrun.execute.surroundings import Surroundings
from polyrun.model.errors import UsageError
from polyrun.model.results import RunResult
from polyrun.model.spans import Source
from polyrun.plan import Plan
from polyrun.sandbox.base import Sandbox, Workspace
from polyrun.sandbox.registry import Chosen, choose
from polyrun.sandbox.scratch import reap
from polyrun.sandbox.scratch import scratch as make_scratch

if TYPE_CHECKING:
    from polyrun.execute.handover import Handover


async def arun(
    document: str | os.PathLike[str] | Source | Input,
    settings: Settings | None = None,
    *,
    on_event: Listener | None = None,
    folder: str | os.PathLike[str] | None = None,
    kept: dict[str, Sandbox] | None = None,
) -> RunResult:
    """Run `document` and return how every block ended.

    `document` is a path, or a `Source` that works in `folder` (by default the current one).
    `on_event` gets every event in order, on the event loop; an exception it raises ends the run and propagates.
    `settings` default to the built-in ones; `load_settings` reads configuration files. The sandbox is taken from `kept`
    and left there for the next run, if that is given (see `Warm`).

    Raises `DocumentUnreadable`, `DocumentError` (with all diagnostics), `SandboxUnavailable`, and
    `SandboxError` when a sandbox breaks. What blocks do is never an exception. When the task is
    cancelled, every process is gone and every folder removed before the cancellation propagates.
    """
    settings = settings or Settings()
    given = as_input(document, folder)
    async with AsyncExitStack() as cleanup:
        engine = await _compose(given, settings, on_event, cleanup, kept)
        return await engine.run()


def run(
    document: str | os.PathLike[str] | Source | Input,
    settings: Settings | None = None,
    *,
    on_event: Listener | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> RunResult:
    """Like `arun`, for code without an event loop.

    In the main thread SIGINT, SIGTERM and SIGHUP end the run in order: the result then has status `cancelled` and
    exit code 130. A second signal acts as if PolyRun had not asked for it.
    """
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        hint = "write `await polyrun.arun(...)`"
        raise UsageError("`polyrun.run` cannot wait inside a running event loop", hint=hint)
    settings = settings or Settings()
    given = as_input(document, folder)

    results: list[RunResult] = []

    async def main() -> None:  # returns nothing: `asyncio.run` takes the `repr` of what its task returns, for no use
        async with AsyncExitStack() as cleanup:
            signals = cleanup.enter_context(Signals())
            engine = await _compose(given, settings, on_event, cleanup)
            signals.cancel = engine.cancel
            results.append(await engine.run())

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None  # before there was a run that could tell
    return results[0]


async def _compose(
    given: Input,
    settings: Settings,
    listener: Listener | None,
    cleanup: AsyncExitStack,
    kept: dict[str, Sandbox] | None = None,
) -> Engine:
    """Put one run together; `cleanup` undoes all of it but what is `kept`."""
    folders = user_folders()
    _check_grants(settings, folders, given)
    plan, diagnostics = runnable(given, registry_for(given.folder, settings.trusted_folders), settings)
    chosen = await _choose(settings, plan, folders, kept)
    if kept is None:
        cleanup.push_async_callback(chosen.sandbox.close)
    _check_values(settings, plan)
    scratch = cleanup.enter_context(make_scratch())
    plan = await _judged(plan, settings, folders, chosen.sandbox, scratch)
    toolchains = await toolchains_for(chosen.sandbox, [job.language for job in plan.jobs])
    reap(folders.cache, thorough=False)  # what a killed run left behind
    cache = BuildCache(folders.cache)
    cleanup.callback(cache.close)
    overlay = None if settings.permissions.write_workspace else os.path.join(scratch, "overlay")
    workspace = Workspace(given.folder, overlay)
    started = time.time()
    run_id = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(started))}-{os.urandom(3).hex()}"
    handover = None
    if any(job.links for job in plan.jobs):
        from polyrun.api.values import open_handover  # most documents pass no values, and need not pay for this

        handover = open_handover(given, plan, settings.given, scratch, cleanup)
    record = Record(settings, folders, given, run_id, started)
    cleanup.callback(record.close)
    if settings.audit.keep:
        record.audit = Audit(settings, folders, audited(given, plan, chosen, settings, run_id))
    engine = Engine(
        run_id,
        plan,
        Surroundings(
            document=plan.document,
            sandbox=chosen.sandbox,
            capabilities=chosen.capabilities,
            toolchains=toolchains,
            workspace=workspace,
            scratch=scratch,
            cache=cache,
            new_folder=RunFolders(folders.cache, scratch, cleanup).new,
            handover=handover,
        ),
        listener=record.listener(listener),
        fail_fast=settings.fail_fast,
        run_wall_s=settings.run_wall_s,
        downgrades=chosen.downgrades,
        diagnostics=diagnostics,
        log_path=record.log_path,
        collect=lambda: _collect(record.keep(workspace), plan, settings, handover),
        publish=record.publish,
    )
    if record.audit is not None:
        record.audit.halt = engine.cancel
    return engine


async def _choose(settings: Settings, plan: Plan, folders: Folders, kept: dict[str, Sandbox] | None) -> Chosen:
    """The sandbox that the settings want for `plan`, without what killed runs left in it."""
    chosen = await choose(
        settings.sandbox,
        settings.chain,
        settings.minimum,
        cache_folder=folders.cache,
        needs=[job.language.requirements for job in plan.jobs],
        options=docker_options(settings, stays=kept is not None),
        kept=kept,
    )
    chosen.sandbox.notes.clear()  # of the run before, where the sandbox stays
    await chosen.sandbox.reap()
    return chosen


async def _judged(plan: Plan, settings: Settings, folders: Folders, sandbox: Sandbox, scratch: str) -> Plan:
    """`plan` with what the static analysis says of its blocks."""
    if settings.policy == "off":
        return plan
    from polyrun.api.judging import check_allowed, judged

    check_allowed(settings)
    return await judged(plan, settings, folders, sandbox, scratch)


def _check_values(settings: Settings, plan: Plan) -> None:
    """Refuse values from outside that nobody imports, and the wish for exports that there are not."""
    if settings.given:
        from polyrun.api.values import check_given

        check_given(plan.document, settings.given)
    if _wants_exports(settings):
        from polyrun.api.exports import check_wanted

        check_wanted(plan, settings)


def _wants_exports(settings: Settings) -> bool:
    return bool(settings.get) or settings.save_to is not None


def _collect(kept: Kept, plan: Plan, settings: Settings, handover: Handover | None) -> Kept:
    """`kept` with the exports that the caller has asked for."""
    if handover is None or not _wants_exports(settings):
        return kept
    from polyrun.api.exports import hand_out

    return hand_out(plan, settings, handover, kept)


def _check_grants(settings: Settings, folders: Folders, given: Input) -> None:
    """Refuse grants that could not be carried out; nothing would tell later that they were not."""
    for flag, paths in (("--allow-read", settings.permissions.read), ("--allow-write", settings.permissions.write)):
        for path in paths:
            if os.path.realpath(path) == "/":
                raise UsageError(f"`{flag}={path}` would show the whole host", hint="name the folders that are needed")
            if not os.path.lexists(path):
                raise UsageError(f"`{flag}={path}`: there is no such file or folder", hint="create it first")
    if settings.audit.keep:
        check_out_of_reach(settings, folders, given.folder)
