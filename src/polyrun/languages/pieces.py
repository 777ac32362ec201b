"""Cut the top level of a block into pieces, without a parser for each language.

The code is first blanked: comments become spaces, literals keep only their place. What is left has braces,
semicolons and line ends that mean what they say. Nothing here changes the length of the text or moves a line end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from polyrun.languages.spec import FragmentSpec
from polyrun.model.frozen import frozen

_TOKEN = re.compile(r"[()\[\]{};\n]")
_NOT_NEWLINE = re.compile(r"[^\n]")
_EXPRESSION_GOES_ON = re.compile(r"\s*[;,=.(\[)?:+\-*/<>&|^%!]")
_STATEMENT_MAY_END = re.compile(r"(?:[\w)\]}\"]|\+\+|--)[ \t\r]*$")
MAX_HEADER = 1000


@frozen
class Piece:
    """A stretch of the top level, from the end of the one before: leading blanks and comments belong to it."""

    start: int
    end: int


@lru_cache(maxsize=32)
def _lexer(comments: Sequence[str], literals: Sequence[str]) -> re.Pattern[str]:
    return re.compile(f"(?P<comment>{'|'.join(comments)})|{'|'.join(literals)}", re.DOTALL | re.MULTILINE)


def blank(code: str, spec: FragmentSpec) -> str:
    """`code` with comments and the inside of literals turned into spaces; a literal stays as `"…"` of equal length."""

    def replace(match: re.Match[str]) -> str:
        spaces = _NOT_NEWLINE.sub(" ", match[0])
        if match["comment"] is not None:
            return spaces
        return '"' if len(spaces) == 1 else f'"{spaces[1:-1]}"'

    return _lexer(spec.comments, spec.literals).sub(replace, code)


def split(text: str, spec: FragmentSpec) -> list[Piece]:
    """The pieces of blanked `text`, in order and without gaps; what is never closed is the last piece."""
    pieces: list[Piece] = []
    start = depth = 0
    header_end = -1
    for token in _TOKEN.finditer(text):
        char, at = token[0], token.end()
        if char in "([{":
            if depth == 0 and char == "{" and header_end < 0:
                header_end = at
            depth += 1
            continue
        if char in ")]}":
            depth = max(depth - 1, 0)
        if depth == 0 and _ends(text, Piece(start, at), header_end, spec):
            pieces.append(Piece(start, at))
            start, header_end = at, -1
    if start < len(text):
        pieces.append(Piece(start, len(text)))
    return pieces


def _ends(text: str, piece: Piece, header_end: int, spec: FragmentSpec) -> bool:
    """Whether the last character of `piece`, which is outside all brackets, ends it."""
    match text[piece.end - 1]:
        case ";":
            return True
        case "\n":
            return _line_ends(text, piece, spec)
        case "}" if not spec.newline_ends:
            return _brace_ends(text, piece, header_end, spec)
        case _:
            return False


def _line_ends(text: str, piece: Piece, spec: FragmentSpec) -> bool:
    line = text[piece.start : piece.end].strip()
    if line.startswith("#"):
        return not line.endswith("\\")
    near = max(piece.start, piece.end - MAX_HEADER)
    return spec.newline_ends and _STATEMENT_MAY_END.search(text, near, piece.end - 1) is not None


def _brace_ends(text: str, piece: Piece, header_end: int, spec: FragmentSpec) -> bool:
    header = text[piece.start : header_end].lstrip()[:MAX_HEADER]
    if spec.semicolon is not None and re.match(spec.semicolon, header):
        return False
    return any(re.match(pattern, header) for pattern in spec.hoist) or not _EXPRESSION_GOES_ON.match(text, piece.end)


def mask(code: str, keep: Sequence[Piece]) -> str:
    """`code` with all but the pieces `keep` turned into spaces, line ends kept."""
    parts: list[str] = []
    at = 0
    for piece in keep:
        parts += (_NOT_NEWLINE.sub(" ", code[at : piece.start]), code[piece.start : piece.end])
        at = piece.end
    parts.append(_NOT_NEWLINE.sub(" ", code[at:]))
    return "".join(parts)


def top_level(text: str) -> str:
    """Blanked `text` without what stands inside braces."""
    kept: list[str] = []
    depth = at = 0
    for token in re.finditer(r"[{}]", text):
        if token[0] == "{":
            if depth == 0:
                kept.append(text[at : token.end()])
            depth += 1
        else:
            depth = max(depth - 1, 0)
            if depth == 0:
                at = token.start()
    if depth == 0:
        kept.append(text[at:])
    return "".join(kept)
