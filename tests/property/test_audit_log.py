"""Whatever is done to one place of an audit log, `verify` finds it; a record stays one record, whatever it holds."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from audit_story import KEY, store, stored, write
from polyrun.cli.audit import row
from polyrun.report.audit.chain import BEGINNING, read_line, seal
from polyrun.report.audit.reading import lines
from polyrun.report.audit.selecting import Selection, select
from polyrun.report.audit.verifying import verify

SHOWN = ("run_id", "document", "name", "block", "language", "status", "sandbox", "level", "kind")
WORDS = st.lists(st.text(max_size=20), min_size=2, max_size=8)


@given(words=WORDS, sealed=st.booleans(), data=st.data())
def test_any_single_change_is_found(words: list[str], *, sealed: bool, data: st.DataObject) -> None:
    key = KEY if sealed else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, *words, key=key)
        before = verify(name, key)
        assert before.ok
        there = stored(folder)
        index = data.draw(st.integers(0, len(there) - 1))
        other = data.draw(st.integers(0, len(there) - 1).filter(lambda number: number != index))
        how = data.draw(st.sampled_from(["edit", "remove", "swap", "copy", "cut"]))
        if how == "edit":
            position = data.draw(st.integers(0, len(there[index]) - 2))
            byte = data.draw(st.integers(0, 255).filter(lambda value: value != there[index][position]))
            there[index] = there[index][:position] + bytes([byte]) + there[index][position + 1 :]
        elif how == "remove":
            del there[index]
        elif how == "swap":
            there[index], there[other] = there[other], there[index]
        elif how == "copy":
            there.insert(other, there[index])
        else:
            position = data.draw(st.integers(1, len(there[index]) - 2))
            there[index] = there[index][:position]
        store(folder, *there)
        after = verify(name, key, (before.head.sequence, before.head.hash))
        assert after.fault is not None
        assert after.fault.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()) | st.text("\n\r\u2028\u2029\x85\x1b\ud800\"\\{}:, 0"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(facts=st.dictionaries(st.sampled_from(["kind", "name", "document", "reason", "x"]), JSON))
def test_no_text_can_break_or_forge_a_record(facts: dict[str, object]) -> None:
    line, head = seal(facts, BEGINNING, None)
    text = line.decode()
    assert text.splitlines(keepends=True) == [text]
    record = read_line(line)
    assert record is not None
    assert (record.sequence, record.hash, record.head) == (1, head.hash, head)
    assert list(json.loads(text)) == ["schema", "seq", "previous", *facts, "hash"]


@given(facts=st.dictionaries(st.sampled_from([*SHOWN, "time", "denials", "lost"]), JSON | st.floats()))
def test_whatever_a_record_holds_can_be_shown(facts: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as name:
        facts = {key: value for key, value in facts.items() if value == value and value not in (math.inf, -math.inf)}
        store(Path(name), seal(facts, BEGINNING, None)[0])
        (record,) = select(lines(name), Selection())
        wanted = Selection(since=0.0, block="x", run="y", document="z/z", statuses=("ok",))
        assert list(select(lines(name), wanted)) in ([], [record])
        assert all(isinstance(cell, str) for cell in row(record))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_record_or_none(data: bytes) -> None:
    assert read_line(data) is None


@given(before=st.lists(st.binary(min_size=1, max_size=40), max_size=3))
def test_any_file_is_read_to_its_end(before: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        store(Path(name), *before)
        assert verify(name).ok == (not before)
