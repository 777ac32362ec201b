"""Putting the lines of a `main` that take and hand over values, without moving a line of the user's.

Everything is inserted into a line that is there already. Which text says it stands in the language's specification.
"""

from __future__ import annotations

import re

from polyrun.languages.handing import Main
from polyrun.languages.names import expand
from polyrun.languages.pieces import Piece, split
from polyrun.languages.spec import FragmentSpec
from polyrun.model.frozen import frozen


@frozen
class Names:
    """The variables that a block imports, and those that it exports."""

    imports: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.imports or self.exports)


def opening(main: Main, passed: Names) -> str:
    """What stands at the beginning of `main` for every import."""
    return "".join(expand(main.each_import, {"name": name}) for name in passed.imports)


def in_fragment(main: Main, spec: FragmentSpec, code: str, blanked: str, passed: Names) -> str:
    """`code`, the body of a `main` to be, with what hands over its exports."""
    return _with_exports(main, spec, code, blanked, Piece(0, len(code)), passed)


def in_program(main: Main, spec: FragmentSpec, code: str, blanked: str, passed: Names) -> str | None:
    """`code`, a whole program, with what its `main` takes and hands over; `None` when it has no `main` to be seen."""
    found = re.search(main.opening, blanked)
    if found is None:
        return None
    start = found.end()
    body = Piece(start, _closing(blanked, start))
    text = _with_exports(main, spec, code, blanked, body, passed)
    return text[:start] + opening(main, passed) + text[start:]


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
    if main.each_return:
        return _before_returns(main, code, blanked, body, passed)
    pieces = [Piece(body.start + p.start, body.start + p.end) for p in split(blanked[body.start : body.end], spec)]
    inserted: dict[int, str] = {}
    whole = split(blanked, spec) if main.declares else []
    for name in passed.exports:
        if main.declares:
            at = _where_declared(main, blanked, (pieces, whole), name, body.start)
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


def _before_returns(main: Main, code: str, blanked: str, body: Piece, passed: Names) -> str:
    """Every `return;` of `main` itself, and its end, with all values put before it."""
    puts = {at: _puts(main, blanked, body, passed, at) for at in _returns(blanked, body)}
    end = body.end
    text = blanked[body.start : end].rstrip()
    if not re.search(r"\b(?:return|throw)\b[^;{}]*;$", text):
        at = body.start + len(text)
        puts[at] = _puts(main, blanked, body, passed, at)
    for at in sorted(puts, reverse=True):
        rest = re.match(r"return\s*;", blanked[at:])
        if rest is None:
            code = code[:at] + " " + puts[at] + code[at:]
        else:
            code = code[:at] + expand(main.each_return, {"exports": puts[at]}) + code[at + rest.end() :]
    return code


def _puts(main: Main, blanked: str, body: Piece, passed: Names, at: int) -> str:
    """The values of those exports that are declared before `at`."""
    before = blanked[body.start : at]
    known = [name for name in passed.exports if re.search(rf"\b{re.escape(name)}\b", before)]
    return "".join(expand(main.each_put, {"name": name}) for name in known)


def _returns(blanked: str, body: Piece) -> list[int]:
    """Where `main` itself returns: not the lambdas and classes in it."""
    found = []
    foreign: list[bool] = []
    for token in re.finditer(r"[{}]|\breturn\s*;", blanked[body.start : body.end]):
        at = body.start + token.start()
        if token[0] == "{":
            before = blanked[max(0, at - 200) : at].rstrip()
            own = re.search(r"(?:\)|\belse|\bdo|\btry|\bfinally|[{};:])$", before) and not _opens_method(before)
            foreign.append(not own)
        elif token[0] == "}":
            if foreign:
                foreign.pop()
        elif not any(foreign):
            found.append(at)
    return found


def _opens_method(before: str) -> bool:
    """Whether what stands before a brace is the header of a method rather than of a statement."""
    header = re.search(r"(\w+)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)$", before)
    return header is not None and header[1] not in {"if", "for", "while", "switch", "catch", "synchronized", "try"}
