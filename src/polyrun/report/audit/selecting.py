"""Choosing among the records of an audit log. They are taken as they stand; `verify` tells whether they are genuine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from polyrun.model.frozen import frozen
from polyrun.report.audit.reading import Line

BRACKETS = frozenset({"run", "end"})
"""The kinds of record that a run is between."""

_LATEST = 1e11  # seconds since the epoch: what calendars can say


@frozen
class AuditRecord:
    """One record: its number, its kind (`run`, `block`, `security`, `end`, `torn`, `pruned`), when, and all its keys.

    `time` is seconds since the epoch. `facts` are what stands in the file, by key (docs/audit.md).
    """

    sequence: int
    kind: str
    time: float
    facts: Mapping[str, object]

    def text(self, key: str) -> str:
        """What `key` says, as text; empty without it."""
        value = self.facts.get(key)
        return "" if value is None else str(value)


@frozen
class Selection:
    """Which records are wanted; what is not given does not matter.

    `since` and `until` are seconds since the epoch, both included. `statuses` and `languages` are words of which one
    must apply. `document` is a document's name or its path, `block` a block's name or number, `run` the beginning of
    a run's id. Without `brackets`, the beginnings and ends of runs are left out.
    """

    since: float | None = None
    until: float | None = None
    statuses: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    document: str | None = None
    block: str | None = None
    run: str | None = None
    brackets: bool = True


def select(lines: Iterable[Line], wanted: Selection) -> Iterator[AuditRecord]:
    """The records among `lines` that are `wanted`, in their order; lines that are no records are passed over."""
    for line in lines:
        record = _record(line)
        if record is not None and _applies(record, wanted):
            yield record


def _record(line: Line) -> AuditRecord | None:
    if line.record is None:
        return None
    facts = line.record.facts
    moment = facts.get("time")
    seconds = float(moment) if isinstance(moment, int | float) and 0 <= moment < _LATEST else 0.0
    return AuditRecord(line.record.sequence, str(facts.get("kind")), seconds, facts)


def _applies(record: AuditRecord, wanted: Selection) -> bool:
    if wanted.since is not None and record.time < wanted.since:
        return False
    if wanted.until is not None and record.time > wanted.until:
        return False
    text = record.text
    tests = (
        wanted.brackets or record.kind not in BRACKETS,
        not wanted.statuses or text("status") in wanted.statuses,
        not wanted.languages or text("language") in wanted.languages,
        wanted.document is None or _is_document(record, wanted.document),
        wanted.block is None or wanted.block in (text("name"), text("block")),
        wanted.run is None or text("run_id").startswith(wanted.run),
    )
    return all(tests)


def _is_document(record: AuditRecord, wanted: str) -> bool:
    name, folder = record.text("document"), record.text("folder")
    if "/" not in wanted:
        return name == wanted
    place, base = os.path.split(os.path.abspath(wanted))
    return name == base and folder == os.path.realpath(place)
