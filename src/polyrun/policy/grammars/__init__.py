"""One module a language's syntax; see `grammar.Grammar`. A module is imported when its language is met."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from polyrun.policy.grammar import NoGrammar

if TYPE_CHECKING:
    from polyrun.policy.grammar import Grammar

GRAMMARS = (
    "bash",
    "c",
    "cpp",
    "go",
    "java",
    "javascript",
    "lua",
    "perl",
    "php",
    "python",
    "ruby",
    "rust",
    "typescript",
)
"""The names of the grammars that there are."""


def grammar_of(name: str) -> Grammar:
    """The grammar called `name`. Raises `NoGrammar` if there is none, or if its package is not installed."""
    if name not in GRAMMARS:
        raise NoGrammar(name)
    grammar: Grammar = import_module(f"{__name__}.{name}").GRAMMAR
    return grammar
