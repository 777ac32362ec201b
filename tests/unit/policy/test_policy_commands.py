"""Calls that call others: prefixes of commands, functions named by text, code in texts, and what acts like a call."""

from __future__ import annotations

import time

import pytest

from polyrun.policy.analyse import MAX_FINDINGS, Analyser
from polyrun.policy.load_rules import load_rules

RULES = load_rules()
ANALYSERS = {name: Analyser(name, RULES) for name in ("bash", "lua", "perl", "php", "ruby")}


def found(grammar: str, code: str) -> list[str]:
    """The rules that find something in `code`, without the grammar's name, in its order."""
    return [one.rule.partition("/")[2] for one in ANALYSERS[grammar].findings(code.encode())]


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf /",
        "r'm' -rf /",
        r"\rm -rf /",
        "/bin/rm -rf /",
        "command rm -rf /",
        "env -i A=1 nice -n 5 rm -rf /",
        "timeout -k 1 5 rm -rf /",
        "xargs -n 1 rm -rf /",
        "find . -name x -exec rm -rf / ;",
        "x=rm; $x -rf /",
        'x=r; "${x}m" -rf /',
        'where=/; rm -rf "$where"',
        "bash -c 'rm -rf /'",
        "eval 'rm -rf /'",
        "trap 'rm -rf /' EXIT",
        "words=(rm x); for x in a; do sh -c 'cd / && rm -rf /*'; done",
        "alias r=rm; r -rf /",
        "cat <<EOF\n$(rm -rf /)\nEOF",
        "echo ${x:-$(rm -rf /)}",
        "$'\\x72m' -rf /",
    ],
)
def test_the_real_command_is_found(command: str) -> None:
    assert "destroy" in found("bash", command)


@pytest.mark.parametrize(
    "command",
    [
        "echo rm -rf /",
        "command -v rm",
        "rm() { echo; }; rm -rf /",
        "cat <<'EOF'\nrm -rf /\nEOF",
        "echo 'rm -rf /' \"rm -rf /\"",
        "rmdir -p a",
        'rm -rf "./$x"',
        "bash -c 'echo \"rm -rf /\"'",
    ],
)
def test_what_is_no_such_command(command: str) -> None:
    assert "destroy" not in found("bash", command)


@pytest.mark.parametrize(
    ("grammar", "code"),
    [
        ("php", "call_user_func_array('system', ['ls']);"),
        ("php", "usort($x, 'exec');"),
        ("php", "$f = 'SYS' . 'tem'; $f('ls');"),
        ("php", "`ls`;"),
        ("ruby", "`ls`"),
        ("ruby", "%x(ls)"),
        ("ruby", "Kernel.send(:system, 'ls')"),
        ("ruby", "name = :system\nsend(name, 'ls')"),
        ("ruby", "m = method(:system)\nm.('ls')"),
        ("ruby", "f = x ? IO : nil\nf.popen('ls').read"),
        ("lua", "local o = _G['os']; o.execute('ls')"),
        ("perl", "my $f = \\&CORE::system; $f->('ls');"),
        ("perl", "print qx(ls);"),
    ],
)
def test_processes_are_found_behind_other_names(grammar: str, code: str) -> None:
    assert set(found(grammar, code)) & {"process", "backticks"}


@pytest.mark.parametrize(
    ("grammar", "code", "rules"),
    [
        ("ruby", "def stop = exit\nloop { stop }", []),
        ("ruby", "loop { x.exit }", ["busy-loop"]),
        ("ruby", "loop { sleep }", ["waiting-loop"]),
        ("ruby", "while 0 do end", ["busy-loop"]),
        ("bash", "while :; do (exit); done", ["busy-loop"]),
        ("bash", "while :; do if false; then break; fi; done", ["busy-loop"]),
        ("bash", "while :; do if x; then break; fi; done", []),
        ("bash", "while :; do for x in a; do break 2; done; done", []),
        ("bash", "until ! :; do x; done", ["busy-loop"]),
        ("lua", "while true do goto a end ::a::", []),
        ("lua", "while true do goto a ::a:: end", ["busy-loop"]),
        ("php", "while (1) { switch ($x) { case 1: break; } }", ["busy-loop"]),
        ("php", "while (1) { switch ($x) { case 1: break 2; } }", []),
        ("perl", "while (1) { next; }", ["busy-loop"]),
        ("perl", "A: while (1) { for (@x) { last A } }", []),
        ("perl", "while (1) { die }", []),
    ],
)
def test_loops(grammar: str, code: str, rules: list[str]) -> None:
    assert found(grammar, code) == rules


@pytest.mark.parametrize(
    ("code", "is_bomb"),
    [
        (":(){ :|:& };:", True),
        ("f() { f & f & }; f", True),
        ("f() { if x; then f & fi; }; f", False),
        ("f() { g | g & }; f", False),
        ("f() { f; }; f", False),
    ],
)
def test_fork_bombs(code: str, *, is_bomb: bool) -> None:
    assert ("fork-bomb" in found("bash", code)) is is_bomb


def test_errors_are_not_lost_behind_warnings() -> None:
    code = "curl x\n" * (MAX_FINDINGS + 50) + "rm -rf /\n"
    told = ANALYSERS["bash"].findings(code.encode())
    assert len(told) == MAX_FINDINGS
    assert told[-1].rule == "bash/destroy"


@pytest.mark.parametrize(
    "code",
    [
        "sudo " * 20_000 + "ls",
        "".join(f"x=$x$y{n}; y{n}=$y$x\n" for n in range(500)) + "$x\n" * 200,
        'a="$b$b"; b="$a$a"; $a',
    ],
)
def test_work_is_bounded(code: str) -> None:
    started = time.process_time()
    ANALYSERS["bash"].findings(code.encode())
    assert time.process_time() - started < 10
