"""What is peculiar about values in PHP: arrays that are lists and maps, strings that are text and bytes, shutdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.values.test_value_conformance import run, told

_ENDINGS = {
    "by itself": "$total = 3;",
    "by an early return": "$total = 3; if ($total) { return; }\n$total = 4;",
    "by exit": "$total = 3; exit(0);",
    "by exit in a function": "$total = 1; function f() { $GLOBALS['total'] = 3; exit; }\nf();",
    "with functions that are called last": "$total = 1; register_shutdown_function(fn () => $GLOBALS['total'] = 3);",
    "with a handler that throws": (
        "set_error_handler(fn () => throw new ErrorException()); $total = 3; $x = @new DateInterval('PT1S');"
    ),
}

_REFUSED = {
    "$a = fopen('php://memory', 'r');": "a resource (stream) has no form that other languages could read",
    "$a = fn () => 1;": "a function has no form that other languages could read",
    "$a = (function () { yield 1; })();": "class `Generator` has no form that other languages could read; export",
    "$a = ['x' => 1]; $a['a'] = &$a;": "it is nested deeper than 64 levels, or contains itself",
    "$a = new DateInterval('P1M');": "it is an interval of months or years",
    "$a = DateInterval::createFromDateString('last thursday');": "it is an interval without a length of its own",
    "$a = new DateTime('1880-01-01 Europe/Berlin');": "its zone is not a whole number of minutes from UTC",
}


def _problem(block: dict[str, object]) -> str:
    problem = block["problem"]
    assert isinstance(problem, dict), told(block)
    return str(problem["message"])


def test_a_variable_is_read_however_the_block_ends(tmp_path: Path) -> None:
    blocks = "".join(f"#lang:php\n#export: total\n{code}\n#end\n" for code in _ENDINGS.values())
    for ending, block in zip(_ENDINGS, run(tmp_path, blocks), strict=True):
        assert block["status"] == "ok", f"{ending}: {told(block)}"
        exports = block["exports"]
        assert isinstance(exports, dict)
        assert exports["total"]["preview"] == "3", ending


def test_what_has_no_form_is_refused_with_a_reason(tmp_path: Path) -> None:
    blocks = "".join(f"#lang:php\n#export: a\n{code}\n#end\n" for code in _REFUSED)
    for reason, block in zip(_REFUSED.values(), run(tmp_path, blocks), strict=True):
        assert reason in _problem(block)


def test_the_declared_type_decides_what_a_string_or_an_array_is(tmp_path: Path) -> None:
    document = (
        "#lang:php\n"
        "#export: text, raw:bytes, items, empty:map, keyed:map, parts:list(bytes), day:date, small:array(int8)\n"
        "$text = $raw = 'abc'; $items = $empty = []; $keyed = [1, 2]; $parts = ['x'];\n"
        "$day = new DateTime('2026-11-24'); $small = [1, 2];\n#end\n"
        "#lang:python\n#import: text, raw, items, empty, keyed, parts, day, small\n"
        "print(text, raw, items, empty, keyed, parts, day, small.tolist())\n#end\n"
        "#lang:php\n#export: a:list\n$a = array_filter([1, 0, 2]);\n#end\n"
        "#lang:php\n#export: a:array(int8)\n$a = [200];\n#end\n"
        '#lang:php\n#export: a:str\n$a = "\\xff";\n#end\n'
        "#lang:php\n#export: a:date\n$a = new DateTime('2026-11-24 10:00');\n#end\n"
    )
    _, shown, gaps, large, no_text, no_day = run(tmp_path, document)
    assert shown["stdout"] == "abc b'abc' [] {} {'0': 1, '1': 2} [b'x'] 2026-11-24 [1, 2]\n", told(shown)
    assert "its keys are not 0, 1, 2, …; export `array_values(…)` of it" in _problem(gaps)
    assert "200 does not fit" in _problem(large)
    assert "it is not valid UTF-8" in _problem(no_text)
    assert "it is a day and a time (10:00:00), not a date" in _problem(no_day)


def test_keys_that_php_takes_for_numbers_leave_as_they_came(tmp_path: Path) -> None:
    document = (
        '#lang:python\n#export: a, b, c\na = {"0": "x", "1": "y"}\nb = {"1": {"0": 1}, "-5": 2, "007": 3}\n'
        'c = {"9223372036854775808": 1, "-0": 2}\n#end\n'
        "#lang:php\n#import: a, b, c\n#export: a, b, c\n"
        "echo count($a), $a['1'], $b['1']['0'], $b['007'], $c['-0'];\n#end\n"
        "#lang:python\n#import: a, b, c\nprint(a, b, c)\n#end\n"
    )
    _, read, shown = run(tmp_path, document)
    assert read["stdout"] == "2y132", told(read)
    expected = "{'0': 'x', '1': 'y'} {'1': {'0': 1}, '-5': 2, '007': 3} {'9223372036854775808': 1, '-0': 2}\n"
    assert shown["stdout"] == expected


def test_errors_stand_where_they_are_and_hand_nothing_over(tmp_path: Path) -> None:
    document = (
        "#lang:php\n#export: a\n$a = 1;\nthrow new LogicException('no');\n#end\n#lang:php\n#export: a\n$a = );\n#end\n"
    )
    raised, unsound = run(tmp_path, document)
    assert "Uncaught LogicException: no in values.mix:4\nStack trace:\n#0 {main}\n" in str(raised["stderr"])
    assert "Unmatched ')' in values.mix on line 8" in str(unsound["stderr"])
    assert raised["exports"] == {}


@pytest.mark.timeout(120)
def test_a_large_array_goes_through(tmp_path: Path) -> None:
    document = (
        "#lang:python\n#export: x\nimport numpy as np\nx = np.arange(1e6)\n#end\n"
        "#lang:php\n#import: x\n#export: x, half:array\n$half = [];\n"
        "foreach ($x as $value) { $half[] = $value / 2; }\n#end\n"
        "#lang:python\n#import: x, half\nimport numpy as np\n"
        "print(x.dtype, x.sum(), half.dtype, bool((half * 2 == np.arange(1e6)).all()))\n#end\n"
    )
    *_, shown = run(tmp_path, document)
    assert shown["stdout"] == "float64 499999500000.0 float64 True\n", told(shown)
