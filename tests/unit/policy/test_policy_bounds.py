"""Code that is made to be slow to look at is given up in good time, and long innocent code is not."""

from __future__ import annotations

import time

import pytest

from polyrun.policy.analyse import Analyser
from polyrun.policy.load_rules import load_rules
from polyrun.policy.survey import TooMuch

_CALLS = "".join(f"func f{one}() {{ {f'f{one + 1}();' * 300} }}\n" for one in range(3))
SLOW = {
    "nested loops": ("c", "while(1){" * 1500 + "x++;" + "}" * 1500),
    "loops that call": ("go", f"{_CALLS}func main() {{ for {{ f0() }} }}"),
    "nested macros": ("rust", "a!{" * 3000 + "}" * 3000),
}
LONG = {
    "one name again and again": (
        "python",
        "import os\ndf = os.getcwd()\n" + "df = df.drop(1).assign(a=2)\n" * 120 + "print(df)\nos.system('ls')\n",
    ),
    "a chain of calls": ("java", "sb" + ".append(1)" * 150 + '.toString();\nRuntime.getRuntime().exec("ls");'),
    "variables made of each other": (
        "go",
        "a, b, c := 1, 2, 3\n"
        + "a = b.Mul(c, a)\nb = c.Mul(a, b)\nc = a.Mul(b, c)\n" * 30
        + 'exec.Command("ls").Run()',
    ),
}


@pytest.mark.parametrize(("grammar", "code"), SLOW.values(), ids=SLOW)
def test_what_would_take_long_is_given_up(grammar: str, code: str) -> None:
    analyser = Analyser(grammar, load_rules())
    began = time.process_time()
    with pytest.raises(TooMuch):
        analyser.findings(code.encode())
    assert time.process_time() - began < 10


@pytest.mark.parametrize(("grammar", "code"), LONG.values(), ids=LONG)
def test_long_innocent_code_does_not_hide_what_follows(grammar: str, code: str) -> None:
    analyser = Analyser(grammar, load_rules())
    began = time.process_time()
    assert "PR701" in [one.code for one in analyser.findings(code.encode())]
    assert time.process_time() - began < 10
