"""The shape of a language: frozen data, read from one TOML file or made by a plugin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from polyrun.languages.handing import Handing
from polyrun.languages.stack import Stack
from polyrun.model.frozen import NOTHING, frozen
from polyrun.model.requirements import Requirements
from polyrun.model.syntax import LanguageSyntax

Align = Literal["pad", "directive", "none"]
Emit = Literal["joined", "units", "inside"]
Quote = Literal["c", "python", "go"]

DEFAULT_VERSION = r"(\d+(?:\.\d+)+)"


@frozen
class Step:
    """One argv with its environment and the folder it starts in.

    All may hold placeholders: `{source}`, `{build}`, `{work}`, `{guest}` (the language's own support files),
    `{prepared}` (what `prepare` built), `{document}` (the document's base name), `{memory_mib}`
    (the memory limit, for heap flags) and the names of the toolchain's programs, such as `{cc}`.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = NOTHING
    cwd: str = "{work}"


@frozen
class Program:
    """A block made ready to execute: the files to lay under `{source}` and the steps to take.

    `reads_workspace` says that the build may read files beside the document (`#include "x.h"`, `mod x;`); such a
    build sees the folder and is never cached, every other build cannot see it.
    """

    files: Mapping[str, bytes]
    build: Step | None
    run: Step
    reads_workspace: bool = False


@frozen
class Toolchain:
    """The concrete programs found for a language on this host.

    `programs` maps placeholder names to absolute paths. `roots` are folders outside `/usr` that
    must be visible (read-only) for them to work. `version` is the first line people expect to see.
    `place` names the image that they are in; `None` stands for the host itself.
    """

    language: str
    version: str
    programs: Mapping[str, str]
    roots: tuple[str, ...] = ()
    place: str | None = None


@frozen
class ToolchainMissing:
    """No usable toolchain: what was looked for, why it will not do, and how to install one (one command a line)."""

    language: str
    reason: str
    hints: tuple[str, ...] = ()


@frozen
class Finding:
    """A path in what a probe printed: the first group of the regular expression `find`, put for `{}` in `path`."""

    find: str
    path: str = "{}"


@frozen
class ToolchainSpec:
    """How to find a language's programs and what they need to be visible.

    `programs` maps placeholder names to the names to look for on `PATH`, in order. The name `{polyrun}` is the
    interpreter that runs PolyRun itself; when that will not do, the first of the others on `PATH` counts.
    `resolve` are argvs of trusted probes; in what they print, `version` finds the version, `real` the programs behind
    shims and whatever else a step must name, and `roots` the folders to show.
    `minimum` is the lowest version that will do.
    """

    programs: Mapping[str, tuple[str, ...]]
    resolve: tuple[tuple[str, ...], ...] = ()
    version: str = DEFAULT_VERSION
    minimum: str | None = None
    real: Mapping[str, Finding] = NOTHING
    roots: tuple[Finding, ...] = ()


@frozen
class SourceSpec:
    """How a block's code becomes files whose lines are the document's own.

    `file` names the main file. `align` says how line N of the file becomes line N of the document: blank lines
    before it (`pad`), the text of `directive`, or not at all because the guest is told the line (`none`). `glue` is
    our own code on the line before the user's first. `quote` is how `{quoted}` writes the document's name.
    `lf` gives a block in which every line ends in CRLF to the language with LF, for those that cannot read CRLF.
    `copy` names a padded copy of the code, for compilers that quote lines from the file that a directive names.
    `reads_workspace` finds code whose build reads files beside the document; without a pattern none does.
    """

    file: str
    align: Align = "none"
    directive: str = ""
    glue: str = ""
    quote: Quote = "c"
    lf: bool = False
    copy: str | None = None
    extra: Mapping[str, str] = NOTHING
    reads_workspace: str | None = None


@frozen
class FragmentSpec:
    """How code without a `main` becomes a program.

    Regular expressions see the code with comments and the inside of literals blanked. `program` recognises a
    whole program by its top level, or with `deep` by all of it; `main` one that lacks only the prelude. Pieces of the
    top level that match `hoist` go in front of `main`, those that match `both` stand in both places, `declaration`
    finds the variables (group 1) that go in front if what is in front uses them. `semicolon` matches the beginnings
    of pieces that a closing brace does not end, and with `newline_ends` a line end can end one. `imports` maps the name
    that shows a package's use to the package. `args` take the place of `{fragment}` in the build step.
    `front_open`, `front_close`, `open_after_front` and `front_word` (which each piece in front is to begin with) serve
    `units`, where what goes in front makes a class.
    `emit` says how the parts are put together: `joined` in one file, `units` in several, `inside` all in `main`.
    """

    comments: tuple[str, ...]
    literals: tuple[str, ...]
    program: str
    emit: Emit
    prelude: str = ""
    open: str = ""
    close: str = ""
    front_open: str = ""
    front_close: str = ""
    open_after_front: str = ""
    front_word: str = ""
    main: str | None = None
    deep: bool = False
    hoist: tuple[str, ...] = ()
    both: tuple[str, ...] = ()
    declaration: str | None = None
    semicolon: str | None = None
    newline_ends: bool = False
    args: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
    imports: Mapping[str, str] = NOTHING


@frozen
class Variant:
    """Another way to open and close `main` for code in which `when` is found."""

    when: str
    open: str
    close: str


@frozen
class Fault:
    """A program that fails on purpose, and the 1-based line of it that the message must name."""

    code: str
    line: int


@frozen
class SelfTest:
    """Programs that show whether the language works: one that prints `stdout`, and two with a fault.

    `build_fault` is one the compiler (or the parser) finds, `run_fault` one that only running shows.
    """

    code: str
    stdout: str
    build_fault: Fault | None = None
    run_fault: Fault | None = None


@frozen
class Language:
    """Everything PolyRun knows about a language.

    `extension` includes the dot. `guest` is the absolute folder of its support files, if it has any; languages may
    share one.
    `locations` are regular expressions over one line of a message, with the groups `line` and optionally `message`;
    `{document}` in them stands for the document's base name. `limits` replace fields of the default `Limits`.
    `values` says how its blocks import and export; without it they cannot. `grammar` names the syntax that the static
    analysis reads its code with; without one it is not analysed.
    `packages` maps an ecosystem (`debian`, `pypi`, `npm`) to what to install there; `image` says the same for a
    container if it is to hold something else, so that languages can share one. `digest` changes with every byte of
    the specification and of the guest.
    """

    id: str
    title: str
    extension: str
    comments: tuple[str, ...]
    toolchain: ToolchainSpec
    source: SourceSpec
    run: Step
    build: Step | None = None
    prepare: Step | None = None
    aliases: tuple[str, ...] = ()
    fragment: FragmentSpec | None = None
    guest: str | None = None
    locations: tuple[str, ...] = ()
    limits: Mapping[str, float | int] = NOTHING
    packages: Mapping[str, tuple[str, ...]] = NOTHING
    image: Requirements | None = None
    selftest: SelfTest | None = None
    values: Handing | None = None
    grammar: str | None = None
    stack: Stack | None = None
    digest: str = ""

    @property
    def syntax(self) -> LanguageSyntax:
        """What the parser must know of the language."""
        return LanguageSyntax(self.id, self.comments)

    @property
    def requirements(self) -> Requirements:
        """What must be installed where its programs run."""
        return self.image or Requirements(self.id, self.packages)

    @property
    def install_hints(self) -> tuple[str, ...]:
        """One command a line that installs a toolchain."""
        return tuple(
            f"{_INSTALLERS[ecosystem]} {' '.join(names)}" for ecosystem, names in self.packages.items() if names
        )


_INSTALLERS = {"debian": "apt-get install", "pypi": "pip install", "npm": "npm install --global"}
