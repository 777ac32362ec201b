"""Turning a value into another type, where somebody has asked for it: `#import: big:str`, `#export: day:date`.

An import may ask for less than there is (`big:float` is the nearest one); an export may say what its language cannot
(`day:date` for a text, `n:float` for a number without a fraction). What cannot be turned is refused with a reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from polyrun.model.frozen import frozen
from polyrun.model.values import INT53_HIGH, Kind
from polyrun.values import forms
from polyrun.values.nodes import Array, Duration, File, Node, Packed, Table, Text

_TYPE = re.compile(r"(?P<head>[a-z]+)(?:\((?P<inside>.*)\))?")


class CannotConvert(ValueError):
    """A value that is not of the wanted type and cannot be turned into it; the message says why."""


@frozen
class Wish:
    """A wanted type taken apart: `list(int)` has the kind `list` and the `inside` `int`."""

    kind: Kind
    inside: str | None = None


def parse_type(text: str) -> Wish:
    """The type that `text` names; what stands in brackets is kept as it is. Raises `CannotConvert` for no type."""
    match = _TYPE.fullmatch(text.replace(" ", ""))
    if match is None or match["head"] not in set(Kind):
        raise CannotConvert(f"`{text[:40]}` is not a type")
    return Wish(Kind(match["head"]), match["inside"])


def convert_scalar(node: Node, wish: Kind) -> Node:
    """`node`, which is no list, map, array, table or file, as a value of the kind `wish`. Raises `CannotConvert`."""
    own = kind_of(node)
    if own is wish:
        return node
    if isinstance(node, str) and wish in _PARSED:
        return _PARSED[wish](node)
    turn = _TURNS.get((own, wish))
    if turn is None:
        raise CannotConvert(f"{_a(own)} cannot be turned into {_a(wish)}")
    return turn(node)


def kind_of(node: Node) -> Kind:
    """What `node` is."""
    for types, kind in _KINDS:
        if isinstance(node, types):
            return kind
    assert isinstance(node, Text)
    return node.kind


_KINDS: tuple[tuple[type | tuple[type, ...], Kind], ...] = (
    (type(None), Kind.NULL),
    (bool, Kind.BOOL),
    (int, Kind.INT),
    (float, Kind.FLOAT),
    (str, Kind.STR),
    (bytes, Kind.BYTES),
    (Duration, Kind.DURATION),
    (Array, Kind.ARRAY),
    (Table, Kind.TABLE),
    (File, Kind.FILE),
    ((Packed, list, tuple), Kind.LIST),
    (Mapping, Kind.MAP),
)


def _a(kind: Kind) -> str:
    return f"{'an' if kind in (Kind.INT, Kind.ARRAY) else 'a'} {kind}" if kind not in _UNCOUNTED else str(kind)


_UNCOUNTED = (Kind.NULL, Kind.BYTES)


def _parse_bool(text: str) -> Node:
    if text not in {"true", "false"}:
        raise CannotConvert(f"`{text[:40]}` is neither `true` nor `false`")
    return text == "true"


def _parse_int(text: str) -> Node:
    plain = text.strip()
    plain = plain[1:] if re.match(r"\+\d", plain) else plain
    if not forms.is_integer(plain):
        raise CannotConvert(f"`{text[:40]}` is no int")
    return int(plain)


def _parse_float(text: str) -> Node:
    try:
        found = float(text.replace("_", "x"))
    except ValueError:
        raise CannotConvert(f"`{text[:40]}` is no float") from None
    if math.isinf(found) and "n" not in text.lower():
        raise CannotConvert(f"`{text[:40]}` is larger than any float")
    return found


def _parse_null(text: str) -> Node:
    if text not in {"", "null"}:
        raise CannotConvert(f"`{text[:40]}` is not null")
    return None


def _parse_form(kind: Kind) -> Callable[[str], Node]:
    def parse(text: str) -> Node:
        wrong = forms.fault(kind, text)
        if wrong is not None:
            raise CannotConvert(wrong)
        return Text(kind, text)

    return parse


def _parse_duration(text: str) -> Node:
    found = forms.parse_duration(text)
    if found is None:
        raise CannotConvert(f"`{text[:40]}` is no duration such as `PT1.5S`, `1.5` or `90s`")
    return Duration(*found)


_PARSED: dict[Kind, Callable[[str], Node]] = {
    Kind.NULL: _parse_null,
    Kind.BOOL: _parse_bool,
    Kind.INT: _parse_int,
    Kind.FLOAT: _parse_float,
    Kind.DECIMAL: _parse_form(Kind.DECIMAL),
    Kind.DATE: _parse_form(Kind.DATE),
    Kind.TIME: _parse_form(Kind.TIME),
    Kind.TIMESTAMP: _parse_form(Kind.TIMESTAMP),
    Kind.DURATION: _parse_duration,
    Kind.BYTES: str.encode,
}


def _float_of_int(node: Node) -> Node:
    assert isinstance(node, int)
    try:
        return float(node)
    except OverflowError:
        raise CannotConvert("the int is larger than any float") from None


def _decimal_of_int(node: Node) -> Node:
    return _PARSED[Kind.DECIMAL](str(node))


def _int_of_float(node: Node) -> Node:
    assert isinstance(node, float)
    if not node.is_integer():
        raise CannotConvert(f"{node!r} is not a whole number")
    return int(node)


def _int_of_decimal(node: Node) -> Node:
    from decimal import Decimal

    assert isinstance(node, Text)
    number = Decimal(node.text)
    if not number:
        return 0
    if number.adjusted() >= forms.MAX_DIGITS:
        raise CannotConvert(f"the decimal has more than {forms.MAX_DIGITS:,} digits as an int")
    if number.adjusted() < 0 or number != number.to_integral_value():
        raise CannotConvert(f"{node.text[:40]} is not a whole number")
    return int(number)


def _text_of_bytes(node: Node) -> Node:
    assert isinstance(node, bytes)
    try:
        return node.decode()
    except UnicodeDecodeError:
        raise CannotConvert("the bytes are not valid UTF-8") from None


def _seconds(node: Node) -> Node:
    assert isinstance(node, Duration)
    return node.seconds + node.nanoseconds / 1e9


def _duration_text(node: Node) -> Node:
    assert isinstance(node, Duration)
    return forms.duration_text(node.seconds, node.nanoseconds)


def _own_text(node: Node) -> Node:
    assert isinstance(node, Text)
    return node.text


_TURNS: dict[tuple[Kind, Kind], Callable[[Node], Node]] = {
    (Kind.INT, Kind.FLOAT): _float_of_int,
    (Kind.INT, Kind.DECIMAL): _decimal_of_int,
    (Kind.INT, Kind.STR): str,
    (Kind.FLOAT, Kind.INT): _int_of_float,
    (Kind.FLOAT, Kind.STR): repr,
    (Kind.BOOL, Kind.STR): lambda node: "true" if node else "false",
    (Kind.DECIMAL, Kind.STR): _own_text,
    (Kind.DECIMAL, Kind.FLOAT): lambda node: _parse_float(str(_own_text(node))),
    (Kind.DECIMAL, Kind.INT): _int_of_decimal,
    (Kind.DATE, Kind.STR): _own_text,
    (Kind.TIME, Kind.STR): _own_text,
    (Kind.TIMESTAMP, Kind.STR): _own_text,
    (Kind.DURATION, Kind.STR): _duration_text,
    (Kind.DURATION, Kind.FLOAT): _seconds,
    (Kind.BYTES, Kind.STR): _text_of_bytes,
}

WIDENING = {(Kind.INT, Kind.FLOAT), (Kind.INT, Kind.DECIMAL)}
"""What an export may be turned into beside a text: what holds all of it, which `is_exact` tells."""


def loses_nothing(node: Node, wish: Kind) -> bool:
    """Whether the scalar `node` is of the kind `wish`, says so as a text, or is widened to it exactly."""
    own = kind_of(node)
    return own in (wish, Kind.STR) or ((own, wish) in WIDENING and is_exact(node, wish))


def is_exact(node: Node, wish: Kind) -> bool:
    """Whether widening loses nothing: an integer that a float64 has too."""
    return wish is not Kind.FLOAT or (isinstance(node, int) and -INT53_HIGH <= node <= INT53_HIGH)
