from __future__ import annotations

import fcntl
import json
import os
import resource
import stat
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from audit_story import KEY, OTHER_KEY, current, store, stored, write
from polyrun.model.errors import AuditUnavailable
from polyrun.report.audit import folder as folder_module
from polyrun.report.audit import reading as reading_module
from polyrun.report.audit.chain import MAX_RECORD
from polyrun.report.audit.folder import LOCK, AuditFolder
from polyrun.report.audit.verifying import verify


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    place = tmp_path / "new" / "audit"
    write(place, "a")
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o600}
    assert names(place) == ["audit.jsonl", "audit.lock"]


def test_writers_go_on_from_one_another(tmp_path: Path) -> None:
    write(tmp_path, "a", "b")
    one, two = (AuditFolder(str(tmp_path), max_bytes=1 << 20) for _ in range(2))
    heads = [writer.append({"kind": "block"}, sync=sync) for writer, sync in ((one, True), (two, False), (one, False))]
    one.close()
    two.close()
    assert [head.sequence for head in heads] == [3, 4, 5]
    found = verify(str(tmp_path))
    assert (found.records, found.head, found.fault) == (5, heads[-1], None)


def test_full_files_get_the_number_of_their_last_record_and_the_chain_goes_on(tmp_path: Path) -> None:
    write(tmp_path, *"abcdefg", max_bytes=800)
    full = [name for name in names(tmp_path) if name.startswith("audit-")]
    assert len(full) >= 2
    for name in full:
        lines = (tmp_path / name).read_bytes().splitlines()
        assert json.loads(lines[-1])["seq"] == int(name[6:21])
        assert (tmp_path / name).stat().st_size <= 800
    found = verify(str(tmp_path))
    assert (found.records, found.first, found.fault, found.notes) == (7, 1, None, ())


def test_old_files_go_when_a_bound_is_set_and_the_log_says_so(tmp_path: Path) -> None:
    write(tmp_path, *"abcdefghijkl", max_bytes=800, keep_files=1)
    assert len([name for name in names(tmp_path) if name.startswith("audit-")]) == 1
    found = verify(str(tmp_path))
    assert found.fault is None
    assert found.first > 1
    assert found.notes == (
        f"the beginning is gone: the log starts at record {found.first}; it says that older files were removed",
    )


def test_a_file_that_cannot_be_removed_loses_no_record(tmp_path: Path) -> None:
    write(tmp_path, "a")
    (tmp_path / "audit-000000000000000.jsonl").mkdir()  # counts as the oldest full file, and no folder is unlinked
    with closing(AuditFolder(str(tmp_path), max_bytes=100, keep_files=1)) as writer:
        assert writer.append({"kind": "block"}, sync=True).sequence == 2
        troubles = [writer.trouble]
        (tmp_path / "audit-000000000000000.jsonl").rmdir()
        writer.append({"kind": "block"}, sync=True)
        troubles.append(writer.trouble)
    assert [type(trouble) for trouble in troubles] in ([IsADirectoryError, type(None)], [PermissionError, type(None)])
    found = verify(str(tmp_path))
    assert (found.fault, found.head.sequence) == (None, 5), "three records, and two about what was removed"


def test_a_record_larger_than_a_file_may_be_still_gets_in(tmp_path: Path) -> None:
    write(tmp_path, "a" * 500, "b" * 500, "c" * 500, max_bytes=100)
    assert verify(str(tmp_path)).records == 3
    assert len(names(tmp_path)) == 4


def test_a_new_file_goes_on_from_the_newest_full_one(tmp_path: Path) -> None:
    """As after a crash between the renaming of the full file and the first record of the next."""
    write(tmp_path, *"abc", max_bytes=800)
    os.rename(current(tmp_path), tmp_path / "audit-000000000000003.jsonl")
    write(tmp_path, "d")
    assert verify(str(tmp_path)).records == 4


def test_a_full_file_is_never_overwritten(tmp_path: Path) -> None:
    write(tmp_path, "a", "b")
    (tmp_path / "audit-000000000000002.jsonl").write_text("mine")
    with pytest.raises(AuditUnavailable, match="is there already"):
        write(tmp_path, "c", max_bytes=100)
    assert (tmp_path / "audit-000000000000002.jsonl").read_text() == "mine"


@pytest.mark.parametrize("cut", [1, 2, 40, 200])
def test_a_torn_line_is_closed_and_told_of(tmp_path: Path, cut: int) -> None:
    write(tmp_path, "a", "b")
    whole = stored(tmp_path)[1]
    store(tmp_path, stored(tmp_path)[0], whole[: -cut - 1])
    found = verify(str(tmp_path))
    assert found.fault is not None
    assert (found.fault.kind, found.fault.line, found.records) == ("torn", 2, 1)
    write(tmp_path, "c")
    found = verify(str(tmp_path))
    assert (found.records, found.fault) == (3, None)
    where = "a torn record before record 2 (line 2 of `audit.jsonl`)"
    left = f"{len(whole) - cut - 1} bytes that a crash or a full disk left"
    assert found.notes == (f"{where}: {left}, closed by the next run",)


@pytest.mark.parametrize("crashes", [2, 3, 5])
@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("left", [0, 1, 20, 150, -2])
def test_crashes_in_a_row_leave_one_torn_record(tmp_path: Path, crashes: int, before: int, left: int) -> None:
    """Each next writer is stopped while it tells of what the one before it left; `left` bytes of that are there."""
    write(tmp_path, *["a"] * before, "b")
    torn = stored(tmp_path)[before][:-40]
    store(tmp_path, *stored(tmp_path)[:before], torn)
    for _ in range(crashes - 1):
        size = current(tmp_path).stat().st_size
        with pytest.raises(ValueError, match="too long"):
            write(tmp_path, "x" * MAX_RECORD)
        whole = current(tmp_path).read_bytes()
        assert whole[size:].startswith(b"\n") or whole[:size].endswith(b"\n")
        current(tmp_path).write_bytes(whole[: left if left < 0 else size + left])
        found = verify(str(tmp_path))
        assert left == -2 or (found.fault is not None and found.fault.kind == "torn")
    write(tmp_path, "c")
    found = verify(str(tmp_path))
    assert found.fault is None
    assert found.records == before + 2
    assert len(found.notes) == 1


def test_zeros_that_a_lost_machine_left_are_torn_too(tmp_path: Path) -> None:
    write(tmp_path, "a")
    store(tmp_path, *stored(tmp_path), b"\0" * 300 + b'\n{"schema": "polyrun.aud\0\0')
    write(tmp_path, "b")
    assert verify(str(tmp_path)).ok


def test_a_torn_first_record_does_not_stop_the_log(tmp_path: Path) -> None:
    write(tmp_path, "a")
    store(tmp_path, stored(tmp_path)[0][:50])
    write(tmp_path, "b")
    assert [json.loads(line).get("kind") for line in stored(tmp_path)[1:]] == ["torn", "block"]
    assert verify(str(tmp_path)).ok


def test_a_record_that_lacks_only_its_line_end_is_whole(tmp_path: Path) -> None:
    write(tmp_path, "a", "b")
    store(tmp_path, *stored(tmp_path)[:1], stored(tmp_path)[1].rstrip(b"\n"))
    assert verify(str(tmp_path)).records == 2
    write(tmp_path, "c")
    found = verify(str(tmp_path))
    assert (found.records, found.fault, found.notes) == (3, None, ())


def test_what_somebody_wrote_behind_it_is_not_taken_for_a_torn_record(tmp_path: Path) -> None:
    write(tmp_path, "a")
    store(tmp_path, *stored(tmp_path), b"a whole line\nand more")
    write(tmp_path, "b")
    found = verify(str(tmp_path))
    assert found.fault is not None
    assert (found.fault.kind, found.fault.line) == ("unreadable", 2)


def test_a_file_that_is_no_log_is_left_alone(tmp_path: Path) -> None:
    store(tmp_path, b"something else\n")
    with pytest.raises(AuditUnavailable, match="does not end with an audit record"):
        write(tmp_path, "a")
    assert stored(tmp_path) == [b"something else\n"]


def _link(path: Path) -> None:
    (path.parent / "target").write_text("")
    path.symlink_to("target")


def _hard_link(path: Path) -> None:
    (path.parent / "target").write_text("")
    (path.parent / "target").chmod(0o600)
    os.link(path.parent / "target", path)


def _open_to_others(path: Path) -> None:
    path.write_text("")
    path.chmod(0o666)


@pytest.mark.parametrize("name", ["audit.jsonl", LOCK])
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_link, "is a link"),
        (_hard_link, "has another name elsewhere"),
        (_open_to_others, "can be written by others"),
        (os.mkfifo, "is no regular file"),
    ],
    ids=["link", "hard link", "mode", "pipe"],
)
def test_files_that_are_not_only_ours_are_refused(tmp_path: Path, name: str, make: object, reason: str) -> None:
    assert callable(make)
    make(tmp_path / name)
    with pytest.raises(AuditUnavailable, match=reason):
        write(tmp_path, "a")
    assert not (tmp_path / "target").exists() or (tmp_path / "target").read_bytes() == b""


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o702])
def test_a_folder_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(AuditUnavailable, match="can be written by others"):
        write(tmp_path, "a")
    assert names(tmp_path) == []


def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who runs this may be an ordinary user, who cannot give a folder away: so the user is said to be another one."""
    write(tmp_path, "a")
    if os.geteuid() == 0:
        os.chown(tmp_path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(AuditUnavailable, match="belongs to another user"):
        write(tmp_path, "b")
    assert len(stored(tmp_path)) == 1


def test_a_log_with_a_key_gets_no_record_without_it(tmp_path: Path) -> None:
    write(tmp_path, "a")
    write(tmp_path, "b", key=KEY)
    for key, words in ((None, "no key is set"), (OTHER_KEY, "another key is set")):
        with pytest.raises(AuditUnavailable, match=words):
            write(tmp_path, "c", key=key)
    assert len(stored(tmp_path)) == 2


def test_a_lock_that_is_never_released_costs_a_bounded_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "PATIENCE_S", 0.05)
    monkeypatch.setattr(reading_module, "PATIENCE_S", 0.05)
    with (tmp_path / LOCK).open("w") as held:
        (tmp_path / LOCK).chmod(0o600)
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(AuditUnavailable, match="another process holds"):
            write(tmp_path, "a")
        with pytest.raises(AuditUnavailable, match="another process holds"):
            verify(str(tmp_path))
    write(tmp_path, "a")
    assert verify(str(tmp_path)).records == 1


def test_who_waited_in_vain_waits_again_only_when_the_lock_was_free(tmp_path: Path) -> None:
    write(tmp_path, "a")
    with closing(AuditFolder(str(tmp_path), max_bytes=1 << 20)) as writer, (tmp_path / LOCK).open() as held:
        waited = []
        for hold in (True, True, False, True):
            if hold:
                fcntl.flock(held, fcntl.LOCK_EX)
            begin = time.monotonic()
            with suppress(AuditUnavailable):
                writer.append({"kind": "block"}, sync=False)
            waited.append(time.monotonic() - begin)
            fcntl.flock(held, fcntl.LOCK_UN)
    assert 2 <= waited[0] < 5
    assert max(waited[1:3]) < 1
    assert waited[3] >= 2
    assert verify(str(tmp_path)).records == 2


def test_a_disk_that_fills_up_leaves_whole_records(tmp_path: Path) -> None:
    """A limit on our files stands in for a full disk; tests/faults has a real one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    write(tmp_path, "a")
    resource.setrlimit(resource.RLIMIT_FSIZE, (current(tmp_path).stat().st_size + 100, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            write(tmp_path, "b")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len(stored(tmp_path)) == 1
    write(tmp_path, "c")
    assert verify(str(tmp_path)).records == 2


def test_threads_do_not_mix_their_records(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=write, args=(tmp_path, *"abcdefghij"), kwargs={"max_bytes": 2000}) for _ in "12345678"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = verify(str(tmp_path))
    assert (found.records, found.fault, found.notes) == (80, None, ())
