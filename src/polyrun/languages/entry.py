"""Putting the lines of a `main` that take and hand over values, without moving a line of the user's.

Everything is inserted into a line that is there already. Which text says it stands in the language's specification.
"""

from __future__ import annotations

import re

from polyrun.languages.handing import Main, Names, Opening
from polyrun.languages.names import expand
from polyrun.languages.pieces import Piece, split
from polyrun.languages.returning import Body, with_puts
from polyrun.languages.spec import FragmentSpec


def opening(main: Main, passed: Names) -> Opening:
    """What stands at the beginning of a `main` that is made: what is needed once, and what every import needs."""
    return Opening(main.items + _imports(main, passed), passed.imports)


def _imports(main: Main, passed: Names) -> str:
    return "".join(expand(main.each_import, {"name": name}) for name in passed.imports)


def in_fragment(main: Main, spec: FragmentSpec, code: str, blanked: str, passed: Names) -> str:
    """`code`, the body of a `main` to be, with what hands over its exports."""
    place = Piece(0, len(code))
    if main.returns is not None:
        gives = re.search(main.returns.gives, blanked.rstrip()) is not None
        return with_puts(main.returns, spec, Body(code, blanked, place, gives, passed.imports), passed.exports)
    return _with_exports(main, spec, code, blanked, place, passed)


def in_program(main: Main, spec: FragmentSpec, code: str, blanked: str, passed: Names) -> str | None:
    """`code`, a whole program, with what its `main` takes and hands over; `None` when it has no `main` to be seen."""
    found = re.search(main.opening, blanked)
    if found is None:
        return None
    start = found.end()
    body = Piece(start, _closing(blanked, start))
    if main.returns is not None:
        gives = found.groupdict().get("value") is not None
        text = with_puts(main.returns, spec, Body(code, blanked, body, gives, passed.imports), passed.exports)
    else:
        text = _with_exports(main, spec, code, blanked, body, passed)
    behind = min(len(text), len(text) - len(code) + body.end + 1)
    return text[:start] + _imports(main, passed) + text[start:behind] + main.items + text[behind:]


def _closing(blanked: str, start: int) -> int:
    """Where the brace that was opened before `start` is closed."""
    depth = 1
    for token in re.finditer(r"[{}]", blanked[start:]):
        depth += 1 if token[0] == "{" else -1
        if depth == 0:
            return start + token.start()
    return len(blanked)


def _with_exports(  # noqa: PLR0917 - code and blanked code go together
    main: Main, spec: FragmentSpec, code: str, blanked: str, body: Piece, passed: Names
) -> str:
    if not passed.exports:
        return code
    pieces = [Piece(body.start + p.start, body.start + p.end) for p in split(blanked[body.start : body.end], spec)]
    inserted: dict[int, str] = {}
    whole = split(blanked, spec) if main.declares else []
    for name in passed.exports:
        if not re.search(rf"\b{re.escape(name)}\b", blanked):
            continue  # it is no variable: the block hands it over by `put`, which takes the name as a text
        if main.declares:
            at = _where_declared(main, blanked, (pieces, whole), name, body.start)
            at = body.start if at is None and name in passed.imports else at
        else:
            at = _behind_declaration(blanked, pieces, name, body.start)
        if at is not None:
            inserted[at] = inserted.get(at, "") + expand(main.each_export, {"name": name})
    for at in sorted(inserted, reverse=True):
        code = code[:at] + inserted[at] + code[at:]
    return code


def _where_declared(
    main: Main, blanked: str, pieces: tuple[list[Piece], list[Piece]], name: str, start: int
) -> int | None:
    """Behind the statement that declares `name` in `main`, or its beginning; `None` if the program hands it over.

    `pieces` are those of `main` and those of the whole program.
    """
    declares = re.compile(expand(main.declares, {"name": re.escape(name)}))
    own, whole = pieces
    for piece in own:
        text = blanked[piece.start : piece.end]
        if declares.match(text.lstrip()):
            return piece.start + len(text.rstrip())
    outside = any(declares.match(blanked[piece.start : piece.end].lstrip()) for piece in whole)
    return None if not outside and main.puts and re.search(main.puts, blanked) else start


def _behind_declaration(blanked: str, pieces: list[Piece], name: str, start: int) -> int:
    """Behind the first statement that names `name` outside of all brackets; else at the beginning."""
    word = re.compile(rf"(?<![\w.]){re.escape(name)}\b(?!\s*\()")
    for piece in pieces:
        text = blanked[piece.start : piece.end]
        if word.search(_outside(text)) and not text.lstrip().startswith("#"):
            return piece.start + len(text.rstrip("\r\n \t"))
    return start


def _outside(text: str) -> str:
    """`text` without what stands in parentheses and braces."""
    kept = []
    depth = 0
    for character in text:
        depth += (character in "({") - (character in ")}")
        kept.append(character if depth <= 0 and character not in ")}" else " ")
    return "".join(kept)
