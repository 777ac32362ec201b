"""JavaScript's syntax (tree-sitter-javascript)."""

from __future__ import annotations

from polyrun.policy.grammars.ecmascript import grammar

GRAMMAR = grammar("javascript", frozenset(), {}, {})
