"""PHP's syntax (tree-sitter-php). Functions and classes are spoken of in lower case, without a leading backslash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyrun.policy.grammar import Grammar, Loop
from polyrun.policy.scopes import Function, Value

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.scopes import Binder, Scope

_CALLBACK_FIRST = frozenset(
    {
        "call_user_func",
        "call_user_func_array",
        "forward_static_call",
        "forward_static_call_array",
        "array_map",
        "register_shutdown_function",
        "register_tick_function",
        "ob_start",
        "set_error_handler",
        "set_exception_handler",
        "spl_autoload_register",
        "closure::fromcallable",
    }
)
_CALLBACK_SECOND = frozenset(
    {
        "array_filter",
        "array_walk",
        "array_walk_recursive",
        "array_reduce",
        "usort",
        "uasort",
        "uksort",
        "iterator_apply",
        "preg_replace_callback",
        "mb_ereg_replace_callback",
    }
)
_INCLUDES = ("include_expression", "include_once_expression", "require_expression", "require_once_expression")


def _carried(name: str, texts: Sequence[str]) -> list[int]:
    """Functions take the names of others as text: `array_map("system", $commands)`."""
    at = 0 if name in _CALLBACK_FIRST else 1 if name in _CALLBACK_SECOND else len(texts)
    return [at] if at < len(texts) else []


def _assignment(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    target, value = node.field("left"), node.field("right")
    if target is None:
        return
    if target.kind() == "variable_name":
        binder.bind(target, scope, Value(value, scope) if value is not None else None)
    elif target.kind() in ("list_literal", "array_creation_expression"):
        for variable in target.find_all(kind="variable_name"):
            binder.bind(variable, scope, None)


def _changed(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`$x .= "y"`: what it is made of stays unknown."""
    target = node.field("left")
    binder.bind(target if target is not None and target.kind() == "variable_name" else None, scope, None)


def _foreach(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    values, *targets = node.named_children()[:2]
    items = values.named_children() if values.kind() == "array_creation_expression" else []
    for target in targets:
        if target.kind() == "variable_name" and items:
            for item in items[:8]:
                inside = item.named_children()
                scope.bind(_folded(target.text()), Value(inside[-1], scope) if inside else None)
            binder.quiet(target)
        else:
            names = [target] if target.kind() == "variable_name" else target.find_all(kind="variable_name")
            for name in names:
                binder.bind(name, scope, None)


def _use(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """Binds the new name of `use function system as run`."""
    alias = node.field("alias")
    name = node.named_children()[0]
    if alias is not None:
        binder.bind(alias, scope, _folded(name.text()))


def _definition(binder: Binder, node: SgNode, scope: Scope, inner: Scope) -> None:
    if node.kind() == "function_definition":
        binder.bind(node.field("name"), scope, Function(node))
    parameters = node.field("parameters")
    for one in parameters.named_children() if parameters is not None else ():
        binder.bind(one.field("name"), inner, None)


def _folded(name: str) -> str:
    """Names of functions and classes do not differ by case."""
    return name.lstrip("\\").lower()


def _created(node: SgNode) -> str | None:
    """What `new PDO(…)` is called: `new pdo`."""
    inside = node.named_children()
    is_name = bool(inside) and inside[0].kind() in ("name", "qualified_name")
    return f"new {_folded(inside[0].text())}" if is_name else None


def _condition(node: SgNode) -> SgNode | bool | None:
    return node.field("condition")


GRAMMAR = Grammar(
    name="php",
    builtin=True,
    identifiers=frozenset({"name", "variable_name", "qualified_name"}),
    members={
        "member_access_expression": ("object", "name"),
        "nullsafe_member_access_expression": ("object", "name"),
        "member_call_expression": ("object", "name"),
        "nullsafe_member_call_expression": ("object", "name"),
        "scoped_call_expression": ("scope", "name"),
        "class_constant_access_expression": ("", ""),
    },
    dots={"scoped_call_expression": "::", "class_constant_access_expression": "::"},
    subscripts={"subscript_expression": ("", "")},
    transparent={"argument": "", "parenthesized_expression": "", "error_suppression_expression": ""},
    choices={"conditional_expression": ("body", "alternative")},
    calls={
        "function_call_expression": ("function", "arguments"),
        "member_call_expression": ("name", "arguments"),
        "nullsafe_member_call_expression": ("name", "arguments"),
        "scoped_call_expression": ("name", "arguments"),
        **dict.fromkeys(_INCLUDES, ("", "")),
    },
    names_in_text=frozenset({"string", "encapsed_string", "binary_expression"}),
    skipped=frozenset({"comment", "text", "named_type", "attribute_list", "base_clause", "class_interface_clause"}),
    quiet=frozenset({("argument", "name"), ("method_declaration", "name"), ("class_declaration", "name")}),
    scopes={
        "function_definition": "function",
        "method_declaration": "function",
        "anonymous_function": "function",
        "arrow_function": "function",
    },
    binders={
        "assignment_expression": _assignment,
        "reference_assignment_expression": _assignment,
        "augmented_assignment_expression": _changed,
        "foreach_statement": _foreach,
        "namespace_use_clause": _use,
        "function_definition": _definition,
        "method_declaration": _definition,
        "anonymous_function": _definition,
        "arrow_function": _definition,
    },
    acts={
        "shell_command_expression": lambda _node: "backticks",
        "object_creation_expression": _created,
        **dict.fromkeys(_INCLUDES, lambda _node: "include"),
    },
    carried=_carried,
    strings={"string": ("string_content",), "encapsed_string": ("string_content",)},
    numbers=frozenset({"integer", "float"}),
    constants={"true": True, "TRUE": True, "True": True, "false": False, "FALSE": False, "False": False, "null": None},
    sums={"binary_expression": "."},
    negations={"unary_op_expression": "argument"},
    loops={
        "while_statement": Loop(_condition),
        "do_statement": Loop(_condition),
        "for_statement": Loop(_condition),
        "foreach_statement": Loop(lambda _node: False),
    },
    throws=frozenset({"throw_expression", "exit_statement"}),
    yields=frozenset({"yield_expression"}),
    gotos=frozenset({"goto_statement"}),
    absorbers=frozenset({"switch_statement"}),
    functions=frozenset(
        {"function_definition", "method_declaration", "anonymous_function", "arrow_function", "class_declaration"}
    ),
    exits=frozenset({"exit", "die", "pcntl_exec", "fiber::suspend"}),
    waits=frozenset(
        {
            "sleep",
            "usleep",
            "time_nanosleep",
            "time_sleep_until",
            "fgets",
            "fread",
            "fgetc",
            "readline",
            "stream_select",
            "socket_accept",
            "socket_select",
            "socket_recv",
            "socket_read",
            "stream_socket_accept",
            "stream_get_line",
            "pcntl_wait",
            "pcntl_waitpid",
            "msg_receive",
            ".accept",
            ".wait",
            ".read",
        }
    ),
    branches={"if_statement": ("condition", "body")},
    name_text=_folded,
)
