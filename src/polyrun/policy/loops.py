"""Loops that nothing ends: a condition that is always true, and nothing inside that leaves."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from polyrun.policy.constants import MAX_DEPTH, NotConstant, constant, operator_of, unwrapped
from polyrun.policy.grammar import Grammar, part
from polyrun.policy.inner import inner_root
from polyrun.policy.resolve import Resolver
from polyrun.policy.rules import LoopKind
from polyrun.policy.scopes import Scope

if TYPE_CHECKING:
    from ast_grep_py import SgNode

_CALLS_FOLLOWED = 3


def endless(node: SgNode, scope: Scope, resolver: Resolver) -> LoopKind | None:
    """How the loop `node` goes on for ever: `busy`, or `waiting` for something each time; `None` if it may end."""
    grammar = resolver.grammar
    form = grammar.loops[node.kind()]
    condition = form.condition(node)
    if isinstance(condition, bool) or not _holds(condition, grammar, until=form.until):
        return None
    if grammar.catchers and _caught(node, resolver):
        return None
    body = node.field(form.body)
    own = {_label(one, grammar) for one in (node, node.parent()) if one is not None and one.kind() in grammar.labels}
    return _Body(body or node, own, scope, resolver, is_whole=body is None).verdict()


def _caught(node: SgNode, resolver: Resolver) -> bool:
    """Whether something around the loop is there for what ends it."""
    grammar, around = resolver.grammar, node.ancestors()
    resolver.spend(len(around))
    for outer in around:
        kind = outer.kind()
        if kind in grammar.functions:
            return False
        if kind in grammar.catchers and grammar.catchers[kind](outer):
            return True
    return False


def _holds(condition: SgNode | None, grammar: Grammar, *, until: bool) -> bool:
    if condition is None:
        return True
    truth = _truth(condition, grammar)
    return truth is not None and truth is not until


def _truth(condition: SgNode, grammar: Grammar, depth: int = 0) -> bool | None:
    """Whether a condition is always true, or never; `None` where it may be either."""
    while condition.kind() in grammar.transparent and (inside := unwrapped(condition, grammar)) is not None:
        condition = inside
    left, right = condition.field("left"), condition.field("right")
    if (
        left is not None
        and right is not None
        and depth < MAX_DEPTH
        and (operator := operator_of(condition)) in _SETTLES
    ):
        sides = _truth(left, grammar, depth + 1), _truth(right, grammar, depth + 1)
        settled = _SETTLES[operator]
        if settled in sides:
            return settled
        return not settled if None not in sides else None
    try:
        # Without names: what a name stands for may change while the loop runs.
        return grammar.truthy(constant(condition, Scope("module"), grammar))
    except NotConstant:
        return None


_SETTLES: dict[str | None, bool] = {"or": True, "||": True, "and": False, "&&": False}


class _Body:
    """Looks for what leaves a loop, and for what waits in it."""

    def __init__(
        self, body: SgNode, own_labels: set[str | None], scope: Scope, resolver: Resolver, *, is_whole: bool
    ) -> None:
        self._body = body
        self._statement = None if is_whole else body
        self._own_labels = own_labels
        self._scope = scope
        self._resolver = resolver
        self._grammar = resolver.grammar
        self._waits = False

    def verdict(self) -> LoopKind | None:
        if self._leaves(self._body, _CALLS_FOLLOWED, is_loop=True):
            return None
        return "waiting" if self._waits else "busy"

    @cached_property
    def _labels(self) -> set[str]:
        """The labels inside."""
        kinds = self._grammar.labels
        inside = [one for kind in kinds for one in self._body.find_all(kind=kind)]
        self._resolver.spend(len(self._body.text()) // 8)
        return {label for one in inside if (label := _label(one, self._grammar)) is not None}

    def _leaves(self, body: SgNode, follow: int, *, is_loop: bool) -> bool:
        """Whether something in `body` ends the loop, or, if it is a function's body, everything around."""
        grammar = self._grammar
        # The body may be no more than `return x;`.
        stack = [(child, 0) for child in ([body] if body is self._statement else body.children())]
        while stack:
            node, depth = stack.pop()
            self._resolver.spend(1)
            kind = node.kind()
            if kind in grammar.read_as:
                kind = grammar.read_as[kind](node)
            if kind in grammar.functions or kind in grammar.skipped:
                continue
            if kind in grammar.throws or (is_loop and self._jumps(node, kind, depth)):
                return True
            if kind in grammar.awaits:
                self._waits = True
            is_call = kind in grammar.calls or kind in grammar.bare_calls
            if is_call and self._call_leaves(node, kind, follow, is_loop=is_loop):
                return True
            if kind in grammar.branches and self._never(node, kind):
                dead = node.field(grammar.branches[kind][1])
                stack.extend((child, depth) for child in node.children() if child != dead)
                continue
            if kind in grammar.loops or kind in grammar.absorbers:
                depth += 1
            inside = node
            if kind in grammar.inner and (tree := inner_root(node, grammar)) is not None:
                self._resolver.spend(len(tree.text()) // 8)
                inside = tree
            stack.extend((child, depth) for child in inside.children())
        return False

    def _jumps(self, node: SgNode, kind: str, depth: int) -> bool:
        grammar = self._grammar
        if kind in grammar.returns or kind in grammar.yields:
            return True
        label = _label(node, grammar)
        if kind in grammar.breaks:
            if label is not None:
                return label not in self._labels
            levels = next((child.text() for child in node.named_children() if child.text().isdigit()), "1")
            return depth < int(levels[:4])
        jumps = kind in grammar.gotos or kind in grammar.continues
        return jumps and label is not None and label not in self._own_labels and label not in self._labels

    def _call_leaves(self, node: SgNode, kind: str, follow: int, *, is_loop: bool) -> bool:
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
            if self._listed(name, self._grammar.exits):
                return True
            self._waits = self._waits or self._listed(name, self._grammar.waits)
        own = self._resolver.own_function(function, self._scope)
        if own is None or follow == 0:
            return False
        in_place = is_loop and own.kind() not in self._grammar.functions  # a macro
        return self._leaves(own, follow - 1, is_loop=in_place)

    def _listed(self, name: str, names: frozenset[str]) -> bool:
        return name in names or f".{name.rpartition(self._grammar.dot)[2]}" in names

    def _never(self, node: SgNode, kind: str) -> bool:
        condition = node.field(self._grammar.branches[kind][0])
        return condition is not None and _truth(condition, self._grammar) is False


def _label(node: SgNode, grammar: Grammar) -> str | None:
    """The label that a statement carries, or that a jump names."""
    name = grammar.labels.get(node.kind())
    if name is not None:
        label = part(node, name, 0)
        return label.text() if label is not None else None
    return next((child.text() for child in node.named_children() if child.kind() in grammar.label_kinds), None)
