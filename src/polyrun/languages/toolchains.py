"""Find the programs of a language on this host, behind every shim, and remember them.

The first program on `PATH` is the one that counts: when it will not do, that is said, and no other is taken. Where a
specification prefers the interpreter that runs PolyRun, `PATH` is asked when that interpreter will not do.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Protocol

from polyrun.languages.memory import Memory, identity
from polyrun.languages.spec import Finding, Language, Toolchain, ToolchainMissing, ToolchainSpec

_OWN = "{polyrun}"
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ELSEWHERE = "/etc"  # what of it a box shows is not for a toolchain to say
_MAX_LINKS = 40


class Printed(Protocol):
    """What a probe left behind; `sandbox.host.HostOutput` is one."""

    @property
    def exit_code(self) -> int: ...  # noqa: D102
    @property
    def stdout(self) -> str: ...  # noqa: D102
    @property
    def stderr(self) -> str: ...  # noqa: D102


class Run(Protocol):
    """Starts a trusted program; raises `OSError` or `TimeoutError` when that fails."""

    def __call__(self, argv: Sequence[str], /) -> Printed: ...  # noqa: D102


class _Unusable(Exception):
    """The program that was found will not do; the message says why."""


def find_toolchain(
    language: Language, *, run: Run, cache: str | os.PathLike[str] | None = None
) -> Toolchain | ToolchainMissing:
    """The toolchain of `language`, from the JSON file `cache` when nothing it depends on has changed.

    A known toolchain costs no process. A `cache` that is missing, damaged or not writable only costs time.
    """
    choices, absent = _choices(language.toolchain)
    memory = Memory(cache)
    key = identity(language, choices)
    toolchain = memory.recall(key, language.id) if choices else None
    if toolchain is not None:
        return toolchain
    reasons: list[str] = []
    for found in choices:
        try:
            toolchain = _probe(language, found, run)
        except _Unusable as unusable:
            reasons.append(str(unusable))
        else:
            memory.keep(key, toolchain)
            return toolchain
    return ToolchainMissing(language.id, "; ".join([*reasons, *absent]), language.install_hints)


def toolchain_elsewhere(language: Language, *, run: Run, place: str) -> Toolchain | ToolchainMissing:
    """The toolchain of `language` where `run` starts programs, which is not this host; `place` tells it from others.

    Everything there is where it is called, so that no folder needs to be shown. Raises what `run` raises.
    """
    spec = language.toolchain
    found: dict[str, str] = {}
    for name, candidates in spec.programs.items():
        names = [candidate for candidate in candidates if candidate != _OWN]
        looked = run(("/bin/sh", "-c", 'for each; do command -v "$each" && exit; done; exit 1', "sh", *names))
        if looked.exit_code != 0:
            reason = f"{' or '.join(f'`{name}`' for name in names)} is not on `PATH` in {place}"
            return ToolchainMissing(language.id, reason, language.install_hints)
        found[name] = looked.stdout.strip()
    try:
        version, printed = _version(language, found, run)
        real = {name: next(iter(_paths(finding, printed)), None) for name, finding in spec.real.items()}
        lost = next((name for name, path in real.items() if path is None), None)
        if lost is not None:
            raise _Unusable(f"the program `{lost}` behind `{next(iter(found.values()))}` was not found")
    except _Unusable as unusable:
        return ToolchainMissing(language.id, f"{unusable} in {place}", language.install_hints)
    return Toolchain(language.id, version, {**found, **{name: path for name, path in real.items() if path}}, (), place)


def _choices(spec: ToolchainSpec) -> tuple[list[dict[str, str]], list[str]]:
    """The programs' paths to try, in order, and for a choice that cannot be made what is missing for it."""
    choices: list[dict[str, str]] = []
    absent: list[str] = []
    prefers_own = any(_OWN in candidates for candidates in spec.programs.values())
    for own in (sys.executable, None) if prefers_own and sys.executable else (None,):
        found: dict[str, str] = {}
        for name, candidates in spec.programs.items():
            names = [candidate for candidate in candidates if candidate != _OWN]
            path = own if own and _OWN in candidates else next(filter(None, map(_which, names)), None)
            if path is None:
                absent.append(f"{' or '.join(f'`{name}`' for name in names)} is not on `PATH`")
                break
            found[name] = path
        else:
            choices.append(found)
    return choices, absent


def _which(program: str) -> str | None:
    """The first executable file of that name on `PATH`; `shutil.which` without the import of every archive format."""
    for folder in os.get_exec_path():
        path = os.path.abspath(os.path.join(folder, program))
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def _probe(language: Language, found: Mapping[str, str], run: Run) -> Toolchain:
    spec = language.toolchain
    number, printed = _version(language, found, run)
    programs = {name: _within_system(path) for name, path in found.items()}
    for name, finding in spec.real.items():
        path = next(iter(_paths(finding, printed)), None)
        if path is None or not os.access(path, os.X_OK):
            raise _Unusable(f"the program `{name}` behind `{next(iter(found.values()))}` was not found")
        programs[name] = path
    roots = [path for finding in spec.roots for path in _paths(finding, printed)]
    roots += [_home_of(path) for path in programs.values()]
    return Toolchain(language.id, number, programs, _outside_system(roots))


def _version(language: Language, found: Mapping[str, str], run: Run) -> tuple[str, str]:
    """The version of the programs that were `found`, and all that they said."""
    spec = language.toolchain
    printed = "".join(_ask([_fill(item, found) for item in argv], run) for argv in spec.resolve)
    version = re.search(spec.version, printed, re.MULTILINE) if spec.resolve else None
    if spec.resolve and version is None:
        raise _Unusable(f"`{next(iter(found.values()))}` does not tell its version")
    number = version[1] if version is not None else ""
    if spec.minimum is not None and _numbers(number) < _numbers(spec.minimum):
        raise _Unusable(
            f"`{next(iter(found.values()))}` is {language.title} {number}, and {spec.minimum} or later is needed"
        )
    return number, printed


def _ask(argv: Sequence[str], run: Run) -> str:
    try:
        printed = run(argv)
    except TimeoutError as error:
        raise _Unusable(f"`{argv[0]}` does not answer") from error
    except OSError as error:
        raise _Unusable(f"`{argv[0]}` cannot be started: {error.strerror or error}") from error
    if printed.exit_code != 0:
        lines = printed.stderr.strip().splitlines() or printed.stdout.strip().splitlines() or ["it printed nothing"]
        raise _Unusable(f"`{argv[0]}` fails with exit code {printed.exit_code}: {lines[0]}")
    return f"{printed.stdout}\n{printed.stderr}\n"


def _fill(item: str, programs: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: programs.get(match[1], match[0]), item)


def _paths(finding: Finding, printed: str) -> list[str]:
    found = re.findall(finding.find, printed, re.MULTILINE)
    return [
        os.path.normpath(finding.path.replace("{}", path.strip())) for path in found if path.strip().startswith("/")
    ]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:4])


def _in_system(path: str) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in _SYSTEM)


def _within_system(path: str) -> str:
    """`path` with as few links followed as needed for the rest of the chain to stay in system folders or to end.

    A link is not followed without need, because a program may go by the name it is called by (`clang++`, `busybox`).
    """
    chain = [path]
    while os.path.islink(chain[-1]) and len(chain) < _MAX_LINKS:
        chain.append(os.path.normpath(os.path.join(os.path.dirname(chain[-1]), os.readlink(chain[-1]))))
    for index, link in enumerate(chain):
        if all(_in_system(later) for later in chain[index:]):
            return link
    return chain[0]


def _home_of(program: str) -> str:
    """The folder that a program outside the system folders is taken to live in.

    That is the parent of its `bin`, but never a folder as wide as a home: there it is the program's own. What is a
    folder itself, since a step must name it, stands for no more than that.
    """
    real = os.path.realpath(program)
    if os.path.isdir(real):
        return real
    folder = os.path.dirname(real)
    parent = os.path.dirname(folder)
    home = os.path.realpath(os.path.expanduser("~"))
    too_wide = parent in {"/", home} or home.startswith(f"{parent}/")
    return parent if os.path.basename(folder) == "bin" and not too_wide else folder


def _outside_system(paths: Sequence[str]) -> tuple[str, ...]:
    """`paths` and where they really are, without system folders, missing ones, and those inside another."""
    wanted = sorted(
        {path for given in paths for path in (given, os.path.realpath(given)) if os.path.isdir(path)}, key=len
    )
    roots: list[str] = []
    for path in wanted:
        hidden = path in {"/", _ELSEWHERE} or path.startswith(f"{_ELSEWHERE}/")
        if not hidden and not _in_system(path) and not any(path.startswith(f"{root}/") for root in roots):
            roots.append(path)
    return tuple(roots)
