"""Java's syntax (tree-sitter-java)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyrun.policy.grammar import Grammar, Loop, words
from polyrun.policy.scopes import Binding, Function, Value

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.scopes import Binder, Scope

_PLAIN_TYPES = words("var String Integer Long Boolean Double Character Byte Short Float Object")
_LITERALS = ("string_literal", "decimal_integer_literal", "true", "false", "null_literal", "array_initializer")
_CLASS_TYPES = ("type_identifier", "scoped_type_identifier", "generic_type")
_LANG = """Runtime Process ProcessBuilder ProcessHandle System Class ClassLoader Thread Compiler Module ModuleLayer"""
_IO = """File FileReader FileWriter FileInputStream FileOutputStream RandomAccessFile PrintWriter PrintStream
ObjectInputStream BufferedReader BufferedWriter"""
_FILES = "Files Path Paths FileSystems"


def _import(_binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    named = node.named_children()
    if not named:
        return
    full = "".join(named[0].text().split())
    if named[-1].kind() == "asterisk":
        scope.root.everything_of.append(full)
    elif "." in full:
        scope.root.bind(full.rpartition(".")[2], full)


def _variables(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """A variable is its value, and has the methods of its type."""
    for one in node.field_children("declarator"):
        _bind(binder, one.field("name"), scope, (node.field("type"), one.field("value")))


def _bind(binder: Binder, name: SgNode | None, scope: Scope, known: tuple[SgNode | None, SgNode | None]) -> None:
    kind, value = known
    if value is not None and value.kind() != "null_literal":
        binder.bind(name, scope, _follow(binder, value, scope))
        if value.kind() in _LITERALS:
            return
    elif not _is_class(kind):
        binder.bind(name, scope, None)
    if kind is not None and _is_class(kind):
        binder.bind(name, scope, Value(kind, scope))


def _is_class(kind: SgNode | None) -> bool:
    return kind is not None and kind.kind() in _CLASS_TYPES and kind.text() not in _PLAIN_TYPES


def _follow(binder: Binder, value: SgNode, scope: Scope) -> Value:
    if value.kind() in ("identifier", "field_access"):
        binder.quiet(value)  # followed to where the name is used
    return Value(value, scope)


def _typed(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """Parameters, and what `try` and `for` declare."""
    value = node.field("value") if node.kind() == "resource" else None
    _bind(binder, node.field("name"), scope, (node.field("type"), value))


def _for_each(binder: Binder, node: SgNode, _scope: Scope, inner: Scope) -> None:
    _bind(binder, node.field("name"), inner, (node.field("type"), None))


def _named(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """Classes, exceptions that are caught, and the name in `x instanceof Foo f`."""
    binder.bind(node.field("name"), scope, None)


def _method(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    binder.bind(node.field("name"), scope, Function(node))


def _lambda(binder: Binder, node: SgNode, _scope: Scope, inner: Scope) -> None:
    given = node.field("parameters")
    if given is None:
        return
    for one in [given] if given.kind() == "identifier" else given.named_children():
        if one.kind() == "identifier":
            binder.bind(one, inner, None)


def _assignment(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    target, value, sign = node.field("left"), node.field("right"), node.field("operator")
    if target is not None and target.kind() == "identifier":
        plain = value is not None and sign is not None and sign.text() == "="
        _assign(binder, target, scope, _follow(binder, value, scope) if value is not None and plain else None)


def _changed(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    target = next(iter(node.named_children()), None)
    if target is not None and target.kind() == "identifier":
        _assign(binder, target, scope, None)


def _assign(binder: Binder, target: SgNode, scope: Scope, binding: Binding) -> None:
    owner = scope.owner(target.text())
    if owner is not None or binding is not None:
        binder.bind(target, owner or scope.root, binding)


def _condition(node: SgNode) -> SgNode | bool | None:
    return node.field("condition")


def _full(package: str, names: str) -> tuple[re.Pattern[str], str]:
    """Names that a block may use without an import."""
    return re.compile(rf"^({'|'.join(names.split())})(?=[.(]|$)"), rf"{package}.\1"


def _plain(name: str) -> str:
    return name if name.isidentifier() else "".join(name.split())


GRAMMAR = Grammar(
    name="java",
    unreadable=(
        (
            re.compile(r"\\u+00(?:0[ad]|[2-6][0-9a-f]|7[0-9a-e])", re.IGNORECASE),
            "it writes plain characters as `\\u` escapes, which Java reads before anything else",
        ),
    ),
    identifiers=frozenset({"identifier", "type_identifier", "scoped_type_identifier"}),
    members={"field_access": ("object", "field"), "method_invocation": ("object", "name")},
    selves=frozenset({"this"}),
    transparent={"parenthesized_expression": "", "cast_expression": "value", "generic_type": ""},
    choices={"ternary_expression": ("consequence", "alternative")},
    calls={"method_invocation": ("name", "arguments"), "object_creation_expression": ("type", "arguments")},
    skipped=words(
        """line_comment block_comment import_declaration package_declaration type_arguments type_parameters superclass
        super_interfaces throws catch_type marker_annotation annotation"""
    ),
    quiet=frozenset(
        (kind, "type")
        for kind in words(
            """local_variable_declaration field_declaration formal_parameter method_declaration cast_expression resource
            enhanced_for_statement array_creation_expression"""
        )
    )
    | {("instanceof_expression", "right")},
    scopes={
        "method_declaration": "function",
        "constructor_declaration": "function",
        "lambda_expression": "function",
        "class_body": "block",
        "interface_body": "block",
        "enum_body": "block",
        "block": "block",
        "for_statement": "block",
        "enhanced_for_statement": "block",
        "try_with_resources_statement": "block",
        "catch_clause": "block",
    },
    binders={
        "import_declaration": _import,
        "local_variable_declaration": _variables,
        "field_declaration": _variables,
        "formal_parameter": _typed,
        "spread_parameter": _variables,
        "catch_formal_parameter": _named,
        "resource": _typed,
        "enhanced_for_statement": _for_each,
        "instanceof_expression": _named,
        "class_declaration": _named,
        "interface_declaration": _named,
        "enum_declaration": _named,
        "record_declaration": _named,
        "method_declaration": _method,
        "lambda_expression": _lambda,
        "assignment_expression": _assignment,
        "update_expression": _changed,
    },
    rewrites=(
        _full("java.lang", _LANG),
        _full("java.io", _IO),
        _full("java.nio.file", _FILES),
        (re.compile(r"\(\)(?=\.)"), ""),
        (re.compile(r"^java\.lang\.Runtime\.getRuntime(?=\.)"), "java.lang.Runtime"),
        (re.compile(r"^java\.nio\.file\.Paths\.get"), "java.nio.file.Path.of"),
    ),
    loaders=frozenset({"java.lang.Class.forName"}),
    senders=frozenset({"getMethod", "getDeclaredMethod"}),
    strings={"string_literal": ("string_fragment", "multiline_string_fragment")},
    numbers=words(
        """decimal_integer_literal hex_integer_literal octal_integer_literal binary_integer_literal
        decimal_floating_point_literal"""
    ),
    constants={"true": True, "false": False},
    sums={"binary_expression": "+"},
    arithmetic=frozenset({"binary_expression"}),
    negations={"unary_expression": "operand"},
    loops={
        "while_statement": Loop(_condition),
        "for_statement": Loop(_condition),
        "do_statement": Loop(_condition),
    },
    throws=frozenset({"throw_statement"}),
    absorbers=frozenset({"switch_expression", "switch_statement", "enhanced_for_statement"}),
    functions=words("method_declaration constructor_declaration lambda_expression class_body class_declaration"),
    labels={"labeled_statement": ""},
    label_kinds=frozenset({"identifier"}),
    exits=words("java.lang.System.exit java.lang.Runtime.halt java.lang.Runtime.exit .halt"),
    waits=words(
        """java.lang.Thread.sleep .sleep .take .poll .wait .await .join .accept .read .readLine .nextLine .next .nextInt
        .hasNext .hasNextLine .receive .acquire .select .park .parkNanos .waitFor .readObject .readUTF .readInt"""
    ),
    branches={"if_statement": ("condition", "consequence")},
    name_text=_plain,
)
