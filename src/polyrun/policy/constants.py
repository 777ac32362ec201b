"""Values that an expression has whenever it is evaluated: literals, joined literals, names bound once to one."""

from __future__ import annotations

import operator as operators
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from polyrun.policy.grammar import Constant, Grammar
from polyrun.policy.scopes import Function, Scope, Value

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
_ESCAPED = "escape_sequence"


_NEGATIONS = ("!", "not")

_MAX_TEXT = 100_000
_MAX_NUMBER = 10**40
_MAX_BASE = 10**6
_MAX_EXPONENT = 128
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operators.add,
    "-": operators.sub,
    "*": operators.mul,
    "/": operators.truediv,
    "//": operators.floordiv,
    "%": operators.mod,
    "**": operators.pow,
    "<<": operators.lshift,
    "==": operators.eq,
    "===": operators.eq,
    "!=": operators.ne,
    "!==": operators.ne,
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}


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
    if kind in grammar.sums or kind in grammar.arithmetic:
        return _combined(node, kind, scope, grammar, depth)
    sign = operator_of(node) if kind in grammar.negations else None
    negated = sign in _NEGATIONS
    inside: SgNode | None = None
    if kind in grammar.transparent:
        inside = unwrapped(node, grammar)
    elif negated or sign == "-":
        name = grammar.negations[kind]
        inside = node.field(name) if name else node.named_children()[-1]
    elif kind in grammar.identifiers:
        bound = scope.sole(grammar.name_text(node.text()))
        return _stood_for(bound, grammar, depth)
    elif kind in grammar.calls:
        return _worked_out(node, kind, scope, grammar, depth)
    if inside is None:
        raise NotConstant
    value = constant(inside, scope, grammar, depth + 1)
    if sign == "-":
        return _reckoned(0, sign, value)
    return not grammar.truthy(value) if negated else value


def _stood_for(bound: Value | None, grammar: Grammar, depth: int) -> Constant:
    """The value of a name that is bound once."""
    if bound is None or bound.memo.get("constant", None) is NotConstant:
        raise NotConstant
    if "constant" not in bound.memo:
        bound.memo["constant"] = NotConstant
        bound.memo["constant"] = constant(bound.node, bound.scope, grammar, depth + 1)
    value: Constant = bound.memo["constant"]
    return value


def _worked_out(node: SgNode, kind: str, scope: Scope, grammar: Grammar, depth: int) -> Constant:
    """What a known function makes of constants, such as `chr(111)`; a method gets what it is called on first."""
    function, name = node.field(grammar.calls[kind][0]), ""
    given = node.field_children(grammar.calls[kind][1])
    if function is not None:
        name = function.text()
        if name not in grammar.known and function.kind() in grammar.members:
            on, last = (function.field(field) for field in grammar.members[function.kind()])
            name = f".{last.text()}" if last is not None else ""
            given = [*([on] if on is not None else []), *given]
        elif any(one is None or isinstance(one, Function) for one in scope.find(name.split(grammar.dot)[0]) or ()):
            name = ""  # something of the block's own
    if name not in grammar.known:
        raise NotConstant
    values: list[Constant] = []
    while given:
        one = given.pop(0)
        if one.kind() in grammar.argument_lists or one.kind() in grammar.sequences:
            given = [*one.named_children(), *given]
        elif one.is_named() and one.kind() not in grammar.skipped:
            values.append(constant(one, scope, grammar, depth + 1))
    try:
        return _short(grammar.known[name](values))
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError) as error:
        raise NotConstant from error


def _short(value: Constant) -> Constant:
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        raise NotConstant
    return value


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


def operator_of(node: SgNode) -> str | None:
    """The operator of `node`: a field in most grammars, else the first child without a name."""
    operator = node.field("operator") or next((child for child in node.children() if not child.is_named()), None)
    return operator.text() if operator is not None else None


def _joined(values: Iterable[Constant]) -> str:
    text = ""
    for value in values:
        if not isinstance(value, str) or len(text) + len(value) > _MAX_TEXT:
            raise NotConstant
        text += value
    return text


def _combined(node: SgNode, kind: str, scope: Scope, grammar: Grammar, depth: int) -> Constant:
    """What an operator makes of two constants: texts joined, numbers reckoned and compared."""
    operator = operator_of(node)
    is_sum = operator == grammar.sums.get(kind)
    if not is_sum and (kind not in grammar.arithmetic or operator not in _OPERATORS):
        raise NotConstant
    fields = [side for name in ("left", "right") if (side := node.field(name)) is not None]
    sides = fields or [child for child in node.named_children() if child.kind() not in grammar.skipped]
    if len(sides) != 2:
        raise NotConstant
    left, right = (constant(side, scope, grammar, depth + 1) for side in sides)
    if is_sum and isinstance(left, str) and isinstance(right, str):
        return _short(left + right)
    if kind not in grammar.arithmetic or operator is None:
        raise NotConstant
    return _reckoned(left, operator, right)


def _reckoned(left: Constant, operator: str, right: Constant) -> Constant:
    """Raises `NotConstant` for what is no number, and for numbers that are too large to be worth it."""
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        raise NotConstant
    if operator in ("**", "<<") and not (0 <= right <= _MAX_EXPONENT and abs(left) <= _MAX_BASE):
        raise NotConstant
    if abs(left) > _MAX_NUMBER or abs(right) > _MAX_NUMBER:
        raise NotConstant
    try:
        value: Constant = _OPERATORS[operator](left, right)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise NotConstant from error
    return value


def _number(text: str) -> int | float:
    plain = text.replace("_", "").replace("'", "").lower()
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
