"""Perl's syntax: the tree-sitter-perl of the package `tree-sitter-perl`, which comes with PolyRun's extra `perl`.

Functions are called by their name, with the package in front if they came from one; variables are called `$name`.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ast_grep_py import register_dynamic_language

from polyrun.policy.grammar import Grammar, Loop, NoGrammar
from polyrun.policy.scopes import Function, Value

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.grammar import Constant
    from polyrun.policy.scopes import Binder, Scope

_PACKAGE = "tree_sitter_perl"


def _load() -> None:
    """Tell ast-grep where the grammar is. Raises `NoGrammar` if the package is not installed."""
    spec = find_spec(_PACKAGE)
    folders = (spec.submodule_search_locations if spec is not None else None) or []
    libraries = [str(path) for folder in folders for path in Path(folder).glob("_binding*.so")]
    if not libraries:
        raise NoGrammar("perl")
    symbol = {"library_path": libraries[0], "extensions": ["pl"], "language_symbol": _PACKAGE}
    register_dynamic_language({"perl": symbol})  # type: ignore[dict-item]


_load()

_EXPORTS = {
    "File::Copy": "copy move",
    "File::Path": "mkpath rmtree",
    "File::Slurp": "read_file write_file",
    "IPC::Open2": "open2",
    "IPC::Open3": "open3",
    "LWP::Simple": "get getprint getstore head mirror",
    "POSIX": "setuid setgid setsid setpgid pause",
    "Storable": "freeze retrieve store thaw",
    "YAML": "Load LoadFile Dump DumpFile",
}

_JUMPS = {"last": "break_statement", "redo": "redo"}


def _assignment(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    target, value = node.field("left"), node.field("right")
    operator = node.field("operator")
    if target is None:
        return
    is_plain = operator is None or operator.text() == "="
    if target.kind() == "scalar":
        known = scope.find(target.text()) is not None
        binder.bind(target, scope if known else scope.root, Value(value, scope) if value and is_plain else None)
    elif target.kind() == "glob" and value is not None:  # `*run = \&system;`
        scope.root.bind(target.text().lstrip("*"), Value(value, scope))
    elif target.kind() in ("variable_declaration", "localization_expression"):
        one = target.field("variable")
        if one is not None and one.kind() == "scalar":
            binder.bind(one, scope, Value(value, scope) if value is not None else None)


def _declaration(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`my $x;` and `my ($x, $y) = …`: with a value of its own, the assignment around binds it."""
    parent = node.parent()
    names = [child for child in node.named_children() if child.kind() == "scalar"]
    if node.field("variable") is not None and parent is not None and parent.kind() == "assignment_expression":
        return
    for name in names:
        binder.bind(name, scope, None)


def _subroutine(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    binder.bind(node.field("name"), scope.root, Function(node))


def _signature(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    for one in node.named_children():
        binder.bind(one if one.kind() == "scalar" else None, scope, None)


def _for(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """The variable of a loop over a written-out list may be any of its items."""
    name = node.field("variable")
    lists = [child for child in node.named_children() if child.kind() == "list_expression"]
    if name is not None and name.kind() == "scalar":
        for item in lists[0].named_children()[:8] if lists else ():
            scope.bind(name.text(), Value(item, scope))
        binder.bind(name, scope, None)


def _use(_binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`use POSIX qw(setuid);` brings the functions named, `use POSIX;` those that the package gives away unasked."""
    inside = node.named_children()
    if not inside or inside[0].kind() != "package":
        return
    package, given = inside[0].text(), inside[1:]
    words = _EXPORTS.get(package, "").split()
    if given:
        words = [word for one in given for word in re.findall(r"\w+", one.text().removeprefix("qw"))]
    for word in words:
        scope.root.bind(word, f"{package}::{word}")


def _folded(text: str) -> str:
    """`&system`, `system` and `CORE::system` are one function, `&$f` is what `$f` refers to."""
    return text.removeprefix("&").removeprefix("CORE::GLOBAL::").removeprefix("CORE::").removeprefix("main::")


def _first_word(node: SgNode) -> str | None:
    word = node.child(0)
    return word.text() if word is not None else None


def _evaluation(node: SgNode) -> str | None:
    """`eval TEXT` and `do FILE`; `eval { … }` only catches errors."""
    inside = node.named_children()
    word = _first_word(node)
    if any(child.kind() == "block" for child in inside) or any(child.kind() == "block" for child in node.children()):
        return None
    if word == "do":
        return "do" if not (inside and inside[0].text().lstrip().startswith("{")) else None
    return "eval"


def _substitution(node: SgNode) -> str | None:
    """`s/x/y/ee` runs what the replacement gives."""
    flags = "".join(child.text() for child in node.named_children() if child.kind() == "substitution_regexp_modifiers")
    return "s///ee" if flags.count("e") > 1 else None


def _literal(text: str) -> str:
    return text.strip("'\"")


def _true(value: Constant) -> bool:
    return value not in (None, False, 0, "", "0")


def _while(node: SgNode) -> SgNode | bool | None:
    condition, word = node.field("condition"), _first_word(node)
    if word not in ("until", "while"):
        return condition
    if word == "until":
        return None if condition is not None and condition.text().strip("() ") in ("0", "!1") else False
    return condition


def _c_style(node: SgNode) -> SgNode | bool | None:
    condition = node.field("condition")
    return condition if condition is not None and condition.is_named() else None


def _postfix(node: SgNode) -> SgNode | bool | None:
    words = [child.text() for child in node.children() if not child.is_named()]
    condition = node.field("condition")
    if "until" in words:
        return None if condition is not None and condition.text().strip("() ") in ("0", "!1") else False
    return condition if "while" in words else False


def _jump(node: SgNode) -> str:
    return _JUMPS.get(_first_word(node) or "", "continue_statement")


GRAMMAR = Grammar(
    name="perl",
    identifiers=frozenset({"function", "scalar", "bareword", "container_variable"}),
    members={"method_call_expression": ("invocant", "method")},
    subscripts={"hash_element_expression": ("hash", "key")},
    transparent={"parenthesized_expression": "", "refgen_expression": ""},
    choices={"conditional_expression": ("consequent", "alternative")},
    calls={
        "function_call_expression": ("function", "arguments"),
        "ambiguous_function_call_expression": ("function", "arguments"),
        "coderef_call_expression": ("", "arguments"),
        "method_call_expression": ("method", "arguments"),
        "func0op_call_expression": ("", ""),
        "func1op_call_expression": ("", ""),
        "require_expression": ("", ""),
    },
    bare_calls=frozenset({"function"}),
    argument_lists=frozenset({"list_expression"}),
    names_in_text=frozenset({"string_literal", "interpolated_string_literal"}),
    skipped=frozenset({"comment", "pod", "use_statement", "package_statement", "data_section", "heredoc_end"}),
    scopes={"subroutine_declaration_statement": "function", "anonymous_subroutine_expression": "function"},
    binders={
        "assignment_expression": _assignment,
        "variable_declaration": _declaration,
        "subroutine_declaration_statement": _subroutine,
        "mandatory_parameter": _signature,
        "optional_parameter": _signature,
        "for_statement": _for,
        "use_statement": _use,
    },
    acts={
        "command_string": lambda _node: "backticks",
        "eval_expression": _evaluation,
        "substitution_regexp": _substitution,
        "func0op_call_expression": _first_word,
        "func1op_call_expression": _first_word,
        "require_expression": lambda _node: "require",
    },
    dot="->",
    strings={
        "interpolated_string_literal": ("string_content",),
        "string_literal": ("string_content",),
        "autoquoted_bareword": (),
        "bareword": (),
    },
    literal=_literal,
    numbers=frozenset({"number"}),
    sums={"binary_expression": "."},
    negations={"unary_expression": "operand"},
    truthy=_true,
    loops={
        "loop_statement": Loop(_while, body="block"),
        "cstyle_for_statement": Loop(_c_style, body="block"),
        "postfix_loop_expression": Loop(_postfix),
        "for_statement": Loop(lambda _node: False),
    },
    returns=frozenset({"return_expression"}),
    gotos=frozenset({"goto_expression"}),
    functions=frozenset({"subroutine_declaration_statement", "anonymous_subroutine_expression"}),
    labels={"statement_label": ""},
    exits=frozenset({"exit", "die", "exec", "croak", "confess", "Carp::croak", "Carp::confess", "POSIX::_exit"}),
    waits=frozenset(
        {
            "sleep",
            "wait",
            "waitpid",
            "select",
            "accept",
            "read",
            "sysread",
            "recv",
            "readline",
            "usleep",
            "getc",
            "pause",
        }
        | {"Time::HiRes::sleep", "Time::HiRes::usleep", ".accept", ".recv", ".getline", ".can_read", ".wait", ".read"}
    ),
    awaits=frozenset({"readline_expression"}),
    branches={"conditional_statement": ("condition", "block"), "postfix_conditional_expression": ("condition", "")},
    read_as={"loopex_expression": _jump},
    name_text=_folded,
)
