"""Past runs, read back from the event logs in the log folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import IO

from polyrun.model.frozen import frozen
from polyrun.report.logfiles import stems

_HEAD_BYTES = 4 << 20
_TAIL_BYTES = 1 << 20
_EVENT_BYTES = 200
"""Within the first bytes of a line stands which event it is."""


@frozen
class PastRun:
    """One run as its event log tells it.

    `started` is seconds since the epoch. `status`, `exit_code` and `wall_s` are `None` when the log has no
    end, because the run is still going on or was killed. `tally` counts blocks by status. `log` is the event log.
    """

    run_id: str
    started: float
    document: str
    sandbox: str
    blocks: int
    status: str | None
    exit_code: int | None
    wall_s: float | None
    tally: dict[str, int]
    log: str


def read_history(folder: str | os.PathLike[str], limit: int = 20) -> list[PastRun]:
    """The newest `limit` runs logged in `folder`, newest first; files that are no event logs are passed over.

    Reads at most 5 MiB of each file. A folder that does not exist has no runs; other faults raise `OSError`.
    """
    try:
        newest = stems(os.fspath(folder))[::-1]
    except FileNotFoundError:
        return []
    runs: list[PastRun] = []
    for stem in newest:
        if len(runs) >= limit:
            break
        run = _read(os.path.join(folder, f"{stem.name}.jsonl"))
        if run is not None:
            runs.append(run)
    return runs


@frozen
class PastExport:
    """A value that a block of an earlier run exported: its name, the block, and the facts of `report.facts.value`."""

    name: str
    block: str
    facts: Mapping[str, object]


def read_exports(folder: str | os.PathLike[str], document: str) -> tuple[PastRun, tuple[PastExport, ...]] | None:
    """What the newest run of `document`, an absolute path, exported; `None` when no run of it is logged in `folder`.

    Raises `OSError` when the folder cannot be read.
    """
    wanted = {"document": os.path.basename(document), "folder": os.path.dirname(document)}
    try:
        newest = stems(os.fspath(folder))[::-1]
    except FileNotFoundError:
        return None
    for stem in newest:
        path = os.path.join(folder, f"{stem.name}.jsonl")
        with suppress(OSError), open(path, "rb") as file:
            head = _object(file.readline(_HEAD_BYTES), "run_started")
            if head is None or {key: head.get(key) for key in wanted} != wanted:
                continue
            run = _read(path)
            if run is not None:
                return run, tuple(_exports(file))
    return None


def _exports(lines: IO[bytes]) -> Iterator[PastExport]:
    while line := lines.readline(_HEAD_BYTES):
        if b'"job_finished"' not in line[:_EVENT_BYTES]:
            continue
        facts = _object(line, "job_finished") or {}
        exports = facts.get("exports")
        label = facts.get("name") or f"block {facts.get('block')}"
        for name, value in exports.items() if isinstance(exports, dict) else ():
            if isinstance(value, dict):
                yield PastExport(str(name), str(label), value)


def _read(path: str) -> PastRun | None:
    try:
        with open(path, "rb") as file:
            first = file.readline(_HEAD_BYTES)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            lines = file.read(_TAIL_BYTES).splitlines()
        head = _object(first, "run_started")
        tail = _object(lines[-1], "run_finished") if lines else None
    except OSError:
        return None
    if head is None:
        return None
    try:
        return _past_run(head, tail or {}, path)
    except (KeyError, TypeError, ValueError):
        return None


def _object(line: bytes, event: str) -> dict[str, object] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("event") == event else None


def _past_run(head: dict[str, object], tail: dict[str, object], path: str) -> PastRun:
    blocks, tally = head["blocks"], tail.get("tally", {})
    exit_code, wall_s, started = tail.get("exit_code"), tail.get("wall_s"), head["time"]
    if not isinstance(blocks, list) or not isinstance(tally, dict) or not isinstance(started, int | float):
        raise TypeError
    return PastRun(
        run_id=str(head["run_id"]),
        started=float(started),
        document=str(head["document"]),
        sandbox=str(head["sandbox"]),
        blocks=len(blocks),
        status=str(tail["status"]) if tail else None,
        exit_code=exit_code if isinstance(exit_code, int) else None,
        wall_s=float(wall_s) if isinstance(wall_s, int | float) else None,
        tally={str(status): int(number) for status, number in tally.items()},
        log=path,
    )
