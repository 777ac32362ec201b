"""Rust's syntax (tree-sitter-rust)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyrun.policy.grammar import Grammar, Loop, words
from polyrun.policy.scopes import Function, Value

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.scopes import Binder, Scope

_PATHS = ("identifier", "scoped_identifier", "crate", "self", "super", "metavariable")
_ENDLESS = re.compile(
    r"(?s)\(?\d[\d_]*(?:[iu](?:\d+|size))?\.\.\)?|(?:(?:std|core)::)?iter::repeat\w*\([^()]*\)|.*\.cycle\(\)"
)


def _use(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`use a::{b as c, d::*, self}`."""
    tree = node.field("argument")
    pending = [(tree, "")] if tree is not None else []
    while pending:
        one, prefix = pending.pop()
        kind = one.kind()
        if kind in _PATHS:
            full = _joined(prefix, "" if kind == "self" and prefix else one.text())
            scope.bind(full.rpartition("::")[2], full)
        elif kind == "use_as_clause":
            path, alias = one.field("path"), one.field("alias")
            name = path.text() if path is not None and path.kind() != "self" else ""
            binder.bind(alias, scope, _joined(prefix, name))
        elif kind == "use_wildcard":
            inside = one.named_children()
            scope.everything_of.append(_joined(prefix, inside[0].text() if inside else ""))
        elif kind == "scoped_use_list":
            path, items = one.field("path"), one.field("list")
            below = _joined(prefix, path.text() if path is not None else "")
            pending += [(item, below) for item in items.named_children()] if items is not None else []
        elif kind == "use_list":
            pending += [(item, prefix) for item in one.named_children()]


def _joined(prefix: str, name: str) -> str:
    name = "".join(name.split())
    return (f"{prefix}::{name}" if prefix and name else prefix or name).removeprefix("::")


def _extern_crate(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    name = node.field("name")
    if name is not None:
        binder.bind(node.field("alias") or name, scope, name.text())


def _let(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    pattern, value = node.field("pattern"), node.field("value")
    if pattern is None:
        return
    if pattern.kind() == "identifier":
        binder.bind(pattern, scope, _follow(binder, value, scope))
    elif pattern.kind() == "tuple_pattern" and value is not None and value.kind() == "tuple_expression":
        targets, values = pattern.named_children(), value.named_children()
        for position, target in enumerate(targets):
            plain = target.kind() == "identifier" and len(targets) == len(values)
            binder.bind(target, scope, _follow(binder, values[position], scope) if plain else None)
    else:
        _bind_pattern(binder, pattern, scope)


def _follow(binder: Binder, value: SgNode | None, scope: Scope) -> Value | None:
    if value is not None and value.kind() in ("identifier", "scoped_identifier"):
        binder.quiet(value)  # followed to where the name is used
    return Value(value, scope) if value is not None else None


def _bind_pattern(binder: Binder, pattern: SgNode, scope: Scope) -> None:
    """Every name in a pattern that begins in lower case is a new one; others are constants and constructors."""
    stack = [pattern]
    while stack:
        one = stack.pop()
        if one.kind() in ("identifier", "shorthand_field_identifier") and not one.text()[:1].isupper():
            binder.bind(one, scope, None)
        stack.extend(one.named_children())


def _pattern(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """Parameters, `if let`, arms of a `match`."""
    pattern = node.field("pattern")
    if pattern is not None:
        _bind_pattern(binder, pattern, scope)


def _for(binder: Binder, node: SgNode, _scope: Scope, inner: Scope) -> None:
    pattern = node.field("pattern")
    if pattern is not None:
        _bind_pattern(binder, pattern, inner)


def _closure(binder: Binder, node: SgNode, _scope: Scope, inner: Scope) -> None:
    given = node.field("parameters")
    for one in given.named_children() if given is not None else ():
        if one.kind() == "identifier":
            binder.bind(one, inner, None)


def _constant(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    changes = any(child.kind() == "mutable_specifier" for child in node.children())
    binder.bind(node.field("name"), scope, None if changes else _follow(binder, node.field("value"), scope))


def _function(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    binder.bind(node.field("name"), scope, Function(node))


def _named(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    binder.bind(node.field("name"), scope, None)


def _alias(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`type Run = std::process::Command`."""
    kind = node.field("type")
    binder.bind(node.field("name"), scope, Value(kind, scope) if kind is not None else None)


def _signature(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """A function in an `extern` block is one of the C library."""
    name, around = node.field("name"), node.ancestors()
    if name is not None and any(one.kind() == "foreign_mod_item" for one in around[:2]):
        binder.bind(name, scope.root, f"libc::{name.text()}")


def _assignment(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    target = node.field("left")
    if target is None or target.kind() != "identifier":
        return
    owner = scope.owner(target.text())
    if owner is not None:
        plain = node.kind() == "assignment_expression"
        binder.bind(target, owner, _follow(binder, node.field("right"), scope) if plain else None)


def _macro_text(node: SgNode) -> str:
    """What a macro is given reads as an expression or a block most of the time; its variables are made names."""
    return f"{node.text().replace('$', '_')};"


def _macro_arguments(node: SgNode) -> list[SgNode]:
    """What a macro is given, as far as it is literals."""
    tokens = next((child for child in node.named_children() if child.kind() == "token_tree"), None)
    return [] if tokens is None else [one for one in tokens.named_children() if one.kind().endswith("literal")]


def _loop(_node: SgNode) -> SgNode | bool | None:
    return None


def _while(node: SgNode) -> SgNode | bool | None:
    return node.field("condition")


def _for_ever(node: SgNode) -> SgNode | bool | None:
    """`for i in 0..` never ends by itself."""
    values = node.field("value")
    return None if values is not None and _ENDLESS.fullmatch(values.text()) else False


def _plain(name: str) -> str:
    return name if name.isidentifier() else "".join(name.removeprefix("r#").split())


GRAMMAR = Grammar(
    name="rust",
    identifiers=frozenset({"identifier", "type_identifier"}),
    members={
        "scoped_identifier": ("path", "name"),
        "scoped_type_identifier": ("path", "name"),
        "field_expression": ("value", "field"),
    },
    rooted=frozenset({"scoped_identifier", "scoped_type_identifier"}),
    transparent={
        "parenthesized_expression": "",
        "reference_expression": "value",
        "try_expression": "",
        "await_expression": "",
        "type_cast_expression": "value",
        "generic_function": "function",
        "generic_type": "type",
    },
    calls={"call_expression": ("function", "arguments"), "macro_invocation": ("macro", "tokens")},
    given={"macro_invocation": _macro_arguments},
    skipped=words(
        """line_comment block_comment use_declaration extern_crate_declaration attribute_item inner_attribute_item
        function_signature_item function_type type_arguments type_parameters token_tree_pattern where_clause
        visibility_modifier"""
    ),
    quiet=frozenset((kind, "type") for kind in words("parameter let_declaration const_item static_item impl_item"))
    | {("function_item", "return_type"), ("impl_item", "trait"), ("type_cast_expression", "type")},
    scopes={
        "function_item": "function",
        "closure_expression": "function",
        "block": "block",
        "for_expression": "block",
        "if_expression": "block",
        "while_expression": "block",
        "match_arm": "block",
        "impl_item": "class",
        "trait_item": "class",
        "mod_item": "block",
        "macro_rule": "function",
    },
    binders={
        "use_declaration": _use,
        "extern_crate_declaration": _extern_crate,
        "let_declaration": _let,
        "let_condition": _pattern,
        "match_arm": _for,
        "parameter": _pattern,
        "for_expression": _for,
        "closure_expression": _closure,
        "const_item": _constant,
        "static_item": _constant,
        "function_item": _function,
        "function_signature_item": _signature,
        "struct_item": _named,
        "enum_item": _named,
        "union_item": _named,
        "trait_item": _named,
        "type_item": _alias,
        "mod_item": _named,
        "macro_definition": _named,
        "assignment_expression": _assignment,
        "compound_assignment_expr": _assignment,
    },
    rewrites=(
        (re.compile(r"^(?=(?:Command|process|env|fs|thread|net)::)"), "std::"),
        (re.compile(r"^std::Command(?=::)"), "std::process::Command"),
        (re.compile(r"^core::(?=(?:arch|mem|ptr|hint)::)"), "std::"),
        (re.compile(r"::(?:unwrap|expect|unwrap_or_default)\(\)"), ""),
        (re.compile(r"^(?:File|OpenOptions)(?=::)"), r"std::fs::\g<0>"),
        (re.compile(r"^(?:Path|PathBuf)(?=::)"), r"std::path::\g<0>"),
        (re.compile(r"^(?:Tcp(?:Stream|Listener)|UdpSocket)(?=::)"), r"std::net::\g<0>"),
    ),
    dot="::",
    inner={"token_tree": _macro_text},
    strings={
        "string_literal": ("string_content", "escape_sequence"),
        "raw_string_literal": ("string_content",),
    },
    numbers=frozenset({"integer_literal", "float_literal"}),
    constants={"true": True, "false": False},
    arithmetic=frozenset({"binary_expression"}),
    negations={"unary_expression": ""},
    loops={"loop_expression": Loop(_loop), "while_expression": Loop(_while), "for_expression": Loop(_for_ever)},
    breaks=frozenset({"break_expression"}),
    returns=frozenset({"return_expression", "try_expression"}),
    yields=frozenset({"yield_expression"}),
    continues=frozenset({"continue_expression"}),
    functions=words("function_item closure_expression async_block"),
    labels={"loop_expression": "", "while_expression": "", "for_expression": "", "block": ""},
    label_kinds=frozenset({"label"}),
    exits=words(
        """std::process::exit std::process::abort panic unreachable unimplemented std::panic std::unreachable
        std::panic::resume_unwind std::panic::panic_any bail anyhow::bail std::intrinsics::abort libc::exit libc::_exit
        libc::abort .exec std::hint::unreachable_unchecked"""
    ),
    waits=words(
        """std::thread::sleep std::thread::park .recv .recv_timeout .accept .join .read_line .read .wait .park
        .wait_timeout .recv_from .next_line .wait_with_output libc::pause libc::sleep .acquire .poll .select"""
    ),
    awaits=frozenset({"await_expression"}),
    branches={"if_expression": ("condition", "consequence")},
    name_text=_plain,
)
