"""What is peculiar about values in Lua: locals of a chunk, tables without an order, nil."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.values.test_value_conformance import run, told

_ENDINGS = {
    "by itself": "local total = 3",
    "by an early return": "local total = 3\nif total then return end\ntotal = 4",
    "by a call that it returns": "local total = 3\nlocal function f(n) return n end\nreturn f(1)",
    "by os.exit in a function": "local total = 1\nlocal function f() total = 3; os.exit(0) end\nf()",
    "by os.exit in a coroutine": "local total = 1\ncoroutine.wrap(function() total = 3; os.exit() end)()",
    "with a global": "total = 3",
}

_REFUSED = {
    "a = print": "a function has no form that other languages could read",
    "a = io.stdout": "a file has no form that other languages could read",
    "a = setmetatable({}, {})": "a table with a metatable has no form that other languages could read",
    "a = { 1, nil, 3 }": "its keys are numbers, and not 1, 2, 3, …; put `polyrun.null` where a list has nothing",
    "a = { 1, x = 2 }": "it is a list and a map at once",
    "a = {}; a.a = a": "it is nested deeper than 64 levels, or contains itself",
    "a = polyrun.date('2026-02-01'); a.day = 30": "it is no date: there is no day 30 in that month",
}


def _problem(block: dict[str, object]) -> str:
    problem = block["problem"]
    assert isinstance(problem, dict), told(block)
    return str(problem["message"])


def test_a_variable_is_read_however_the_block_ends(tmp_path: Path) -> None:
    blocks = "".join(f"#lang:lua\n#export: total\n{code}\n#end\n" for code in _ENDINGS.values())
    for ending, block in zip(_ENDINGS, run(tmp_path, blocks), strict=True):
        assert block["status"] == "ok", f"{ending}: {told(block)}"
        exports = block["exports"]
        assert isinstance(exports, dict)
        assert exports["total"]["preview"] == "3", ending


def test_what_has_no_form_is_refused_with_a_reason(tmp_path: Path) -> None:
    blocks = "".join(f"#lang:lua\n#export: a\n{code}\n#end\n" for code in _REFUSED)
    for reason, block in zip(_REFUSED.values(), run(tmp_path, blocks), strict=True):
        assert reason in _problem(block)


def test_errors_stand_where_they_are_and_name_nothing_of_ours(tmp_path: Path) -> None:
    document = "#lang:lua\n#export: a\nlocal a = 1\nprint(polyrun.date('nonsense'))\n#end\n"
    document += "#lang:lua\n#export: a\nlocal a = )\n#end\n"
    raised, unsound = run(tmp_path, document)
    assert str(raised["stderr"]).startswith("lua: values.mix:4: `nonsense` is no date")
    assert "(polyrun" not in str(raised["stderr"])
    assert str(unsound["stderr"]).startswith("lua: values.mix:8: unexpected symbol")


def test_maps_keep_their_order_and_their_emptiness(tmp_path: Path) -> None:
    document = (
        '#lang:python\n#export: m\nm = {"z": {}, "a": [], "n": None, "b": {"y": 1, "x": 2}}\n#end\n'
        "#lang:lua\n#import: m\n#export: m, sorted\nm.k = 1\nm.a = nil\nm.a = false\n"
        "m.b.w = 3\nsorted = { q = 1, b = 2 }\n#end\n"
        "#lang:python\n#import: m, sorted\nprint(m, sorted)\n#end\n"
    )
    *_, shown = run(tmp_path, document)
    expected = "{'z': {}, 'n': None, 'b': {'y': 1, 'x': 2, 'w': 3}, 'k': 1, 'a': False} {'b': 2, 'q': 1}\n"
    assert shown["stdout"] == expected, told(shown)


def test_null_is_nil_only_where_that_says_something(tmp_path: Path) -> None:
    document = (
        "#lang:lua\n#export: a, b:null, c\nlocal a\nb = nil\nlocal c = polyrun.null\n#end\n"
        "#lang:lua\n#import: a\nassert(a == nil)\n#end\n"
        "#lang:lua\n#export: missing\nlocal present, other = 1, missing\n#end\n"
    )
    made, taken, lacking = run(tmp_path, document)
    assert [made["status"], taken["status"]] == ["ok", "ok"], told(made)
    problem = lacking["problem"]
    assert isinstance(problem, dict)
    assert problem["code"] == "PR606"
    assert "`other`" not in str(problem["message"])


@pytest.mark.timeout(120)
def test_a_large_array_goes_through(tmp_path: Path) -> None:
    document = (
        "#lang:python\n#export: x\nimport numpy as np\nx = np.arange(1e6)\n#end\n"
        "#lang:lua\n#import: x\n#export: x, half:array\nhalf = x:table()\n"
        "for n, value in pairs(x) do half[n] = value / 2 end\n#end\n"
        "#lang:python\n#import: x, half\nimport numpy as np\n"
        "print(x.dtype, x.sum(), half.dtype, bool((half * 2 == np.arange(1e6)).all()))\n#end\n"
    )
    *_, shown = run(tmp_path, document)
    assert shown["stdout"] == "float64 499999500000.0 float64 True\n", told(shown)
