"""What a rule's conditions ask of a call, from YAML to findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyrun.policy.analyse import Analyser
from polyrun.policy.load_rules import BadRules, load_rules

_HEAD = """grammars: [python]
rules:
  - name: one
    code: PR703
    severity: error
    message: m
    reason: r
    remedy: r
    example: e
"""


def found(folder: Path, rule: str, code: str) -> int:
    """How often a rule of these lines is found in `code`."""
    (folder / "mine.yml").write_text(_HEAD + "".join(f"    {line}\n" for line in rule.splitlines()), "utf-8")
    rules = tuple(one for one in load_rules([str(folder)]) if one.name == "mine/one")
    return len(Analyser("python", rules).findings(code.encode()))


@pytest.mark.parametrize(
    ("where", "code", "hits"),
    [
        ("{argument: 0, least: 8}", "f(2 * 4)\nf(7)\nf('8')\nf(x)\nf()", 1),
        ("{argument: 0, text: '^/etc'}", "p = '/etc/x'\nf(p)\nf('etc')", 1),
        ("{argument: 0, text: 'home'}", "p = home() / 'x'\nq = p\nf(q)\nf(r)", 1),
        ("{argument: 0, means: '^os[.]environ$'}", "from os import environ as e\nf(e)\nf(environ)", 1),
        ("{argument: ., text: secret}", "x.f()\nPath('secret').f()\np = 'secret'\np.f()", 2),
        ("{argument: [1, mode], absent: true}", "f(1)\nf(1, 2)\nf(mode=1)", 1),
        ("{argument: 0, constant: false}", "f(x)\nf('x' 'y')", 1),
    ],
)
def test_conditions(tmp_path: Path, where: str, code: str, hits: int) -> None:
    assert found(tmp_path, f"calls: [f, .f]\nwhere: [{where}]", code) == hits


def test_a_name_must_be_one_that_is_named(tmp_path: Path) -> None:
    code = "import os\nos.environ['API_KEY']\nos.environ['HOME']\nos.environ[key]\n"
    assert found(tmp_path, "uses: [os.environ.*]\nnamed: '(?i)_key$'", code) == 1


def test_what_a_call_gives_is_not_what_a_prefix_means(tmp_path: Path) -> None:
    assert found(tmp_path, "uses: [os.exec*]", "import os\nos.execv('a', [])\n") == 1


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("calls: [f]\nwhere: [{argument: 0, least: many}]", "`least` must be a number"),
        ("calls: [f]\nwhere: [{argument: 0, least: true}]", "`least` must be a number"),
        ("calls: [f]\nwhere: [{argument: 0, means: '('}]", "`(` is not a regular expression"),
        ("calls: [f]\nnamed: '['", "`[` is not a regular expression"),
        ("calls: [f]\nwhere: [{argument: 0, mean: x}]", "`means`"),
    ],
)
def test_faults_are_named(tmp_path: Path, rule: str, message: str) -> None:
    with pytest.raises(BadRules) as caught:
        found(tmp_path, rule, "")
    assert message in str(caught.value)
    assert "rule `one`" in str(caught.value)
