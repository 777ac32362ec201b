"""`@frozen` keeps the promises of a frozen dataclass with slots."""

from __future__ import annotations

import copy
import pickle

import pytest

from polyrun.model.frozen import NOTHING, as_dict, frozen, replace


@frozen
class Point:
    """A point."""

    x: int
    y: int = 0

    @property
    def sum(self) -> int:
        return self.x + self.y


@frozen
class Named(Point):
    name: str = ""


@frozen
class Checked:
    value: int

    def __post_init__(self) -> None:
        if self.value < 0:
            raise ValueError(self.value)


def test_construction_takes_fields_in_order_by_name_and_by_default() -> None:
    assert (Point(1, 2).x, Point(y=2, x=1).y, Point(1).y, Point(1, 2).sum) == (1, 2, 0, 3)
    assert (Named(1, 2, "a").name, Named(1).name, Named(1, name="b").sum) == ("a", "", 1)


@pytest.mark.parametrize("call", ["Point()", "Point(1, 2, 3)", "Point(1, z=3)", "Point(1, x=1)"])
def test_wrong_arguments_are_type_errors(call: str) -> None:
    with pytest.raises(TypeError, match=r"Point\.__init__"):
        eval(call)


def test_nothing_can_be_changed_added_or_removed() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match="cannot be changed"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        point.z = 2  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        del point.x
    assert not hasattr(point, "__dict__")


def test_equality_and_hash_go_by_type_and_values() -> None:
    assert Point(1, 2) == Point(1, 2)
    assert Point(1, 2) != Point(2, 1)
    assert Point(1, 2) != Named(1, 2)
    assert Point(1, 2) != (1, 2)  # type: ignore[comparison-overlap]
    assert len({Point(1), Point(1, 0), Point(2)}) == 2


def test_it_shows_copies_matches_and_pickles() -> None:
    point = Point(1, 2)
    assert repr(point) == "Point(x=1, y=2)"
    assert replace(point, y=5) == Point(1, 5)
    assert as_dict(point) == {"x": 1, "y": 2}
    assert copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point
    match point:
        case Point(1, y):
            assert y == 2
        case _:
            pytest.fail("it does not match")
    with pytest.raises(TypeError):
        replace(point, z=1)


def test_post_init_can_refuse() -> None:
    assert Checked(1).value == 1
    with pytest.raises(ValueError, match="-1"):
        Checked(-1)


def test_defaults_must_not_change_and_must_come_last() -> None:
    with pytest.raises(TypeError, match="can change"):

        @frozen
        class Bad:
            items: list[int] = []  # noqa: RUF012

    with pytest.raises(TypeError, match="needs a default"):

        @frozen
        class Worse:
            first: int = 1
            second: int  # type: ignore[misc]

    with pytest.raises(TypeError):
        NOTHING["x"] = 1  # type: ignore[index]


def test_documentation_and_names_survive() -> None:
    assert (Point.__doc__, Point.__name__, Point.__module__) == ("A point.", "Point", __name__)
    assert Point.__qualname__ == "Point"
