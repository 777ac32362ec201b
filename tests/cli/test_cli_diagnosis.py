"""What is said of values that did not arrive."""

from __future__ import annotations

import pytest

from cli_case import MakeCase

LOAD = "#lang:python name=load\n#export: t:table\nrate = 3\nt = [{'a': 1}, {'a': None}]\n#end\n"


def test_a_variable_of_another_block(case: MakeCase) -> None:
    made = case(LOAD + "#lang:javascript\n#import: t\nconsole.log(rate)\n#end\n")
    hint = "hint: `rate` was set in load but not exported; add `#export: rate` there and `#import: rate` here\n"
    made.args("run", "doc.mix").stderr_has(hint, "import: `t`, table, 2 rows x 1 column, from load, line 2\n").exits(1)


def test_an_export_that_was_not_imported(case: MakeCase) -> None:
    made = case(LOAD + "#lang:python\nprint(t)\n#end\n")
    made.args("run", "doc.mix").stderr_has("hint: `t` is exported by load; add `#import: t` to this block\n").exits(1)


def test_a_variable_of_no_block_has_no_hint(case: MakeCase) -> None:
    case(LOAD + "#lang:python\nprint(rats)\n#end\n").args("run", "doc.mix").nowhere("hint: `rats`").exits(1)


@pytest.mark.parametrize(
    ("export", "code", "said"),
    [
        ("total\nif False: total = 1\ntotals = 2", "PR606", "hint: did you mean `totals`?"),
        ("total:int\ntotal = 41.5", "PR607", "`total` is declared as `int`: it is of the type `float`"),
        ("total:list(int)\ntotal = ['a']", "PR607", "`total` is declared as `list(int)`"),
        ("total\ntotal = print", "PR609", "`total` cannot be exported: a function or class (`print`) has no form"),
        ("total\ntotal = 1\nimport os; os._exit(0)", "PR606", "ended before it handed over `total`"),
    ],
)
def test_exports_that_are_no_values(case: MakeCase, export: str, code: str, said: str) -> None:
    made = case(
        f"#lang:python name=a\n#export: {export}\n#end\n#lang:python name=b\n#import: total\nprint(total)\n#end\n"
    )
    made.args("run", "doc.mix").stdout("").stderr_has(f"error[{code}]: ", said, "--> doc.mix:2:").exits(1)


def test_a_value_that_does_not_fit(case: MakeCase) -> None:
    made = case(
        "#lang:python name=a\n#export: big\nbig = 2**70\n#end\n#lang:cpp name=b\n#import: big\ncout << big;\n#end\n"
    )
    made.args("run", "doc.mix").stdout("").stderr_has(
        "error[PR608]: `b` cannot take `big` (int): C++ holds integers of 64 bits, and this one needs more",
        "doc.mix:6:10",
        "imported here",
        "exported here",
        "hint: import it as `#import: big:str` or `#import: big:float`",
        "import refused",
    ).exits(1)


@pytest.mark.parametrize(("wish", "shown"), [("str", "1180591620717411303424"), ("float", "1.1805916207174113e+21")])
def test_the_way_out_works(case: MakeCase, wish: str, shown: str) -> None:
    made = case(f"#lang:python\n#export: big\nbig = 2**70\n#end\n#lang:python\n#import: big:{wish}\nprint(big)\n#end\n")
    made.args("run", "doc.mix", "-q").stdout(shown + "\n").exits(0)


@pytest.mark.parametrize(
    ("value", "hint", "shown"),
    [
        ("[2**70, 2]", "import it as `#import: x:list(str)` or `#import: x:list(float)`", "1180591620717411303424\t2"),
        ("{'a': 2**70, 'b': 1}", "import it as `#import: x:map(str)` or `#import: x:map(float)`", "nil\tnil"),
        ("[2**70, None]", "import it as `#import: x:str`", "nil\tnil"),
        ("{'a': [2**70]}", "import it as `#import: x:str`", "nil\tnil"),
    ],
)
def test_the_way_out_for_items(case: MakeCase, value: str, hint: str, shown: str) -> None:
    document = f"#lang:python\n#export: x\nx = {value}\n#end\n#lang:lua\n#import: x\nprint(x[1], x[2])\n#end\n"
    case(document).args("run", "doc.mix").stdout("").stderr_has("PR608", f"hint: {hint}").exits(1)
    wish = hint.split("`")[1]
    case(document.replace("#import: x", wish)).args("run", "doc.mix", "-q").stdout(shown + "\n").exits(0)


def test_a_member_that_a_type_has_not_is_no_variable(case: MakeCase) -> None:
    made = "#lang:python\n#export: words\nwords, size = ['tea'], 1\n#end\n"
    code = "var word = words.get(0);\nSystem.out.println({});\n"
    for used, told in (("word.size", False), ("size", True)):
        document = f"{made}#lang:java\n#import: words\n{code.format(used)}#end\n"
        done = case(document).args("run", "doc.mix").stderr_has("cannot find symbol").exits(1)
        assert ("`size` was set in" in done.err) == told


def test_a_block_that_fails_exports_nothing(case: MakeCase) -> None:
    made = case(
        "#lang:python name=a\n#export: x\nx = 1\nraise SystemExit(3)\n#end\n#lang:python\n#import: x\nprint(x)\n#end\n"
    )
    made.args("run", "doc.mix").stdout("").stderr_has("exit 3", "skipped").nowhere("PR606").exits(1)
