"""The rules of the static analysis: which there are, and whether they find what they say they find."""

from __future__ import annotations

from polyrun.api.analysis import ask_afresh
from polyrun.config.settings import Settings
from polyrun.model.frozen import frozen
from polyrun.policy.load_rules import load_rules
from polyrun.policy.protocol import Answer, Piece
from polyrun.policy.rules import Rule


@frozen
class RuleTest:
    """One rule tried on its own example and near miss in one grammar; `trouble` says what went wrong, if anything."""

    rule: Rule
    grammar: str
    trouble: str | None = None


def policy_rules(settings: Settings | None = None) -> tuple[Rule, ...]:
    """The built-in rules and those in the folders of `settings.policy_rules`. Raises `BadRules`."""
    return load_rules((settings or Settings()).policy_rules)


def test_policy(settings: Settings | None = None) -> list[RuleTest]:  # noqa: PT028 - no test of pytest's
    """Try every rule on its `example`, which it must find, and on its `safe` code, which it must not.

    Raises `BadRules`, and `SandboxUnavailable` where the analyser cannot run.
    """
    settings = settings or Settings()
    trials = [(rule, grammar) for rule in policy_rules(settings) for grammar in rule.grammars]
    pieces = {
        Piece(grammar, code.encode()): None for rule, grammar in trials for code in (rule.example, rule.safe) if code
    }
    answers = ask_afresh(list(pieces), settings.policy_rules)
    return [RuleTest(rule, grammar, _trouble(rule, grammar, answers)) for rule, grammar in trials]


def _trouble(rule: Rule, grammar: str, answers: dict[Piece, Answer]) -> str | None:
    example = answers[Piece(grammar, rule.example.encode())]
    if example.failure is not None:
        return example.failure
    if rule.name not in {finding.rule for finding in example.findings}:
        return "it does not find its own example"
    if rule.safe and rule.name in {finding.rule for finding in answers[Piece(grammar, rule.safe.encode())].findings}:
        return "it finds the code that it calls safe"
    return None
