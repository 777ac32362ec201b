"""What Perl does with values beside the samples: which variable is meant, what a scalar is, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.values.test_value_conformance import run, told


def block(code: str, directives: str = "", name: str = "") -> str:
    header = f" name={name}" if name else ""
    return f"#lang:perl{header}\n{directives}\n{code}\n#end\n"


def python(code: str, directives: str) -> str:
    return f"#lang:python\n{directives}\n{code}\n#end\n"


def test_exports_are_read_when_the_block_ends(tmp_path: Path) -> None:
    """Of any sigil, declared or not, also behind `exit` and `END`; inner variables of the same name do not count."""
    code = """
my $late; my $empty; my @none;
END { $late = 7 }
our %own = (k => 'v');
@loose = (1, 2);
my $early = <DATA>;
{ my $early = 2; my @early = (1) }
sub f { my $late = 1; exit 0 if fork == 0; wait; exit }
f();
__END__
data"""
    names = "late, empty, none, own, loose, early"
    made, got = run(tmp_path, block(code, f"#export: {names}") + python(f"print({names})", f"#import: {names}"))
    assert made["status"] == "ok", told(made)
    assert got["stdout"] == "7 None [] {'k': 'v'} [1, 2] data\n\n"


def test_imports_are_there_at_once_and_known_to_strict(tmp_path: Path) -> None:
    """`$x` refers to what `@x` or `%x` are; order is kept; a variable of one's own may have the same name."""
    code = """
use strict; use warnings;
use constant FIRST => $list[0];
my @other = map { $_ * 2 } @list;
$list[0]++; $map{new} = undef; delete $map->{b}; $map->{b}{c} = 1;
print FIRST, " $list->[0] @other ", join(',', keys %map), " ", exists $map{b}{c}, "\\n";
print join(',', sort { $b <=> $a } @list), " $a\\n";
my @map = (1);
print $nothing;"""
    given = python("list = [5, 6]\nmap = {'z': 1, 'b': 2, 'a': 3}\na = 'ü'", "#export: list, map, a")
    _, got = run(tmp_path, given + block(code.replace("print $nothing;", ""), "#import: list, map, a"))
    assert got["stdout"] == "5 6 10 12 z,a,new,b 1\n6,6 ü\n", told(got)
    assert got["stderr"] == ""
    _, got = run(tmp_path, given + block(code, "#import: list, map, a"))
    assert 'Global symbol "$nothing" requires explicit package name' in str(got["stderr"])
    assert "at values.mix line 17." in str(got["stderr"])


def test_a_failed_block_says_what_it_says_without_values(tmp_path: Path) -> None:
    code = "my $x = 1;\nwarn scalar @ARGV;\ndie 'no'"
    (made,) = run(tmp_path, block(code, "#export: x"))
    assert made["exit_code"] == 255, told(made)
    assert made["stderr"] == "0 at values.mix line 4.\nno at values.mix line 5.\n"


def test_what_a_scalar_is_does_not_change_with_its_use(tmp_path: Path) -> None:
    code = r"""
my @x = (42, '42', 1.5, 2.0, 1 == 1, "1" + 1, "\xff", 10 / 2, int 7 / 2);
my $sum = 0;
my $text = "@x"; $sum += $_ for @x[0, 1, 2];
my @floats = (0.5, 2.0, 4.0); $sum += $_ + 1 for @floats;
my $half = 10 / 2;
my $id = '007'; $sum += $id;
my $data = 'abc';
my @later = ($data) x 2;
my $whole = 5; $sum += $whole * 1.5;"""
    check = python(
        "print(x, floats, half, repr(id), data, later, whole)", "#import: x, floats, half, id, data, later, whole"
    )
    _, got = run(tmp_path, block(code, "#export: x, floats, half:int, id, data:bytes, later, whole") + check)
    x = r"[42, '42', 1.5, 2.0, True, 2, b'\xff', 5.0, 3]"
    assert got["stdout"] == f"{x} [0.5, 2.0, 4.0] 5 '007' b'abc' ['abc', 'abc'] 5\n", told(got)


def test_text_is_what_the_literals_of_the_block_are(tmp_path: Path) -> None:
    """Bytes in UTF-8, or characters for a block that says `use utf8`; either is exported as the same text."""
    code = 'my $n = $x eq "grüße" ? length $x : -1; my $y = "$x €"; my %k = ("ü" => $y); $k{$_} = 1 for keys %$map;'
    directives = "#import: x, map\n#export: n, y, k"
    given = python("x = 'grüße'\nmap = {'ö': 1}", "#export: x, map")
    check = python("print(n, y, k)", "#import: n, y, k")
    for first, length in (("", 7), ("use utf8; ", 5)):
        *_, got = run(tmp_path, given + block(first + code, directives) + check)
        assert got["stdout"] == f"{length} grüße € {{'ö': 1, 'ü': 'grüße €'}}\n", told(got)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("my $x = sub { 1 };", "a function has no form"),
        ("my $x = qr/a/;", "a regular expression has no form"),
        ("my $x = bless {}, 'Some::Class';", "an object of the class `Some::Class` has no form"),
        ("my $x = []; push @$x, $x;", "it is nested deeper than 64 levels, or contains itself"),
        ("my ($x, %x);", "the block has `$x` and `%x`"),
        (r'my $x = "\x{D800}";', "it holds characters that no text can"),
        (r'my $x = { "\xff" => 1 };', "it holds bytes that are no UTF-8"),
        ("my $x = PolyRun::bytes(chr 300);", "it is text, not bytes"),
    ],
)
def test_what_has_no_form_is_refused(code: str, reason: str, tmp_path: Path) -> None:
    (made,) = run(tmp_path, block(code, "#export: x"))
    problem = made["problem"]
    assert isinstance(problem, dict), told(made)
    assert f"`x` cannot be exported: {reason}" in problem["message"]


def test_what_was_not_reached_is_missing(tmp_path: Path) -> None:
    (made,) = run(tmp_path, block("my $y = 1;\nexit if $y;\nmy @x = (1);", "#export: y, x"))
    problem = made["problem"]
    assert isinstance(problem, dict), told(made)
    assert problem["message"].endswith("ended without `x`")


def test_a_wrong_array_is_an_error_in_its_line(tmp_path: Path) -> None:
    (made,) = run(tmp_path, block("\nmy $x = PolyRun::array([1, 300], 'int8');", "#export: x"))
    assert made["stderr"] == "300 does not fit into an array of int8 at values.mix line 4.\n"


def test_large_data_lies_in_files_of_its_own(tmp_path: Path) -> None:
    """Also inside of other values; a decimal that is handed on keeps its zeros, bytes stay bytes."""
    make = """#lang:python name=p
#export: a, data, price, raw, t
import decimal
import numpy as np, pandas as pd
a = np.arange(1e6)
data = {"big": [bytes(range(256)) * 400]}
price = [decimal.Decimal("1.10")]
raw = b"abc"
t = pd.DataFrame({"d": [decimal.Decimal("1.10"), decimal.Decimal("-22.5")], "b": [b"\\xff", b""]})
#end
"""
    code = """
my @numbers = $a->numbers;
my $same = $data->{big}[0] eq pack('C*', 0 .. 255) x 400;
print $a->size, " ", $a->get(-1), " $same @$price ", join(' ', @{ $t->column('d') }), " $raw\\n";
$a->set(0, 0.5);
my @list = $a->numbers;
my $new = PolyRun::table(d => [@{ $t->column('d') }, undef]);
eval { $t->column('d')->[0] = 1 } or print $@;"""
    names = "a, data, price, raw, t"
    middle = block(code, f"#import: {names}\n#export: {names}, list, new", "r")
    check = """#lang:python
#import: r.a, r.list, r.price, r.raw, r.data, r.t, r.new
import numpy, pandas
print(a[:2], len(list), list[:2], price, raw, len(data["big"][0]), t["d"].tolist(), new["d"].tolist())
#end
"""
    _, by_perl, got = run(tmp_path, make + middle + check)
    assert by_perl["stdout"] == (
        "1000000 999999 1 1.1 1.1 -22.5 abc\nModification of a read-only value attempted at values.mix line 21.\n"
    ), told(by_perl)
    decimals = "[Decimal('1.10'), Decimal('-22.50')"
    assert got["stdout"] == (
        "[0.5 1. ] 1000000 [0.5, 1.0] [Decimal('1.10')] b'abc' 102400 "
        f"{decimals}] [Decimal('1.1'), Decimal('-22.5'), None]\n"
    ), told(got)
