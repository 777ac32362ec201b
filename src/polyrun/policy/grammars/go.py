"""Go's syntax (tree-sitter-go)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyrun.policy.grammar import Grammar, Loop, words
from polyrun.policy.scopes import Binding, Function, Value

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.scopes import Binder, Scope

_VERSION = re.compile(r"v\d+")
_SUFFIX = re.compile(r"\.v\d+$")
_OF_FRAGMENTS = {"exec": "os/exec", "http": "net/http", "filepath": "path/filepath", "rand": "math/rand"}
"""Packages that a block may name without an import."""


def _import(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """A package is known by its last name, or the one that the import gives it."""
    path, name = node.field("path"), node.field("name")
    full = path.text()[1:-1] if path is not None else ""
    if not full:
        return
    if name is not None and name.kind() == "dot":
        scope.root.everything_of.append(full)
    elif name is not None:
        binder.bind(name, scope.root, full)
    else:
        parts = full.split("/")
        last = parts[-2] if len(parts) > 1 and _VERSION.fullmatch(parts[-1]) else parts[-1]
        scope.root.bind(_SUFFIX.sub("", last), full)


def _items(node: SgNode | None) -> list[SgNode]:
    if node is None:
        return []
    return node.named_children() if node.kind() == "expression_list" else [node]


def _pairs(targets: list[SgNode], values: list[SgNode]) -> list[tuple[SgNode, SgNode | None]]:
    paired = len(targets) == len(values)
    return [(target, values[position] if paired else None) for position, target in enumerate(targets)]


def _follow(binder: Binder, value: SgNode | None, scope: Scope) -> Value | None:
    if value is not None and value.kind() in ("identifier", "selector_expression"):
        binder.quiet(value)  # followed to where the name is used
    return Value(value, scope) if value is not None else None


def _short(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`a, b := f, g`."""
    for target, value in _pairs(_items(node.field("left")), _items(node.field("right"))):
        if target.kind() == "identifier":
            binder.bind(target, scope, _follow(binder, value, scope))


def _spec(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`var a, b = f, g`, and constants."""
    targets = [one for one in node.field_children("name") if one.kind() == "identifier"]
    for target, value in _pairs(targets, _items(node.field("value"))):
        binder.bind(target, scope, _follow(binder, value, scope))


def _assignment(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    sign = node.field("operator")
    plain = sign is not None and sign.text() == "="
    for target, value in _pairs(_items(node.field("left")), _items(node.field("right"))):
        if target.kind() == "identifier":
            _assign(binder, target, scope, _follow(binder, value, scope) if plain else None)


def _changed(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`i++`, and `&i`: it may be anything from then on."""
    target = node.field("operand") or next(iter(node.named_children()), None)
    address = node.kind() != "unary_expression" or node.text().startswith("&")
    if target is not None and target.kind() == "identifier" and address:
        _assign(binder, target, scope, None)


def _assign(binder: Binder, target: SgNode, scope: Scope, binding: Binding) -> None:
    owner = scope.owner(target.text())
    if owner is not None:
        binder.bind(target, owner, binding)


def _left(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """Variables of `range`, of `select` and of a switch over types."""
    if ":=" in (child.text() for child in node.children()):
        for target in _items(node.field("left") or node.field("alias")):
            binder.bind(target, scope, None)


def _parameter(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    for name in node.field_children("name"):
        binder.bind(name, scope, None)


def _function(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    binder.bind(node.field("name"), scope, Function(node))


def _type(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    binder.bind(node.field("name"), scope, None)


def _condition(node: SgNode) -> SgNode | bool | None:
    """`for`, `for ok`, `for ; ok; i++`; `for range` ends by itself."""
    head = next((child for child in node.named_children() if child.kind() not in ("block", "comment")), None)
    if head is None:
        return None
    if head.kind() == "for_clause":
        return head.field("condition")
    return False if head.kind() == "range_clause" else head


def _select(node: SgNode) -> SgNode | bool | None:
    """A `select` without a case waits for ever."""
    cases = ("communication_case", "default_case")
    return None if not any(child.kind() in cases for child in node.children()) else False


GRAMMAR = Grammar(
    name="go",
    identifiers=frozenset({"identifier", "package_identifier", "type_identifier"}),
    members={"selector_expression": ("operand", "field"), "qualified_type": ("package", "name")},
    transparent={
        "parenthesized_expression": "",
        "unary_expression": "operand",
        "type_conversion_expression": "operand",
        "type_assertion_expression": "operand",
        "expression_list": "",
    },
    calls={"call_expression": ("function", "arguments"), "composite_literal": ("type", "body")},
    skipped=frozenset({"comment", "import_spec", "package_clause", "function_type", "struct_type", "interface_type"}),
    quiet=frozenset({("keyed_element", "key"), ("parameter_declaration", "type"), ("var_spec", "type")}),
    scopes={
        "function_declaration": "function",
        "method_declaration": "function",
        "func_literal": "function",
        "block": "block",
        "for_statement": "block",
        "if_statement": "block",
        "expression_switch_statement": "block",
        "type_switch_statement": "block",
        "communication_case": "block",
    },
    binders={
        "import_spec": _import,
        "short_var_declaration": _short,
        "var_spec": _spec,
        "const_spec": _spec,
        "assignment_statement": _assignment,
        "inc_statement": _changed,
        "dec_statement": _changed,
        "unary_expression": _changed,
        "range_clause": _left,
        "receive_statement": _left,
        "type_switch_statement": _left,
        "parameter_declaration": _parameter,
        "variadic_parameter_declaration": _parameter,
        "function_declaration": _function,
        "type_spec": _type,
    },
    rewrites=(
        *((re.compile(rf"^{name}(?=\.)"), full) for name, full in _OF_FRAGMENTS.items()),
        (re.compile(r"^io/ioutil\.(?=(?:ReadFile|WriteFile|ReadDir)$)"), "os."),
        (re.compile(r"^ioutil\.(?=(?:ReadFile|WriteFile|ReadDir)$)"), "os."),
    ),
    strings={
        "interpreted_string_literal": ("interpreted_string_literal_content",),
        "raw_string_literal": ("raw_string_literal_content",),
    },
    numbers=frozenset({"int_literal", "float_literal"}),
    constants={"true": True, "false": False},
    sums={"binary_expression": "+"},
    arithmetic=frozenset({"binary_expression"}),
    negations={"unary_expression": "operand"},
    loops={"for_statement": Loop(_condition), "select_statement": Loop(_select)},
    gotos=frozenset({"goto_statement"}),
    absorbers=frozenset({"expression_switch_statement", "type_switch_statement"}),
    functions=frozenset({"function_declaration", "method_declaration", "func_literal"}),
    labels={"labeled_statement": "label"},
    label_kinds=frozenset({"label_name"}),
    exits=words(
        """os.Exit panic log.Fatal log.Fatalf log.Fatalln log.Panic log.Panicf log.Panicln runtime.Goexit syscall.Exit
        syscall.Exec .Fatal .Fatalf .Fatalln .FailNow .SkipNow"""
    ),
    waits=words(
        """time.Sleep syscall.Pause .Accept .AcceptTCP .Read .ReadString .ReadLine .ReadByte .ReadRune .ReadFrom .Recv
        .Wait .Lock .Scan fmt.Scan fmt.Scanln fmt.Scanf fmt.Fscan net/http.ListenAndServe .Serve .ListenAndServe .Next
        .Receive .Acquire"""
    ),
    awaits=frozenset({"<-", "select"}),
    branches={"if_statement": ("condition", "consequence")},
)
