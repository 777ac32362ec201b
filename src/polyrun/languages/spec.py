"""The shape of a language: frozen data, read from one TOML file or made by a plugin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """One argv with its environment.

    Both may hold placeholders: `{source}`, `{build}`, `{work}`, `{guest}` (the language's own support files),
    `{prepared}` (what `prepare` built), `{document}` (the document's base name), `{memory_mib}`
    (the memory limit, for heap flags) and the names of the toolchain's programs, such as `{cc}`.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Program:
    """A block made ready to execute: the files to lay under `{source}` and the steps to take.

    `reads_workspace` says that the build may read files beside the document (`#include "x.h"`,
    `mod x;`); such a build sees the folder and is never cached, every other build cannot see it.
    """

    files: Mapping[str, bytes]
    build: Step | None
    run: Step
    reads_workspace: bool = False


@dataclass(frozen=True, slots=True)
class Toolchain:
    """The concrete programs found for a language on this host.

    `programs` maps placeholder names to absolute paths. `roots` are folders outside `/usr` that
    must be visible (read-only) for them to work. `version` is the first line people expect to see.
    """

    language: str
    version: str
    programs: Mapping[str, str]
    roots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolchainMissing:
    """No usable toolchain: what was looked for, why it will not do, and how to install one (one command a line)."""

    language: str
    reason: str
    hints: tuple[str, ...] = ()
