"""What Ruby does with values beside the samples: when exports are read, what is refused, large data."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.values.test_value_conformance import run, told


def block(code: str, directives: str = "", name: str = "") -> str:
    header = f" name={name}" if name else ""
    return f"#lang:ruby{header}\n{directives}\n{code}\n#end\n"


def test_exports_are_read_when_the_block_ends(tmp_path: Path) -> None:
    """Also behind `exit` and handlers of its own; a child that was forked hands over nothing, `DATA` stays."""
    code = """
late = early = nil
at_exit { late = 7 }
LIST = [1, 2]
@own = 3
$all = 4
early = DATA.read
fork { early = nil }
Process.wait
exit 0
late = 8
__END__
data"""
    taken = block("p early, late, LIST, own, all, defined?(other)", "#import: early, late, LIST, own, all")
    made, got = run(tmp_path, block(code, "#export: early, late, LIST, own, all") + taken)
    assert made["status"] == "ok", told(made)
    assert got["stdout"] == '"data\\n"\n7\n[1, 2]\n3\n4\nnil\n'


def test_a_failed_block_says_what_it_says_without_values(tmp_path: Path) -> None:
    code = "x = 1\nwarn ARGV.size\nraise 'no'"
    (made,) = run(tmp_path, block(code, "#export: x"))
    assert made["exit_code"] == 1, told(made)
    assert made["stderr"] == "0\nvalues.mix:5:in `<main>': no (RuntimeError)\n"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("x = -> { 1 }", "an object of the class `Proc` has no form"),
        ("require 'set'; x = Set[1]", "an object of the class `Set` (`to_a` of it is a list)"),
        ('x = "\\xff"', "it holds text that is not valid UTF-8"),
        ("x = { 1 => 2 }", "the keys of a map must be texts, and 1 is not"),
        ("x = { a: 1, 'a' => 2 }", "two keys of a map have the same text"),
        ("x = []; x << x", "it is nested deeper than 64 levels, or contains itself"),
        ("x = Time.at(1.1)", "it is a time finer than nanoseconds"),
        ("exit; x = 1", "it is nil, and as the block left through `exit`, it may never have been set"),
        ("x = PolyRun::Table", "the class `PolyRun::Table` has no form"),
        ("x = BasicObject.new", "an object of the class `BasicObject`"),
    ],
)
def test_what_has_no_form_is_refused(code: str, reason: str, tmp_path: Path) -> None:
    (made,) = run(tmp_path, block(code, "#export: x"))
    problem = made["problem"]
    assert isinstance(problem, dict), told(made)
    assert f"`x` cannot be exported: {reason}" in problem["message"]


def test_a_declared_type_decides_what_a_string_is(tmp_path: Path) -> None:
    code = "a = 'grüße'.b\nb = 'grüße'\nc = [1, 300]\nd = String.new << 'x'"
    made = block(code, "#export: a:str, b:bytes, c:array(int16), d:str", "r")
    taken = block("p a, b.encoding, c, d.encoding", "#import: r.a, r.b, r.c, r.d")
    _, got = run(tmp_path, made + taken)
    assert got["stdout"] == '"grüße"\n#<Encoding:ASCII-8BIT>\n#<array of int16, 2>\n#<Encoding:UTF-8>\n', told(got)


def test_large_data_lies_in_files_of_its_own(tmp_path: Path) -> None:
    """Also inside of other values; a decimal that is handed on keeps its zeros, a time in a zone its rules."""
    make = """#lang:python name=p
#export: a, data, price, day
import datetime as dt, decimal, zoneinfo
import numpy as np
a = np.arange(1e6)
data = {"big": [bytes(range(256)) * 400]}
price = [decimal.Decimal("1.10")]
day = dt.datetime(2026, 10, 25, 2, 30, 0, 5, zoneinfo.ZoneInfo("Europe/Berlin"), fold=1)
#end
"""
    code = """
p a.size, a[-1], a.numbers.sum, data["big"][0] == (0..255).to_a.pack("C*") * 400, day, day - 3600, price
a[0] = 0.5
list = a.numbers
"""
    check = """#lang:python
#import: r.a, r.list, r.price, r.day
import numpy
print(a[:2], len(list), list[:2], price, day.isoformat(), day.tzinfo)
#end
"""
    passed = "a, data, price, day"
    middle = block(code, f"#import: {passed}\n#export: {passed}, list", "r")
    _, told_by_ruby, got = run(tmp_path, make + middle + check)
    assert told_by_ruby["stdout"] == (
        "1000000\n999999.0\n499999500000.0\ntrue\n2026-10-25 02:30:00.000005 +0100\n"
        "2026-10-25 02:30:00.000005 +0200\n[0.11e1]\n"
    ), told(told_by_ruby)
    assert got["stdout"] == (
        "[0.5 1. ] 1000000 [0.5, 1.0] [Decimal('1.10')] 2026-10-25T02:30:00.000005+01:00 Europe/Berlin\n"
    ), told(got)
