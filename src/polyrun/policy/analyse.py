"""Code and rules to findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from ast_grep_py import SgRoot

from polyrun.model.diagnostics import Severity
from polyrun.policy.grammars import grammar_of
from polyrun.policy.loops import endless
from polyrun.policy.resolve import Resolver
from polyrun.policy.rules import ANY, Condition, Finding, Names, Rule
from polyrun.policy.survey import Reference, Survey

if TYPE_CHECKING:
    from ast_grep_py import Config, SgNode

    from polyrun.policy.scopes import Scope

MAX_FINDINGS = 100
"""More findings of one block are not told."""

_MAX_CARRIED = 32
_MAX_TEXTS = 2

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
        worst: dict[tuple[object, ...], Finding] = {}
        lines = text.split("\n")
        for rule, node, name in self._matches(text):
            finding = _finding(rule, node, name, lines)
            place = (finding.start, finding.code)
            if place not in worst or _ORDER[finding.severity] < _ORDER[worst[place].severity]:
                worst[place] = finding
        return sorted(worst.values(), key=lambda one: (one.start, one.end, one.code))[:MAX_FINDINGS]

    def _matches(self, text: str, depth: int = 0) -> Iterator[tuple[Rule, SgNode, str]]:
        root = SgRoot(text, self._grammar.name).root()
        survey, resolver = Survey(root, self._grammar), Resolver(self._grammar)
        for reference in survey.references:
            yield from self._named(reference, resolver, depth)
        for rule in self._structural:
            for node in root.find_all(cast("Config", {**rule.match})):
                yield rule, node, node.text()
        for node, scope in survey.loops:
            kind = endless(node, scope, resolver)
            if kind is not None and kind in self._loops:
                yield self._loops[kind], node.child(0) or node, node.text().split("\n")[0]

    def _named(self, reference: Reference, resolver: Resolver, depth: int) -> Iterator[tuple[Rule, SgNode, str]]:
        pending, seen = [reference], 0
        while pending and seen < _MAX_CARRIED:
            one, seen = pending.pop(), seen + 1
            for name in resolver.meanings(one.node, one.scope):
                for rule in self._names.about(name):
                    if rule.uses or (
                        one.call is not None
                        and all(_meets(condition, one.call, one, resolver) for condition in rule.where)
                    ):
                        yield rule, one.node, name
                pending += self._carried(name, one, resolver)
                yield from self._in_text(name, one, resolver, depth)

    def _in_text(
        self, name: str, carrier: Reference, resolver: Resolver, depth: int
    ) -> Iterator[tuple[Rule, SgNode, str]]:
        """What the rules find in code that stands in a constant text, as in `sh -c "rm x"`."""
        if self._grammar.code is None or carrier.call is None or depth >= _MAX_TEXTS:
            return
        nodes = resolver.arguments(carrier.call)[0][carrier.skip :]
        at = self._grammar.code(name, [_text(node, carrier.scope, resolver) for node in nodes])
        code = resolver.text(nodes[at], carrier.scope) if at is not None else None
        if at is not None and code is not None:
            yield from ((rule, nodes[at], found) for rule, _, found in self._matches(code, depth + 1))

    def _carried(self, name: str, carrier: Reference, resolver: Resolver) -> list[Reference]:
        """The calls that a call makes with its arguments, such as that of `rm` in `sudo rm x`."""
        if self._grammar.carried is None or carrier.call is None:
            return []
        nodes = resolver.arguments(carrier.call)[0][carrier.skip :]
        texts = [_text(node, carrier.scope, resolver) for node in nodes]
        return [
            Reference(nodes[at], carrier.scope, carrier.call, carrier.skip + at + 1)
            for at in self._grammar.carried(name, texts)
        ]


def _text(node: SgNode, scope: Scope, resolver: Resolver) -> str:
    value = resolver.value(node, scope)
    return resolver.source(node, scope) if value is None else str(value)


def _meets(condition: Condition, call: SgNode, reference: Reference, resolver: Resolver) -> bool:
    positions, keywords = resolver.arguments(call)
    positions, scope = positions[reference.skip :], reference.scope
    if ANY in condition.argument:
        given = [*positions, *keywords.values()]
        return any(_fits(condition, node, scope, resolver) for node in given) is not condition.absent
    node: SgNode | None = None
    for wanted in condition.argument:
        if isinstance(wanted, str):
            node = node or keywords.get(wanted)
        elif wanted < len(positions):
            node = node or positions[wanted]
    if node is None or condition.absent:
        return node is None and condition.absent
    return _fits(condition, node, scope, resolver)


def _fits(condition: Condition, node: SgNode, scope: Scope, resolver: Resolver) -> bool:
    value = resolver.value(node, scope)
    if condition.constant is not None and (value is not None) is not condition.constant:
        return False
    text = resolver.source(node, scope) if value is None else str(value)
    return condition.text is None or condition.text.search(text) is not None


def _finding(rule: Rule, node: SgNode, name: str, lines: list[str]) -> Finding:
    found = node.range()
    message = rule.message.replace("{name}", name.removeprefix("?")[:80])
    start = found.start.line, len(lines[found.start.line][: found.start.column].encode())
    end = found.end.line, len(lines[found.end.line][: found.end.column].encode())
    return Finding(rule.name, rule.code, rule.severity, message, rule.remedy, start, end)
