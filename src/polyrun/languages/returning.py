"""Handing over values before every `return` of a `main`, in a language whose statements are expressions.

There a `return` may stand wherever a value may, and what comes last may be the value of the whole `main`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from polyrun.languages.handing import Main, Returns
from polyrun.languages.names import expand
from polyrun.languages.pieces import Piece, split
from polyrun.languages.spec import FragmentSpec
from polyrun.model.frozen import frozen

_MAX_HEADER = 200


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


def with_puts(main: Main, returns: Returns, spec: FragmentSpec, body: Body, exports: tuple[str, ...]) -> str:
    """The code of `body` with what hands over its `exports`, less those that it hands over by itself."""
    names = [name for name in exports if not (returns.puts and _has(returns.puts, name, body.code))]
    edits = [*_returned(main, returns, body, names), *_ended(main, returns, spec, body, names)]
    edits += _checked(returns, body, names)
    code = body.code
    for place, text in sorted(edits, key=lambda edit: edit[0].start, reverse=True):
        code = code[: place.start] + text + code[place.end :]
    return code


def _has(pattern: str, name: str, text: str) -> bool:
    return re.search(expand(pattern, {"name": re.escape(name)}), text) is not None


def _returned(main: Main, returns: Returns, body: Body, names: list[str]) -> Iterator[tuple[Piece, str]]:
    """Every `return` of `main` itself, not those of functions in it, with the values that are there put before it."""
    foreign: list[bool] = []
    for token in re.compile(rf"[{{}}]|{returns.find}").finditer(body.blanked, body.place.start, body.place.end):
        if token[0] == "{":
            before = body.blanked[max(0, token.start() - _MAX_HEADER) : token.start()].rstrip()
            foreign.append(re.search(returns.nested, before) is not None)
        elif token[0] == "}":
            if foreign:
                foreign.pop()
        elif not any(foreign):
            puts = _puts(main, returns, body, names, token.start())
            value = body.code[token.start("value") : token.end("value")]
            if puts:
                yield Piece(token.start(), token.end()), expand(main.each_return, {"exports": puts, "value": value})


def _ended(
    main: Main, returns: Returns, spec: FragmentSpec, body: Body, names: list[str]
) -> Iterator[tuple[Piece, str]]:
    """The end of `main`. A value that it ends in stays that; `return`s in it are other edits."""
    text = body.blanked[body.place.start : body.place.end].rstrip()
    at = body.place.start + len(text)
    puts = _puts(main, returns, body, names, at)
    if not puts or re.search(r"\breturn\b[^;{}]*;?$", text):
        return
    if not body.gives or text.endswith(";"):
        yield Piece(at, at), ("" if text.endswith((";", "{", "}")) else ";") + f" {puts}"
        return
    pieces = [piece for piece in split(text, spec) if text[piece.start : piece.end].strip()]
    while len(pieces) > 1 and re.match(r"\s*else\b", text[pieces[-1].start :]):
        pieces.pop()
    last = text[pieces[-1].start :] if pieces else ""
    start = at - len(last.lstrip())
    before, _, after = returns.end.partition("{value}")
    yield Piece(start, start), before
    yield Piece(at, at), expand(after, {"exports": puts})


def _checked(returns: Returns, body: Body, names: list[str]) -> Iterator[tuple[Piece, str]]:
    """Behind the declaration of each variable that is there at the end, so that a type that does not fit is told there."""
    for name in names:
        places = [at for text, at in _finished(body.blanked, body.place) if _has(returns.declares, name, text)]
        if places:
            yield Piece(places[-1], places[-1]), expand(returns.check, {"name": name})


def _puts(main: Main, returns: Returns, body: Body, names: list[str], at: int) -> str:
    """What hands over those of `names` that are declared where `at` is."""
    before = "".join(text for text, _ in _finished(body.blanked, Piece(body.place.start, at)))
    known = [name for name in names if name in body.given or _has(returns.declares, name, before)]
    return "".join(expand(main.each_put, {"name": name}) for name in known)


def _finished(blanked: str, place: Piece) -> list[tuple[str, int]]:
    """The statements that are complete at the end of `place`, in those of its blocks that are open there.

    With each comes where it ends.
    """
    complete: list[list[tuple[str, int]]] = [[]]
    current = [""]
    for token in re.compile(r"[{};]|[^{};]+").finditer(blanked, place.start, place.end):
        match token[0]:
            case "{":
                complete.append([])
                current.append("")
            case "}":
                is_pattern = not complete[-1]
                inside = current.pop() if len(current) > 1 else ""
                complete[1:] = complete[1:-1]
                current[-1] += f"{{{inside if is_pattern else ''}}}"
            case ";":
                complete[-1].append((current[-1] + ";\n", token.end()))
                current[-1] = ""
            case other:
                current[-1] += other
    return [statement for statements in complete for statement in statements]
