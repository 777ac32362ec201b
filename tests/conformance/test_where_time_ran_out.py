"""The line at which a program was when its time ran out, in every language that can say it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import polyrun
from polyrun.languages import Registry
from polyrun.model.limits import Limits
from polyrun.model.outcomes import Status

REGISTRY = Registry.load()

# In each the second line is where it is, or with two blocks where both are; `None` stands for what cannot be told.
BUSY: dict[str, str] = {
    "python": "def f():\n    while True: pass\nf()",
    "javascript": "function f() {\n  while (true) { Math.random(); }\n}\nf();",
    "typescript": "function f(): void {\n  while (true) { Math.random(); }\n}\nf();",
    "java": "long x = 0;\nwhile (true) { x += System.nanoTime() % 3; if (x == -1) System.out.println(x); }",
    "go": "var t time.Time\nfor { t = time.Now(); if t.IsZero() { panic(t) } }",
    "perl": "sub f {\n  while (1) { $x++ }\n}\nf();",
    "ruby": "def f\n  loop { 1 + 1 }\nend\nf",
    "php": "function f() {\n  while (true) { $x = 1; }\n}\nf();",
    "r": "f <- function() {\n  while (TRUE) { x <- 1 }\n}\nf()",
    "bash": "x=1\nwhile :; do x=1; done",
    "sql": "SELECT 1;\nSELECT count(*) FROM range(100000000000) t(a), range(1000) u(b) WHERE a * b % 7 = 3;",
}
IDLE: dict[str, str] = {
    "python": "import time\ntime.sleep(60)",
    "java": "int x = 1;\nThread.sleep(60000);",
    "go": "x := 1; _ = x\ntime.Sleep(60 * time.Second)",
    "ruby": "x = 1\nsleep 60",
    "r": "x <- 1\nSys.sleep(60)",
    "bash": "x=1\nsleep 60\necho not",
}
THREADS: dict[str, str] = {
    "python": "def f():\n    while True: pass\nimport threading\nt = threading.Thread(target=f)\nt.start(); t.join()",
    "java": "Thread t = new Thread(() -> { long x = 0;\nwhile (true) { x += System.nanoTime() % 3; } });\n"
    "t.start();\nt.join();",
}
LIMITS = {"java": 1.5, "sql": 1.2, "typescript": 1.0, "javascript": 1.0, "bash": 0.4, "perl": 0.4, "php": 0.5}
SILENT = {"c", "cpp", "lua", "rust"}


def at_its_second_line(tmp_path: Path, codes: dict[str, tuple[str, str]], sandbox: str = "bubblewrap") -> None:
    """Each of `codes`, names with a language and code, says that it was at its second line, and if "busy", so, too.

    On a crowded machine a program may not come to its loop, or to its answer, in time: those have a second chance with
    more time. What is wrong is wrong both times.
    """
    wrong = tried(tmp_path, codes, sandbox, 1.0)
    if wrong and os.getloadavg()[0] > (os.cpu_count() or 1) * 0.75:
        wrong = tried(tmp_path, {name: codes[name] for name in wrong}, sandbox, 3.0)
    assert wrong == {}


def tried(tmp_path: Path, codes: dict[str, tuple[str, str]], sandbox: str, patience: float) -> dict[str, object]:
    """What was not as it should be, by the names of `codes`, when they ran one after another."""
    path = tmp_path / "grüße.mix"
    blocks = ["#lang:bash name=other\n#end\n"]
    starts = {}
    for name, (language, code) in codes.items():
        starts[name] = "".join(blocks).count("\n") + 1
        blocks.append(
            f"#lang:{language} name={name} allow-fail timeout={LIMITS.get(language, 0.7) * patience:g}s\n{code}\n#end\n"
        )
    path.write_text("".join(blocks))
    settings = polyrun.Settings(sandbox=sandbox, policy="off", only=tuple(codes))
    result = polyrun.run(path, settings)
    wrong: dict[str, object] = {}
    for name in codes:
        late = result.block(name)
        if late.status is Status.TOOLCHAIN_MISSING:
            pytest.skip(str(late.reason))
        assert late.status is Status.TIME_LIMIT
        assert late.stderr == b"", "the answer is no output"
        assert late.problem is not None
        line = late.problem.line(result.source)
        said = "when the time ran out" in late.problem.primary.text
        busy = ": it was busy" in str(late.reason)
        if line != starts[name] + 2 or not said or (name == "busy" and not busy):
            wrong[name] = (late.reason, late.problem)
    return wrong


def test_each_language_can_say_it_or_is_known_not_to() -> None:
    known = {one: REGISTRY.get(one) for one in REGISTRY.ids}
    assert {one for one, language in known.items() if language is not None and language.stack is None} == SILENT
    assert set(BUSY) == set(REGISTRY.ids) - SILENT


@pytest.mark.parametrize("language", BUSY)
def test_the_line(tmp_path: Path, language: str) -> None:
    """Busy, idle, and with a busy thread beside an idle one: the busy thread counts."""
    kinds = {"busy": BUSY, "idle": IDLE, "threads": THREADS}
    codes = {name: (language, kind[language]) for name, kind in kinds.items() if language in kind}
    at_its_second_line(tmp_path, codes)


def test_in_a_plain_process(tmp_path: Path) -> None:
    at_its_second_line(tmp_path, {"busy": ("python", BUSY["python"])}, "local")


@pytest.mark.parametrize(
    "forged",
    [
        '  File "grüße.mix", line 99999 in f',
        '  File "grüße.mix", line 1 in f',
        '  File "grüße.mix", line 99999999999999999999999999 in f',
        "\\x1b]0;title\\x07" * 100,
    ],
)
def test_a_forged_answer_names_no_line_outside_of_its_block(tmp_path: Path, forged: str) -> None:
    code = (
        f"import os, signal, time\ndef say(*_):\n    os.write(2, '''{forged}\\n'''.encode())\nsignal.signal(64, say)\n"
    )
    path = tmp_path / "grüße.mix"
    path.write_text(f"#lang:bash\n#end\n#lang:python name=late\n{code}time.sleep(60)\n#end\n")
    result = polyrun.run(path, polyrun.Settings(limits=Limits(wall_s=0.4), policy="off", only=("late",)))
    problem = result.block("late").problem
    assert problem is not None
    assert (problem.line(result.source), problem.primary.text) == (3, "")
    assert "title" not in problem.message


@pytest.mark.parametrize(
    ("language", "code"),
    [
        (
            "python",
            "import os, subprocess as s; os.dup2(os.open('log', 66), 2)\ns.run(['sleep', '30']); open('after', 'w')",
        ),
        ("bash", "if ! sleep 30; then { echo; } > after; fi"),
        ("bash", "echo $(sleep 30) > after"),
        ("bash", "sleep 30 | { while read -r x; do :; done; echo 'went on' > after; }\necho 'went on' > after"),
    ],
)
def test_no_program_acts_on_a_failure_that_the_question_made(tmp_path: Path, language: str, code: str) -> None:
    path = tmp_path / "deaf.mix"
    path.write_text(f"#lang:{language}\n{code}\n#end\n")
    permissions = polyrun.Permissions(write=(str(tmp_path),))
    given = Limits(wall_s=0.5)
    settings = polyrun.Settings(sandbox="bubblewrap", limits=given, permissions=permissions, policy="off")
    (late,) = polyrun.run(path, settings).blocks
    assert late.status is Status.TIME_LIMIT
    assert not (tmp_path / "after").exists()
