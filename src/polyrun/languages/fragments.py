"""Turn code without a `main` into a program, with every line and column where it was.

A piece that must stand outside `main` (an include, a function, a type) is not moved: the code is
written twice, once with all but those pieces blanked and once with only those pieces blanked, and each copy is
given the same line numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from polyrun.languages.names import expand, line_names
from polyrun.languages.pieces import Piece, blank, mask, split, top_level
from polyrun.languages.spec import FragmentSpec, Language

_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class _Cut:
    """The pieces of a fragment by where they go. A piece may be in several."""

    front: list[Piece]
    body: list[Piece]


def wrap(language: Language, code: bytes, line: int, document: str) -> dict[str, bytes] | None:
    """The files of the program that `code` is a fragment of, or `None` when it is a whole program already."""
    spec = language.fragment
    if spec is None:
        return None
    text = code.decode("utf-8", "surrogateescape")
    blanked = blank(text, spec)
    if re.search(spec.program, top_level(blanked)):
        return None
    names = line_names(language, line, document)
    joined = _joined(language, spec, text, blanked, names)
    return {expand(language.source.file, names): joined.encode("utf-8", "surrogateescape")}


def _cut(spec: FragmentSpec, blanked: str) -> _Cut:
    front: list[Piece] = []
    body: list[Piece] = []
    both: list[Piece] = []
    for piece in split(blanked, spec):
        text = blanked[piece.start : piece.end].lstrip()
        if any(re.match(pattern, text) for pattern in spec.both):
            both.append(piece)
        elif any(re.match(pattern, text) for pattern in spec.hoist):
            front.append(piece)
        else:
            body.append(piece)
    if spec.declaration is not None:
        front += _needed(spec.declaration, blanked, front, body)
    body = [piece for piece in body if piece not in front]
    return _Cut(_ordered(front, both), _ordered(body, both))


def _needed(pattern: str, blanked: str, front: Sequence[Piece], body: Sequence[Piece]) -> list[Piece]:
    """The variables among `body` that what stands in `front` uses, and those that their own values use."""
    declared: dict[str, Piece] = {}
    for piece in body:
        match = re.match(pattern, blanked[piece.start : piece.end].lstrip())
        if match is not None:
            declared.setdefault(match[1], piece)
    needed: list[Piece] = []
    waiting = [piece for piece in front if not blanked[piece.start : piece.end].lstrip().startswith("#")]
    while waiting:
        piece = waiting.pop()
        for word in _WORD.findall(blanked, piece.start, piece.end):
            found = declared.pop(word, None)
            if found is not None:
                needed.append(found)
                waiting.append(found)
    return needed


def _ordered(*groups: Sequence[Piece]) -> list[Piece]:
    return sorted({piece for group in groups for piece in group}, key=lambda piece: piece.start)


def _joined(language: Language, spec: FragmentSpec, text: str, blanked: str, names: dict[str, str]) -> str:
    """One file: the prelude, what goes in front, `main` with the rest. Each part has its own line directive."""
    cut = _cut(spec, blanked)
    here = expand(language.source.directive, names)
    last = text.removesuffix("\n").count("\n")
    end = expand(language.source.directive, {**names, "line": str(int(names["line"]) + last)})
    before = expand(language.source.directive, {**names, "line": str(max(int(names["line"]) - 1, 1))})
    parts = [spec.prelude] if spec.prelude else []
    if cut.front:
        parts += [here, mask(text, cut.front)]
    parts += [before, spec.open, here, mask(text, cut.body), end, spec.close]
    return "\n".join(parts) + "\n"
