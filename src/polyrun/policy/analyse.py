"""Code and rules to findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from ast_grep_py import SgRoot

from polyrun.model.diagnostics import Severity
from polyrun.policy.grammars import grammar_of
from polyrun.policy.loops import endless
from polyrun.policy.resolve import Resolver
from polyrun.policy.rules import Condition, Finding, Names, Rule
from polyrun.policy.survey import Reference, Survey

if TYPE_CHECKING:
    from ast_grep_py import Config, SgNode

    from polyrun.policy.scopes import Scope

MAX_FINDINGS = 100
"""More findings of one block are not told."""

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


class Analyser:
    """Looks at code of one grammar with the rules for it. Raises `KeyError` for a grammar that there is not."""

    def __init__(self, grammar: str, rules: tuple[Rule, ...]) -> None:
        self._grammar = grammar_of(grammar)
        mine = tuple(rule for rule in rules if grammar in rule.grammars)
        self._names = Names(mine)
        self._structural = [rule for rule in mine if rule.match]
        self._loops = {rule.loop: rule for rule in mine if rule.loop is not None}

    def findings(self, code: bytes) -> list[Finding]:
        """What the rules find in `code`, in its order, the worst of each place. Raises `TooMuch`."""
        text = code.decode("utf-8", "replace")
        root = SgRoot(text, self._grammar.name).root()
        survey = Survey(root, self._grammar)
        worst: dict[tuple[object, ...], Finding] = {}
        lines = text.split("\n")
        for rule, node, name in self._matches(root, survey):
            finding = _finding(rule, node, name, lines)
            place = (finding.start, finding.code)
            if place not in worst or _ORDER[finding.severity] < _ORDER[worst[place].severity]:
                worst[place] = finding
        return sorted(worst.values(), key=lambda one: (one.start, one.end, one.code))[:MAX_FINDINGS]

    def _matches(self, root: SgNode, survey: Survey) -> Iterator[tuple[Rule, SgNode, str]]:
        resolver = Resolver(self._grammar)
        for reference in survey.references:
            yield from self._named(reference, resolver)
        for rule in self._structural:
            for node in root.find_all(cast("Config", {**rule.match})):
                yield rule, node, node.text()
        for node, scope in survey.loops:
            kind = endless(node, scope, resolver)
            if kind is not None and kind in self._loops:
                yield self._loops[kind], node.child(0) or node, node.text().split("\n")[0]

    def _named(self, reference: Reference, resolver: Resolver) -> Iterator[tuple[Rule, SgNode, str]]:
        for name in resolver.meanings(reference.node, reference.scope):
            for rule in self._names.about(name):
                if rule.uses or (
                    reference.call is not None
                    and all(_meets(one, reference.call, reference.scope, resolver) for one in rule.where)
                ):
                    yield rule, reference.node, name


def _meets(condition: Condition, call: SgNode, scope: Scope, resolver: Resolver) -> bool:
    positions, keywords = resolver.arguments(call)
    node: SgNode | None = None
    for wanted in condition.argument:
        if isinstance(wanted, str):
            node = node or keywords.get(wanted)
        elif wanted < len(positions):
            node = node or positions[wanted]
    if node is None or condition.absent:
        return node is None and condition.absent
    value = resolver.value(node, scope)
    if condition.constant is not None and (value is not None) is not condition.constant:
        return False
    text = node.text() if value is None else str(value)
    return condition.text is None or condition.text.search(text) is not None


def _finding(rule: Rule, node: SgNode, name: str, lines: list[str]) -> Finding:
    found = node.range()
    message = rule.message.replace("{name}", name[:80])
    start = found.start.line, len(lines[found.start.line][: found.start.column].encode())
    end = found.end.line, len(lines[found.end.line][: found.end.column].encode())
    return Finding(rule.name, rule.code, rule.severity, message, rule.reason, rule.remedy, start, end)
