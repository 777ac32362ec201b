"""Which names there are where, and what they were bound to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ast_grep_py import SgNode

ScopeKind = Literal["module", "function", "class", "block"]


@dataclass(slots=True, eq=False)
class Value:
    """A name stands for an expression, to be read in `scope`, or for the member at `path` of what it gives.

    `memo` keeps what was found out about it: names may stand for sums of names, which is work without end otherwise.
    """

    node: SgNode
    scope: Scope
    path: tuple[str, ...] = ()
    memo: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Function:
    """A name stands for a function of the block's own; `node` is its definition."""

    node: SgNode


Binding = str | Value | Function | None
"""A full name that it stands for, an expression, a function of the block's own, or `None`: something of its own."""


@dataclass(slots=True, eq=False)
class Scope:
    """One region of names. `everything_of` are modules whose names all came in, as by `from os import *`.

    `globals` are names that an assignment here binds outside. A `class` does not lend its names to its functions.
    """

    kind: ScopeKind
    parent: Scope | None = None
    names: dict[str, list[Binding]] = field(default_factory=dict)
    everything_of: list[str] = field(default_factory=list)
    globals: set[str] = field(default_factory=set)

    def bind(self, name: str, binding: Binding) -> None:
        """Add one more thing that `name` may stand for here."""
        scope = self.root if name in self.globals else self
        scope.names.setdefault(name, []).append(binding)

    @property
    def root(self) -> Scope:
        """The outermost scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    @property
    def function(self) -> Scope:
        """The nearest scope that is no mere block: where a language without block scopes keeps its names."""
        scope = self
        while scope.kind == "block" and scope.parent is not None:
            scope = scope.parent
        return scope

    def owner(self, name: str) -> Scope | None:
        """The nearest scope that knows `name`: where an assignment without a declaration binds it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (scope.kind != "class" or scope is self):
                return scope
            scope = scope.parent
        return None

    def find(self, name: str) -> list[Binding] | None:
        """What `name` may stand for here, from the nearest scope that knows it; `None` where nobody does."""
        scope = self.owner(name)
        return None if scope is None else scope.names[name]

    def hides(self, name: str) -> bool:
        """Whether what binds `name` here is sure to have been reached: not only in a branch of the outermost scope."""
        scope = self.owner(name)
        if scope is None or scope.parent is not None:
            return scope is not None
        return any(not isinstance(one, Function | Value) or _is_certain(one.node) for one in scope.names[name])

    def sole(self, name: str) -> Value | None:
        """The expression that `name` stands for here, if it is bound to that one and to nothing else."""
        bindings = self.find(name) or []
        only = bindings[0] if len(bindings) == 1 else None
        return only if isinstance(only, Value) and not only.path else None

    def wildcards(self) -> list[str]:
        """The modules whose names all came in, here or further out."""
        found: list[str] = []
        scope: Scope | None = self
        while scope is not None:
            found += scope.everything_of
            scope = scope.parent
        return found


_BRANCH = re.compile(r"if|else|for|while|repeat|loop|try|catch|except|switch|case|match|ternary|conditional|boolean")


def _is_certain(node: SgNode) -> bool:
    """Whether `node` stands in no branch and in no loop."""
    return not any(_BRANCH.search(one.kind()) for one in node.ancestors())


class Binder:
    """Binds names in scopes, and remembers the nodes that are therefore no references (`quiets`).

    `fold` gives the name that an identifier's text stands for.
    """

    def __init__(self, fold: Callable[[str], str]) -> None:
        self.quiets: set[SgNode] = set()
        self._fold = fold

    def quiet(self, node: SgNode | None) -> None:
        """Let `node` be no reference: it is a name that something is bound to, or a value that is followed."""
        if node is not None:
            self.quiets.add(node)

    def loud(self, node: SgNode | None) -> None:
        """Let `node` be a reference all the same: it is a value of its own besides."""
        if node is not None:
            self.quiets.discard(node)

    def bind(self, node: SgNode | None, scope: Scope, binding: Binding) -> None:
        """Let the identifier `node` stand for `binding` in `scope`; without a node nothing is bound."""
        if node is not None:
            self.quiets.add(node)
            scope.bind(self._fold(node.text()), binding)
