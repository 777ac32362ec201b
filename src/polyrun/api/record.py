"""What stays of a run: its logs, the files its blocks wrote, and remarks for the user."""

from __future__ import annotations

from pathlib import Path

from polyrun.api.folders import Folders
from polyrun.api.reading import Input
from polyrun.config.settings import Settings
from polyrun.execute.emitter import Listener
from polyrun.execute.engine import Kept
from polyrun.model.events import Event
from polyrun.report.log import RunLog
from polyrun.sandbox.base import Workspace


class Record:
    """Keeps the record of one run, in the log folder the settings name."""

    def __init__(self, settings: Settings, folders: Folders, given: Input, run_id: str, started: float) -> None:
        self._folder = Path(settings.log_dir or folders.logs)
        self._given = given
        self._run_id = run_id
        self._log = None
        if settings.keep_logs:
            self._log = RunLog(self._folder, started, level=settings.log_level, file=settings.log_file)

    @property
    def log_path(self) -> str | None:
        """The log for people, if there is one."""
        return str(self._log.path) if self._log and self._log.path else None

    def listener(self, other: Listener | None) -> Listener:
        """A listener that logs each event and then tells `other`."""

        def listen(event: Event) -> None:
            if self._log is not None:
                self._log.handle(event)
            if other is not None:
                other(event)

        return listen

    def close(self) -> None:
        """Close the logs and remove those of old runs. Safe to call twice."""
        if self._log is not None:
            self._log.close()

    def keep(self, workspace: Workspace) -> Kept:
        """Keep what the blocks wrote; call it when every box is gone."""
        notes = []
        if self._log is not None and self._log.warning is not None:
            notes.append(self._log.warning)
        if self._given.changed():
            notes.append(
                f"`{self._given.source.name}` was changed while it ran; this run used it as it was at the start"
            )
        return Kept(notes=tuple(notes))
