"""Code that the grammar leaves as text, such as the body of a macro: parsed by itself, with its place in the block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ast_grep_py import SgRoot

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.grammar import Grammar


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a tree's text begins in the block: line and column from 0, and index, all in characters."""

    line: int = 0
    column: int = 0
    index: int = 0

    def place(self, line: int, column: int) -> tuple[int, int]:
        """The block's line and column of a place in the tree."""
        return self.line + line, column + (0 if line else self.column)

    def inner(self, node: SgNode) -> Origin:
        """The origin of the text of `node`, which is part of the tree."""
        start = node.range().start
        return Origin(*self.place(start.line, start.column), self.index + start.index)


THE_BLOCK = Origin()
"""The origin of the block's own tree."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node, and where its tree begins."""

    node: SgNode
    origin: Origin = THE_BLOCK

    def is_in(self, other: Place) -> bool:
        """Whether this stands inside `other`."""
        (first, last), (start, end) = self._span(), other._span()
        return start <= first and last <= end

    def ends(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The block's lines and columns from 0, in characters, where it starts and ends."""
        reach = self.node.range()
        origin = self.origin
        return origin.place(reach.start.line, reach.start.column), origin.place(reach.end.line, reach.end.column)

    def _span(self) -> tuple[int, int]:
        reach = self.node.range()
        return self.origin.index + reach.start.index, self.origin.index + reach.end.index


def inner_root(node: SgNode, grammar: Grammar) -> SgNode | None:
    """The tree of the code that the text of `node` is; `None` if it is none."""
    read = grammar.inner.get(node.kind())
    text = read(node) if read is not None else None
    return SgRoot(text, grammar.name).root() if text is not None else None
