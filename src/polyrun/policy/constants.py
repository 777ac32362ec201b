"""Values that an expression has whenever it is evaluated: literals, joined literals, names bound once to one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from polyrun.policy.grammar import Constant, Grammar
from polyrun.policy.scopes import NOT_READ, Scope, Value

if TYPE_CHECKING:
    from ast_grep_py import SgNode

MAX_DEPTH = 100
"""How deep an expression, or a chain of names bound to names, is followed."""

_ESCAPE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{1,3})|(.))", re.DOTALL
)
_SIMPLE = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\x1b",
    "\n": "",
}
_MAX_TEXT = 1 << 16
_NEVER = object()
_ESCAPED = "escape_sequence"


_NEGATIONS = ("!", "not")


class NotConstant(Exception):
    """The expression may have more than one value."""


def constant(node: SgNode, scope: Scope, grammar: Grammar, depth: int = 0) -> Constant:
    """The value of `node`. Raises `NotConstant`."""
    if depth > MAX_DEPTH:
        raise NotConstant
    kind = node.kind()
    if kind in grammar.strings:
        return _text(node, scope, grammar, depth)
    if kind in grammar.numbers:
        return _number(node.text())
    for key in (kind, node.text() if node.is_named_leaf() else kind):
        if key in grammar.constants:
            return grammar.constants[key]
    return _composed(node, kind, scope, grammar, depth)


def _composed(node: SgNode, kind: str, scope: Scope, grammar: Grammar, depth: int) -> Constant:
    """The value of what is made of other expressions, or stands for one."""
    if kind in grammar.adjoining:
        parts = [constant(child, scope, grammar, depth + 1) for child in node.named_children()]
        return _joined(parts)
    if kind in grammar.sums and _operator(node) == grammar.sums[kind]:
        sides = [side for name in ("left", "right") if (side := node.field(name)) is not None]
        return _joined(constant(side, scope, grammar, depth + 1) for side in sides)
    negated = kind in grammar.negations and _operator(node) in _NEGATIONS
    inside: SgNode | None = None
    if kind in grammar.transparent:
        inside = unwrapped(node, grammar)
    elif negated:
        inside = node.field(grammar.negations[kind])
    elif kind in grammar.identifiers:
        bindings = scope.find(grammar.name_text(node.text())) or []
        if len(bindings) == 1 and isinstance(bindings[0], Value):
            return _bound(bindings[0], grammar, depth)
    if inside is None:
        raise NotConstant
    value = constant(inside, scope, grammar, depth + 1)
    return not grammar.truthy(value) if negated else value


def _bound(value: Value, grammar: Grammar, depth: int) -> Constant:
    """What a name is bound to, read once: names that are joined from names twice over would take for ever."""
    if value.known is NOT_READ:
        value.known = _NEVER  # should it be made of itself
        value.known = constant(value.node, value.scope, grammar, depth + 1)
    if value.known is _NEVER:
        raise NotConstant
    return cast("Constant", value.known)


def unwrapped(node: SgNode, grammar: Grammar) -> SgNode | None:
    """What a transparent node stands for: its field, or its last named child that is no comment."""
    name = grammar.transparent[node.kind()]
    if name:
        return node.field(name)
    inside = [child for child in node.named_children() if child.kind() not in grammar.skipped]
    return inside[-1] if inside else None


def unescape(text: str) -> str:
    """`text` with the escapes that most languages share replaced."""
    return _ESCAPE.sub(_unescaped, text) if "\\" in text else text


def _unescaped(match: re.Match[str]) -> str:
    byte, braced, short, long, octal, other = match.groups()
    if other is not None:
        return _SIMPLE.get(other, other)
    number = int(octal, 8) if octal else int(byte or braced or short or long, 16)
    return chr(number) if number < 0x110000 else match[0]


def _text(node: SgNode, scope: Scope, grammar: Grammar, depth: int) -> str:
    parts = grammar.strings[node.kind()]
    if not parts:
        text = node.text()
        if grammar.literal is not None:
            return grammar.literal(text)
        return unescape(text[1:-1]) if len(text) > 1 and text[0] in "\"'`" else text
    found: list[Constant] = []
    for child in node.named_children():
        kind = child.kind()
        if kind == _ESCAPED:
            found.append(unescape(child.text()))
        elif kind in parts:
            text = child.text()
            if any(one.kind() != _ESCAPED for one in child.named_children()):  # `"a $x"`
                raise NotConstant
            found.append(unescape(text) if any(one.kind() == _ESCAPED for one in child.children()) else text)
        elif kind not in ("string_start", "string_end"):
            inside = [child] if kind in grammar.identifiers else child.named_children()
            if len(inside) != 1:
                raise NotConstant
            found.append(constant(inside[0], scope, grammar, depth + 1))
    return _joined(found)


def _operator(node: SgNode) -> str | None:
    """The operator: a field in most grammars, else the first child without a name."""
    operator = node.field("operator") or next((child for child in node.children() if not child.is_named()), None)
    return operator.text() if operator is not None else None


def _joined(values: Iterable[Constant]) -> str:
    text = ""
    for value in values:
        if not isinstance(value, str) or len(text) + len(value) > _MAX_TEXT:
            raise NotConstant
        text += value
    return text


def _number(text: str) -> int | float:
    plain = text.replace("_", "").lower()
    for read in (
        lambda: int(plain, 0),
        lambda: float(plain),
        lambda: int(plain.rstrip("uln"), 0),
        lambda: float(plain.rstrip("fdl")),
    ):
        try:
            return read()
        except ValueError:
            continue
    raise NotConstant
