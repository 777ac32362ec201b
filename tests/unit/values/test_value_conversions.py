"""Conversions and forms where the conformance suite, which has one sample of each kind, does not reach."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from polyrun.model.values import Holds, Kind
from polyrun.values import forms
from polyrun.values.change import CannotConvert, as_declared, as_json, as_wanted, stored_node
from polyrun.values.delimited import read_csv, read_tsv, write_csv
from polyrun.values.fits import misfit
from polyrun.values.json_form import from_json
from polyrun.values.making import ColumnBytes, Workshop, column_bytes
from polyrun.values.nodes import Array, Node, Packed, Ref, Text


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(str(tmp_path), "made-")


def text(kind: str, words: str) -> Text:
    return Text(Kind(kind), words)


REFUSED: dict[str, tuple[Node, str, str]] = {
    "a decimal of a million digits": (text("decimal", "1e999999"), "int", "more than 4,300 digits"),
    "a decimal beyond float64": (text("decimal", "1e400"), "float", "larger than any float"),
    "a text beyond float64": ("1e400", "float", "larger than any float"),
    "two signs": ("+-5", "int", "is no int"),
    "a decimal too long": (1 - 10**4300, "decimal", "no decimal number"),
    "decimals beyond 38 digits": ({"a": [text("decimal", "15e999999")]}, "table", "more than 38 digits"),
    "an unknown zone": ({"a": [text("timestamp", "2026-11-24T00:00:00[No/Where]")]}, "table", "is not known here"),
    "a folder of zones": ({"a": [text("timestamp", "2026-11-24T00:00:00[Europe]")]}, "table", "is not known here"),
    "before year 1 in UTC": ({"a": [text("timestamp", "0001-01-01T00:00:00+01:00")]}, "table", "no column can hold"),
    "a column's long name": ({"x" * 2000: [1]}, "table", "more than 1024 bytes"),
    "nine dimensions": ([[[[[[[[[1]]]]]]]]], "array", "more than 8 dimensions"),
    "a key that is half a character": (r'{"\ud800": 1}', "map", "lone surrogate"),
    "a tag that is a list": ('[{"$t": [], "v": ""}]', "list", "is no tag"),
    "no type inside": ([1], "list(foo)", "`foo` is not a type"),
    "nothing inside": ([1], "list()", "is not a type"),
    "ints that a float rounds": ([(1 << 53) + 1, 0.5], "array", "would be rounded"),
    "a column of such": ({"a": [(1 << 53) + 1, 0.5]}, "table", "no float holds exactly"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_a_reason(name: str, workshop: Workshop) -> None:
    """Each once was an exception that nobody expected, or a value that was not the same."""
    node, wish, reason = REFUSED[name]
    with pytest.raises(CannotConvert, match=reason):
        as_wanted(stored_node(node, None), wish, workshop)


LOSSES: dict[str, tuple[Node, str]] = {
    "int to float64": ([(1 << 53) + 1], "array(float64)"),
    "int to float32": ([(1 << 24) + 1], "array(float32)"),
    "float64 to float32": ([0.1], "array(float32)"),
    "items to float": ([(1 << 53) + 1], "list(float)"),
    "items to text": ([1], "list(str)"),
    "fields to text": ({"a": [1]}, "map(str)"),
    "decimals to float": ([text("decimal", "0.1")], "list(float)"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_what_loses_something_is_for_imports_only(name: str, workshop: Workshop) -> None:
    """A declared type says what a value is; only who imports it may ask for less."""
    node, wish = LOSSES[name]
    stored = stored_node(node, None)
    as_wanted(stored, wish, workshop)
    with pytest.raises(CannotConvert):
        as_declared(stored, wish, workshop)


def test_an_export_may_be_widened_where_that_is_exact(workshop: Workshop) -> None:
    assert as_json(as_declared(stored_node([1, 0.5], None), "array(float32)", workshop)) == "[1.0, 0.5]"
    assert as_json(as_declared(stored_node(["1", 2], None), "list(float)", workshop)) == "[1.0, 2.0]"


def test_an_array_without_dimensions_is_no_list(workshop: Workshop) -> None:
    one = as_wanted(stored_node(5, None), "array(int8)", workshop)
    assert one.type.shape == ()
    with pytest.raises(CannotConvert, match="no list"):
        as_wanted(one, "list", workshop)


def test_rows_without_columns_are_counted(workshop: Workshop) -> None:
    table = as_wanted(stored_node([{}, {}], None), "table", workshop)
    assert table.type.rows == 2
    assert as_json(table) == "[{}, {}]"


ZONES = [
    ("Europe/Berlin", "1893-03-31T23:00:00Z", "1893-03-31T23:53:28"),
    ("Asia/Tokyo", "0999-01-01T00:00:00Z", "0999-01-01"),
    ("+01:00", "0999-01-01T00:00:00Z", "0999-01-01T01:00:00+01:00"),
]


@pytest.mark.parametrize(("zone", "moment", "there"), ZONES)
def test_a_moment_is_the_same_in_its_zone(zone: str, moment: str, there: str) -> None:
    """Before there were zones, a town was minutes and seconds off; years below 1000 have four digits too."""
    count, _ = forms.timestamp_parts(moment)
    found = forms.timestamp_text(count, zone)
    assert forms.fault(Kind.TIMESTAMP, found) is None
    assert forms.timestamp_parts(found) == (count, zone)
    assert found.startswith(there) or found.endswith(f"Z[{zone}]")


def test_long_durations_come_back_from_their_text() -> None:
    for seconds in ((1 << 63) - 1, -(1 << 63), -1):
        assert forms.parse_duration(forms.duration_text(seconds, 5)) == (seconds, 5)


def test_json_has_no_number_that_becomes_infinite() -> None:
    with pytest.raises(ValueError, match="larger than any float"):
        from_json("[1e400]")
    assert from_json("-" + "9" * 4300) == 1 - 10**4300


@pytest.mark.parametrize("cell", ["007", "-01.5", "12345678901234567890", "-0123", "1e999"])
def test_what_a_number_would_change_stays_a_text(cell: str) -> None:
    """Postal codes and long keys are not numbers because they have digits only."""
    assert read_csv(["a\r\n", f"{cell}\r\n"]) == {"a": [cell]}


def test_a_missing_value_is_a_row_in_a_table_of_one_column() -> None:
    assert read_csv(io.StringIO("".join(write_csv({"a": [1, None]})), newline="")) == {"a": [1, None]}


def test_two_names_that_are_one_are_refused() -> None:
    with pytest.raises(ValueError, match="one name"):
        read_tsv(["\\x\t\\\\x\n", "1\t2\n"])


NARROW = Holds(frozenset(Kind), int_bits=53, columns=frozenset({"int8", "str"}), dtypes=frozenset({"int8"}), nul=False)
WIDE = struct.pack("<q", 1 << 60)


def array(workshop: Workshop, dtype: str) -> Array:
    return workshop.array([1], dtype, (1,))


def test_several_values_in_one_place_are_looked_at_each(workshop: Workshop) -> None:
    """Of two tables in a list no columns are told, of two arrays no type, of two packed lists no bounds."""
    fine = workshop.table({"a": ["x"]})
    far = workshop.table_of(1, {"b": ColumnBytes("date", bytes(4))})
    nul = workshop.table({"a": ["\0"]})
    small = Packed("int64", struct.pack("<q", 1))
    cases: list[tuple[Node, str | None]] = [
        ([fine, fine], None),
        ([fine, far], "a column of date"),
        ([fine, nul], "U+0000"),
        ([array(workshop, "int8"), array(workshop, "int16")], "arrays of int16"),
        ([small, small], None),
        ([small, Packed("int64", WIDE)], "2**53"),
        ([[1], Packed("int64", WIDE)], "2**53"),
    ]
    for node, reason in cases:
        found = misfit(stored_node(node, workshop.folder), NARROW)
        assert (found and found.reason) == reason if reason is None else reason in (found.reason if found else "")


def test_a_column_without_text_may_have_a_name_that_does_not_fit(workshop: Workshop) -> None:
    table = workshop.table_of(1, {"a\0": ColumnBytes("int8", b"\1")})
    found = misfit(stored_node(table, workshop.folder), NARROW)
    assert found is not None
    assert "U+0000" in found.reason


def test_a_column_has_the_coarsest_unit_that_is_exact() -> None:
    at = [text("time", "00:00:00.000001"), text("time", "00:00:00.000000001")]
    assert column_bytes("a", at[:1]).type == "time(us)"
    assert column_bytes("a", at).type == "time(ns)"


def test_references_are_read_whole_or_not_at_all(workshop: Workshop) -> None:
    with workshop.file(".bin") as file:
        file.write(b"abc")
    ref = Ref(Path(file.name).name, 0, 4)
    with pytest.raises(OSError, match="shorter"):
        as_wanted(stored_node(ref, workshop.folder), "str", workshop)
