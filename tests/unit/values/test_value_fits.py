"""The ways out of a value that a language cannot hold lead to values that it can."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from polyrun.languages import Registry
from polyrun.model.values import Holds, Kind
from polyrun.values.change import as_wanted, stored_node
from polyrun.values.fits import misfit
from polyrun.values.making import Workshop
from polyrun.values.nodes import Duration, File, Node, Packed, Ref, Text

DAY = Text(Kind.DATE, "2026-11-24")
DAY_JSON = '{"$t": "date", "v": "2026-11-24"}'
WIDE = 2**60 + 1


def holds(language: str) -> Holds:
    found = Registry.load().get(language)
    assert found is not None
    assert found.values is not None
    return found.values.holds


def made(what: str, workshop: Workshop) -> Node:
    """Values with something in them that not every language holds."""
    match what:
        case "table":
            return workshop.table({"d": [DAY, None], "n": [1, 2]})
        case "wide table":
            return workshop.table({"n": [WIDE, 2]})
        case "text table":
            return workshop.table({"s": ["a\0b"]})
        case "array":
            return workshop.array([WIDE], "uint64", (1,))
        case "list":
            return [DAY]
        case "map":
            return {"inner": {"day": [DAY]}, "rows": workshop.table({"d": [DAY]})}
        case "texts":
            return ["a\0b"]
        case _:
            return Packed("int64", struct.pack("<2q", WIDE, 1))


@pytest.mark.parametrize(
    ("language", "what", "ways", "text"),
    [
        ("javascript", "list", ("list(str)", "str"), '[{"$t": "date", "v": "2026-11-24"}]'),
        ("javascript", "table", ("str",), '[{"d": {"$t": "date", "v": "2026-11-24"}, "n": 1}, {"d": null, "n": 2}]'),
        (
            "perl",
            "map",
            ("str",),
            f'{{"inner": {{"day": [{DAY_JSON}]}}, "rows": [{{"d": {DAY_JSON}}}]}}',
        ),
        ("c", "texts", ("list(bytes)", "str"), '["a\\u0000b"]'),
        ("r", "text table", ("str",), '[{"s": "a\\u0000b"}]'),
        ("r", "wide table", ("str",), '[{"n": {"$t": "int", "v": "1152921504606846977"}}, {"n": 2}]'),
        ("r", "array", ("str", "array(float64)"), '[{"$t": "int", "v": "1152921504606846977"}]'),
        ("r", "packed", ("str", "list(float)"), '[{"$t": "int", "v": "1152921504606846977"}, 1]'),
    ],
)
def test_ways_out(language: str, what: str, ways: tuple[str, ...], text: str, tmp_path: Path) -> None:
    workshop = Workshop(str(tmp_path / "made"), "x-")
    stored = stored_node(made(what, workshop), workshop.folder)
    found = misfit(stored, holds(language))
    assert found is not None
    assert found.ways == ways
    turned = [as_wanted(stored, way, workshop) for way in ways]
    assert [misfit(one, holds(language)) for one in turned] == [None] * len(ways)
    assert stored_node(text, None).encoded() == turned[ways.index("str")].encoded()


def test_no_way_out_is_offered_where_there_is_none(tmp_path: Path) -> None:
    workshop = Workshop(str(tmp_path / "made"), "x-")
    with workshop.file(".txt") as file:
        file.write(b"x")
    node: Node = {"day": DAY, "note": File("note.txt", "text/plain", Ref(Path(file.name).name, 0, 1))}
    found = misfit(stored_node(node, workshop.folder), holds("javascript"))
    assert found is not None
    assert (found.where, found.ways) == ("day", ())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Duration(-1, 750_000_000), "-0.25 s"),
        (Duration(-2, 0), "-2 s"),
        (Duration(0, 1), "0.000000001 s"),
        (Duration(90, 0), "90 s"),
    ],
)
def test_durations_are_shown_with_their_sign(value: Duration, shown: str) -> None:
    assert stored_node(value, None).preview == shown
