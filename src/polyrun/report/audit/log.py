"""The audit log of one run: a listener that writes a record when a block ends, and is never silent when it cannot."""

from __future__ import annotations

import os
import time

from polyrun.model.errors import AuditUnavailable
from polyrun.model.events import Event, JobFinished, SecurityEvent
from polyrun.model.results import BlockResult, RunResult
from polyrun.report.audit.chain import Head, Key
from polyrun.report.audit.folder import AuditFolder
from polyrun.report.audit.records import AuditedRun, block_ended, denials, run_begins, run_ended, security_event
from polyrun.report.facts import Facts, number
from polyrun.report.neutral import safe_line

ROTATE_BYTES = 64 << 20


class AuditLog:
    """Writes what happens in `run` to the log in the folder `path`; `begin` comes first, then the events.

    A record that tells of something denied or found has reached the disk when it is written, with `sync` also the end
    of the run; the others reach it when the kernel writes what it holds. What goes wrong is kept in `failure`. Later
    records are tried all the same, and the first that succeeds says how many are missing (`lost`).
    """

    def __init__(
        self,
        path: str,
        run: AuditedRun,
        *,
        key: Key | None = None,
        max_bytes: int = ROTATE_BYTES,
        keep_files: int | None = None,
        sync: bool = False,
    ) -> None:
        self.failure: AuditUnavailable | None = None
        self.head: Head | None = None
        self._path = path
        self._run = run
        self._lost = 0
        self._sync = sync
        self._folder: AuditFolder | None = None
        self._key, self._max_bytes, self._keep_files = key, max_bytes, keep_files

    def begin(self) -> None:
        """Open the log, and write that the run begins. A log that cannot be opened is tried again later."""
        self._write(time.time(), run_begins(self._run), sync=False)

    def handle(self, event: Event) -> None:
        """Write the record of `event`, if it has one. Never raises."""
        if isinstance(event, JobFinished):
            self._write(event.time, block_ended(self._run, event.result), sync=_matters(event.result))
        elif isinstance(event, SecurityEvent) and event.kind != "downgrade":  # each record names the downgrades
            self._write(event.time, security_event(self._run, event.kind, event.message), sync=True)

    def end(self, result: RunResult) -> None:
        """Write how the run ended; `head` is then the end of the chain."""
        self._write(time.time(), run_ended(self._run, result), sync=self._sync or self._lost > 0)

    def close(self) -> None:
        """Let go of the log. Safe to call twice."""
        if self._folder is not None:
            self._folder.close()

    def _write(self, moment: float, facts: Facts, *, sync: bool) -> None:
        kept: Facts = {"time": number(moment), **facts, **({"lost": self._lost} if self._lost else {})}
        try:
            folder = self._folder = self._folder or self._open()
            self.head = folder.append(kept, sync=sync)
        except (OSError, ValueError, AuditUnavailable) as error:
            self._lost += 1
            self._fail(error)
            return
        self._lost = 0
        if folder.trouble is not None:
            self._fail(folder.trouble, "the audit log is written, but not safely")

    def _open(self) -> AuditFolder:
        return AuditFolder(self._path, max_bytes=self._max_bytes, keep_files=self._keep_files, key=self._key)

    def _fail(self, error: Exception, what: str = "the audit log is not written") -> None:
        if self.failure is not None:
            return
        hint = None
        if isinstance(error, AuditUnavailable):
            reason, hint = str(error), error.hint
        elif isinstance(error, OSError):
            strerror = error.strerror or str(error)
            where = error.filename if isinstance(error.filename, str) else os.path.join(self._path, "audit.jsonl")
            reason = f"`{where}`: {strerror[:1].lower()}{strerror[1:]}"
        else:
            reason = str(error)
        self.failure = AuditUnavailable(f"{what}: {safe_line(reason)}", hint=hint)


def _matters(block: BlockResult) -> bool:
    """Whether the record of `block` must not be lost with the machine's power."""
    return bool(block.findings or denials(block))
