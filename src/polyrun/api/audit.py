"""The audit log: kept while a document runs, read and verified afterwards."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import polyrun
from polyrun.api.folders import Folders, user_folders
from polyrun.api.reading import Input
from polyrun.config.places import is_under
from polyrun.config.settings import Settings
from polyrun.execute.exit_code import REFUSED
from polyrun.model.digest import sha256
from polyrun.model.errors import AuditUnavailable, UsageError
from polyrun.model.events import Event
from polyrun.model.frozen import replace
from polyrun.model.results import RunResult
from polyrun.plan import Plan
from polyrun.report.audit.chain import BEGINNING, Head, Key
from polyrun.report.audit.log import AuditLog
from polyrun.report.audit.records import Allowed, AuditedRun
from polyrun.sandbox.registry import Chosen

if TYPE_CHECKING:
    from polyrun.report.audit.selecting import AuditRecord, Selection
    from polyrun.report.audit.verifying import Verification

_KEY_BYTES = (16, 4096)
_HEAD_BYTES = 4096


class Audit:
    """Keeps the audit log of one run, as `settings` want it.

    `halt` is what ends the run early; set it before the first event. Raises `AuditUnavailable` where the log must be
    kept and cannot be, and `UsageError` for a key that is none.
    """

    def __init__(self, settings: Settings, folders: Folders, run: AuditedRun) -> None:
        self.halt: Callable[[str], object] = lambda _reason: None
        self._must = settings.audit.on_failure == "refuse"
        self._told = False
        self._log = AuditLog(
            audit_folder(settings, folders),
            run,
            key=_key(settings),
            max_bytes=settings.audit.max_bytes,
            keep_files=settings.audit.keep_files,
            sync=settings.audit.sync,
        )
        self._log.begin()
        if self._must and self._log.failure is not None:
            self._log.close()
            raise self._log.failure

    def handle(self, event: Event) -> None:
        """Record `event`. If it must be recorded and cannot be, the run is ended."""
        self._log.handle(event)
        if self._must and self._log.failure is not None:
            self.halt(f"not started: {self._log.failure}")

    def news(self) -> str | None:
        """What went wrong with the log, once."""
        failure = self._log.failure
        if failure is None or self._told:
            return None
        self._told = True
        return f"{failure} ({failure.hint})" if failure.hint else str(failure)

    def end(self, result: RunResult) -> RunResult:
        """Record how the run ended; the result then has the chain's head, or says what is missing."""
        self._log.end(result)
        if self._log.head is not None:
            result = replace(result, audit_head=str(self._log.head))
        failure = self._log.failure
        if failure is None:
            return result
        result = replace(result, notes=(*result.notes, str(failure)))
        return replace(result, exit_code=REFUSED, status="failed") if self._must else result

    def close(self) -> None:
        """Let go of the log. Safe to call twice."""
        self._log.close()


def audited(given: Input, plan: Plan, chosen: Chosen, settings: Settings, run_id: str) -> AuditedRun:
    """What is known of a run of `plan` before it begins."""
    allowed = {
        job.info.index: Allowed(sha256(job.block.code).hexdigest(), job.limits, job.permissions) for job in plan.jobs
    }
    return AuditedRun(
        run_id=run_id,
        source=given.source,
        document_sha256=sha256(given.source.data).hexdigest(),
        folder=given.folder,
        sandbox=chosen.capabilities.backend,
        level=chosen.capabilities.level,
        downgrades=chosen.downgrades,
        blocks=allowed,
        policy=settings.policy,
        passed=settings.allow,
        uid=os.getuid(),
        version=polyrun.__version__,
    )


def audit_folder(settings: Settings, folders: Folders) -> str:
    """Where the log of these settings is."""
    return os.fspath(settings.audit.dir or folders.audit)


def check_out_of_reach(settings: Settings, folders: Folders, workspace: str) -> None:
    """Refuse grants by which a block could change or read the log, or read its key. Raises `UsageError`.

    Reading is enough to hold the lock of the log, and so to keep the records of other runs out of it.
    """
    granted = settings.permissions
    written = [(f"--allow-write={path}", path) for path in granted.write]
    if granted.write_workspace:
        written.append(("--allow-write", workspace))
    place = audit_folder(settings, folders)
    for flag, path in written:
        if is_under(place, [path]) or is_under(path, [place]) or _lies_in(place, path):
            hint = "grant less, give the document a folder of its own, or set `audit.dir`"
            raise UsageError(f"`{flag}` would let blocks change the audit log in `{place}`", hint=hint)
    if settings.audit.key_file is not None:
        _check_key(os.fspath(settings.audit.key_file), (workspace, *granted.read, *granted.write))
    for path in granted.read:
        if is_under(place, [path]) or is_under(path, [place]):
            message = f"`--allow-read={path}` would let blocks read the audit log in `{place}`, and hold its lock"
            raise UsageError(message, hint="grant less, or set `audit.dir`")


def _check_key(key: str, shown: tuple[str, ...]) -> None:
    for path in shown:
        if is_under(key, [path]) or _lies_in(key, path):
            message = f"blocks could read the audit log's key `{key}`, because they may read `{path}`"
            raise UsageError(message, hint="keep the key elsewhere, in your configuration folder for instance")


def _lies_in(place: str, path: str) -> bool:
    """Whether `place` as it is written leads through `path`: a link there could be turned."""
    inner, outer = os.path.abspath(place), os.path.abspath(path)
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


def _key(settings: Settings) -> Key | None:
    return None if settings.audit.key_file is None else _read_key(os.fspath(settings.audit.key_file))


def _read_key(path: str) -> Key:
    """The key in the file at `path`, every byte of it. Raises `UsageError` for one that is no secret."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(f"the audit log's key `{path}`: {(error.strerror or str(error)).lower()}") from error
    try:
        state = os.fstat(descriptor)
        least, most = _KEY_BYTES
        if not stat.S_ISREG(state.st_mode):
            raise UsageError(f"the audit log's key `{path}` is no regular file")
        if state.st_uid not in (0, os.geteuid()):
            raise UsageError(f"the audit log's key `{path}` belongs to another user", hint="make one of your own")
        if state.st_mode & 0o077:
            raise UsageError(f"the audit log's key `{path}` can be read by others", hint=f"`chmod 600 {path}`")
        secret = os.read(descriptor, most + 1)
        if not least <= len(secret) <= most:
            message = f"the audit log's key `{path}` has not from {least} to {most} bytes"
            raise UsageError(message, hint=f"`head -c 32 /dev/urandom > {path}` makes one")
    finally:
        os.close(descriptor)
    return Key.of(secret)


def audit_verify(settings: Settings | None = None, *, head: str | os.PathLike[str] | None = None) -> Verification:
    """Check that the audit log of `settings` is what was written, and holds the `head` that was noted earlier.

    `head` is `SEQ HASH` as `audit_head` or `RunResult.audit_head` gave it, the hash alone, or the path of a file with
    that. A log that is not there is one without records, unless a head is given, or the settings name its folder or
    its key: somebody expects one then. Raises `UsageError` for that, when the log is sealed with a key and the settings
    name none, and for a head that is none; `AuditUnavailable` when it cannot be read.
    """
    from polyrun.report.audit.verifying import KeyNeeded, verify

    settings = settings or Settings()
    folder = audit_folder(settings, user_folders())
    key = _key(settings)
    wanted = None if head is None else _head(head)
    expected = key is not None or wanted is not None or settings.audit.dir is not None
    if expected and not os.path.lexists(folder):
        raise UsageError(f"there is no audit log in `{folder}`", hint="`--dir` or `audit.dir` names its folder")
    try:
        return verify(folder, key, wanted)
    except KeyNeeded:
        hint = "give it with `--key-file`, or set `audit.key-file`"
        raise UsageError(f"the log in `{folder}` is sealed with a key", hint=hint) from None
    except OSError as error:
        raise _unreadable(folder, error) from error


def audit_head(settings: Settings | None = None) -> Head:
    """The end of the audit log's chain as it stands; nothing is checked. Number 0 for a log without records.

    Raises `AuditUnavailable` when it cannot be read.
    """
    from polyrun.report.audit.reading import last_record

    folder = audit_folder(settings or Settings(), user_folders())
    try:
        last = last_record(folder)
    except OSError as error:
        raise _unreadable(folder, error) from error
    return BEGINNING if last is None else last.head


def audit_records(settings: Settings | None = None, selection: Selection | None = None) -> Iterator[AuditRecord]:
    """The records of the audit log that `selection` is about (all by default), oldest first; nothing is checked.

    Raises `AuditUnavailable` when it cannot be read.
    """
    from polyrun.report.audit.reading import lines
    from polyrun.report.audit.selecting import Selection, select

    folder = audit_folder(settings or Settings(), user_folders())
    try:
        yield from select(lines(folder), selection or Selection())
    except OSError as error:
        raise _unreadable(folder, error) from error


def _head(given: str | os.PathLike[str]) -> tuple[int | None, str]:
    from polyrun.report.audit.chain import parse_head

    text = os.fspath(given)
    found = parse_head(text)
    if found is None:
        try:
            with open(text, encoding="ascii", errors="replace") as file:
                found = parse_head(file.read(_HEAD_BYTES))
        except (OSError, ValueError):
            found = None
    if found is None:
        hint = "give what `polyrun audit head` printed, or a file with it"
        raise UsageError(f"`{text[:100]}` is no head of an audit log, and no file with one", hint=hint)
    return found


def _unreadable(folder: str, error: OSError) -> AuditUnavailable:
    return AuditUnavailable(f"the audit log in `{folder}` cannot be read: {(error.strerror or str(error)).lower()}")
