"""Handing over values before every `return` of a `main`, in a language whose statements are expressions.

There a `return` may stand wherever a value may, and what comes last may be the value of the whole `main`. The code is
gone over once, whatever it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from polyrun.languages.handing import Returns
from polyrun.languages.names import expand
from polyrun.languages.pieces import Piece, split
from polyrun.languages.spec import FragmentSpec
from polyrun.model.frozen import frozen

_MAX_HEADER = 200
_MAX_PATTERN = 300

_Edit = tuple[Piece, str]


@frozen
class Body:
    """Where in `code` the body of a `main` is; `blanked` is the same code, and `gives` says that it ends in a value.

    The variables `given` are there before it begins.
    """

    code: str
    blanked: str
    place: Piece
    gives: bool
    given: tuple[str, ...]


def with_puts(returns: Returns, spec: FragmentSpec, body: Body, exports: tuple[str, ...]) -> str:
    """The code of `body` with what hands over its `exports`, less those that it hands over by itself."""
    names = [name for name in exports if not re.search(_for(returns.puts, name), body.code)]
    walk = _Walk(returns, body, names)
    edits = [_returned(returns, body, token, known) for token, known in walk.returned() if known]
    if walk.known():
        edits += _ended(returns, spec, body, _puts(returns, walk.known()))
    checks = [(Piece(at, at), expand(returns.check, {"name": name})) for name, at in walk.declared.items()]
    parts = []
    at = 0
    for place, text in sorted(checks + edits, key=lambda edit: edit[0].start):
        parts += [body.code[at : place.start], text]
        at = place.end
    return "".join([*parts, body.code[at:]])


def _for(pattern: str, name: str) -> str:
    return expand(pattern, {"name": re.escape(name)})


def _puts(returns: Returns, names: list[str]) -> str:
    return "".join(expand(returns.each_put, {"name": name}) for name in names)


def _returned(returns: Returns, body: Body, token: re.Match[str], names: list[str]) -> _Edit:
    """A `return`, with the values that are there put before it."""
    value = body.code[token.start("value") : token.end("value")]
    return Piece(*token.span()), expand(returns.text, {"exports": _puts(returns, names), "value": value})


def _ended(returns: Returns, spec: FragmentSpec, body: Body, puts: str) -> Iterator[_Edit]:
    """The end of `main`. A value that it ends in stays that; `return`s in it are other edits."""
    text = body.blanked[body.place.start : body.place.end].rstrip()
    at = body.place.start + len(text)
    if re.search(r"\breturn\b[^;{}]*;?$", text[-_MAX_HEADER:]):
        return
    if not body.gives or text.endswith(";"):
        yield Piece(at, at), ("" if text.endswith((";", "{", "}")) else ";") + f" {puts.rstrip()}"
        return
    pieces = [piece for piece in split(text, spec) if text[piece.start : piece.end].strip()]
    while len(pieces) > 1 and re.match(r"\s*else\b", text[pieces[-1].start : pieces[-1].end]):
        pieces.pop()
    last = text[pieces[-1].start :] if pieces else ""
    start = at - len(last.lstrip())
    before, _, after = returns.end.partition("{value}")
    yield Piece(start, start), before
    yield Piece(at, at), expand(after, {"exports": puts})


class _Scope:
    """A block that is open: those of the names that are declared in it, and the statement that is not complete yet."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.statement: list[str] = []
        self.is_plain = True


class _Walk:
    """Goes over a body and knows at every place which of `names` are there.

    `declared` tells in the end where those that are there have been declared last.
    """

    def __init__(self, returns: Returns, body: Body, names: list[str]) -> None:
        self._returns = returns
        self._body = body
        self._declares = {name: re.compile(_for(returns.declares, name)) for name in names}
        self._known = Counter(name for name in names if name in body.given)
        self._scopes = [_Scope()]
        self.declared: dict[str, int] = {}

    def known(self) -> list[str]:
        """The names that are there now, in their order."""
        return [name for name in self._declares if self._known[name]]

    def returned(self) -> Iterator[tuple[re.Match[str], list[str]]]:
        """Every `return` of `main` itself, not those of functions in it, and what is known there."""
        foreign: list[bool] = []
        code, at = self._body.blanked, self._body.place.start
        for token in re.compile(rf"[{{}};]|{self._returns.find}").finditer(code, at, self._body.place.end):
            self._scopes[-1].statement.append(code[at : token.start()])
            at = token.end()
            match token[0]:
                case "{":
                    before = code[max(0, token.start() - _MAX_HEADER) : token.start()].rstrip()
                    nested = re.search(self._returns.nested, before) is not None
                    foreign.append(nested or foreign[-1:] == [True])
                    self._scopes.append(_Scope())
                case "}":
                    foreign[-1:] = []
                    self._close()
                case ";":
                    self._complete(token.end())
                case _ if foreign[-1:] != [True]:
                    yield token, self.known()

    def _close(self) -> None:
        if len(self._scopes) == 1:
            return
        scope = self._scopes.pop()
        self._known.subtract(scope.names)
        inside = "".join(scope.statement) if scope.is_plain else ""  # a pattern, or a block
        self._scopes[-1].statement.append(f"{{{inside}}}" if len(inside) < _MAX_PATTERN else "{}")

    def _complete(self, at: int) -> None:
        scope = self._scopes[-1]
        scope.is_plain = False
        text = "".join(scope.statement) + ";"
        scope.statement.clear()
        for name, declares in self._declares.items():
            if declares.search(text):
                self._known[name] += name not in scope.names
                scope.names.add(name)
                if len(self._scopes) == 1:
                    self.declared[name] = at
