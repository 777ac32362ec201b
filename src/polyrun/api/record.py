"""What stays of a run: its logs, the files its blocks wrote, and remarks for the user."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from polyrun.api.folders import Folders
from polyrun.api.reading import Input
from polyrun.config.settings import Settings
from polyrun.execute.emitter import Listener
from polyrun.execute.engine import Kept
from polyrun.execute.exit_code import BLOCK_FAILED
from polyrun.model.errors import UsageError
from polyrun.model.events import Event, RunFinished, SecurityEvent
from polyrun.model.frozen import replace
from polyrun.model.results import RunResult
from polyrun.report.log import RunLog
from polyrun.sandbox.artifacts import collect
from polyrun.sandbox.base import Workspace

if TYPE_CHECKING:
    from polyrun.api.audit import Audit
    from polyrun.report.html import HtmlReport

_PREFIX, _SUFFIX = "run_", ".files"
_KEPT_RUNS = 20
_TOLD = 5


class Record:
    """Keeps the record of one run: logs and files in the folder that the settings name, and the page they ask for.

    `audit` is the run's part of the audit log, if one is kept. Raises `UsageError` for a page that cannot be written.
    """

    def __init__(self, settings: Settings, folders: Folders, given: Input, run_id: str, started: float) -> None:
        self.audit: Audit | None = None
        self._folder = os.fspath(settings.log_dir or folders.logs)
        self._given = given
        self._run_id = run_id
        self._page = _page(settings, given) if settings.report_to is not None else None
        self._log = None
        if settings.keep_logs:
            self._log = RunLog(self._folder, started, level=settings.log_level, file=settings.log_file)

    @property
    def log_path(self) -> str | None:
        """The log for people, if there is one."""
        return self._log.path if self._log else None

    def listener(self, other: Listener | None) -> Listener:
        """A listener that records each event and then tells `other`."""

        def tell(event: Event) -> None:
            if self._log is not None:
                self._log.handle(event)
            if self._page is not None:
                self._page.handle(event)
            if other is not None:
                other(event)

        def listen(event: Event) -> None:
            audit = self.audit
            if audit is None:
                tell(event)
                return
            audit.handle(event)
            if not isinstance(event, RunFinished):  # which is the last one
                tell(event)
            news = audit.news()
            if news is not None:
                tell(SecurityEvent(event.time, "audit", news))
            if isinstance(event, RunFinished):
                tell(event)

        return listen

    def close(self) -> None:
        """Close what is open and remove the logs of old runs. Safe to call twice."""
        if self.audit is not None:
            self.audit.close()
        if self._page is not None:
            self._page.close()
        if self._log is not None:
            self._log.close()

    def publish(self, result: RunResult) -> RunResult:
        """Write the page that was asked for, and the end of the audit log. Without them a note says why.

        A run without its page has failed.
        """
        result = self._publish_page(result)
        return result if self.audit is None else self.audit.end(result)

    def _publish_page(self, result: RunResult) -> RunResult:
        if self._page is None:
            return result
        try:
            self._page.write(result)
        except OSError as error:
            note = f"`{self._page.path}` is not written: {error.strerror or error}"
            code = result.exit_code or BLOCK_FAILED
            status = "failed" if result.ok else result.status
            return replace(result, notes=(*result.notes, note), exit_code=code, status=status)
        return replace(result, report=self._page.path)

    def keep(self, workspace: Workspace) -> Kept:
        """Keep what the blocks wrote into the overlay; call it when every box is gone."""
        notes = []
        if self._log is not None and self._log.warning is not None:
            notes.append(self._log.warning)
        if self._given.changed():
            name = self._given.source.name
            notes.append(f"`{name}` was changed while it ran; this run used it as it was at the start")
        folder = os.path.join(self._folder, f"{_PREFIX}{self._run_id}{_SUFFIX}")
        if self._log is not None and self._log.path is not None and os.path.dirname(self._log.path) == self._folder:
            folder = os.path.splitext(self._log.path)[0] + _SUFFIX  # beside the log, under its name
        try:
            changes = collect(workspace, folder)
        except OSError as error:
            notes.append(f"what the blocks wrote is not kept: `{folder}`: {error.strerror or error}")
            return Kept(notes=tuple(notes))
        notes += [f"`{path}` is not kept: {reason}" for path, reason in changes.not_kept[:_TOLD]]
        if len(changes.not_kept) > _TOLD:
            notes.append(f"{len(changes.not_kept) - _TOLD} more files are not kept")
        if changes.files:
            self._prune()
        return Kept(changes.files, folder if changes.files else None, tuple(notes))

    def _prune(self) -> None:
        """Remove the artifacts of all runs but the newest few; the names sort by time."""
        import shutil

        with suppress(OSError):
            names = [name for name in os.listdir(self._folder) if name.startswith(_PREFIX) and name.endswith(_SUFFIX)]
            for name in sorted(names)[:-_KEPT_RUNS]:
                shutil.rmtree(os.path.join(self._folder, name), ignore_errors=True)


def _page(settings: Settings, given: Input) -> HtmlReport:
    from polyrun.report.html import HtmlReport  # most runs are not asked for a page, and need not pay for it

    assert settings.report_to is not None
    path = os.fspath(settings.report_to)
    if given.path is not None and os.path.exists(path) and os.path.samefile(path, given.path):
        raise UsageError(f"`--report {path}` would overwrite the document", hint="name another file, such as out.html")
    return HtmlReport(path)
