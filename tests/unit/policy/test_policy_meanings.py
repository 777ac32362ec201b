"""What names and expressions mean to the analysis: table by table, in Python and JavaScript."""

from __future__ import annotations

import time

import pytest
from ast_grep_py import SgRoot

from polyrun.model.codes import Code
from polyrun.model.diagnostics import Severity
from polyrun.policy.analyse import Analyser
from polyrun.policy.grammars import grammar_of
from polyrun.policy.loops import endless
from polyrun.policy.resolve import Resolver
from polyrun.policy.rules import Rule
from polyrun.policy.survey import Survey


def meant(grammar: str, code: str, words: str) -> list[str]:
    """The full names that the last mention of `words` may stand for."""
    syntax = grammar_of(grammar)
    survey = Survey(SgRoot(code, syntax.name).root(), syntax)
    references = [one for one in survey.references if one.node.text() == words]
    return Resolver(syntax).meanings(references[-1].node, references[-1].scope)


def first_argument(grammar: str, code: str) -> object:
    """The constant that the first argument of the call of `show` is."""
    syntax = grammar_of(grammar)
    survey, resolver = Survey(SgRoot(code, syntax.name).root(), syntax), Resolver(syntax)
    call = next(one for one in survey.references if one.call is not None and one.node.text() == "show")
    assert call.call is not None
    return resolver.value(resolver.arguments(call.call)[0][0], call.scope)


def loops(grammar: str, code: str) -> list[str | None]:
    """How each loop in `code` goes on."""
    syntax = grammar_of(grammar)
    survey, resolver = Survey(SgRoot(code, syntax.name).root(), syntax), Resolver(syntax)
    return [endless(node, scope, resolver) for node, scope, _ in survey.loops]


@pytest.mark.parametrize(
    ("code", "words", "names"),
    [
        ("import os.path as p", "p.join", None),
        ("from os import system as s\ns", "s", ["os.system"]),
        ("import os\nf = os.system\ng = f\ng", "g", ["os.system"]),
        ("import os\nf = os.system\nf = print\nf", "f", ["os.system", "print"]),
        ("import os\na, b = os.popen, 1\na", "a", ["os.popen"]),
        ("import os\nvars(os)['system']", "vars(os)['system']", ["os.system"]),
        ("import os\nx = 'system'\nx += '2'\ngetattr(os, x)", "getattr(os, x)", ["getattr()"]),
        ("f = g\ng = f\nf", "f", ["?"]),
        ("def eval(): pass\neval", "eval", ["?"]),
        ("def f(os): os.system", "os.system", ["?.system"]),
        ("def f():\n    global os\n    os = 1\nos.system", "os.system", ["?.system"]),
        ("class A:\n    eval = 1\n    def f(self): eval", "eval", ["eval"]),
        ("match x:\n    case eval: eval", "eval", ["?"]),
        ("import os\nt = {'a': os}\nt['a'].system", "t['a'].system", ["os.system"]),
        ("t = {'a': t['a']}\nt['a']", "t['a']", ["?"]),
        ("builtins.__dict__['eval']", "builtins.__dict__['eval']", ["eval"]),
    ],
)
def test_names_of_python(code: str, words: str, names: list[str] | None) -> None:
    code, names = (f"{code}\np.join", ["os.path.join"]) if names is None else (code, names)
    assert meant("python", code, words) == names


@pytest.mark.parametrize(
    ("code", "words", "names"),
    [
        ("import a, {b as c} from 'm'; c", "c", ["m.b"]),
        ("import * as n from 'node:m'; n.x", "n.x", ["m.x"]),
        ("const {a: {b}} = require('m'); b", "b", ["m.a.b"]),
        ("const {a = d} = require('m'); a", "a", ["m.a", "d"]),
        ("const [a, b] = [x, y]; b", "b", ["y"]),
        ("({exec: w} = require('m')); w", "w", ["m.exec"]),
        ("let a; { a = eval; } a", "a", ["eval"]),
        ("{ let eval = 1; } eval", "eval", ["eval"]),
        ("{ var eval = 1; } eval", "eval", ["?"]),
        ("function f(a) { { function eval() {} } } eval", "eval", ["eval"]),
        ("const f = function eval() { eval }", "eval", ["?"]),
        ("try {} catch (eval) { eval }", "eval", ["?"]),
        ("for (const f of [eval, alert]) f", "f", ["eval", "alert"]),
        ("let x = a; x ??= b; x", "x", ["a", "b"]),
        ("(0, eval)", "eval", ["eval"]),
        ("globalThis.window['ev' + `al`]", "globalThis.window['ev' + `al`]", ["eval"]),
        ("[].constructor.constructor", "[].constructor.constructor", ["Function"]),
        ("x => x.exec", "x.exec", ["?.exec"]),
        ("import('m').then(x => x.exec)", "x.exec", ["m.exec"]),
        ("const t = {a: eval, b: {c: alert}}; t.a; t.b", "t.a", ["eval"]),
        ("const t = {eval}; t.eval", "t.eval", ["eval"]),
    ],
)
def test_names_of_javascript(code: str, words: str, names: list[str]) -> None:
    assert meant("javascript", code, words) == names


@pytest.mark.parametrize(
    ("grammar", "code", "value"),
    [
        ("python", "show(16 * 1024 ** 3)", 16 * 1024**3),
        ("python", "G = 1 << 30\nshow(8 * G)", 8 << 30),
        ("python", "show(1 < 2)", True),
        ("python", "show(7 // 0)", None),
        ("python", "show(9 ** 9 ** 9 ** 9)", None),
        ("python", "show(1 << 100000)", None),
        ("python", "show(chr(111) + chr(115))", "os"),
        ("python", "show('-'.join(['a', 'b']))", "a-b"),
        ("python", "def chr(x): return x\nshow(chr(111))", None),
        ("python", "show(chr(-1))", None),
        ("python", "show(b64decode('b3M=').decode())", "os"),
        ("python", "show('%s' % x)", None),
        ("javascript", "show(1e9 * 16)", 16e9),
        ("javascript", "show(`a${'b'}c`)", "abc"),
        ("javascript", "show(`a${b}`)", None),
        ("javascript", "show(String.fromCharCode(101, 118))", "ev"),
        ("javascript", "const path = require('path'); show(path.join('/etc', './shadow'))", "/etc/shadow"),
        ("javascript", "let a = 'x'; a += 'y'; show(a)", None),
        ("javascript", "let a; a = 'x'; show(a)", "x"),
    ],
)
def test_constants(grammar: str, code: str, value: object) -> None:
    assert first_argument(grammar, code) == value


@pytest.mark.parametrize(
    ("grammar", "code", "kinds"),
    [
        ("python", "while 2 > 1: pass", ["busy"]),
        ("python", "while True:\n    for x in y: break", ["busy", None]),
        ("python", "while x or not 0: pass", ["busy"]),
        ("python", "while x and 1: pass", [None]),
        ("python", "while -1: pass", ["busy"]),
        ("python", "while 1:\n    if x and False: break", ["busy"]),
        ("python", "with suppress(E):\n    while 1: next(x)", [None]),
        ("python", "try:\n    while True: next(x)\nexcept StopIteration: pass", [None]),
        ("python", "try:\n    while True: next(x)\nexcept KeyboardInterrupt: pass", ["busy"]),
        ("python", "try:\n    def f():\n        while True: next(x)\nexcept StopIteration: pass", ["busy"]),
        ("javascript", "a: for (;;) { for (;;) { continue a; } }", ["busy", None]),
        ("javascript", "a: for (;;) { for (;;) { break a; } }", [None, None]),
        ("javascript", "a: for (;x;) { for (;;) { continue a; } }", [None, None]),
        ("javascript", "do { switch (x) { case 1: break; } } while (!0)", ["busy"]),
        ("javascript", "for (;;) { await x; }", ["waiting"]),
        ("javascript", "for (;;) { (() => { throw 1; }); }", ["busy"]),
        ("javascript", "const f = () => { throw 1; }; for (;;) f();", [None]),
    ],
)
def test_loops(grammar: str, code: str, kinds: list[str | None]) -> None:
    assert loops(grammar, code) == kinds


def test_the_fork_in_an_endless_loop_is_the_only_one_that_counts() -> None:
    rule = Rule(
        "x/y", ("python",), Code("PR708"), Severity.ERROR, "m", "r", "r", "e", calls=("os.fork",), repeated=True
    )
    analyser = Analyser("python", (rule,))
    assert analyser.findings(b"import os\nos.fork()\nfor x in range(3): os.fork()\n") == []
    assert [one.start for one in analyser.findings(b"import os\nwhile 1:\n  os.fork()\nos.fork()\n")] == [(2, 2)]


def test_sums_of_sums_of_names_take_no_time() -> None:
    steps = "".join(f"a{n + 1} = a{n} + a{n}\nf{n + 1} = f{n} or f{n}\n" for n in range(80))
    started = time.process_time()
    Analyser("python", ()).findings(f"a0 = ''\nf0 = g\n{steps}open(a80)\nf80()\n".encode())
    assert time.process_time() - started < 2
