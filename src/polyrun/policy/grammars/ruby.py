"""Ruby's syntax (tree-sitter-ruby). Constants are joined by `::`, methods by a dot; `Kernel.` is left away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyrun.policy.grammar import Grammar, Loop
from polyrun.policy.scopes import Function, Value

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.grammar import Constant
    from polyrun.policy.scopes import Binder, Scope

_NAMES = frozenset({"identifier", "constant", "instance_variable", "class_variable", "global_variable"})


def _assignment(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    target, value = node.field("left"), node.field("right")
    if target is None:
        return
    if target.kind() in _NAMES:
        binder.bind(target, scope.function, Value(value, scope) if value is not None else None)
    elif target.kind() == "left_assignment_list":
        targets = target.named_children()
        values = value.named_children() if value is not None and value.kind() == "right_assignment_list" else []
        for at, one in enumerate(targets):
            if one.kind() in _NAMES:
                binder.bind(one, scope.function, Value(values[at], scope) if len(values) == len(targets) else None)


def _changed(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`x ||= y` may leave `x` as it was."""
    target, value = node.field("left"), node.field("right")
    if target is not None and target.kind() in _NAMES:
        binder.bind(target, scope.function, None)
        binder.bind(target, scope.function, Value(value, scope) if value is not None else None)


def _definition(binder: Binder, node: SgNode, scope: Scope, inner: Scope) -> None:
    if node.kind() == "method":
        binder.bind(node.field("name"), scope, Function(node))
    else:
        binder.quiet(node.field("name"))
    _parameters(binder, node, scope, inner)


def _parameters(binder: Binder, node: SgNode, _scope: Scope, inner: Scope) -> None:
    parameters = node.field("parameters")
    for one in parameters.named_children() if parameters is not None else ():
        name = one if one.kind() == "identifier" else one.field("name")
        binder.bind(name, inner, None)
        if one.kind() == "destructured_parameter":
            for inside in one.named_children():
                binder.bind(inside if inside.kind() == "identifier" else None, inner, None)


def _alias(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    old = node.field("alias")
    binder.bind(node.field("name"), scope.function, old.text() if old is not None else None)
    binder.quiet(old)


def _class(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    name = node.field("name")
    if name is not None and name.kind() == "constant":
        binder.bind(name, scope, None if scope.kind == "module" and name.text() not in _REOPENED else name.text())


_REOPENED = frozenset({"Kernel", "Object", "Process", "IO", "File", "Module"})


def _exception(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    for name in node.named_children():
        binder.bind(name if name.kind() == "identifier" else None, scope.function, None)


def _for(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    binder.bind(node.child(1), scope.function, None)


def _while(node: SgNode) -> SgNode | bool | None:
    return False if _is_generator(node) else node.field("condition")


def _is_generator(node: SgNode) -> bool:
    """Whether a loop stands in the block of an enumerator, which goes on only as far as it is asked."""
    around = node.parent()
    for _ in range(_NEAR):
        if around is None or around.kind() == "method":
            break
        receiver = around.field("receiver") if around.kind() == "call" else None
        if receiver is not None and receiver.kind() == "constant" and receiver.text() in ("Enumerator", "Fiber"):
            return True
        around = around.parent()
    return False


_NEAR = 8
_LOOPING = frozenset({"loop", "each", "cycle"})


def _loop(node: SgNode) -> SgNode | bool | None:
    """`loop do … end`, `[1].cycle { … }` and `(1..).each { … }`."""
    method, receiver = node.field("method"), node.field("receiver")
    if method is None or method.text() not in _LOOPING or node.field("block") is None or _is_generator(node):
        return False
    text = receiver.text() if receiver is not None else ""
    if method.text() == "loop":
        return None if text in ("", "Kernel") else False
    if method.text() == "cycle":
        return None if node.field("arguments") is None and text[:1] == "[" else False
    return None if re.fullmatch(r"\(\d+\.\.(?:nil|Float::INFINITY)?\)", text) else False


def _literal(text: str) -> str:
    """The text of a symbol, or of a hash key."""
    return text.lstrip(":").rstrip(":") if text[:1] != "?" else text[1:]


def _true(value: Constant) -> bool:
    return value is not None and value is not False


GRAMMAR = Grammar(
    name="ruby",
    identifiers=_NAMES,
    members={"call": ("receiver", "method"), "scope_resolution": ("scope", "name")},
    dots={"scope_resolution": "::"},
    rooted=frozenset({"scope_resolution"}),
    subscripts={"element_reference": ("object", "")},
    transparent={"parenthesized_statements": "", "block_argument": "", "splat_argument": ""},
    choices={"conditional": ("consequence", "alternative"), "binary": ("left", "right"), "if_modifier": ("body",)},
    calls={"call": ("method", "arguments")},
    bare_calls=frozenset({"identifier"}),
    keywords={"pair": ("key", "value")},
    skipped=frozenset({"comment", "undef"}),
    scopes={
        "method": "function",
        "singleton_method": "function",
        "lambda": "block",
        "block": "block",
        "do_block": "block",
        "class": "block",
        "module": "block",
    },
    binders={
        "assignment": _assignment,
        "operator_assignment": _changed,
        "method": _definition,
        "singleton_method": _definition,
        "lambda": _parameters,
        "block": _parameters,
        "do_block": _parameters,
        "alias": _alias,
        "class": _class,
        "module": _class,
        "exception_variable": _exception,
        "for": _for,
    },
    rewrites=(
        (re.compile(r"^(?:Object|Kernel)(?:\.new)?(?:\.|::)(?=.)(?!new$)"), ""),
        (re.compile(r"(?<=.)\.(?:call|to_proc|unbind|bind|singleton_class)$"), ""),
        (re.compile(r"^::"), ""),
    ),
    senders=frozenset({"send", "public_send", "__send__", "method", "public_method", "instance_method", "const_get"}),
    acts={"subshell": lambda _node: "backticks"},
    strings={
        "string": ("string_content",),
        "bare_string": ("string_content",),
        "delimited_symbol": ("string_content",),
        "simple_symbol": (),
        "hash_key_symbol": (),
        "character": (),
    },
    literal=_literal,
    numbers=frozenset({"integer", "float"}),
    constants={"true": True, "false": False, "nil": None},
    sums={"binary": "+"},
    negations={"unary": "operand"},
    adjoining=frozenset({"chained_string"}),
    truthy=_true,
    loops={
        "while": Loop(_while),
        "until": Loop(_while, until=True),
        "while_modifier": Loop(_while),
        "until_modifier": Loop(_while, until=True),
        "call": Loop(_loop, body="block"),
        "for": Loop(lambda _node: False),
    },
    breaks=frozenset({"break"}),
    returns=frozenset({"return"}),
    yields=frozenset({"yield"}),
    continues=frozenset(),
    functions=frozenset({"method", "singleton_method", "class", "module", "lambda"}),
    exits=frozenset(
        {
            "raise",
            "fail",
            "exit",
            "exit!",
            "abort",
            "throw",
            "exec",
            "Process.exit",
            "Process.exit!",
            "Process.exec",
            ".next",
            "Fiber.yield",
            "callcc",
        }
    ),
    waits=frozenset(
        {
            "sleep",
            "gets",
            "readline",
            "IO.select",
            "select",
            "Process.wait",
            "Process.wait2",
            "Thread.stop",
            ".gets",
            ".accept",
            ".read",
            ".readline",
            ".readpartial",
            ".recv",
            ".recvfrom",
            ".pop",
            ".deq",
            ".join",
            ".wait",
            ".value",
            ".take",
            ".sysread",
            ".getc",
        }
    ),
    branches={"if": ("condition", "consequence"), "if_modifier": ("condition", "body")},
)
