"""From a block's code to the program that runs it. Pure: text in, files and argvs out.

Whatever is added stands on lines before the user's first or after the last, or in a file of its own, so every
compiler and interpreter names the document and its own lines without help.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from polyrun.languages.handing import Around, Names, Opening
from polyrun.languages.names import encode, expand, line_names
from polyrun.languages.spec import Language, Program, Step
from polyrun.model.frozen import replace


def lower(language: Language, code: bytes, line: int, document: str, passed: Names = Names()) -> Program:  # noqa: B008
    """The program for `code`, whose first line is line `line` (1-based) of the file called `document`.

    `document` is a base name; it may hold any character but `/` and NUL. `passed` are the variables whose values
    come from other blocks or go to them.
    """
    spec = language.source
    if spec.lf and b"\n" in code and code.count(b"\r\n") == code.count(b"\n"):
        code = code.replace(b"\r\n", b"\n")
    names = line_names(language, line, document)
    before, wrapped = "", None
    if passed and language.values is not None:
        before, code = _surrounded(language.values.around, code, passed)
    if language.fragment is not None:
        from polyrun.languages.fragments import with_values, wrap  # most languages have a use for code as it is

        code, opening = with_values(language, code, passed) if passed else (code, Opening())
        wrapped = wrap(language, code, line, document, opening)
    is_fragment = wrapped is not None
    files = wrapped if wrapped is not None else {expand(spec.file, names): _align(language, code, line, names, before)}
    if spec.copy is not None:
        files[expand(spec.copy, names)] = b"\n" * (line - 1) + code
    for name, text in spec.extra.items():
        files[name] = encode(expand(text, names))
    added = {"{fragment}": language.fragment.args if is_fragment and language.fragment is not None else ()}
    bindings = language.values.bindings if passed and language.values is not None else None
    added["{values}"] = bindings.args if bindings is not None else ()
    build = None if language.build is None else _step(language.build, line, added)
    reads = spec.reads_workspace is not None and re.search(spec.reads_workspace.encode(), code) is not None
    return Program(files, build, _step(language.run, line, added), reads_workspace=reads)


def prepare_program(language: Language, *, values: bool = False) -> Program | None:
    """What to build once per toolchain into `{build}`, later seen as `{prepared}`; `None` when there is nothing.

    With `values` also what blocks that pass values need. It uses only PolyRun's own support files, never a document's.
    """
    if language.prepare is None:
        return None
    bindings = language.values.bindings if values and language.values is not None else None
    step = _step(language.prepare, 0, {"{values}": bindings.prepare if bindings is not None else ()})
    return Program({}, step, Step(())) if step.argv else None


def _surrounded(around: Around, code: bytes, passed: Names) -> tuple[str, bytes]:
    """What stands on the line before the code, and the code with what stands behind it."""
    words = {
        "imports": "".join(expand(around.each_import, {"name": name}) for name in passed.imports),
        "exports": "".join(expand(around.each_export, {"name": name}) for name in passed.exports),
    }
    after = expand(around.after, words)
    return expand(around.before, words), code.removesuffix(b"\n") + b"\n" + encode(after) + b"\n" if after else code


def _align(language: Language, code: bytes, line: int, names: dict[str, str], before: str) -> bytes:
    spec = language.source
    glue = (spec.glue + before).encode()
    if spec.align == "directive":
        return encode(expand(spec.directive, names)) + b"\n" + code
    if spec.align == "none":
        return code
    if line == 1:
        return glue + (b" " if glue else b"") + code
    return b"\n" * (line - 2) + glue + b"\n" + code


def _step(step: Step, line: int, added: Mapping[str, Sequence[str]]) -> Step:
    """Settle what only lowering knows: the line, and the arguments that take the place of a word of `added`."""
    argv: list[str] = []
    for item in step.argv:
        argv += added.get(item, (item.replace("{line}", str(line)),))
    return replace(step, argv=tuple(argv))
