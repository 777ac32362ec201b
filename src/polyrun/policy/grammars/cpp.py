"""C++'s syntax (tree-sitter-cpp)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyrun.policy.grammar import CUT_WORDS, Grammar
from polyrun.policy.grammars import c_family
from polyrun.policy.scopes import Value

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.scopes import Binder, Scope

_LIBRARY = """system getenv secure_getenv fopen freopen remove rename exit _Exit quick_exit abort longjmp raise malloc
calloc realloc aligned_alloc signal getchar getc fgetc fgets fread scanf fscanf"""
"""C's functions that stand in namespace `std` too, as far as rules or loops speak of them."""


def _using(_binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`using namespace std` lets all its names in, `using std::system` one."""
    named = node.named_children()
    if not named:
        return
    name = _plain(named[-1].text()).removeprefix("::")
    if any(child.kind() == "namespace" for child in node.children()):
        scope.everything_of.append(name)
    elif "::" in name:
        scope.bind(name.rpartition("::")[2], name)


def _namespace_alias(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    named = node.named_children()
    if len(named) == 2:
        binder.bind(named[0], scope, _plain(named[1].text()).removeprefix("::"))


def _type_alias(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`using Out = std::ofstream`."""
    described = node.field("type")
    inside = described.field("type") if described is not None else None
    known = inside is not None and inside.kind() in c_family.TYPES
    binder.bind(node.field("name"), scope, Value(inside, scope) if inside is not None and known else None)


def _typedef(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    inside = node.field("type")
    for one in node.field_children("declarator"):
        known = inside is not None and one.kind() == "type_identifier" and inside.kind() in c_family.TYPES
        binder.bind(c_family.declared(one), scope, Value(inside, scope) if inside is not None and known else None)


def _class(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    name = node.field("name")
    if name is not None and name.kind() == "type_identifier" and node.field("body") is not None:
        binder.bind(name, scope, None)


def _namespace(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    name = node.field("name")
    if name is not None and name.kind() == "namespace_identifier" and name.text() not in ("std", "boost"):
        binder.bind(name, scope, None)


def _lambda(binder: Binder, node: SgNode, _scope: Scope, inner: Scope) -> None:
    c_family.bind_parameters(binder, node.field("declarator"), inner)


def _range(binder: Binder, node: SgNode, _scope: Scope, inner: Scope) -> None:
    binder.bind(c_family.declared(node.field("declarator")), inner, None)


def _structured(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    for one in node.named_children():
        binder.bind(one, scope, None)


def _member(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """Fields and methods of a class hide what is outside; fields of a class type are of that type."""
    kind = node.field("type")
    typed = kind is not None and kind.kind() in c_family.TYPES
    for one in node.field_children("declarator"):
        binder.bind(c_family.declared(one), scope, Value(kind, scope) if kind is not None and typed else None)


def _constructed(node: SgNode) -> list[SgNode]:
    """The arguments of `std::ofstream out("x")`; none where a declaration constructs nothing so."""
    for one in node.field_children("declarator"):
        value = one.field("value") if one.kind() == "init_declarator" else None
        if value is not None and value.kind() in ("argument_list", "initializer_list"):
            return [child for child in value.named_children() if child.kind() != "comment"]
        if one.kind() == "function_declarator":  # `std::ofstream out(path)` reads like a prototype
            types = [parameter.field("type") for parameter in c_family.parameters(one)]
            return [kind for kind in types if kind is not None and kind.kind() == "type_identifier"]
    return []


def _plain(name: str) -> str:
    """A name without template arguments and white space."""
    if "<" in name:
        name = re.sub(r"<.*>", "", name, flags=re.DOTALL)
    return name if name.isidentifier() else "".join(name.split())


GRAMMAR = Grammar(
    name="cpp",
    prelude=("std",),  # fragments begin with `using namespace std;`
    unreadable=(CUT_WORDS,),
    identifiers=frozenset({"identifier", "namespace_identifier", "type_identifier"}),
    members={"field_expression": ("argument", "field"), "qualified_identifier": ("scope", "name")},
    rooted=frozenset({"qualified_identifier"}),
    transparent={
        **c_family.TRANSPARENT,
        "template_function": "name",
        "template_type": "name",
        "nested_namespace_specifier": "",
        "co_await_expression": "argument",
        "condition_clause": "value",
    },
    choices={"conditional_expression": ("consequence", "alternative")},
    calls={
        "call_expression": ("function", "arguments"),
        "new_expression": ("type", "arguments"),
        "declaration": ("type", "declarator"),
    },
    given={"declaration": _constructed},
    argument_lists=frozenset({"argument_list", "initializer_list"}),
    skipped=frozenset(
        {
            "comment",
            "preproc_include",
            "attribute_specifier",
            "attribute_declaration",
            "using_declaration",
            "namespace_alias_definition",
            "alias_declaration",
            "type_definition",
            "base_class_clause",
            "template_parameter_list",
        }
    ),
    quiet=frozenset(
        {("parameter_declaration", "type"), ("function_definition", "type"), ("field_declaration", "type")}
    ),
    scopes={
        **c_family.SCOPES,
        "lambda_expression": "function",
        "for_range_loop": "block",
        "catch_clause": "block",
        "class_specifier": "block",
        "struct_specifier": "block",
        "namespace_definition": "block",
    },
    binders={
        **c_family.binders("cpp"),
        "using_declaration": _using,
        "namespace_alias_definition": _namespace_alias,
        "alias_declaration": _type_alias,
        "type_definition": _typedef,
        "class_specifier": _class,
        "struct_specifier": _class,
        "namespace_definition": _namespace,
        "lambda_expression": _lambda,
        "for_range_loop": _range,
        "structured_binding_declarator": _structured,
        "field_declaration": _member,
    },
    rewrites=(
        (re.compile(rf"^std::(?=(?:{'|'.join(_LIBRARY.split())})$)"), ""),
        (re.compile(r"^std::experimental::(?=filesystem)"), "std::"),
        (re.compile(r"(?<=[a-z])\(\)(?=::)"), ""),
    ),
    dot="::",
    inner=c_family.INNER,
    strings={"string_literal": ("string_content",), "raw_string_literal": ("raw_string_content",)},
    numbers=frozenset({"number_literal"}),
    constants=c_family.CONSTANTS,
    arithmetic=frozenset({"binary_expression"}),
    negations={"unary_expression": "argument"},
    adjoining=frozenset({"concatenated_string"}),
    loops=c_family.LOOPS,
    returns=frozenset({"return_statement", "co_return_statement"}),
    throws=frozenset({"throw_statement", "throw_expression"}),
    yields=frozenset({"co_yield_statement"}),
    gotos=frozenset({"goto_statement"}),
    absorbers=frozenset({"switch_statement", "for_range_loop"}),
    functions=frozenset({"function_definition", "lambda_expression", "class_specifier", "struct_specifier"}),
    labels={"labeled_statement": "label"},
    exits=c_family.EXITS | {"std::terminate", "std::rethrow_exception", "std::unreachable", "std::abort"},
    waits=c_family.WAITS
    | {
        "std::this_thread::sleep_for",
        "std::this_thread::sleep_until",
        "std::getline",
        ".wait",
        ".wait_for",
        ".wait_until",
        ".join",
        ".accept",
        ".receive",
        ".recv",
        ".read_some",
        ".run_one",
        ".acquire",
    },
    awaits=frozenset({"co_await_expression"}),
    branches={"if_statement": ("condition", "consequence")},
    name_text=_plain,
)
