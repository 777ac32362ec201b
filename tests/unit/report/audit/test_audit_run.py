"""What the records of a run say, and what becomes of those that could not be written."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit_story import audited, current, stored
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.events import Event, JobFinished, RunFinished, SecurityEvent
from polyrun.model.frozen import replace
from polyrun.model.outcomes import Status
from polyrun.model.permissions import Permissions
from polyrun.model.spans import Span
from polyrun.report.audit.chain import MAX_RECORD
from polyrun.report.audit.log import AuditLog
from polyrun.report.audit.records import AuditedRun, denials
from polyrun.report.audit.verifying import verify
from report_story import NOON, Part, Story, story


@contextmanager
def opened(folder: Path, told: Story, run: AuditedRun | None = None) -> Iterator[AuditLog]:
    log = AuditLog(str(folder), run or audited(told))
    log.begin()
    try:
        yield log
    finally:
        log.close()


def keep(folder: Path, told: Story) -> list[dict[str, object]]:
    """The records of the run that `told` is about."""
    with opened(folder, told) as log:
        for event in told.events():
            log.handle(event)
            if isinstance(event, RunFinished):
                log.end(event.result)
        assert log.failure is None
        assert str(log.head) == f"{verify(str(folder)).head}"
    return [json.loads(line) for line in stored(folder)]


def _with(event: Event, **changes: object) -> Event:
    """`event` with another result of its block, if it has one."""
    return replace(event, result=replace(event.result, **changes)) if isinstance(event, JobFinished) else event


def test_a_run_is_a_beginning_its_blocks_and_an_end(tmp_path: Path) -> None:
    told = story(Part(name="load"), Part(language="bash", status=Status.NONZERO_EXIT, exit_code=3, reason="it failed"))
    first, load, failed, last = keep(tmp_path, told)
    assert {record["run_id"] for record in (first, load, failed, last)} == {"r1"}
    about = {"document": "story.mix", "folder": "/somewhere", "document_sha256": "d0c5" * 16}
    box = {"sandbox": "bubblewrap", "level": 2, "downgrades": ["`docker` is not used: no engine"]}
    assert about.items() <= first.items()
    assert box.items() <= first.items()
    assert (first["kind"], first["blocks"], first["uid"], first["polyrun"]) == ("run", 2, 1000, "0")
    assert (about | box).items() <= load.items()
    assert (load["kind"], load["time"], load["block"], load["name"], load["line"]) == ("block", NOON + 1, 1, "load", 1)
    assert (load["language"], load["code_sha256"], load["ran"], load["status"]) == ("python", "c0de" * 16, True, "ok")
    usage = {"wall_s": 0.03, "cpu_s": 0.02, "memory_bytes": 9 << 20, "processes": 1}
    assert load["usage"] == usage | {"disk_bytes": None, "output_bytes": None}
    assert isinstance(load["limits"], dict)
    assert load["limits"]["memory_bytes"] == 512 << 20
    assert load["permissions"] == {
        "net": True, "read": ["/data"], "write": [], "write_workspace": False, "env": ["TOKEN"],
        "total": 2, "sha256": hashlib.sha256(b"/data\0\0\0TOKEN\0").hexdigest(),
    }  # fmt: skip
    assert load["enforced"] == sorted(str(word) for word in told.parts[0].enforced)
    assert (load["findings"], load["denials"], load["reason"]) == ([], [], None)
    assert (failed["name"], failed["status"], failed["exit_code"], failed["reason"]) == (
        None, "nonzero_exit", 3, "it failed",
    )  # fmt: skip
    assert (last["kind"], last["status"], last["exit_code"], last["wall_s"]) == ("end", "failed", 1, 0.41)


def test_no_name_can_forge_a_record(tmp_path: Path) -> None:
    forged = '\n{"schema": "polyrun.audit/1", "seq": 1}\r\u2028\x1b[2K\x85\ud800", "status": "ok'
    told = story(Part(name=forged, reason=forged, status=Status.NONZERO_EXIT, exit_code=1))
    told.source.name = f"a{forged}.mix"
    records = keep(tmp_path, told)
    shown = forged.replace("\ud800", "\ufffd")
    assert [record["kind"] for record in records] == ["run", "block", "end"]
    assert (records[1]["name"], records[1]["status"]) == (shown, "nonzero_exit")
    assert {record["document"] for record in records} == {f"a{shown}.mix"}
    text = current(tmp_path).read_text("utf-8")
    assert len(text.splitlines()) == 3
    assert not {"\r", "\x1b", "\u2028", "\x85"} & set(text)


@pytest.mark.parametrize("character", ["\U0001f600", "\x1b", "\u202e"])
def test_what_a_document_says_has_a_bound(tmp_path: Path, character: str) -> None:
    long = character * 100_000
    found = Diagnostic(Code.NONZERO_EXIT, Severity.ERROR, long, Label(Span(0, 1)), hint=long)
    told = story(Part(name=long, reason=long, status=Status.BLOCKED, problem=found))
    told.source.name = long
    texts = (long,) * 1000
    all_long = Permissions(read=texts, write=texts, env=texts)
    run = audited(told, folder=long)
    blocks = {index: replace(allowed, permissions=all_long) for index, allowed in run.blocks.items()}
    with opened(tmp_path, told, replace(run, blocks=blocks, downgrades=texts)) as log:
        for event in told.events():
            log.handle(_with(event, findings=(found,) * 1000, toolchain=long))
        assert log.failure is None
    assert max(map(len, stored(tmp_path))) < MAX_RECORD


def test_findings_stand_with_their_lines(tmp_path: Path) -> None:
    told = story(Part(status=Status.BLOCKED))
    found = Diagnostic(Code.NONZERO_EXIT, Severity.WARNING, "is risky", Label(Span(13, 17)))
    with opened(tmp_path, told) as log:
        for event in told.events():
            log.handle(_with(event, findings=(found,)))
    record = json.loads(stored(tmp_path)[1])
    assert record["findings"] == [{"code": "PR501", "severity": "warning", "line": 2, "message": "is risky"}]


def test_the_worst_findings_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    told = story(Part(status=Status.BLOCKED))
    severities = [*[Severity.NOTE] * 20, Severity.WARNING, *[Severity.NOTE] * 3, Severity.ERROR, Severity.WARNING]
    found = tuple(
        Diagnostic(Code.NONZERO_EXIT, severity, f"{number}", Label(Span(0, 1)))
        for number, severity in enumerate(severities)
    )
    with opened(tmp_path, told) as log:
        for event in told.events():
            log.handle(_with(event, findings=found))
    record = json.loads(stored(tmp_path)[1])
    assert [one["message"] for one in record["findings"]] == ["24", "20", "25", *map(str, range(13))]
    assert record["findings_total"] == 26


def test_grants_that_are_not_listed_are_counted_and_vouched_for(tmp_path: Path) -> None:
    told = story(Part())
    run = audited(told)
    read, write, codes = ([f"{letter}{number}" for number in range(40)] for letter in ("/r/\ud800", "/w/", "PR"))
    granted = Permissions(read=tuple(read), write=tuple(write), env=("TOKEN",))
    blocks = {index: replace(allowed, permissions=granted) for index, allowed in run.blocks.items()}
    with opened(tmp_path, told, replace(run, blocks=blocks, passed=tuple(codes))) as log:
        for event in told.events():
            log.handle(event)
    first, block = (json.loads(line) for line in stored(tmp_path)[:2])
    given = block["permissions"]
    assert (given["write"], given["total"]) == (write[:16], 81)
    listed = b"".join(text.encode("utf-8", "surrogatepass") + b"\0" for text in [*read, "", *write, "", "TOKEN"])
    assert given["sha256"] == hashlib.sha256(listed).hexdigest()
    assert (first["allow"], first["allow_total"]) == (codes[:16], 40)
    assert first["allow_sha256"] == hashlib.sha256("".join(f"{code}\0" for code in codes).encode()).hexdigest()


def _denied(status: Status, hint: str | None) -> list[tuple[object, object]]:
    found = Diagnostic(Code.PERMISSION_NEEDED, Severity.ERROR, "it asks", Label(Span(0, 1)), hint=hint)
    told = story(Part(status=status, reason="it asks", problem=found))
    return [(one["by"], one["hint"]) for one in denials(told.result().blocks[0])]


def test_what_was_denied() -> None:
    assert _denied(Status.BLOCKED, "run again") == [("policy", "run again")]
    assert _denied(Status.NONZERO_EXIT, "if so, `--allow-net` allows it") == [
        ("sandbox", "if so, `--allow-net` allows it")
    ]
    assert _denied(Status.NONZERO_EXIT, "give it more") == []
    assert denials(story(Part()).result().blocks[0]) == []


def test_what_happens_to_the_isolation_has_a_record(tmp_path: Path) -> None:
    with opened(tmp_path, story(Part())) as log:
        log.handle(SecurityEvent(NOON, "downgrade", "in every record already"))
        log.handle(SecurityEvent(NOON, "escape", "seen"))
    first, second = (json.loads(line) for line in stored(tmp_path))
    assert first["kind"] == "run"
    assert (second["kind"], second["event"], second["message"]) == ("security", "escape", "seen")


def test_the_first_record_that_gets_through_counts_those_that_did_not(tmp_path: Path) -> None:
    told = story(Part(), Part(), Part())
    with opened(tmp_path, told) as log:
        for event in told.events():
            if isinstance(event, JobFinished):
                current(tmp_path).chmod(0o600 if event.block.index == 3 else 0o666)
            log.handle(event)
        assert log.failure is not None
        assert "can be written by others" in str(log.failure)
    first, second = (json.loads(line) for line in stored(tmp_path))
    assert (first["kind"], second["block"], second["lost"]) == ("run", 3, 2)
    assert verify(str(tmp_path)).ok


def test_a_log_that_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    told, place = story(Part(), Part()), tmp_path / "audit"
    place.write_text("in the way")
    with opened(place, told) as log:
        for event in told.events():
            if isinstance(event, JobFinished) and event.block.index == 2:
                place.unlink()
            log.handle(event)
        assert "file exists" in str(log.failure)
        assert log.head is not None
    (record,) = (json.loads(line) for line in stored(place))
    assert (record["kind"], record["block"], record["lost"]) == ("block", 2, 2)


def test_a_record_that_is_there_is_not_lost_when_the_disk_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with opened(tmp_path, story(Part())) as log:
        monkeypatch.setattr(os, "fsync", fail)
        log.handle(SecurityEvent(NOON, "escape", "seen"))
        monkeypatch.undo()
        log.handle(SecurityEvent(NOON, "escape", "seen again"))
        told = f"the audit log is written, but not safely: `{tmp_path}/audit.jsonl`: input/output error"
        assert str(log.failure) == told
    records = [json.loads(line) for line in stored(tmp_path)]
    assert [record.get("message") for record in records] == [None, "seen", "seen again"]
    assert not any("lost" in record for record in records)
    assert verify(str(tmp_path)).records == 3


@pytest.mark.parametrize("make", ["file", "parent", "null"])
def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, make: str) -> None:
    (tmp_path / "file").write_text("")
    place = {"file": tmp_path / "file", "parent": tmp_path / "file" / "audit", "null": Path("/dev/null/audit")}[make]
    with opened(place, story(Part())) as log:
        assert log.failure is not None
        assert str(log.failure).startswith(
            f"the audit log is not written: `{'/dev/null' if make == 'null' else tmp_path}"
        )
        for event in story(Part()).events():
            log.handle(event)
    assert log.head is None
