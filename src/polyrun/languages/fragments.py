"""Turn code without a `main` into a program, with every line and column where it was.

A piece that must stand outside `main` (an include, a function, a type) is not moved: the code is
written twice, once with all but those pieces blanked and once with only those pieces blanked, and each copy is
given the same line numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from polyrun.languages import entry
from polyrun.languages.handing import Names, Opening
from polyrun.languages.names import encode, expand, line_names
from polyrun.languages.pieces import MAX_HEADER, Piece, blank, mask, split, top_level
from polyrun.languages.spec import FragmentSpec, Language, SourceSpec
from polyrun.model.frozen import frozen, replace

_WORD = re.compile(r"[A-Za-z_]\w*")
_IMPORTED = re.compile(r'(?:\b(?!import\b)(\w+)\s+)?"(?:[^"\n]*/)?([^"/\n]+)"')


@frozen
class _Fragment:
    """A fragment and where its pieces go: `front` of main, into its `body`, or both places.

    The names `taken` mean something already.
    """

    spec: FragmentSpec
    text: str
    blanked: str
    line: int
    front: list[Piece]
    body: list[Piece]
    both: list[Piece]
    taken: tuple[str, ...] = ()

    def masked(self, *groups: Sequence[Piece]) -> str:
        """The code with only the pieces of `groups` left."""
        return mask(self.text, sorted({piece for group in groups for piece in group}, key=lambda piece: piece.start))


def wrap(
    language: Language,
    code: bytes,
    line: int,
    document: str,
    opening: Opening = Opening(),  # noqa: B008
) -> dict[str, bytes] | None:
    """The files of the program that `code` is a fragment of, or `None` when it is a whole program already.

    `opening` is put at the beginning of the `main` that is made.
    """
    spec = language.fragment
    if spec is None:
        return None
    text = code.decode("utf-8", "surrogateescape")
    blanked = blank(text, spec)
    if _is_program(spec, blanked):
        return None
    names = line_names(language, line, document)
    if opening.text:
        variants = tuple(replace(one, open=one.open + opening.text) for one in spec.variants)
        after_front = spec.open_after_front + opening.text
        spec = replace(spec, open=spec.open + opening.text, open_after_front=after_front, variants=variants)
    fragment = replace(_cut(spec, text, blanked, line), taken=opening.names)
    files = _files(fragment, language.source, names)
    return {expand(name, names): encode(content) for name, content in files.items()}


def _is_program(spec: FragmentSpec, blanked: str) -> bool:
    return re.search(spec.program, blanked if spec.deep else top_level(blanked), re.DOTALL) is not None


def _has_main(spec: FragmentSpec, blanked: str) -> bool:
    return spec.main is not None and re.search(spec.main, top_level(blanked)) is not None


def with_values(language: Language, code: bytes, passed: Names) -> tuple[bytes, Opening]:
    """`code` with what its `main` takes and hands over; and what belongs at the beginning of one that is to be made."""
    spec, main = language.fragment, language.values.main if language.values is not None else None
    if spec is None or main is None:
        return code, Opening()
    text = code.decode("utf-8", "surrogateescape")
    blanked = blank(text, spec)
    if _is_program(spec, blanked) or _has_main(spec, blanked):
        return encode(entry.in_program(main, spec, text, blanked, passed) or text), Opening(names=passed.imports)
    return encode(entry.in_fragment(main, spec, text, blanked, passed)), entry.opening(main, passed)


def _files(fragment: _Fragment, source: SourceSpec, names: Mapping[str, str]) -> dict[str, str]:
    match fragment.spec.emit:
        case "joined":
            return {source.file: _joined(fragment, source.directive, names)}
        case "inside":
            return {source.file: _inside(fragment)}
        case "units":
            return _units(fragment, source.file)


def _cut(spec: FragmentSpec, text: str, blanked: str, line: int) -> _Fragment:
    front: list[Piece] = []
    body: list[Piece] = []
    both: list[Piece] = []
    pieces = [] if spec.emit == "inside" else split(blanked, spec)
    for piece in pieces:
        start = _start(blanked, piece)
        if any(re.match(pattern, start) for pattern in spec.both):
            both.append(piece)
        elif any(re.match(pattern, start) for pattern in spec.hoist):
            front.append(piece)
        else:
            body.append(piece)
    if spec.declaration is not None:
        front += _needed(spec.declaration, blanked, front, body)
    return _Fragment(spec, text, blanked, line, front, [piece for piece in body if piece not in front], both)


def _start(blanked: str, piece: Piece) -> str:
    """As much of a piece as tells what it is; bounded, because patterns may look at it more than once."""
    return blanked[piece.start : piece.end].lstrip()[:MAX_HEADER]


def _needed(pattern: str, blanked: str, front: Sequence[Piece], body: Sequence[Piece]) -> list[Piece]:
    """The variables among `body` that what stands in `front` uses, and those that their own values use."""
    declared: dict[str, Piece] = {}
    for piece in body:
        match = re.match(pattern, _start(blanked, piece))
        if match is not None:
            declared.setdefault(match[1], piece)
    needed: list[Piece] = []
    waiting = [piece for piece in front if not _start(blanked, piece).startswith("#")]
    while waiting:
        piece = waiting.pop()
        for word in _WORD.findall(blanked, piece.start, piece.end):
            found = declared.pop(word, None)
            if found is not None:
                needed.append(found)
                waiting.append(found)
    return needed


def _joined(fragment: _Fragment, directive: str, names: Mapping[str, str]) -> str:
    """One file: the prelude, what goes in front, `main` with the rest. Each part has its own line directive."""
    spec = fragment.spec

    def at(line: int) -> str:
        return expand(directive, {**names, "line": str(line)})

    parts = [spec.prelude] if spec.prelude else []
    parts += _imports(fragment)
    if _has_main(spec, fragment.blanked):
        return "\n".join([*parts, at(fragment.line), fragment.text])
    if fragment.front:
        parts += [at(fragment.line), fragment.masked(fragment.front, fragment.both)]
    last = fragment.line + fragment.text.removesuffix("\n").count("\n")
    parts += [at(max(fragment.line - 1, 1)), spec.open]
    parts += [at(fragment.line), fragment.masked(fragment.body, fragment.both), at(last), spec.close]
    return "\n".join(parts) + "\n"


def _imports(fragment: _Fragment) -> list[str]:
    """Imports of the packages that a fragment uses without importing them or naming something of its own so."""
    imported = {
        alias or name
        for piece in fragment.front
        if _start(fragment.blanked, piece).startswith("import")
        for alias, name in _IMPORTED.findall(fragment.text[piece.start : piece.end])
    }
    lines = []
    for name, package in fragment.spec.imports.items():
        used = re.search(rf"(?<![\w.)\]]){name}\s*\.\s*[A-Z]", fragment.blanked)
        own = rf"\b{name}\b\s*(?:,\s*\w+\s*)*:?=(?!=)|\b(?:var|const|type|func)\s+{name}\b|[(,]\s*{name}\s+[\w*\[]"
        if used and name not in imported and name not in fragment.taken and not re.search(own, fragment.blanked):
            lines.append(f'import "{package}"')
    return lines


def _inside(fragment: _Fragment) -> str:
    """One padded file in which `main` holds everything; what opens it stands on the line before the code."""
    spec = fragment.spec
    opening, closing = spec.open, spec.close
    for variant in spec.variants:
        if re.search(variant.when, fragment.blanked.rstrip(), re.DOTALL):
            opening, closing = variant.open, variant.close
            break
    return _padded(fragment.line, f"{spec.prelude} {opening}") + _closed(fragment, fragment.text, closing)


def _units(fragment: _Fragment, file: str) -> dict[str, str]:
    """Two padded files at most: a class of what goes in front, and one whose `main` holds the rest.

    The class's opening follows the last of the leading imports, on its line.
    """
    spec = fragment.spec
    leading = [piece for piece in fragment.both if all(piece.end <= other.start for other in _own(fragment))]
    at = leading[-1].end if leading else 0
    top = _padded(fragment.line, spec.prelude)
    body = fragment.masked(leading, fragment.body)
    if not fragment.front:
        return {file: _closed(fragment, f"{top}{body[:at]} {spec.open} {body[at:]}", spec.close)}
    front = _with_word(fragment, fragment.masked(leading, fragment.front))
    return {
        file: _closed(fragment, f"{top}{front[:at]} {spec.front_open} {front[at:]}", spec.front_close),
        f"start-{file}": _closed(fragment, f"{top}{body[:at]} {spec.open_after_front} {body[at:]}", spec.close),
    }


def _own(fragment: _Fragment) -> list[Piece]:
    return [*fragment.front, *fragment.body]


def _with_word(fragment: _Fragment, text: str) -> str:
    """`text` with `front_word` before each piece in front that does not have it, at the end of what came before."""
    word = fragment.spec.front_word
    for piece in sorted(fragment.front, key=lambda piece: piece.start, reverse=True):
        header = re.split(r"[({=]", fragment.blanked[piece.start : piece.end], maxsplit=1)[0]
        if word and word not in header.split():
            text = f"{text[: piece.start]} {word} {text[piece.start :]}"
    return text


def _closed(fragment: _Fragment, text: str, closing: str) -> str:
    """`text` with `closing` on a line of its own, out of what compilers quote.

    With a bracket left open it is on the last line of the code, because there a compiler notices.
    """
    text = text.removesuffix("\n").removesuffix("\r")
    is_open = fragment.blanked.count("{") > fragment.blanked.count("}")
    gap = " " if is_open and "//" not in text[text.rfind("\n") + 1 :] else "\n"
    return f"{text}{gap}{closing}\n"


def _padded(line: int, glue: str) -> str:
    """Blank lines up to `line`, with `glue` on the one before it; on line 1 itself there is no line before."""
    return f"{glue} " if line == 1 else "\n" * (line - 2) + glue + "\n"
