"""What a block may leave in its outbox to take PolyRun's time or memory, or to lie about the type of a value."""

from __future__ import annotations

import os
import struct
import time
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import pytest

from polyrun.model.values import Kind
from polyrun.values.cbor import BIG_INT, DURATION, BadData, encode, head
from polyrun.values.change import CannotConvert, as_json, as_wanted
from polyrun.values.columns import check_column
from polyrun.values.nodes import Array, ColumnData, Node, Ref, Table, Text
from polyrun.values.outbox import VALUES, Content
from polyrun.values.store import Store, Stored


def left(folder: Path, value: bytes, files: Mapping[str, bytes] | None = None, parts: bytes = b"") -> Content:
    """What is read of an outbox with `value` as the encoded `x` and data `files`; two more `parts` may follow."""
    folder.mkdir(exist_ok=True)
    store = Store(str(folder))
    with store.outbox(1, 1 << 30) as outbox:
        for name, data in (files or {}).items():
            Path(outbox.folder, name).write_bytes(data)
        pairs = head(5, 3 if parts else 2) + encode("polyrun") + encode(1)
        whole = pairs + encode("exports") + head(5, 1) + encode("x") + value + parts
        Path(outbox.folder, VALUES).write_bytes(whole)
        content = outbox.read()
        assert content is not None
        return content


def taken(folder: Path, node: Node, files: Mapping[str, bytes], mode: int = 0o644) -> Stored:
    folder.mkdir(exist_ok=True)
    store = Store(str(folder))
    with store.outbox(1, 1 << 30) as outbox:
        for name, data in files.items():
            path = Path(outbox.folder, name)
            path.write_bytes(data)
            path.chmod(mode)
        Path(outbox.folder, VALUES).write_bytes(encode({"polyrun": 1, "exports": {"x": node}}))
        content = outbox.read()
        assert content is not None
        return store.take(outbox, content)["x"]


def nested(levels: int, inner: Node) -> Node:
    for _ in range(levels):
        inner = {"a": inner, "b": 1}
    return inner


def test_maps_in_maps_take_no_time(tmp_path: Path) -> None:
    """Each level once doubled it: a map of 25 levels took minutes."""
    started = time.process_time()
    found = left(tmp_path, encode(nested(60, 1))).values["x"].type
    assert time.process_time() - started < 5
    assert found.kind is Kind.MAP
    assert found.fields is not None
    assert found.item is not None


def test_what_is_told_apart_takes_little_memory(tmp_path: Path) -> None:
    """A description of each key of each map once took a hundred times what the file does."""
    data = encode({f"k{a}": {f"k{b}": {f"k{c}": 0 for c in range(8)} for b in range(200)} for a in range(200)})
    tracemalloc.start()
    try:
        left(tmp_path, data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20


def test_deep_maps_keep_the_types_of_their_values(tmp_path: Path) -> None:
    found = left(tmp_path, encode(nested(10, {"c": 1, "d": 2}))).values["x"].type
    for _ in range(10):
        assert found.fields is not None
        found = found.fields[0].type
    assert found.item is not None
    assert found.item.kinds == (Kind.INT,)


LIES = {
    "4301 digits": (head(6, BIG_INT) + encode("9" * 4301), "where an integer belongs"),
    "uint64": (head(0, 1 << 63), "more than 64 bits"),
    "below int64": (head(1, 1 << 63), "more than 64 bits"),
    "a long duration": (head(6, DURATION) + head(4, 2) + head(0, 1 << 63) + encode(0), "too long"),
    "an offset of a week": (encode(Text(Kind.TIMESTAMP, "2026-11-24T00:00:00+99:99")), "no timestamp"),
    "a zone with a path": (encode(Text(Kind.TIMESTAMP, "2026-11-24T00:00:00[../x]")), "no timestamp"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_found(name: str, tmp_path: Path) -> None:
    data, reason = LIES[name]
    with pytest.raises(BadData, match=reason):
        left(tmp_path, data)


def test_the_longest_integers_are_taken(tmp_path: Path) -> None:
    content = left(tmp_path, encode([10**4300 - 1, 1 - 10**4300]))
    assert content.values["x"].type.item is not None
    assert content.values["x"].type.item.high == 10**4300 - 1


def test_truth_values_are_bytes_of_0_or_1(tmp_path: Path) -> None:
    """A language that takes a byte for a truth value must not get a third one."""
    array = Array("bool", (2,), "C", Ref("1-0.npy", 256, 2))
    assert taken(tmp_path / "a", array, {"1-0.npy": bytes(256) + b"\0\1"}).type.dtype == "bool"
    with pytest.raises(BadData, match="neither 0 nor 1"):
        taken(tmp_path / "b", array, {"1-0.npy": bytes(256) + b"\0\2"})


def test_references_are_few(tmp_path: Path) -> None:
    data = head(4, 100_001) + encode(Ref("1-0", 0, 0)) * 100_001
    with pytest.raises(BadData, match="100,000 times"):
        left(tmp_path, data, {"1-0": b""})


def test_a_part_comes_once(tmp_path: Path) -> None:
    """A file could else go beyond the bound of exports by having them in many parts."""
    with pytest.raises(BadData, match="`exports` twice"):
        left(tmp_path, encode(1), parts=encode("exports") + encode({}))


def test_names_are_short(tmp_path: Path) -> None:
    long = "a" * 1_000_000
    content = left(tmp_path / "a", encode(1), parts=encode("defined") + encode([long, "b"]))
    assert content.defined == ("b",)
    with pytest.raises(BadData, match="more than 1024 characters"):
        left(tmp_path / "b", encode(1), parts=encode("refused") + encode({long: "because"}))


def column(kind: str, data: bytes, validity: bytes | None, rows: int, offsets: bytes | None = None) -> int:
    """How many nulls a column with these bytes has."""
    parts = {"v": validity, "d": data, "o": offsets}
    refs = {name: Ref(name, 0, len(part)) for name, part in parts.items() if part is not None}
    whole = ColumnData("c", kind, refs.get("v"), refs["d"], refs.get("o"))
    return check_column(whole, rows, lambda ref: lambda at, size: (parts[ref.file] or b"")[at : at + size]).nulls


def test_missing_times_and_decimals_may_hold_anything() -> None:
    times = struct.pack("<3q", 0, -1, 86_400_000_000)
    assert column("time(us)", times, b"\1", 3) == 2
    with pytest.raises(BadData, match="outside a day"):
        column("time(us)", times, b"\3", 3)
    decimals = struct.pack("<qqqqqq", 99, 0, 100, 0, -100, -1)
    assert column("decimal(2,1)", decimals, b"\1", 3) == 2
    with pytest.raises(BadData, match="more digits than its type says"):
        column("decimal(2,1)", decimals, b"\5", 3)
    highest = (10**38 - 1).to_bytes(16, "little") + (1 - 10**38).to_bytes(16, "little", signed=True)
    assert column("decimal(38,0)", highest, None, 2) == 0
    with pytest.raises(BadData, match="more digits"):
        column("decimal(38,0)", (10**38).to_bytes(16, "little"), None, 1)


def test_a_long_text_takes_no_memory() -> None:
    """The places of all its bytes inside of characters were once a set: a hundred bytes for each."""
    data = "ü".encode() * (3 << 20)
    offsets = struct.pack("<4i", 0, 2, 4 << 20, len(data))
    tracemalloc.start()
    try:
        assert column("str", data, None, 3, offsets) == 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 << 20
    with pytest.raises(BadData, match="cut a character"):
        column("str", data, None, 3, struct.pack("<4i", 0, 2, (4 << 20) + 1, len(data)))


def test_empty_arrays_of_many_places_are_not_taken_apart(tmp_path: Path) -> None:
    """An array of 2**52 x 0 has no bytes, and was once 2**52 empty lists."""
    for name, shape, order in (("a", (1 << 52, 0), "C"), ("b", (0, 1 << 52), "F"), ("c", (2, 1 << 52, 0), "F")):
        stored = taken(tmp_path / name, Array("int8", shape, order, Ref("1-0.npy", 256, 0)), {"1-0.npy": bytes(256)})
        workshop = Store(str(tmp_path / name)).workshop(1)
        with pytest.raises(CannotConvert, match="places"):
            as_json(stored)
        with pytest.raises(CannotConvert, match="places"):
            as_wanted(stored, "list", workshop)


def test_a_file_that_gets_a_head_holds_nothing_else(tmp_path: Path) -> None:
    """The head would be written over what another value has there."""
    array = Array("int8", (1,), "C", Ref("1-0.npy", 256, 1))
    others: list[Node] = [Ref("1-0.npy", 0, 256), array]
    for number, other in enumerate(others):
        with pytest.raises(BadData, match="holds two values"):
            taken(tmp_path / str(number), [array, other], {"1-0.npy": bytes(257)})


def test_data_cannot_be_written_afterwards(tmp_path: Path) -> None:
    """Where nothing isolates blocks, one could else change what another has exported by mistake."""
    table = Table(1, (ColumnData("a", "int8", None, Ref("1-0.arrow", 4096, 1), None),))
    stored = taken(tmp_path, table, {"1-0.arrow": bytes(4097)}, mode=0o400)  # nor does its own mode matter
    assert stored.folder is not None
    assert os.stat(Path(stored.folder, "1-0.arrow")).st_mode & 0o777 == 0o444


def test_a_look_is_one_line(tmp_path: Path) -> None:
    table = Table(1, (ColumnData("a\n\x1b[31m\u202e", "int8", None, Ref("1-0.arrow", 4096, 1), None),))
    stored = taken(tmp_path, table, {"1-0.arrow": bytes(4097)})
    assert stored.preview == r"a\n\x1b[31m\u202e int8"


def test_data_that_is_shorter_than_it_was_is_not_cut_in_silence(tmp_path: Path) -> None:
    stored = taken(tmp_path, Ref("1-0", 0, 4), {"1-0": b"1234"})
    assert stored.folder is not None
    os.truncate(Path(stored.folder, "1-0"), 2)
    with pytest.raises(OSError, match="shorter than it was"):
        as_json(stored)


def test_only_a_short_value_file_alone_is_small(tmp_path: Path) -> None:
    """What is small is read at once, so nothing that takes long may pass for it, such as a table's file."""
    short, long = b"\xa0", b"\xa0" * (16 << 10) + b"\xa0"
    for number, (files, small) in enumerate(
        (
            ({VALUES: short}, True),
            ({VALUES: long}, False),
            ({VALUES: short, "1-0.npy": b""}, False),
            ({"other.cbor": short}, False),
            ({}, False),
        )
    ):
        with Store(str(tmp_path)).outbox(number, 1 << 30) as outbox:
            for name, data in files.items():
                Path(outbox.folder, name).write_bytes(data)
            assert outbox.is_small == small, files.keys()
