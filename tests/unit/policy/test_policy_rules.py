"""Files of rules: what is wrong with one is said with its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyrun.policy.load_rules import BadRules, load_rules

GOOD = """
grammars: [python]
rules:
  - name: print
    code: PR702
    severity: warning
    uses: [print]
    message: "`{name}`
      prints"
    reason: why not
    remedy: do not
    example: print(1)
"""


def write(folder: Path, text: str, name: str = "own.yml") -> str:
    (folder / name).write_text(text, "utf-8")
    return str(folder)


def test_rules_of_the_users_own_come_after_ours(tmp_path: Path) -> None:
    rules = load_rules([write(tmp_path, GOOD)])
    assert rules[:-1] == load_rules()
    assert (rules[-1].name, rules[-1].message) == ("own/print", "`{name}` prints")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: print", "name: Print!", "every rule is a table with a `name`"),
        ("code: PR702", "code: PR999", "`code` must be one of the policy's codes"),
        ("code: PR702", "code: PR501", "`code` must be one of the policy's codes"),
        ("severity: warning", "severity: fatal", "`severity` must be error, warning or note"),
        ("uses: [print]", "use: [print]", "unknown key `use`"),
        ("uses: [print]", "uses: [print]\n    loop: busy", "a rule has one of `uses`, `calls`, `match` and `loop`"),
        ("uses: [print]", "uses: [print]\n    where: [{argument: 0}]", "speaks of the arguments of `calls`"),
        ("uses: [print]", "loop: lazy", "`loop` must be busy or waiting"),
        ("uses: [print]", "match: {kind: call}", "`match` must be a table with ast-grep's `rule`"),
        ("reason: why not", "reason: 3", "`reason` must be a text"),
        ("uses: [print]", "calls: [print]\n    where: [{argument: 0, text: '('}]", "is not a regular expression"),
        ("uses: [print]", "calls: [print]\n    where: [{argument: true}]", "`argument` must be"),
        ("grammars: [python]", "languages: [python]", "must have two keys, `grammars` and `rules`"),
        ("grammars", "\tgrammars", "is not YAML"),
    ],
)
def test_faults_are_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(BadRules, match=r"own\.yml") as caught:
        load_rules([write(tmp_path, GOOD.replace(old, new, 1))])
    assert said in str(caught.value)


def test_bounds(tmp_path: Path) -> None:
    with pytest.raises(BadRules, match="larger than 1 MiB"):
        load_rules([write(tmp_path, GOOD + "#" * (1 << 20))])
    with pytest.raises(BadRules, match="cannot be read"):
        load_rules([str(tmp_path / "missing")])


def test_one_name_for_two_rules(tmp_path: Path) -> None:
    twice = GOOD + GOOD.partition("rules:\n")[2]
    with pytest.raises(BadRules, match="there is a rule called `own/print` already"):
        load_rules([write(tmp_path, twice)])


def test_yaml_that_grows_is_no_way_to_stop_us(tmp_path: Path) -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    with pytest.raises(BadRules, match="two keys"):
        load_rules([write(tmp_path, bomb)])
