"""Making an attack ready to be run: its files, its words, and the compiler and the Python that it takes."""

from __future__ import annotations

import os
import shutil
import sys

from polyrun.model.frozen import frozen
from polyrun.sandbox.host import run_trusted
from polyrun.sandbox.seccomp_table import ABIS, NUMBERS
from polyrun.selftest.catalogue.attack import C_PRELUDE, PRELUDE, SHELL_PRELUDE, Attack

_SYSTEM_PYTHON = "/usr/bin/python3"
_COMPILERS = ("gcc", "cc", "clang")
_FLAGS = ("-w", "-O0", "-fno-pie", "-no-pie", "-mcmodel=large")
_COMPILE_S = 60.0


class CannotRun(Exception):
    """Why an attack cannot be run on this host, in words; that says nothing about the sandbox."""


@frozen
class Python:
    """An interpreter of the host, and the folders that must be visible for it to run."""

    program: str
    roots: tuple[str, ...] = ()

    @classmethod
    def of_host(cls) -> Python:
        """The system's, which every box shows, else the one that runs PolyRun."""
        if os.access(_SYSTEM_PYTHON, os.X_OK):
            return cls(_SYSTEM_PYTHON)
        program = os.path.realpath(sys.executable)
        return cls(program, tuple(dict.fromkeys((os.path.realpath(sys.base_prefix), sys.base_prefix))))


@frozen
class Tools:
    """What a place runs attacks with: Python with its switches, a C compiler."""

    python: tuple[str, ...]
    compiler: str


def compiler() -> str | None:
    """The path of a C compiler, or `None`."""
    return next((path for name in _COMPILERS if (path := shutil.which(name)) is not None), None)


def numbers() -> dict[str, int]:
    """The numbers of system calls on this machine, by name."""
    abi = ABIS.get(os.uname().machine)
    if abi is None:
        raise CannotRun(f"no table of system calls for `{os.uname().machine}`")
    return {name: number for name, pair in NUMBERS.items() if (number := pair[abi.column]) is not None}


def prepare(attack: Attack, folder: str) -> str:
    """Write (and for C compile) the attack into `folder`; the name of the file to run. Raises `CannotRun`."""
    if attack.language == "c":
        return _compiled(attack, folder)
    head, suffix = (PRELUDE, "py") if attack.language == "python" else (SHELL_PRELUDE, "sh")
    name = f"{attack.name}.{suffix}"
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(head + attack.program)
    return name


def _compiled(attack: Attack, folder: str) -> str:
    found = compiler()
    if found is None:
        raise CannotRun("no C compiler")
    name = f"{attack.name}.elf"
    source = os.path.join(folder, f"{attack.name}.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write(attack.program if attack.mute else C_PRELUDE + attack.program)
    try:
        done = run_trusted([found, *_FLAGS, "-o", os.path.join(folder, name), source], timeout_s=_COMPILE_S)
    except (OSError, TimeoutError) as error:
        raise CannotRun(f"`{found}` does not work: {error}") from error
    if done.exit_code != 0:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise CannotRun(f"`{found}` cannot compile it here: {said[:200]}")
    return name


def words(attack: Attack, tools: Tools, path: str, planted: str, bound: float) -> tuple[str, ...]:
    """The command line of the attack whose file is at `path`; `{argument}` is to be filled in."""
    match attack.language:
        case "python":
            return (*tools.python, path, "{argument}")
        case "c":
            return (path, "{argument}")
        case "shell":
            return ("/bin/sh", path, tools.compiler, planted, str(bound), "{argument}")
