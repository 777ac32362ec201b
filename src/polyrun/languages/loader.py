"""From a TOML file to a `Language`, with every mistake named by file and key."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection
from typing import cast

from polyrun.languages.load_handing import load_handing
from polyrun.languages.parsed import Parsed
from polyrun.languages.spec import (
    DEFAULT_VERSION,
    Align,
    Emit,
    Fault,
    Finding,
    FragmentSpec,
    Language,
    Quote,
    SelfTest,
    SourceSpec,
    Step,
    ToolchainSpec,
    Variant,
)
from polyrun.languages.stack import load_stack
from polyrun.languages.tables import Table
from polyrun.model.digest import sha256
from polyrun.model.errors import LanguageError
from polyrun.model.frozen import as_dict, frozen
from polyrun.model.limits import MAX_BYTES, Limits
from polyrun.model.requirements import Requirements
from polyrun.model.syntax import LanguageSyntax

MAX_SPEC_BYTES = 1 << 18
_MAX_LINE_BYTES = 2000

_STEP_NAMES = frozenset(
    {"source", "build", "work", "guest", "prepared", "document", "memory_mib", "line", "fragment", "values"}
)
_TEXT_NAMES = frozenset({"line", "quoted"})
_CANDIDATE_NAMES = frozenset({"polyrun"})
_ECOSYSTEMS = ("debian", "pypi", "npm")
_NAME = re.compile(r"[a-z][a-z0-9+#_.-]*")
_FIRST_TABLE = re.compile(rb"^\[", re.MULTILINE)


@frozen
class Head:
    """The first lines of a specification: all that the parser of documents must know."""

    syntax: LanguageSyntax
    aliases: tuple[str, ...]


def read_head(path: str | os.PathLike[str], parsed: Parsed) -> Head:
    """The part of `path` before its first table, without reading the rest as TOML. Raises `LanguageError`."""
    data = _read(path)
    first = _FIRST_TABLE.search(data)
    table = Table(os.fspath(path), "", parsed.head(path, data[: first.start()] if first else data))
    return Head(LanguageSyntax(_identifier(table, "id"), _comments(table)), _aliases(table))


def load_language(
    path: str | os.PathLike[str], *, guests: str | os.PathLike[str] | None = None, parsed: Parsed | None = None
) -> Language:
    """The language that `path` describes.

    Its support files are the folder of `guests` that `guest` names, else `guests/<id>`, if there is one. Raises
    `LanguageError` for a file that cannot be read, is not TOML, holds an unknown key, a wrong type, an unknown
    placeholder or a `guest` that does not exist.
    """
    data = _read(path)
    top = Table(os.fspath(path), "", (parsed or Parsed()).whole(path, data))
    identifier = _identifier(top, "id")
    toolchain = _toolchain(top.table("toolchain"))
    names = _STEP_NAMES | set(toolchain.programs) | set(toolchain.real)
    guest = _guest(top, guests, identifier)
    run, build, prepare = (top.optional_table(key) for key in ("run", "build", "prepare"))
    if run is None:
        top.fail("run", "is missing")
    fragment = top.optional_table("fragment")
    selftest = top.optional_table("selftest")
    values = top.optional_table("values")
    image = top.optional_table("image")
    stack = top.optional_table("stack")
    language = Language(
        id=identifier,
        title=top.text("title"),
        extension=top.text("extension"),
        comments=_comments(top),
        aliases=_aliases(top),
        toolchain=toolchain,
        source=_source(top.table("source")),
        run=_step(run, names),
        build=None if build is None else _step(build, names),
        prepare=None if prepare is None else _step(prepare, names),
        fragment=None if fragment is None else _fragment(fragment, names),
        guest=guest,
        locations=top.patterns("locations"),
        limits=_limits(top.table("limits")),
        packages=_packages(top.table("packages")),
        image=None if image is None else _image(image),
        selftest=None if selftest is None else _selftest(selftest),
        values=None if values is None else load_handing(values, names),
        grammar=top.optional_text("grammar"),
        stack=None if stack is None else load_stack(stack),
        digest=_digest(data, guest),
    )
    top.close()
    return language


def _read(path: str | os.PathLike[str]) -> bytes:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise LanguageError(f"`{path}` is not a regular file")
            data = file.read(MAX_SPEC_BYTES + 1)
    except OSError as error:
        raise LanguageError(f"cannot read `{path}`: {error.strerror}") from error
    if len(data) > MAX_SPEC_BYTES:
        raise LanguageError(f"`{path}` is larger than {MAX_SPEC_BYTES} bytes")
    if max(map(len, data.split(b"\n"))) > _MAX_LINE_BYTES:  # `tomllib` takes cubic time for a key of many parts
        raise LanguageError(f"`{path}` has a line of more than {_MAX_LINE_BYTES} bytes")
    return data


def _identifier(table: Table, key: str, default: str | None = None) -> str:
    value = table.text(key, default)
    if not _NAME.fullmatch(value):
        table.fail(key, "must be lower-case letters, digits and `+#_.-`, and start with a letter")
    return value


def _guest(table: Table, guests: str | os.PathLike[str] | None, identifier: str) -> str | None:
    """The folder of support files: a language of its own has one by its id, another says whose it shares."""
    named = _identifier(table, "guest", identifier)
    folder = os.path.join(guests, named) if guests is not None else None
    if folder is not None and os.path.isdir(folder):
        return folder
    if named != identifier:
        table.fail("guest", f"names the support files `{named}`, which do not exist")
    return None


def _aliases(table: Table) -> tuple[str, ...]:
    values = table.texts("aliases")
    for value in values:
        if not _NAME.fullmatch(value):
            table.fail("aliases", f"holds `{value}`, which is not a lower-case name")
    return values


def _comments(table: Table) -> tuple[str, ...]:
    """Longest first, as the parser of documents needs them."""
    return tuple(sorted(table.texts("comments", required=True), key=len, reverse=True))


def _toolchain(table: Table) -> ToolchainSpec:
    programs = table.table("programs")
    names = {name: programs.argv(name, _CANDIDATE_NAMES) for name in programs.keys}
    if not names:
        table.fail("programs", "must name at least one program")
    resolve = table.argvs("resolve", names.keys())
    real = table.table("real")
    spec = ToolchainSpec(
        programs=names,
        resolve=resolve,
        version=table.pattern("version", DEFAULT_VERSION),
        minimum=table.optional_text("minimum"),
        real={name: _finding(real.table(name)) for name in real.keys},
        roots=tuple(_finding(item) for item in table.tables("roots")),
    )
    table.close()
    return spec


def _finding(table: Table) -> Finding:
    finding = Finding(table.pattern("find"), table.text("path", "{}"))
    table.close()
    return finding


def _step(table: Table, names: Collection[str]) -> Step:
    argv = table.argv("argv", names)
    env = table.text_table("env")
    for name, value in env.items():
        table.check_placeholders(f"env.{name}", value, names)
    cwd = table.text("cwd", "{work}")
    table.check_placeholders("cwd", cwd, names)
    table.close()
    return Step(argv, env, cwd)


def _source(table: Table) -> SourceSpec:
    spec = SourceSpec(
        file=table.text("file"),
        align=cast("Align", table.choice("align", ("pad", "directive", "none"), "none")),
        directive=table.text("directive", ""),
        glue=table.text("glue", ""),
        quote=cast("Quote", table.choice("quote", ("c", "python", "go"), "c")),
        lf=table.flag("lf"),
        copy=table.optional_text("copy"),
        extra=table.text_table("extra"),
        reads_workspace=table.optional_pattern("reads_workspace"),
    )
    table.check_placeholders("file", spec.file, ("document",))
    table.check_placeholders("copy", spec.copy or "", ("document",))
    table.check_placeholders("directive", spec.directive, _TEXT_NAMES)
    table.close()
    return spec


def _fragment(table: Table, names: Collection[str]) -> FragmentSpec:
    args = table.texts("args")
    for item in args:
        table.check_placeholders("args", item, names)
    spec = FragmentSpec(
        comments=table.patterns("comments"),
        literals=table.patterns("literals"),
        program=table.pattern("program"),
        emit=cast("Emit", table.choice("emit", ("joined", "units", "inside"), "joined")),
        prelude=table.text("prelude", ""),
        open=table.text("open", ""),
        close=table.text("close", ""),
        front_open=table.text("front_open", ""),
        front_close=table.text("front_close", ""),
        open_after_front=table.text("open_after_front", ""),
        front_word=table.text("front_word", ""),
        main=table.optional_pattern("main"),
        deep=table.flag("deep"),
        hoist=table.patterns("hoist"),
        both=table.patterns("both"),
        declaration=table.optional_pattern("declaration"),
        semicolon=table.optional_pattern("semicolon"),
        newline_ends=table.flag("newline_ends"),
        args=args,
        variants=tuple(_variant(item) for item in table.tables("variants")),
        imports=table.text_table("imports"),
    )
    table.close()
    return spec


def _variant(table: Table) -> Variant:
    variant = Variant(table.pattern("when"), table.text("open"), table.text("close"))
    table.close()
    return variant


def _limits(table: Table) -> dict[str, float | int]:
    known = as_dict(Limits())
    for key in table.keys:
        if key not in known:
            table.fail(key, f"is not a limit; known are {', '.join(f'`{name}`' for name in known)}")
    limits = {key: table.number(key) for key in table.keys}
    for key, value in limits.items():
        if not 0 < value <= MAX_BYTES or (isinstance(known[key], int) and not isinstance(value, int)):
            table.fail(key, f"cannot be {value}")
    return limits


def _packages(table: Table) -> dict[str, tuple[str, ...]]:
    packages = {ecosystem: table.texts(ecosystem) for ecosystem in _ECOSYSTEMS}
    table.close()
    return {ecosystem: names for ecosystem, names in packages.items() if names}


def _image(table: Table) -> Requirements:
    name = _identifier(table, "name")
    return Requirements(name, _packages(table))


def _selftest(table: Table) -> SelfTest:
    faults = [table.optional_table(key) for key in ("build_fault", "run_fault")]
    build, run = (None if fault is None else _fault(fault) for fault in faults)
    selftest = SelfTest(table.text("code"), table.text("stdout"), build, run)
    table.close()
    return selftest


def _fault(table: Table) -> Fault:
    fault = Fault(table.text("code"), table.integer("line"))
    table.close()
    return fault


def _digest(data: bytes, guest: str | None) -> str:
    digest = sha256(data)
    if guest is not None:
        for folder, folders, names in os.walk(guest):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(names):
                with open(os.path.join(folder, name), "rb") as file:
                    content = file.read()
                digest.update(f"\0{name}\0{len(content)}\0".encode())
                digest.update(content)
    return digest.hexdigest()
