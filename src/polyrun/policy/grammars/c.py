"""C's syntax (tree-sitter-c)."""

from __future__ import annotations

from polyrun.policy.grammar import CUT_WORDS, Grammar
from polyrun.policy.grammars import c_family

GRAMMAR = Grammar(
    name="c",
    unreadable=(CUT_WORDS,),
    members={"field_expression": ("argument", "field")},
    transparent=c_family.TRANSPARENT,
    choices={"conditional_expression": ("consequence", "alternative")},
    calls={"call_expression": ("function", "arguments")},
    skipped=frozenset({"comment", "preproc_include", "attribute_specifier", "attribute_declaration"}),
    scopes=c_family.SCOPES,
    binders=c_family.binders("c"),
    inner=c_family.INNER,
    strings={"string_literal": ("string_content",)},
    numbers=frozenset({"number_literal"}),
    constants=c_family.CONSTANTS,
    arithmetic=frozenset({"binary_expression"}),
    negations={"unary_expression": "argument"},
    adjoining=frozenset({"concatenated_string"}),
    loops=c_family.LOOPS,
    gotos=frozenset({"goto_statement"}),
    absorbers=frozenset({"switch_statement"}),
    functions=frozenset({"function_definition"}),
    labels={"labeled_statement": "label"},
    exits=c_family.EXITS,
    waits=c_family.WAITS,
    branches={"if_statement": ("condition", "consequence")},
)
