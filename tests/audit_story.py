"""Audit logs to test with: written by the real writer, and changed as somebody with an editor would."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from polyrun.model.limits import Limits
from polyrun.model.permissions import Permissions
from polyrun.report.audit.chain import Key
from polyrun.report.audit.folder import CURRENT, AuditFolder
from polyrun.report.audit.records import Allowed, AuditedRun
from report_story import Story

KEY = Key.of(b"sixteen bytes at least")
OTHER_KEY = Key.of(b"another sixteen bytes")
LARGE = 1 << 20


def write(
    folder: Path, *words: str, key: Key | None = None, max_bytes: int = LARGE, keep_files: int | None = None
) -> None:
    """Append a record for each of `words`."""
    with closing(AuditFolder(str(folder), max_bytes=max_bytes, keep_files=keep_files, key=key)) as opened:
        for number, word in enumerate(words):
            opened.append({"time": 1000.0 + number, "kind": "block", "name": word}, sync=False)


def current(folder: Path) -> Path:
    return folder / CURRENT


def stored(folder: Path) -> list[bytes]:
    """The lines of the current file, with their ends."""
    return current(folder).read_bytes().splitlines(keepends=True)


def store(folder: Path, *lines: bytes) -> None:
    """Make `lines` the current file."""
    current(folder).write_bytes(b"".join(lines))


def audited(told: Story, folder: str = "/somewhere") -> AuditedRun:
    """What the composition would know of the run that `told` is about."""
    allowed = Allowed("c0de" * 16, Limits(), Permissions(net=True, read=("/data",), env=("TOKEN",)))
    return AuditedRun(
        run_id="r1",
        source=told.source,
        document_sha256="d0c5" * 16,
        folder=folder,
        sandbox=told.sandbox,
        level=told.level,
        downgrades=("`docker` is not used: no engine",),
        blocks={info.index: allowed for info in told.infos()},
        policy="block",
        passed=("PR704",),
        uid=1000,
        version="0",
    )
