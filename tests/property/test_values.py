"""What holds for every value, every value file and every conversion."""

from __future__ import annotations

import io
import math
import tempfile
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.ipc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyrun.model.values import DTYPES, Kind
from polyrun.values import npy
from polyrun.values.cbor import BadData, Reader, encode
from polyrun.values.change import as_declared, as_json, as_wanted, stored_node
from polyrun.values.convert import CannotConvert
from polyrun.values.decode import decode
from polyrun.values.delimited import NULL_CELL, read_csv, read_tsv, tsv_line, write_csv
from polyrun.values.json_form import from_json, to_json
from polyrun.values.making import Workshop
from polyrun.values.nodes import Array, ColumnData, Duration, File, Node, Packed, Ref, Table, Text
from polyrun.values.outbox import VALUES, Outbox
from polyrun.values.store import Store

PROFILE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
dates = st.dates().map(lambda day: Text(Kind.DATE, day.isoformat()))
times = st.times().map(lambda time: Text(Kind.TIME, time.isoformat()))
zones = st.sampled_from(
    ["", "Z", "+01:00", "-23:59", "[Europe/Berlin]", "+05:30[Asia/Kolkata]", "[No/Where]", "[Europe]"]
)
timestamps = st.builds(lambda at, zone: Text(Kind.TIMESTAMP, at.isoformat() + zone), st.datetimes(), zones)
decimals = st.one_of(
    st.from_regex(r"-?[0-9]{1,40}(\.[0-9]{1,40})?(e-?[0-9]{1,6})?", fullmatch=True, alphabet="-.e0123456789"),
    st.sampled_from(["1e999999", "15e999999", "1e-999999", "9" * 4300]),
).map(lambda text: Text(Kind.DECIMAL, text))
durations = st.builds(Duration, st.integers(-(1 << 63), (1 << 63) - 1), st.integers(0, 10**9 - 1))
integers = st.one_of(st.integers(), st.sampled_from([(1 << 53) + 1, 1 << 63, -(1 << 63), 10**4300 - 1, 1 - 10**4300]))
scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), integers, st.floats(), texts, st.binary(max_size=8),
    dates, times, timestamps, decimals, durations,
)  # fmt: skip


def trees(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Lists and maps of `leaves`."""
    inside = lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4))  # noqa: E731
    return st.recursive(leaves, inside, max_leaves=12)


sizes = st.integers(0, (1 << 53) - 1)
refs = st.builds(Ref, texts, sizes, sizes)
columns = st.builds(ColumnData, texts, texts, st.none() | refs, refs, st.none() | refs)
records = st.one_of(
    refs,
    st.builds(Packed, texts, refs | st.binary(max_size=16)),
    st.builds(Array, texts, st.lists(sizes, max_size=3).map(tuple), texts, refs),
    st.builds(Table, sizes, st.lists(columns, max_size=3).map(tuple)),
    st.builds(File, texts, texts, refs),
)


def same(one: Node, other: Node) -> bool:
    """Whether two nodes are equal, of one type, and NaN where the other is."""
    if isinstance(one, float) and isinstance(other, float):
        return repr(one) == repr(other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@PROFILE
@given(trees(scalars | records))
def test_what_is_encoded_is_decoded(node: Node) -> None:
    assert same(decode(encode(node)), node)


@PROFILE
@given(trees(scalars))
def test_json_loses_nothing(node: Node) -> None:
    assert same(from_json(to_json(node)), node)


@PROFILE
@given(st.text() | st.recursive(
    st.none() | st.integers() | st.text(max_size=4) | st.sampled_from(["$t", "map", "bytes", "int"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["$t", "v", "a", "\ud800"]), inner),
    max_leaves=8,
).map(lambda data: __import__("json").dumps(data)))  # fmt: skip
def test_json_is_read_or_refused(text: str) -> None:
    """What it gives can be encoded; `ValueError` says why it gives nothing."""
    try:
        node = from_json(text)
    except UnicodeError as error:
        raise AssertionError("not fit for the user") from error
    except ValueError:
        return
    encode(node)


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """A value file, of which some bytes are other ones."""
    exports = draw(st.dictionaries(texts, trees(scalars | records), max_size=3))
    data = bytearray(encode({"polyrun": 1, "exports": exports, "refused": {"a": "b"}, "defined": ["c"]}))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data) - 1))
        data[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=3))
    return bytes(data)


@PROFILE
@given(st.binary(max_size=200) | mutations())
def test_a_value_file_is_sound_or_bad_data(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, VALUES).write_bytes(data)
        Path(folder, "1-0").write_bytes(bytes(64))
        with Outbox(folder, "1-", 1 << 20) as outbox:
            try:
                content = outbox.read()
            except BadData:
                return
            assert content is not None
            for found in content.values.values():
                decode(data[found.start : found.end])


@PROFILE
@given(
    st.sampled_from(sorted(DTYPES)), st.lists(st.integers(0, (1 << 53) - 1), max_size=8).map(tuple),
    st.sampled_from("CF"),
)  # fmt: skip
def test_a_head_of_an_array_is_read_again(dtype: str, shape: tuple[int, ...], order: str) -> None:
    head = npy.head(dtype, shape, order)
    assert len(head) == 256
    assert npy.read_head(head) == (dtype, shape, order if len(shape) > 1 else "C", 256)


@PROFILE
@given(st.binary(max_size=64).map(lambda data: b"\x93NUMPY\x01\0" + len(data).to_bytes(2, "little") + data))
def test_any_other_head_is_bad_data(data: bytes) -> None:
    try:
        npy.read_head(data)
    except BadData:
        return
    np.lib.format.read_array_header_1_0(io.BytesIO(data[8:]))


def a_column(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Node]]:
    return st.lists(st.none() | values, max_size=5)


column_values = st.one_of(
    *map(a_column, (st.booleans(), st.integers(-(1 << 63), (1 << 63) - 1), st.floats(), texts, st.binary(max_size=5))),
    *map(a_column, (dates, times, st.datetimes().map(lambda at: Text(Kind.TIMESTAMP, at.isoformat() + "Z")))),
)


def equal(columns: Sequence[Sequence[Node]]) -> list[list[Node]]:
    """Columns, cut to the length of the shortest."""
    return [list(column) for column in zip(*zip(*columns, strict=False), strict=True)] or [[] for _ in columns]


tables = st.dictionaries(texts, column_values, max_size=6).map(
    lambda found: dict(zip(found, equal(list(found.values())), strict=True))
)


def python_of(node: Node) -> Any:
    """What `pyarrow` makes of a cell, as text where there are nanoseconds in it."""
    return node.text if isinstance(node, Text) else node


@PROFILE
@given(tables)
def test_tables_are_arrow_files(found: dict[str, list[Node]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        table = Workshop(folder, "made-").table(found)
        with pa.memory_map(str(Path(folder, "made-0.arrow"))) as file:
            read = pa.ipc.open_file(file).read_all()
            read.validate(full=True)
            assert read.column_names == list(found)
            assert read.num_rows == table.rows
            for name, values in found.items():
                for mine, cell in zip(values, read.column(name), strict=True):
                    theirs = cell.as_py() if not isinstance(mine, Text) else None
                    assert (mine is None) == (not cell.is_valid)
                    assert isinstance(mine, Text) or same(mine, cast("Node", theirs))


@PROFILE
@given(tables)
def test_tables_become_the_same_lists(found: dict[str, list[Node]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(folder, "made-")
        stored = stored_node(workshop.table(found), folder)
        back = decode(as_wanted(stored, "map", workshop).encoded())
        assert isinstance(back, Mapping)
        assert list(back) == list(found)
        lists = {name: decode(encode(values)) for name, values in back.items()}
        plain = {name: [_normal(value) for value in cast("list[Node]", values)] for name, values in lists.items()}
        assert same(cast("Node", plain), {name: [_normal(value) for value in values] for name, values in found.items()})


def _normal(node: Node) -> Node:
    """A time with a fraction as short as it can be."""
    if isinstance(node, Text) and "." in node.text:
        text = node.text.removesuffix("Z").rstrip("0").rstrip(".")
        return Text(node.kind, text + ("Z" if node.text.endswith("Z") else ""))
    return node


cells = texts.filter(lambda text: text not in {"", NULL_CELL})


@PROFILE
@given(st.dictionaries(texts, st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=4))
def test_texts_come_back_from_csv_and_tsv(found: dict[str, list[str]]) -> None:
    """A word that cannot be taken for anything else stands in each column, so that it is one of texts."""
    columns = {name: ["word", *values] for name, values in found.items()}
    assert read_csv(io.StringIO("".join(write_csv(columns)), newline="")) == columns
    lines = [tsv_line(columns), *map(tsv_line, zip(*columns.values(), strict=True))]
    assert read_tsv(io.StringIO("".join(lines), newline="")) == columns


@PROFILE
@given(
    st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(1 << 53) + 1, (1 << 53) - 1))
)
def test_numbers_come_back_from_csv(numbers: list[float | None]) -> None:
    (back,) = read_csv(io.StringIO("".join(write_csv({"n": numbers})), newline="")).values()
    if any(number is not None for number in numbers):
        assert back == numbers


@PROFILE
@given(st.from_regex(r"[+-]?[0-9]{1,30}(\.[0-9]{1,5})?", fullmatch=True, alphabet="+-.0123456789"))
def test_a_number_in_csv_is_exact_or_a_text(cell: str) -> None:
    (back,) = read_csv(["n\r\n", cell + "\r\n"])["n"]
    if isinstance(back, int):
        assert str(back) == cell
    elif isinstance(back, float):
        assert math.isclose(back, float(Decimal(cell)), rel_tol=1e-15)
        assert "." in cell or back == int(cell)
        assert not cell.lstrip("+-").startswith(("00", "01", "02", "03", "04", "05", "06", "07", "08", "09"))
    else:
        assert back == cell


wishes = st.one_of(
    st.sampled_from(list(Kind)).map(str),
    st.builds("{}({})".format, st.sampled_from(["list", "map"]), st.sampled_from([*Kind, "list(int)", "x", ""])),
    st.sampled_from(sorted(DTYPES)).map("array({})".format),
)
TURNS = (as_wanted, as_declared)


@settings(PROFILE, max_examples=400)
@given(trees(scalars), wishes, st.sampled_from(TURNS))
def test_a_conversion_gives_what_was_wished_for_or_says_why_not(node: Node, wish: str, turn: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workshop = Store(folder).workshop(1)
        try:
            stored = stored_node(node, None)
            made = turn(stored, wish, workshop)
        except CannotConvert:
            return
        assert made.type.kind == wish.partition("(")[0]
        if made.type.kind is not Kind.FILE:
            from_json(as_json(made))


@PROFILE
@given(trees(scalars), st.sampled_from(["list", "map", "array", "table"]), wishes)
def test_what_was_made_can_be_turned_again(node: Node, first: str, wish: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workshop = Store(folder).workshop(1)
        try:
            made = as_wanted(as_wanted(stored_node(node, None), first, workshop), wish, workshop)
        except CannotConvert:
            return
        assert made.type.kind == wish.partition("(")[0]


@PROFILE
@given(st.lists(st.integers(), min_size=1), st.sampled_from(["array(float64)", "array(float32)", "list(float)"]))
def test_an_export_is_never_rounded(numbers: list[int], declared: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workshop = Store(folder).workshop(1)
        try:
            made = as_declared(stored_node(cast("Node", numbers), None), declared, workshop)
        except CannotConvert:
            return
        assert from_json(as_json(made)) == numbers


def test_the_reader_is_done_where_the_value_ends() -> None:
    reader = Reader(encode([1, {"a": None}]) + b"rest")
    assert reader.length(4) == 2
    assert reader.integer() == 1
    assert reader.length(5) == 1
    assert reader.text() == "a"
    assert reader.optional(reader.text) is None
    assert reader.take(reader.left) == b"rest"
