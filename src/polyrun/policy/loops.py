"""Loops that nothing ends: a condition that is always true, and nothing inside that leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyrun.policy.constants import NotConstant, constant
from polyrun.policy.grammar import Constant, Grammar, part
from polyrun.policy.resolve import Resolver
from polyrun.policy.rules import LoopKind, last_part
from polyrun.policy.scopes import Scope

if TYPE_CHECKING:
    from ast_grep_py import SgNode

_CALLS_FOLLOWED = 3
_LABELS = frozenset({"identifier", "statement_identifier", "label", "label_name", "label_identifier", "name"})


def endless(node: SgNode, scope: Scope, resolver: Resolver) -> LoopKind | None:
    """How the loop `node` goes on for ever: `busy`, or `waiting` for something each time; `None` if it may end."""
    grammar = resolver.grammar
    form = grammar.loops[node.kind()]
    condition = form.condition(node)
    if isinstance(condition, bool) or not _holds(condition, grammar, until=form.until):
        return None
    body = node.field(form.body) or node
    return _Body(body, scope, resolver).verdict()


def _holds(condition: SgNode | None, grammar: Grammar, *, until: bool) -> bool:
    if condition is None:
        return True
    try:
        return grammar.truthy(_literal(condition, grammar)) is not until
    except NotConstant:
        return False


def _literal(node: SgNode, grammar: Grammar) -> Constant:
    """The value of a condition without names: what a name stands for may change while the loop runs."""
    return constant(node, Scope("module"), grammar)


class _Body:
    """Looks for what leaves a loop, and for what waits in it."""

    def __init__(self, body: SgNode, scope: Scope, resolver: Resolver) -> None:
        self._body = body
        self._scope = scope
        self._resolver = resolver
        self._grammar = resolver.grammar
        self._waits = False

    def verdict(self) -> LoopKind | None:
        labels = {
            label.text() for kind, name in self._grammar.labels.items()
            for one in self._body.find_all(kind=kind) if (label := part(one, name, 0)) is not None
        }  # fmt: skip
        if self._leaves(self._body, labels, _CALLS_FOLLOWED, is_loop=True):
            return None
        return "waiting" if self._waits else "busy"

    def _leaves(self, body: SgNode, labels: set[str], follow: int, *, is_loop: bool) -> bool:
        """Whether something in `body` ends the loop, or, if it is a function's body, everything around."""
        grammar = self._grammar
        stack = [(child, 0) for child in body.children()]
        while stack:
            node, depth = stack.pop()
            kind = node.kind()
            if kind in grammar.read_as:
                kind = grammar.read_as[kind](node)
            if kind in grammar.functions or kind in grammar.skipped:
                continue
            if kind in grammar.throws or (is_loop and self._jumps(node, kind, depth, labels)):
                return True
            if kind in grammar.awaits:
                self._waits = True
            if (kind in grammar.calls or kind in grammar.bare_calls) and self._call_leaves(node, kind, follow):
                return True
            if kind in grammar.branches and self._never(node, kind):
                dead = node.field(grammar.branches[kind][1])
                stack.extend((child, depth) for child in node.children() if child != dead)
                continue
            if kind in grammar.loops or kind in grammar.absorbers:
                depth += 1
            stack.extend((child, depth) for child in node.children())
        return False

    def _jumps(self, node: SgNode, kind: str, depth: int, labels: set[str]) -> bool:
        grammar = self._grammar
        if kind in grammar.returns or kind in grammar.yields:
            return True
        label = next((child.text() for child in node.named_children() if child.kind() in _LABELS), None)
        if kind in grammar.breaks:
            if label is not None:
                return label not in labels
            levels = next((child.text() for child in node.named_children() if child.text().isdigit()), "1")
            return depth < int(levels[:4])
        if kind in grammar.gotos or kind in grammar.continues:
            return label is not None and label not in labels
        return False

    def _call_leaves(self, node: SgNode, kind: str, follow: int) -> bool:
        function: SgNode | None = node
        if kind in self._grammar.acts:
            pass
        elif kind in self._grammar.bare_calls:
            parent = node.parent()
            fields = self._grammar.calls.get(parent.kind()) if parent is not None else None
            function = None if parent is not None and fields and parent.field(fields[0]) == node else node
        else:
            function = node.field(self._grammar.calls[kind][0])
        if function is None:
            return False
        target = node if kind in self._grammar.members else function
        for name in self._resolver.meanings(target, self._scope):
            if _listed(name, self._grammar.exits):
                return True
            self._waits = self._waits or _listed(name, self._grammar.waits)
        own = self._resolver.own_function(function, self._scope)
        return own is not None and follow > 0 and self._leaves(own, set(), follow - 1, is_loop=False)

    def _never(self, node: SgNode, kind: str) -> bool:
        condition = node.field(self._grammar.branches[kind][0])
        try:
            return condition is not None and not self._grammar.truthy(_literal(condition, self._grammar))
        except NotConstant:
            return False


def _listed(name: str, names: frozenset[str]) -> bool:
    return name in names or f".{last_part(name)}" in names
