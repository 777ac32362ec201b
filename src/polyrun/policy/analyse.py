"""Code and rules to findings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from ast_grep_py import SgRoot

from polyrun.model.diagnostics import Severity
from polyrun.policy.grammars import grammar_of
from polyrun.policy.inner import Place
from polyrun.policy.loops import endless
from polyrun.policy.resolve import Resolver
from polyrun.policy.rules import ANY, Condition, Finding, Names, Rule
from polyrun.policy.survey import Reference, Survey, Unreadable

if TYPE_CHECKING:
    from ast_grep_py import Config, SgNode

    from polyrun.policy.scopes import Scope

MAX_FINDINGS = 100
"""More findings of one block are not told; errors come before what is less."""

_MAX_CARRIED = 32
_MAX_TEXTS = 2
_MAX_WORDS = 1000

_UNREADABLE = (
    (re.compile(r"\r(?!\n)"), "it has carriage returns inside of lines, which its language may take for line ends"),
    (re.compile(r"\0"), "it has NUL characters, which its language may pass over"),
)
"""What lets a language read other code than the analysis does, and what is said of it."""

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


class Analyser:
    """Looks at code of one grammar with the rules for it. Raises `NoGrammar` for one that there is not."""

    def __init__(self, grammar: str, rules: tuple[Rule, ...]) -> None:
        self._grammar = grammar_of(grammar)
        mine = tuple(rule for rule in rules if grammar in rule.grammars)
        self._names = Names(mine, self._grammar.dot)
        self._structural = [rule for rule in mine if rule.match]
        self._loops = [rule for rule in mine if rule.loop is not None]

    def findings(self, code: bytes) -> list[Finding]:
        """What the rules find in `code`, in its order: the worst of each place, at most 100. Raises `Unreadable`."""
        text = code.decode("utf-8", "replace")
        text += "" if text.endswith("\n") else "\n"  # some grammars read the last line otherwise without
        for pattern, why in (*_UNREADABLE, *self._grammar.unreadable):
            if pattern.search(text):
                raise Unreadable(why)
        worst: dict[tuple[object, ...], Finding] = {}
        lines = text.split("\n")
        for rule, found, name in self._matches(text):
            finding = _finding(rule, found, name, lines)
            place = (finding.start, finding.code)
            if place not in worst or _ORDER[finding.severity] < _ORDER[worst[place].severity]:
                worst[place] = finding
        told = sorted(worst.values(), key=lambda one: (_ORDER[one.severity], one.start))[:MAX_FINDINGS]
        return sorted(told, key=lambda one: (one.start, one.end, one.code))

    def _matches(self, text: str, depth: int = 0) -> Iterator[tuple[Rule, Place, str]]:
        root = SgRoot(text, self._grammar.name).root()
        survey, resolver = Survey(root, self._grammar), Resolver(self._grammar)
        busy: list[Place] = []
        for node, scope, origin in survey.loops:
            kind = endless(node, scope, resolver)
            place = Place(node, origin)
            if kind == "busy" and not (busy and place.is_in(busy[-1])):
                busy.append(place)
            for rule in self._loops:
                if rule.loop == kind:
                    yield rule, Place(node.child(0) or node, origin), ""
        for reference in survey.references:
            yield from self._named(reference, resolver, depth, busy)
        for rule in self._structural:
            for node in root.find_all(cast("Config", {**rule.match})):
                yield rule, Place(node), node.text()

    def _named(
        self, reference: Reference, resolver: Resolver, depth: int, busy: list[Place]
    ) -> Iterator[tuple[Rule, Place, str]]:
        pending, seen = [reference], 0
        words = self._words(reference, resolver)
        while pending and seen < _MAX_CARRIED:
            one, seen = pending.pop(), seen + 1
            for name in resolver.meanings(one.node, one.scope):
                for rule in self._names.about(name):
                    place = Place(one.node, one.origin)
                    if rule.repeated and not any(place.is_in(loop) for loop in busy):
                        continue
                    if _speaks_of(rule, name, one, resolver):
                        yield rule, place, name
                if words and one.call is not None:
                    pending += self._carried(name, one, words[one.skip :])
                    yield from self._in_text(name, one, words[one.skip :], resolver, depth)

    def _words(self, reference: Reference, resolver: Resolver) -> list[tuple[SgNode, str]]:
        """The arguments of a call and their texts, where these may be calls or code themselves."""
        if reference.call is None or (self._grammar.carried is None and self._grammar.code is None):
            return []
        nodes = resolver.arguments(reference.call)[0][:_MAX_WORDS]
        return [(node, _text(node, reference.scope, resolver)) for node in nodes]

    def _in_text(
        self, name: str, carrier: Reference, words: list[tuple[SgNode, str]], resolver: Resolver, depth: int
    ) -> Iterator[tuple[Rule, Place, str]]:
        """What the rules find in code that stands in a constant text, as in `sh -c "rm x"`."""
        if self._grammar.code is None or depth >= _MAX_TEXTS:
            return
        at = self._grammar.code(name, [text for _, text in words])
        code = resolver.text(words[at][0], carrier.scope) if at is not None else None
        if at is not None and code is not None:
            place = Place(words[at][0], carrier.origin)
            yield from ((rule, place, found) for rule, _, found in self._matches(code, depth + 1))

    def _carried(self, name: str, carrier: Reference, words: list[tuple[SgNode, str]]) -> list[Reference]:
        """The calls that a call makes with its arguments, such as that of `rm` in `sudo rm x`."""
        if self._grammar.carried is None:
            return []
        return [
            Reference(words[at][0], carrier.scope, carrier.call, carrier.origin, carrier.skip + at + 1)
            for at in self._grammar.carried(name, [text for _, text in words])
        ]


def _text(node: SgNode, scope: Scope, resolver: Resolver) -> str:
    value = resolver.value(node, scope)
    return resolver.written(node, scope)[0].text() if value is None else str(value)


def _speaks_of(rule: Rule, name: str, reference: Reference, resolver: Resolver) -> bool:
    if rule.named is not None and rule.named.search(name) is None:
        return False
    call = reference.call
    return bool(rule.uses) or (
        call is not None and all(_meets(condition, reference, call, resolver) for condition in rule.where)
    )


def _meets(condition: Condition, reference: Reference, call: SgNode, resolver: Resolver) -> bool:
    positions, keywords = resolver.arguments(call)
    positions = positions[reference.skip :]
    if ANY in condition.argument:
        given = [*positions, *keywords.values()]
        return any(_fits(condition, node, reference.scope, resolver) for node in given) is not condition.absent
    node = _argument(condition, reference, (positions, keywords), resolver)
    if node is None or condition.absent:
        return node is None and condition.absent
    return _fits(condition, node, reference.scope, resolver)


def _fits(condition: Condition, node: SgNode, scope: Scope, resolver: Resolver) -> bool:
    value = resolver.value(node, scope)
    if condition.constant is not None and (value is not None) is not condition.constant:
        return False
    if condition.least is not None and not (isinstance(value, int | float) and value >= condition.least):
        return False
    if condition.means is not None:
        names = resolver.meanings(node, scope)
        if not any(condition.means.search(name) for name in names):
            return False
    if condition.text is None:
        return True
    text = resolver.written(node, scope)[0].text() if value is None else str(value)
    return condition.text.search(text) is not None


def _argument(
    condition: Condition, reference: Reference, given: tuple[list[SgNode], dict[str, SgNode]], resolver: Resolver
) -> SgNode | None:
    """The argument that a condition speaks of, if it is given."""
    positions, keywords = given
    for wanted in condition.argument:
        node: SgNode | None = None
        if wanted == ".":
            fields = resolver.grammar.members.get(reference.node.kind())
            node = reference.node.field(fields[0]) if fields else None
        elif isinstance(wanted, str):
            node = keywords.get(wanted)
        elif -len(positions) <= wanted < len(positions):
            node = positions[wanted]
        if node is not None:
            return node
    return None


def _finding(rule: Rule, found: Place, name: str, lines: list[str]) -> Finding:
    message = rule.message.replace("{name}", name.removeprefix("?")[:80])
    start, end = ((line, _bytes_before(lines[line], column)) for line, column in found.ends())
    return Finding(rule.name, rule.code, rule.severity, message, rule.reason, rule.remedy, start, end)


def _bytes_before(line: str, column: int) -> int:
    """How many bytes stand before a column; a long line of ASCII is not copied for each of its findings."""
    return min(column, len(line)) if line.isascii() else len(line[:column].encode())
