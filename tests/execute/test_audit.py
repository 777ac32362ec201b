"""The audit log of real runs: what it holds, who cannot reach it, and what happens when it cannot be written."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import polyrun
from audit_story import current, stored
from polyrun.api import Selection
from polyrun.config.settings import AuditSettings, Settings
from polyrun.model.events import Event, JobFinished, Output, SecurityEvent
from polyrun.model.frozen import replace
from polyrun.model.permissions import Permissions

ONE = "#lang:bash name=one\necho hi\n#end\n"
PLAIN = ONE.replace(" name=one", "")


def document(folder: Path, text: str) -> Path:
    place = folder / "work" / "doc.mix"
    place.parent.mkdir(exist_ok=True)
    place.write_text(text)
    return place


def kept(folder: Path, **audit: object) -> Settings:
    return replace(Settings(), audit=replace(AuditSettings(dir=folder / "audit"), **audit))


def key(folder: Path, secret: bytes = b"a key of twenty byte", mode: int = 0o600) -> Path:
    place = folder / "audit.key"
    place.write_bytes(secret)
    place.chmod(mode)
    return place


def test_a_run_leaves_its_records_and_the_head_of_the_chain(tmp_path: Path) -> None:
    network = 'import socket; socket.create_connection(("192.0.2.1", 80))\n'
    place = document(tmp_path, f"{ONE}#lang:python memory=99m\n{network}#end\n#lang:bash net=on\n:\n#end\n")
    settings = kept(tmp_path)
    result = polyrun.run(place, settings)
    found = polyrun.audit_verify(settings)
    assert (found.records, found.fault) == (5, None)
    assert result.audit_head == str(found.head) == str(polyrun.audit_head(settings))
    assert polyrun.audit_verify(settings, head=result.audit_head).ok
    one, denied, blocked = polyrun.audit_records(settings, Selection(brackets=False))
    assert one.facts["code_sha256"] == hashlib.sha256(b"echo hi\n").hexdigest()
    assert one.facts["document_sha256"] == hashlib.sha256(place.read_bytes()).hexdigest()
    assert (one.facts["folder"], one.text("document")) == (str(place.parent), "doc.mix")
    assert one.facts["enforced"] == list(result.blocks[0].enforced)
    limits = denied.facts["limits"]
    assert isinstance(limits, dict)
    assert limits["memory_bytes"] == 99 << 20
    listed = denied.facts["denials"], blocked.facts["denials"]
    assert [[one["by"] for one in denials] for denials in listed if isinstance(denials, list)] == [
        ["sandbox"],
        ["policy"],
    ]
    assert (blocked.text("status"), blocked.facts["ran"]) == ("blocked", False)


def test_a_downgrade_stands_in_every_record_of_its_run(tmp_path: Path) -> None:
    settings = replace(kept(tmp_path), chain=("nothing", "local"), minimum=0)
    polyrun.run(document(tmp_path, ONE), settings)
    told = [record.facts["downgrades"] for record in polyrun.audit_records(settings, Selection(brackets=False))]
    assert told == [["`nothing` is not used: there is no such sandbox"]]


def test_runs_on_one_loop_do_not_mix(tmp_path: Path) -> None:
    settings = kept(tmp_path)
    place = document(tmp_path, PLAIN * 3)

    async def main() -> list[polyrun.RunResult]:
        return await asyncio.gather(*(polyrun.arun(place, settings) for _ in range(5)))

    results = asyncio.run(main())
    found = polyrun.audit_verify(settings)
    assert (found.records, found.fault) == (25, None)
    assert str(found.head) in {result.audit_head for result in results}
    assert all(polyrun.audit_verify(settings, head=result.audit_head).ok for result in results)


def test_without_a_log_nothing_is_written(tmp_path: Path) -> None:
    result = polyrun.run(document(tmp_path, ONE), kept(tmp_path, keep=False))
    assert (result.ok, result.audit_head) == (True, None)
    assert not (tmp_path / "audit").exists()


def test_a_block_cannot_change_the_log_even_if_it_lies_beside_its_document(tmp_path: Path) -> None:
    place = document(
        tmp_path, "#lang:bash\necho forged >>audit/audit.jsonl; rm -f audit/audit.lock; cat audit/audit.jsonl\n#end\n"
    )
    settings = kept(place.parent)
    first, result = polyrun.run(place, settings), polyrun.run(place, settings)
    assert first.ok
    assert result.ok
    assert b"forged" in result.blocks[0].stdout, "it had its try"
    found = polyrun.audit_verify(settings)
    assert (found.records, found.fault) == (6, None)


def _whole(folder: Path) -> Permissions:
    return Permissions(write=(str(folder),))


def _inside(folder: Path) -> Permissions:
    return Permissions(write=(str(folder / "audit" / "audit.jsonl"),))


def _link(folder: Path) -> Permissions:
    (folder / "link").symlink_to(folder / "audit")
    return Permissions(write=(str(folder / "link"),))


@pytest.mark.parametrize("grant", [_whole, _inside, _link])
def test_a_grant_to_write_the_log_is_refused(tmp_path: Path, grant: Callable[[Path], Permissions]) -> None:
    settings = kept(tmp_path)
    place = document(tmp_path, ONE)
    polyrun.run(place, settings)
    before = stored(tmp_path / "audit")
    with pytest.raises(polyrun.UsageError, match="would let blocks change the audit log"):
        polyrun.run(place, replace(settings, permissions=grant(tmp_path)))
    assert stored(tmp_path / "audit") == before
    assert polyrun.run(place, replace(settings, permissions=Permissions(write=(str(place.parent),)))).ok
    assert polyrun.run(place, replace(kept(tmp_path, keep=False), permissions=_whole(tmp_path))).ok


@pytest.mark.parametrize("shown", [".", "audit", "audit/audit.lock"])
def test_a_grant_to_read_the_log_is_refused(tmp_path: Path, shown: str) -> None:
    """Whoever can open its lock can hold it."""
    settings = kept(tmp_path)
    place = document(tmp_path, ONE)
    polyrun.run(place, settings)
    before = stored(tmp_path / "audit")
    granted = Permissions(read=(str(tmp_path / shown),))
    with pytest.raises(polyrun.UsageError, match="would let blocks read the audit log"):
        polyrun.run(place, replace(settings, permissions=granted))
    assert stored(tmp_path / "audit") == before
    assert polyrun.run(place, replace(settings, permissions=Permissions(read=(str(place.parent),)))).ok
    assert polyrun.run(place, replace(kept(tmp_path, keep=False), permissions=granted)).ok


HOLDING = """#lang:python
import fcntl, time
lock = open("audit/audit.lock")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(2)
#end
"""


def test_a_block_that_sees_the_lock_beside_its_document_does_not_hold_it(tmp_path: Path) -> None:
    place = document(tmp_path, HOLDING)
    settings = kept(place.parent)
    polyrun.run(document(tmp_path, ONE), settings)
    document(tmp_path, HOLDING)
    tried: list[bool] = []
    free: list[bool] = []

    def listen(event: Event) -> None:
        if isinstance(event, Output):
            tried.append(True)
            with (place.parent / "audit" / "audit.lock").open() as lock, suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                free.append(True)

    assert polyrun.run(place, settings, on_event=listen).ok
    assert free == tried != []
    assert polyrun.audit_verify(settings).records == 6


def test_a_grant_to_write_the_way_to_the_log_is_refused(tmp_path: Path) -> None:
    """A link on that way could be turned."""
    (tmp_path / "real").mkdir()
    (tmp_path / "way").mkdir()
    (tmp_path / "way" / "log").symlink_to(tmp_path / "real")
    settings = replace(kept(tmp_path / "way" / "log"), permissions=_whole(tmp_path / "way"))
    with pytest.raises(polyrun.UsageError, match="would let blocks change the audit log"):
        polyrun.run(document(tmp_path, ONE), settings)


def test_a_grant_to_write_the_documents_folder_with_the_log_in_it_is_refused(tmp_path: Path) -> None:
    place = document(tmp_path, ONE)
    settings = replace(kept(place.parent), permissions=Permissions(write_workspace=True))
    with pytest.raises(polyrun.UsageError, match="`--allow-write` would let blocks change the audit log"):
        polyrun.run(place, settings)


def test_records_can_be_sealed_with_a_key(tmp_path: Path) -> None:
    settings = kept(tmp_path, key_file=key(tmp_path))
    polyrun.run(document(tmp_path, ONE), settings)
    assert polyrun.audit_verify(settings).sealed
    with pytest.raises(polyrun.UsageError, match="is sealed with a key"):
        polyrun.audit_verify(kept(tmp_path))
    result = polyrun.run(document(tmp_path, ONE), kept(tmp_path))
    assert result.ok
    assert "is sealed with a key, and no key is set" in result.notes[-1]
    assert polyrun.audit_verify(settings).records == 3
    key(tmp_path, b"another key, long enough")
    found = polyrun.audit_verify(settings).fault
    assert found is not None
    assert found.kind == "wrong_key"


@pytest.mark.parametrize(
    ("secret", "mode", "reason"),
    [
        (b"x" * 15, 0o600, "has not from 16 to 4096 bytes"),
        (b"x" * 4097, 0o600, "has not from 16 to 4096 bytes"),
        (b"x" * 16, 0o640, "can be read by others"),
        (b"x" * 16, 0o604, "can be read by others"),
    ],
)
def test_a_key_that_is_no_secret_is_refused(tmp_path: Path, secret: bytes, mode: int, reason: str) -> None:
    settings = kept(tmp_path, key_file=key(tmp_path, secret, mode))
    for use in (lambda: polyrun.run(document(tmp_path, ONE), settings), lambda: polyrun.audit_verify(settings)):
        with pytest.raises(polyrun.UsageError, match=reason):
            use()
    assert not (tmp_path / "audit").exists()


def test_a_key_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who runs this may be an ordinary user, who cannot give a file away: so the user is said to be another one."""
    settings = kept(tmp_path, key_file=key(tmp_path))
    if os.geteuid() == 0:
        os.chown(tmp_path / "audit.key", 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(polyrun.UsageError, match=r"key `.*` belongs to another user"):
        polyrun.audit_verify(settings)


@pytest.mark.parametrize("name", ["absent", "", "pipe"])
def test_a_key_that_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(polyrun.UsageError, match="the audit log's key"):
        polyrun.run(document(tmp_path, ONE), kept(tmp_path, key_file=tmp_path / name))


def test_a_key_that_blocks_could_read_is_refused(tmp_path: Path) -> None:
    place = document(tmp_path, ONE)
    beside = kept(tmp_path, key_file=key(place.parent))
    with pytest.raises(polyrun.UsageError, match="blocks could read the audit log's key"):
        polyrun.run(place, beside)
    granted = replace(kept(tmp_path, key_file=key(tmp_path)), permissions=Permissions(read=(str(tmp_path),)))
    with pytest.raises(polyrun.UsageError, match="blocks could read the audit log's key"):
        polyrun.run(place, granted)


def test_a_log_that_cannot_be_written_is_a_warning_everywhere(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("a file")
    events: list[Event] = []
    settings = replace(kept(tmp_path), log_dir=tmp_path / "logs")
    result = polyrun.run(document(tmp_path, PLAIN * 3), settings, on_event=events.append)
    told = f"the audit log is not written: `{tmp_path}/audit`: file exists"
    assert result.ok
    assert result.notes == (told,)
    assert [event.message for event in events if isinstance(event, SecurityEvent)] == [told]
    assert result.log_path is not None
    log = Path(result.log_path)
    assert log.read_text().count(f"ERROR security: audit: {told}") == 1
    assert json.loads(log.with_suffix(".jsonl").read_text().splitlines()[-1])["notes"] == [told]


def test_where_it_must_be_written_and_cannot_nothing_is_started(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("a file")
    events: list[Event] = []
    with pytest.raises(polyrun.AuditUnavailable, match="the audit log is not written"):
        polyrun.run(document(tmp_path, ONE), kept(tmp_path, on_failure="refuse"), on_event=events.append)
    assert events == []


def _spoil(folder: Path, index: int) -> Callable[[Event], None]:
    """Makes the log one that is not written to, when block `index` has ended."""

    def listen(event: Event) -> None:
        if isinstance(event, JobFinished) and event.block.index == index:
            current(folder).chmod(0o666)

    return listen


def test_where_it_must_be_written_a_failure_ends_the_run(tmp_path: Path) -> None:
    settings = kept(tmp_path, on_failure="refuse")
    result = polyrun.run(document(tmp_path, PLAIN * 4), settings, on_event=_spoil(tmp_path / "audit", 1))
    assert [block.status.value for block in result.blocks] == ["ok", "ok", "cancelled", "cancelled"]
    assert (result.status, result.exit_code) == ("failed", 4)
    assert "can be written by others" in result.notes[-1]
    assert "not started: the audit log is not written" in (result.blocks[2].reason or "")


def test_where_it_must_be_written_its_last_record_counts_too(tmp_path: Path) -> None:
    settings = kept(tmp_path, on_failure="refuse")
    result = polyrun.run(document(tmp_path, ONE), settings, on_event=_spoil(tmp_path / "audit", 1))
    assert (result.blocks[0].ok, result.status, result.exit_code) == (True, "failed", 4)


def test_a_failure_on_the_way_is_a_warning_otherwise(tmp_path: Path) -> None:
    place = document(tmp_path, PLAIN * 3)
    events: list[Event] = []

    def listen(event: Event) -> None:
        events.append(event)
        _spoil(tmp_path / "audit", 1)(event)

    result = polyrun.run(place, kept(tmp_path), on_event=listen)
    assert result.ok
    kinds = [type(event).__name__ for event in events if not isinstance(event, Output)]
    assert kinds.count("SecurityEvent") == 1
    assert kinds[-1] == "RunFinished"


def test_a_sandbox_level_without_isolation_is_recorded_too(tmp_path: Path) -> None:
    settings = replace(kept(tmp_path), sandbox="local")
    assert polyrun.run(document(tmp_path, ONE), settings).ok
    assert [record.facts["level"] for record in polyrun.audit_records(settings, Selection(brackets=False))] == [0]


def test_a_documents_name_cannot_forge_a_record(tmp_path: Path) -> None:
    name = 'a\n{"schema": "polyrun.audit\u20481"}\r\x1b[2J\u2028\udcff", "seq": 9'
    place = tmp_path / name / f"{name}.mix"
    place.parent.mkdir()
    place.write_text(ONE)
    settings = kept(tmp_path)
    assert polyrun.run(place, settings).ok
    found = polyrun.audit_verify(settings)
    assert (found.records, found.fault) == (3, None)
    (record,) = polyrun.audit_records(settings, Selection(block="one"))
    shown = name.replace("\udcff", "\ufffd")
    assert (record.text("document"), record.text("folder")) == (f"{shown}.mix", str(tmp_path / shown))
    assert current(tmp_path / "audit").read_text("utf-8").count("\n") == 3


def test_single_pieces_of_code_are_recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert polyrun.run_code("print(1)")["success"]
    (record,) = polyrun.audit_records(selection=Selection(brackets=False))
    assert record.facts["code_sha256"] == hashlib.sha256(b"print(1)\n").hexdigest()
