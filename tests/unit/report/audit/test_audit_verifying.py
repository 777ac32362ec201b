"""What `verify` says of a log that somebody has changed, and where."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from audit_story import KEY, OTHER_KEY, current, store, stored, write
from polyrun.report.audit.chain import BEGINNING, Head, Key, read_line, seal
from polyrun.report.audit.reading import last_record, lines
from polyrun.report.audit.verifying import Fault, KeyNeeded, Verification, verify

Lines = list[bytes]


def fault(folder: Path, key: Key | None = None, head: tuple[int | None, str] | None = None) -> Fault:
    found = verify(str(folder), key, head).fault
    assert found is not None
    return found


def edited(lines: Lines) -> Lines:
    return [*lines[:2], lines[2].replace(b'"c"', b'"x"'), *lines[3:]]


def rehashed(lines: Lines) -> Lines:
    """Record 3 with another name and a hash to match."""
    second = read_line(lines[1])
    assert second is not None
    return [*lines[:2], seal({"name": "x"}, second.head, None)[0], *lines[3:]]


def inserted(lines: Lines) -> Lines:
    second = read_line(lines[1])
    assert second is not None
    return [*lines[:2], seal({"name": "new"}, second.head, None)[0], *lines[2:]]


HERE = "of `audit.jsonl`"
ONE_OF_TWO = "one of the two was replaced"
AGAIN = "stands here again: it, or the other one, was inserted"

CHANGES: dict[str, tuple[Callable[[Lines], Lines], str, int, int, str]] = {
    "edited": (edited, "edited", 3, 3, f"record 3 was edited (line 3 {HERE})"),
    "edited, hash and all": (
        rehashed, "replaced", 4, 4, f"record 4 does not follow record 3: {ONE_OF_TWO} (line 4 {HERE})",
    ),
    "its hash": (
        lambda lines: [lines[0][:-5] + b'00"}\n', *lines[1:]], "edited", 1, 1, f"record 1 was edited (line 1 {HERE})",
    ),
    "one removed": (
        lambda lines: lines[:2] + lines[3:], "removed", 3, 3, f"record 3 is gone before line 3 {HERE}",
    ),
    "many removed": (
        lambda lines: lines[:1] + lines[4:], "removed", 2, 2, f"records 2 to 4 are gone before line 2 {HERE}",
    ),
    "the first removed": (
        lambda lines: lines[1:], "removed", 1, 0, "the log starts at record 2: those before it were removed",
    ),
    "two exchanged": (
        lambda lines: [*lines[:1], lines[2], lines[1], *lines[3:]],
        "reordered", 3, 2, f"record 3 stands where record 2 should (line 2 {HERE})",
    ),
    "the first two exchanged": (
        lambda lines: [lines[1], lines[0], *lines[2:]],
        "reordered", 1, 2, f"record 1 stands behind record 2 (line 2 {HERE})",
    ),
    "one moved to the end": (
        lambda lines: [*lines[:2], *lines[3:], lines[2]],
        "reordered", 4, 3, f"record 4 stands where record 3 should (line 3 {HERE})",
    ),
    "a copy inserted": (
        lambda lines: [*lines[:4], lines[1], *lines[4:]], "inserted", 2, 5, f"record 2 {AGAIN} (line 5 {HERE})",
    ),
    "a forged one inserted": (inserted, "inserted", 3, 4, f"record 3 {AGAIN} (line 4 {HERE})"),
    "something else": (
        lambda lines: [*lines[:2], b"# nothing to see here\n", *lines[2:]],
        "unreadable", 3, 3, f"line 3 {HERE} is no audit record",
    ),
    "an empty line": (
        lambda lines: [*lines[:2], b"\n", *lines[2:]], "unreadable", 3, 3, f"line 3 {HERE} is no audit record",
    ),
    "another beginning": (
        lambda lines: [seal({}, Head(0, "1" * 64), None)[0], *lines[1:]],
        "replaced", 1, 1, f"record 1 does not follow the beginning of a log: {ONE_OF_TWO} (line 1 {HERE})",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_the_first_broken_place_is_named(tmp_path: Path, change: str) -> None:
    do, kind, sequence, line, message = CHANGES[change]
    write(tmp_path, *"abcde")
    store(tmp_path, *do(stored(tmp_path)))
    found = fault(tmp_path)
    assert (found.kind, found.sequence, found.line or 0, found.message) == (kind, sequence, line, message)


def test_a_whole_log_has_its_head(tmp_path: Path) -> None:
    write(tmp_path, *"abc", key=KEY)
    last = read_line(stored(tmp_path)[-1])
    assert last is not None
    assert verify(str(tmp_path), KEY) == Verification(3, 1, last.head, sealed=True, fault=None, sealed_from=1)


def test_no_log_is_one_without_records(tmp_path: Path) -> None:
    nothing = Verification(0, 1, BEGINNING, sealed=False, fault=None)
    assert verify(str(tmp_path / "absent")) == verify(str(tmp_path)) == nothing
    assert verify(str(tmp_path), head=(0, BEGINNING.hash)).ok
    assert verify(str(tmp_path), KEY).ok


def heads(folder: Path) -> list[Head]:
    records = [read_line(line) for line in stored(folder)]
    return [record.head for record in records if record is not None]


def noted(head: Head) -> tuple[int | None, str]:
    return head.sequence, head.hash


def test_a_cut_shows_only_against_a_head_that_was_noted(tmp_path: Path) -> None:
    write(tmp_path, *"abcde")
    before = heads(tmp_path)
    store(tmp_path, *stored(tmp_path)[:3])
    assert verify(str(tmp_path)).ok, "this is what a chain cannot show"
    assert verify(str(tmp_path), head=noted(before[2])).ok
    assert verify(str(tmp_path), head=(None, before[2].hash)).ok
    assert fault(tmp_path, head=noted(before[4])) == Fault(
        "truncated", "the log was cut: it ends at record 3, and the head that was noted is record 5", 4
    )
    assert fault(tmp_path, head=(None, before[4].hash)).kind == "rewritten"
    current(tmp_path).unlink()
    assert fault(tmp_path, head=noted(before[4])).kind == "truncated"


def test_a_log_written_anew_shows_only_against_a_head_that_was_noted(tmp_path: Path) -> None:
    write(tmp_path / "a", *"abcde")
    write(tmp_path / "b", *"abXdef")
    assert verify(str(tmp_path / "b")).ok
    found = fault(tmp_path / "b", head=noted(heads(tmp_path / "a")[4]))
    assert (found.kind, found.sequence) == ("rewritten", 5)


def test_a_missing_file_in_the_middle(tmp_path: Path) -> None:
    write(tmp_path, *"abcdefghi", max_bytes=500)
    full = sorted(path for path in tmp_path.iterdir() if path.name.startswith("audit-"))
    last = int(full[1].name[6:21])
    full[1].unlink()
    found = fault(tmp_path)
    assert (found.kind, found.file) == ("removed", full[2].name)
    assert found.message.startswith(f"records {int(full[0].name[6:21]) + 1} to {last} are gone before line 1 of ")


def test_a_beginning_that_somebody_else_removed_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path, *"abcdefghijkl", max_bytes=800, keep_files=2)
    assert verify(str(tmp_path)).ok
    min(path for path in tmp_path.iterdir() if path.name.startswith("audit-")).unlink()
    found = fault(tmp_path)
    assert found.kind == "removed"
    assert "and only those to" in found.message


def test_a_head_vouches_for_what_was_moved_away(tmp_path: Path) -> None:
    write(tmp_path, *"abcdef", max_bytes=800)
    first = min(path for path in tmp_path.iterdir() if path.name.startswith("audit-"))
    moved = first.read_bytes().splitlines(keepends=True)
    first.unlink()
    assert fault(tmp_path).kind == "removed"
    last, earlier = read_line(moved[-1]), read_line(moved[0])
    assert last is not None
    assert earlier is not None
    found = verify(str(tmp_path), head=noted(last.head))
    assert found.ok
    assert "the beginning is gone" in found.notes[0]
    assert fault(tmp_path, head=noted(earlier.head)).kind == "removed"


def test_a_key_keeps_others_from_writing_it_anew(tmp_path: Path) -> None:
    write(tmp_path, *"abc", key=KEY)
    assert verify(str(tmp_path), KEY).sealed
    with pytest.raises(KeyNeeded):
        verify(str(tmp_path))
    wrong = fault(tmp_path, OTHER_KEY)
    assert (wrong.kind, wrong.message) == (
        "wrong_key", f"record 1 was sealed with another key (`{KEY.name}`) (line 1 of `audit.jsonl`)",
    )  # fmt: skip
    current(tmp_path).unlink()
    write(tmp_path, *"abc")
    assert fault(tmp_path, KEY).kind == "unsealed"


FOREIGN = Key(b"x" * 16, "0123456789abcdef")
KEYED: dict[str, tuple[Callable[[Lines], Lines], str, int]] = {
    "inserted": (lambda lines: [*lines[:2], lines[0].replace(b'"kind"', b'"key": "x", "kind"'), *lines[2:]],
                 "inserted", 1),
    "replaced": (lambda lines: [*lines[:2], seal({}, _head(lines[1]), FOREIGN)[0], *lines[3:]], "replaced", 4),
    "out of nowhere": (lambda lines: [*lines[:2], seal({}, Head(7, "1" * 64), FOREIGN)[0], *lines[2:]],
                       "reordered", 8),
    "not behind the one before it": (
        lambda lines: [*lines[:2], seal({}, Head(2, "1" * 64), FOREIGN)[0], *lines[2:]], "replaced", 3,
    ),
}  # fmt: skip


def _head(line: bytes) -> Head:
    record = read_line(line)
    assert record is not None
    return record.head


@pytest.mark.parametrize("key", [None, KEY], ids=["no key", "key"])
@pytest.mark.parametrize("change", KEYED)
def test_a_line_that_names_a_key_is_tampering_like_any_other(tmp_path: Path, change: str, key: Key | None) -> None:
    do, kind, sequence = KEYED[change]
    write(tmp_path, *"abcde")
    store(tmp_path, *do(stored(tmp_path)))
    found = fault(tmp_path, key)
    if change == "replaced" and key is not None:
        kind, sequence = "wrong_key", 3
    assert (found.kind, found.sequence) == (kind, sequence)


def test_a_sealed_log_that_was_changed_is_told_without_its_key_where_it_shows(tmp_path: Path) -> None:
    write(tmp_path, *"abcde", key=KEY)
    lines, last = stored(tmp_path), _head(stored(tmp_path)[-1])
    store(tmp_path, *lines[:1], *lines[2:])
    assert fault(tmp_path).kind == "removed"
    store(tmp_path, *lines[:1], seal({}, _head(lines[0]), KEY)[0], *lines[2:])
    assert fault(tmp_path).kind == "replaced"
    store(tmp_path, *lines, seal({}, last, FOREIGN)[0])
    assert fault(tmp_path).kind == "wrong_key"
    store(tmp_path, *lines[:-1])
    assert fault(tmp_path, head=noted(last)).kind == "truncated"
    store(tmp_path, *lines)
    with pytest.raises(KeyNeeded):
        verify(str(tmp_path), head=noted(last))


def test_a_record_without_the_key_does_not_pass_behind_those_with_it(tmp_path: Path) -> None:
    write(tmp_path, *"ab", key=KEY)
    last = read_line(stored(tmp_path)[-1])
    assert last is not None
    store(tmp_path, *stored(tmp_path), seal({"name": "forged"}, last.head, None)[0])
    assert (fault(tmp_path, KEY).kind, fault(tmp_path, KEY).sequence) == ("unsealed", 3)
    store(tmp_path, *stored(tmp_path)[:2], seal({"name": "forged"}, last.head, Key(b"x" * 16, KEY.name))[0])
    assert fault(tmp_path, KEY).kind == "edited"


def test_a_key_also_vouches_for_what_was_written_before_it_was_set(tmp_path: Path) -> None:
    write(tmp_path, *"ab")
    write(tmp_path, "c", key=KEY)
    found = verify(str(tmp_path), KEY)
    assert (found.records, found.sealed, found.sealed_from) == (3, True, 3)
    store(tmp_path, *inserted(stored(tmp_path)[:2])[:2], *rehashed(stored(tmp_path))[2:])
    assert not verify(str(tmp_path), KEY).ok


def test_the_last_record_may_stand_in_an_older_file(tmp_path: Path) -> None:
    """As after crashes right behind the renaming of a full file."""
    assert last_record(str(tmp_path / "absent")) is last_record(str(tmp_path)) is None
    write(tmp_path, *"abcdefg", max_bytes=800)
    newest = max(path for path in tmp_path.iterdir() if path.name.startswith("audit-"))
    expected = read_line(newest.read_bytes().splitlines()[-1])
    for left in (b'{"schema": "pol', b"", b"\n"):
        store(tmp_path, left)
        assert last_record(str(tmp_path)) == expected
    (tmp_path / "audit-000000000000099.jsonl").write_bytes(b"nothing")
    assert last_record(str(tmp_path)) == expected is not None


@pytest.mark.parametrize("count", [1, 2, 3])
def test_files_that_go_while_it_is_read_are_read_all_the_same(tmp_path: Path, count: int) -> None:
    write(tmp_path, *"abcdefghi", max_bytes=800)
    reader = lines(str(tmp_path))
    read = [next(reader)]
    for path in sorted(path for path in tmp_path.iterdir() if path.name.startswith("audit-"))[:count]:
        path.unlink()
    write(tmp_path, *"jklmnop", max_bytes=800, keep_files=1)
    read += reader
    assert [line.record.sequence for line in read if line.record is not None] == list(range(1, 10))


def test_more_files_than_can_be_held_are_read_too(tmp_path: Path) -> None:
    write(tmp_path, *map(str, range(220)), max_bytes=100)
    assert verify(str(tmp_path)).records == 220
    reader = lines(str(tmp_path))
    next(reader)
    newest = max(path for path in tmp_path.iterdir() if path.name.startswith("audit-"))
    newest.unlink()
    with pytest.raises(OSError, match="was removed while the log was read: try again"):
        list(reader)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "link"])
def test_it_reads_nothing_but_files(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(current(tmp_path))
    with pytest.raises(OSError, match=r"regular file|symbolic links"):
        verify(str(tmp_path))


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    write(tmp_path, *["x" * 5000] * 1000, max_bytes=1 << 30)
    store(tmp_path, *stored(tmp_path), b"y" * (32 << 20) + b"\n")
    tracemalloc.start()
    assert fault(tmp_path).kind == "unreadable"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
