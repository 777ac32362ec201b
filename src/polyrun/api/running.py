"""Run a document: the composition root, where the parts meet."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from polyrun.api.folders import user_folders
from polyrun.api.reading import Input, as_input, runnable
from polyrun.api.standing import find_toolchains, registry_for
from polyrun.config.settings import Settings
from polyrun.execute.cache import BuildCache
from polyrun.execute.emitter import Listener
from polyrun.execute.engine import Engine
from polyrun.execute.surroundings import Surroundings
from polyrun.model.events import Event
from polyrun.model.results import RunResult
from polyrun.model.spans import Source
from polyrun.report.log import RunLog
from polyrun.sandbox.base import Workspace
from polyrun.sandbox.registry import choose


async def arun(
    document: str | os.PathLike[str] | Source,
    settings: Settings | None = None,
    *,
    on_event: Listener | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> RunResult:
    """Run `document` and return how every block ended.

    `document` is a path, or a `Source` that works in `folder` (by default the current one).
    `on_event` gets every event in order, on the event loop; an exception it raises ends the run and propagates.
    `settings` default to the built-in ones; `load_settings` reads configuration files.

    Raises `DocumentUnreadable`, `DocumentError` (with all diagnostics), `SandboxUnavailable`, and
    `SandboxError` when a sandbox breaks. What blocks do is never an exception. When the task is
    cancelled, every process is gone and every folder removed before the cancellation propagates.
    """
    settings = settings or Settings()
    given = as_input(document, folder)
    with ExitStack() as cleanup:
        engine = await _compose(given, settings, on_event, cleanup)
        return await engine.run()


def run(
    document: str | os.PathLike[str] | Source,
    settings: Settings | None = None,
    *,
    on_event: Listener | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> RunResult:
    """Like `arun`, for code without an event loop.

    In the main thread SIGINT and SIGTERM end the run in order: the result then has status `cancelled` and
    exit code 130. A second signal acts as if PolyRun had not asked for it.
    """
    settings = settings or Settings()
    given = as_input(document, folder)

    async def main() -> RunResult:
        with ExitStack() as cleanup:
            engine = await _compose(given, settings, on_event, cleanup)
            cleanup.enter_context(_Signals(engine.cancel))
            return await engine.run()

    return asyncio.run(main())


async def _compose(given: Input, settings: Settings, listener: Listener | None, cleanup: ExitStack) -> Engine:
    """Put one run together; `cleanup` undoes all of it."""
    folders = user_folders()
    plan, diagnostics = runnable(given, registry_for(given.folder), settings)
    chosen = await choose(settings.sandbox, settings.chain, settings.minimum, cache_folder=str(folders.cache))
    toolchains = await asyncio.to_thread(find_toolchains, [job.language for job in plan.jobs])
    scratch = tempfile.mkdtemp(prefix="polyrun-")
    cleanup.callback(shutil.rmtree, scratch, ignore_errors=True)
    work = scratch
    workspace = Workspace(
        given.folder, None if settings.permissions.write_workspace else os.path.join(scratch, "overlay")
    )
    started = time.time()
    run_id = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(started))}-{secrets.token_hex(3)}"
    log = RunLog(settings.log_dir or folders.logs, started, level=settings.log_level, file=settings.log_file)
    listeners = [log.handle, *([listener] if listener else [])]

    def tell(event: Event) -> None:
        for one in listeners:
            one(event)

    return Engine(
        run_id,
        plan,
        Surroundings(
            source=given.source,
            sandbox=chosen.sandbox,
            capabilities=chosen.capabilities,
            toolchains=toolchains,
            workspace=workspace,
            scratch=scratch,
            cache=BuildCache(folders.cache),
            new_folder=lambda: tempfile.mkdtemp(dir=work),
        ),
        listener=tell,
        fail_fast=settings.fail_fast,
        run_wall_s=settings.run_wall_s,
        downgrades=chosen.downgrades,
        diagnostics=diagnostics,
        log_path=str(log.path) if log.path else None,
    )


class _Signals:
    """While entered, the first SIGINT or SIGTERM calls `cancel`, and a second one has its default effect."""

    def __init__(self, cancel: Callable[[], None]) -> None:
        self._cancel = cancel
        self._loop = asyncio.get_running_loop()
        self._signals = (signal.SIGINT, signal.SIGTERM)

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in self._signals:
                self._loop.add_signal_handler(number, self._first)

    def _first(self) -> None:
        self._restore()
        self._cancel()

    def _restore(self) -> None:
        for number in self._signals:
            self._loop.remove_signal_handler(number)

    def __exit__(self, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            self._restore()
