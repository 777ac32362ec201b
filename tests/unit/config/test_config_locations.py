"""Where keys and values stand, checked against the real parsers: what a range covers must parse to its value."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrun.config.locate_json import locate_json
from polyrun.config.locate_toml import locate_toml
from polyrun.config.locations import KeyPath, Locations

SAMPLES = [
    "a = 1",
    "a.b.c = 1\na.b.d = 2\na.e = 3",
    "'a b'.\"c.d\" . e = 1",
    '"" = 1\n"\\u00e9\\"x" = 2',
    "[a]\nb = 1\n[a.c]\nd = 2 # e = 3\n[ a . f ]\ng = 4",
    "[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 3\n[[a.e]]\nf = 4\n[[a.e]]\nf = 5\n[[a]]\nb = 6",
    "[a]\n[[a.b]]\nc = [1, 2]\n[[a.b]]\n[a.b.d]\ne = 1",
    "a = [1, [2, 3], { b = 4, c.d = [5] }, ]",
    "a = [ # comment ] , [\n  1, # one\n\n  2,\n]\nb = 2",
    "a = {}\nb = []\nc = { d = {} , e = '}' }",
    'a = """\nx = 1\n[b]\n"""\nb = 1',
    "a = '''x = 1\n[b]'''\nb = ''''''''\nc = 1",
    'a = """"quoted""""\nb = """x\\"""y"""\nc = """a""b"""\nd = 1',
    'a = \'C:\\\'\nb = "# ] } , \\\\"\nc = 1 # "',
    "a = 1979-05-27 07:32:00\nb = 1979-05-27T07:32:00Z\nc = 07:32:00\nd = 1e5\ne = 0xff\nf = -inf\ng = true",
    "a = 1\r\n[b]\r\nc = '''x\r\ny'''\r\nd = 2\r\n",
    "# only a comment",
    "",
]


def _leaves(tree: Any, path: KeyPath = ()) -> dict[KeyPath, Any]:
    """Every value that is written as one: all but the tables and lists that headers made."""
    found: dict[KeyPath, Any] = {}
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, value in items:
        if not isinstance(value, dict | list):
            found[(*path, name)] = value
        found |= _leaves(value, (*path, name))
    return found


def _toml_value(text: str) -> Any:
    return tomllib.loads(f"v = {text}")["v"]


@pytest.mark.parametrize("text", SAMPLES)
def test_toml_ranges_parse_to_their_values(text: str) -> None:
    assert_toml_agrees(text)


def assert_toml_agrees(text: str) -> None:
    tree, found = tomllib.loads(text), locate_toml(text)
    leaves = _leaves(tree)
    assert leaves.keys() <= found.values.keys()
    for path, (start, end) in found.values.items():
        assert _toml_value(text[start:end]) == _at(tree, path)
    for path, (start, end) in found.keys.items():
        assert next(iter(tomllib.loads(f"{text[start:end]} = 1"))) == path[-1]
        _at(tree, path)  # it exists


def _at(tree: Any, path: KeyPath) -> Any:
    for part in path:
        tree = tree[part]
    return tree


scalars = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.booleans().map(lambda b: "true" if b else "false"),
    st.sampled_from(["'a # b'", "''", '"x\\"]"', "1.5", "inf", '"""x\n"y"""', "'''\n'a '''", "12:00:00"]),
)
names = st.sampled_from(["a", "b", "c-d", "1", "'q r'", '"e.f"', '"\\t"'])
dotted = st.lists(names, min_size=1, max_size=3).map(".".join)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda xs: "[" + ",\n # c ]\n".join(xs) + "\n]"),
        st.lists(st.tuples(dotted, inner), max_size=2).map(
            lambda ps: "{" + ", ".join(f"{k} = {v}" for k, v in ps) + "}"
        ),
    ),
    max_leaves=5,
)
lines = st.one_of(
    st.tuples(dotted, values).map(lambda pair: f"{pair[0]} = {pair[1]} # c"),
    dotted.map(lambda key: f"[{key}]"),
    dotted.map(lambda key: f"[[{key}]]"),
)


@given(st.lists(lines, max_size=6).map("\n".join))
def test_whatever_is_valid_toml_is_followed_to_its_end(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        locate_toml(text)  # must not fail either
    else:
        assert_toml_agrees(text)


@given(st.text(alphabet="ab.=[]{}\"'\\#, \n\r1", max_size=40))
def test_the_toml_scan_never_fails(text: str) -> None:
    try:
        tomllib.loads(text)
    except ValueError:
        locate_toml(text)
    else:
        assert_toml_agrees(text)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, st.sampled_from([None, 2]), st.booleans())
def test_json_ranges_parse_to_their_values(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    found = locate_json(text)
    everything = {(): value} | _everything(value)
    assert {path: json.loads(text[slice(*where)]) for path, where in found.values.items()} == everything
    assert all(json.loads(text[slice(*where)]) == path[-1] for path, where in found.keys.items())
    assert found.repeated == []


def _everything(tree: Any, path: KeyPath = ()) -> dict[KeyPath, Any]:
    found: dict[KeyPath, Any] = {}
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, value in items:
        found[(*path, name)] = value
        found |= _everything(value, (*path, name))
    return found


@given(st.text(alphabet='{}[]:,"\\ 1an\n', max_size=40))
def test_the_json_walk_never_fails(text: str) -> None:
    locate_json(text)


def test_repeated_keys_are_found_in_their_own_object_only() -> None:
    found = locate_json('{"a": {"x": 1}, "b": {"x": 1, "y": 2, "x": 3}, "a": 4}')
    assert [path for path, _ in found.repeated] == [("b", "x"), ("a",)]


def test_what_is_not_there_is_looked_up_around_it() -> None:
    found = Locations(keys={("a",): (1, 2)}, values={("a",): (5, 6)})
    assert (found.key(("a", "b", 3)), found.value(("a", "b")), found.value(("z",))) == ((1, 2), (1, 2), (0, 0))
