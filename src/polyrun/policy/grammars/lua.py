"""Lua's syntax (tree-sitter-lua). `_G.` and `_ENV.` are left away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyrun.policy.grammar import Grammar, Loop
from polyrun.policy.scopes import Function, Value

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.grammar import Constant
    from polyrun.policy.scopes import Binder, Scope


def _assignment(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    targets = [one for child in node.named_children() for one in child.field_children("name")]
    values = [one for child in node.named_children() for one in child.field_children("value")]
    parent = node.parent()
    is_local = parent is not None and parent.kind() == "variable_declaration"
    for at, target in enumerate(targets):
        if target.kind() == "identifier":
            where = scope if is_local or scope.find(target.text()) else scope.root
            binder.bind(target, where, Value(values[at], scope) if at < len(values) else None)


def _declaration(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`local x` without a value; with one, the assignment inside binds it."""
    for child in node.named_children():
        if child.kind() == "variable_list":
            for name in child.field_children("name"):
                binder.bind(name, scope, None)


def _function(binder: Binder, node: SgNode, scope: Scope, inner: Scope) -> None:
    name = node.field("name")
    if name is not None and name.kind() == "identifier":
        binder.bind(name, scope, Function(node))
    else:
        binder.quiet(name)
    parameters = node.field("parameters")
    for one in parameters.field_children("name") if parameters is not None else ():
        binder.bind(one, inner, None)


def _for(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    names = [child for child in node.named_children() if child.kind() == "variable_list"]
    found = [one for child in names for one in child.field_children("name")] or node.field_children("name")
    for name in found:
        binder.bind(name, scope, None)


def _condition(node: SgNode) -> SgNode | bool | None:
    return node.field("condition")


def _true(value: Constant) -> bool:
    return value is not None and value is not False


GRAMMAR = Grammar(
    name="lua",
    builtin=True,
    members={"dot_index_expression": ("table", "field"), "method_index_expression": ("table", "method")},
    subscripts={"bracket_index_expression": ("table", "field")},
    transparent={"parenthesized_expression": ""},
    choices={"binary_expression": ("left", "right")},
    calls={"function_call": ("name", "arguments")},
    argument_lists=frozenset({"arguments"}),
    skipped=frozenset({"comment", "attribute"}),
    quiet=frozenset({("field", "name")}),
    scopes={
        "function_declaration": "function",
        "function_definition": "function",
        "do_statement": "block",
        "for_statement": "block",
        "while_statement": "block",
        "repeat_statement": "block",
    },
    binders={
        "assignment_statement": _assignment,
        "variable_declaration": _declaration,
        "function_declaration": _function,
        "function_definition": _function,
        "for_numeric_clause": _for,
        "for_generic_clause": _for,
    },
    rewrites=((re.compile(r"^(?:(?:_G|_ENV|getfenv\(\)|package\.loaded)\.)+(?=.)"), ""),),
    loaders=frozenset({"require"}),
    getters=frozenset({"rawget"}),
    strings={"string": ("string_content",)},
    numbers=frozenset({"number"}),
    constants={"true": True, "false": False, "nil": None},
    sums={"binary_expression": ".."},
    negations={"unary_expression": "operand"},
    truthy=_true,
    loops={
        "while_statement": Loop(_condition),
        "repeat_statement": Loop(_condition, until=True),
        "for_statement": Loop(lambda _node: False),
    },
    gotos=frozenset({"goto_statement"}),
    functions=frozenset({"function_declaration", "function_definition"}),
    labels={"label_statement": ""},
    exits=frozenset({"error", "os.exit", "coroutine.yield"}),
    waits=frozenset(
        {
            "io.read",
            "io.lines",
            "os.sleep",
            "socket.sleep",
            "socket.select",
            "coroutine.resume",
            ".read",
            ".receive",
            ".accept",
            ".sleep",
            ".poll",
            ".wait",
            ".step",
        }
    ),
    branches={"if_statement": ("condition", "consequence")},
)
