"""One walk over a block's syntax tree: its scopes, the names bound in them, what refers to names, and its loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyrun.policy.grammar import Grammar, part
from polyrun.policy.inner import THE_BLOCK, Origin, inner_root
from polyrun.policy.scopes import Binder, Scope

if TYPE_CHECKING:
    from ast_grep_py import SgNode

MAX_NODES = 400_000
"""A tree with more nodes is not analysed: walking it takes a second."""


class Unreadable(Exception):
    """The code cannot be analysed; the message says why."""


class TooMuch(Unreadable):
    """The code is too large or too deeply nested to be analysed in good time."""


@dataclass(slots=True, eq=False)
class Reference:
    """A name, a chain of members as long as it goes, or a call; `call` is the call that it is the function of.

    Its arguments are those of the call from `skip` on. `origin` is where its tree begins.
    """

    node: SgNode
    scope: Scope
    call: SgNode | None
    origin: Origin = THE_BLOCK
    skip: int = 0


class Survey:
    """What one walk over the tree below `root` found. Raises `TooMuch`."""

    def __init__(self, root: SgNode, grammar: Grammar) -> None:
        self.grammar = grammar
        self.module = Scope("module", everything_of=list(grammar.prelude))
        self.references: list[Reference] = []
        self.loops: list[tuple[SgNode, Scope, Origin]] = []
        self._budget = MAX_NODES
        self._binder = Binder(grammar.name_text)
        self._named = {*grammar.identifiers, *grammar.members, *grammar.subscripts}
        self._silent: dict[str, list[str]] = {}
        for kind, name in grammar.quiet:
            self._silent.setdefault(kind, []).append(name)
        self._trees = [(root, self.module, THE_BLOCK)]
        while self._trees:
            self._walk(*self._trees.pop())

    def _walk(self, root: SgNode, around: Scope, origin: Origin) -> None:
        grammar = self.grammar
        stack: list[tuple[SgNode, Scope, SgNode | None, bool]] = [(root, around, None, False)]
        while stack:
            node, scope, call, is_part = stack.pop()
            kind = node.kind()
            self._budget -= 1
            if self._budget < 0:
                raise TooMuch("its syntax tree is too large")
            opens = grammar.scopes.get(kind)
            inner = scope if opens is None else Scope(opens, scope)
            self._bind(node, kind, scope, inner)
            if kind in grammar.inner and (tree := inner_root(node, grammar)) is not None:
                self._budget -= len(tree.text())  # each is parsed once for each one around it
                self._trees.append((tree, inner, origin.inner(node)))
                continue
            if kind in grammar.skipped:
                continue
            if kind in grammar.loops and node.is_named():  # a keyword may be of the same kind
                self.loops.append((node, inner, origin))
            if kind in grammar.acts:
                self.references.append(Reference(node, scope, node if kind in grammar.calls else None, origin))
                stack.extend((child, inner, None, False) for child in reversed(node.children()))
            elif kind in self._named:
                if not is_part and node not in self._binder.quiets:
                    self.references.append(Reference(node, scope, node if kind in grammar.calls else call, origin))
                stack.extend((child, inner, None, part) for child, part in reversed([*self._parts(node, kind)]))
            elif kind in grammar.calls:
                # What it gives may have a name, as `getattr(os, "system")` has.
                if not is_part and node not in self._binder.quiets:
                    self.references.append(Reference(node, scope, call, origin))
                function = node.field(grammar.calls[kind][0])
                children = reversed(node.children())
                stack.extend((child, inner, node if child == function else None, False) for child in children)
            else:
                if call is not None and kind in grammar.names_in_text:
                    self.references.append(Reference(node, scope, call, origin))
                onward = call if kind in grammar.transparent else None
                stack.extend((child, inner, onward, False) for child in reversed(node.children()))

    def _bind(self, node: SgNode, kind: str, scope: Scope, inner: Scope) -> None:
        if (binder := self.grammar.binders.get(kind)) is not None:
            binder(self._binder, node, scope, inner)
        for name in self._silent.get(kind, ()):
            self._binder.quiet(node.field(name))

    def _parts(self, node: SgNode, kind: str) -> Iterator[tuple[SgNode, bool]]:
        """The children of a chain of names to look at, and whether they are only a part of it."""
        fields = self.grammar.members.get(kind)
        if fields is not None and kind in self.grammar.calls:
            inside, name = node.field(fields[0]), node.field(fields[1])
            for child in node.children():
                if child != name:
                    is_part = child == inside and child.kind() in self._named
                    yield child, is_part and child.kind() not in self.grammar.calls
        elif fields is not None:
            inside = node.field(fields[0])
            if inside is not None:
                yield inside, inside.kind() in self._named
        elif kind in self.grammar.subscripts:
            inside = part(node, self.grammar.subscripts[kind][0], 0)
            for child in node.children():
                yield child, child == inside and child.kind() in self._named
        else:
            for child in node.named_children():  # `${x:-$(date)}`
                yield child, True
