"""Values as strict JSON (RFC 8259), with tags for what that loses: `{"$t": "int", "v": "9007199254740993"}`.

Integers within 2**53 are numbers without a point, floats have one; all others are tagged. A map with a key `$t` of
its own is tagged too, so that nothing can be taken for a tag.
"""

from __future__ import annotations

import json
import math
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, cast

from polyrun.model.values import INT53_HIGH, Kind
from polyrun.values import forms
from polyrun.values.convert import CannotConvert, convert_scalar
from polyrun.values.nodes import Duration, Node, Text

TAG, VALUE = "$t", "v"
MAX_DEPTH = 64


def to_json(node: Node) -> str:
    """`node` as one line of JSON. Raises `TypeError` for arrays, tables and files, which have files of their own."""
    return json.dumps(plain(node), ensure_ascii=False, allow_nan=False)


def plain(node: Node) -> Any:
    """`node` as what the `json` module writes."""
    if node is None or isinstance(node, bool | str):
        return node
    if isinstance(node, int):
        return node if -INT53_HIGH <= node <= INT53_HIGH else _tagged("int", str(node))
    if isinstance(node, Mapping):
        if TAG in node:
            return _tagged("map", [[key, plain(value)] for key, value in node.items()])
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [plain(item) for item in cast("list[Node]", node)]
    return _scalar(node)


def _scalar(node: Node) -> Any:
    match node:
        case float():
            return node if math.isfinite(node) else _tagged("float", _NOT_FINITE[str(node)])
        case bytes():
            return _tagged("bytes", b64encode(node).decode())
        case Text():
            return _tagged(node.kind, node.text)
        case Duration():
            return _tagged("duration", forms.duration_text(node.seconds, node.nanoseconds))
        case _:
            raise TypeError(f"{type(node).__name__} has no form in JSON")


_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _tagged(tag: str, value: object) -> dict[str, object]:
    return {TAG: tag, VALUE: value}


def from_json(text: str | bytes) -> Node:
    """The value that `text` is in JSON. Raises `ValueError`, fit for the user."""
    try:
        data = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique, **_NUMBERS)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except UnicodeDecodeError:
        raise ValueError("it is not valid UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg.lower()} (line {error.lineno}, column {error.colno})") from None
    return _node(data, 0)


def _no_constant(word: str) -> object:
    raise ValueError(f'`{word}` is not part of JSON; write {{"$t": "float", "v": "{word}"}}')


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key `{twice[:40]}` stands twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text.removeprefix("-")) > forms.MAX_DIGITS:
        raise ValueError(f"a number has more than {forms.MAX_DIGITS} digits")
    return int(text)


def _float(text: str) -> float:
    found = float(text)
    if math.isinf(found):
        raise ValueError(f"`{text[:40]}` is larger than any float")
    return found


_NUMBERS: Mapping[str, Any] = {"parse_int": _integer, "parse_float": _float}


def _node(data: Any, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")
    if isinstance(data, list):
        return [_node(item, depth + 1) for item in data]
    if isinstance(data, dict):
        if TAG in data:
            return _untagged(data, depth)
        return {_whole(key): _node(value, depth + 1) for key, value in data.items()}
    return _whole(data) if isinstance(data, str) else cast("Node", data)


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text holds half of a character (a lone surrogate)") from None
    return text


def _untagged(data: dict[str, Any], depth: int) -> Node:
    tag, value = data.get(TAG), data.get(VALUE)
    if len(data) != 2 or VALUE not in data:
        raise ValueError("an object with `$t` has `v` beside it and nothing else")
    if tag == "map" and isinstance(value, list):
        pairs = [item for item in value if isinstance(item, list) and len(item) == 2 and isinstance(item[0], str)]
        if len(pairs) == len(value):
            return {_whole(key): _node(item, depth + 1) for key, item in _unique([(k, v) for k, v in pairs]).items()}
    if isinstance(value, str):
        try:
            if tag == "bytes":
                return b64decode(value, validate=True)
            if isinstance(tag, str) and tag in _SCALARS:
                return convert_scalar(value, Kind(tag))
        except CannotConvert as error:
            raise ValueError(str(error)) from None
        except ValueError:
            raise ValueError(f"`{value[:40]}` is not in Base64") from None
    raise ValueError(f"`{str(tag)[:20]}` is no tag, or its value is not what belongs there")


_SCALARS = {"int", "float", "decimal", "date", "time", "timestamp", "duration"}
