"""The contract between the engine and every sandbox.

A `Sandbox` is a backend, a `Box` one disposable place in it. The engine never asks which backend
it talks to. A backend never looks at what the code means.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

from polyrun.model.frozen import NOTHING, frozen
from polyrun.model.limits import Limits
from polyrun.model.outcomes import Feature, Outcome
from polyrun.model.permissions import Permissions
from polyrun.model.requirements import Requirements
from polyrun.sandbox.host import HostOutput

OutputSink = Callable[[Literal["stdout", "stderr"], bytes], None]
"""Called on the event loop for every piece of output, in order, at most 64 KiB each. Must not raise."""


@frozen
class Capabilities:
    """What a backend enforces on this host, found by doing.

    `level` is 0–4 as in the design. `features` are what it enforces; `missing` says in words what
    it does not and why, one line each. `notes` are facts for `polyrun doctor`.
    """

    backend: str
    level: int
    features: frozenset[Feature]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@frozen
class Unavailable:
    """Why a backend does not work on this host, and what the user can do about it."""

    backend: str
    reason: str
    hint: str | None = None


@frozen
class Workspace:
    """The document's folder as a run sees it.

    `folder` is the absolute host path, visible in the box under the same path. With an
    `overlay` (an absolute host folder owned by the run, not visible elsewhere) the guest's writes land there
    and are shared by all boxes of the run; without one they go to the folder itself.
    """

    folder: str
    overlay: str | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """The host folders that make it up, uppermost first. Guests filled the upper one: never follow a link there."""
        return (self.folder,) if self.overlay is None else (os.path.join(self.overlay, "upper"), self.folder)


@frozen
class BoxSpec:
    """What one box must offer. All paths are absolute host paths chosen by PolyRun, never by a document.

    `files` (relative name → bytes, no `..`) appear read-only under the placeholder `{source}`.
    `mounts` (placeholder name → host folder) appear read-only under that placeholder, `outputs` (the same) writable;
    what is written there counts as disk use, and its size there is limited like that of everything else.
    `roots` are host folders of toolchains, visible read-only under their own path.
    `build` is a host folder that appears under `{build}`: writable for a command that says so, else read-only.
    `requirements` are what a box must have installed that does not show the host's own programs.
    """

    workspace: Workspace
    scratch: str
    files: Mapping[str, bytes] = NOTHING
    mounts: Mapping[str, str] = NOTHING
    outputs: Mapping[str, str] = NOTHING
    roots: tuple[str, ...] = ()
    build: str | None = None
    permissions: Permissions = Permissions()
    requirements: Requirements | None = None


@frozen
class Ask:
    """The number of a signal at which a program prints its stack.

    `deaf` says that it hears nothing as long as a child runs that it waits for, and goes on with nothing afterwards:
    then its children may be ended a moment before it.
    """

    signal: int
    deaf: bool = False


@frozen
class Command:
    """One argv to execute in a box; `argv` and the values of `env` may hold the box's placeholders.

    Placeholders are written `{name}`: `{source}`, `{build}`, `{work}` (the document's folder), the names of the
    box's mounts, and those of `words`. All are filled in one pass, so that a value is never taken for a
    placeholder; any other text in braces is left alone. `env` is added to the box's minimal
    environment. `stdin` is fed and then closed. `cwd` defaults to `{work}`. `ask` is how the program is asked for its
    stack when time is up, just before the end, if it can be.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = NOTHING
    words: Mapping[str, str] = NOTHING
    stdin: bytes = b""
    cwd: str = "{work}"
    writes_build: bool = False
    ask: Ask | None = None


class Box(Protocol):
    """One disposable place: fresh namespaces, /tmp and processes; shares only the run's workspace."""

    @property
    def enforced(self) -> frozenset[Feature]:
        """What this box really enforces: the backend's features less what its permissions open."""
        ...

    async def run(self, command: Command, limits: Limits, on_output: OutputSink) -> Outcome:
        """Execute `command` and wait until it *and everything it started* is gone.

        Output is read to its end, also what a grandchild prints after the command exits; when
        the command exits while others hold its pipes, they are killed. Returns an `Outcome` for
        whatever the program does. Raises `SandboxError` (with the stage) when the box itself
        fails. Cancellation kills the whole tree before it propagates.
        """
        ...


class Elsewhere(Protocol):
    """A place with programs of its own, such as an image; `place` is its name and tells it from every other."""

    place: str

    async def ask(self, argv: Sequence[str]) -> HostOutput:
        """What a trusted program there prints. Raises `SandboxError` when there is no such program or no box for it."""
        ...

    async def try_out(self) -> None:
        """Start a box there. Raises `SandboxError` when it is not what was asked for."""
        ...


class Sandbox(Protocol):
    """A backend."""

    name: str
    notes: list[str]
    """What its boxes had to do differently than asked, one line each, for the user; grows while boxes run."""
    cache: str | None
    """A folder that lasts between runs, for what it finds out; set from outside."""
    shows_host: bool
    """Whether its boxes show the host's own programs."""

    async def probe(self) -> Capabilities | Unavailable:
        """What this backend enforces here, found by starting a box and reading the limits back."""
        ...

    async def elsewhere(self, requirements: Requirements) -> Elsewhere | None:
        """Where the programs of its boxes are; `None` for those that show the host's own. Raises `SandboxError`."""
        ...

    async def lacks(self, needs: Sequence[Requirements]) -> Unavailable | None:
        """What keeps it from having boxes that meet each of `needs`; to be asked after `probe`."""
        ...

    async def expect(self, requirements: Requirements, limits: Limits, *, net: bool) -> bool:
        """A command under `limits` will come soon: make ready for it. Whether it makes sense to announce another."""
        ...

    def bounded(self, limits: Limits) -> Limits:
        """`limits` under what one of its boxes may have at most."""
        ...

    async def reap(self, *, dry_run: bool = False, thorough: bool = False) -> list[str]:
        """Remove what killed runs left where this backend keeps its boxes; with `dry_run` only look. What it was.

        `thorough` removes what was kept on purpose, too.
        """
        ...

    async def close(self) -> None:
        """Undo what `expect` made ready. The backend can be used again."""
        ...

    def open(self, spec: BoxSpec) -> AbstractAsyncContextManager[Box]:
        """Prepare a box; leaving the context removes it and all it held. Raises `SandboxError`."""
        ...


class ShowsHost:
    """The part of a `Sandbox` that is the same for all whose boxes show the host's own programs."""

    shows_host = True
    cache: str | None = None

    async def elsewhere(self, requirements: Requirements) -> Elsewhere | None:
        """See `Sandbox`."""
        del requirements
        return None

    async def lacks(self, needs: Sequence[Requirements]) -> Unavailable | None:
        """See `Sandbox`: which programs the host has is found out elsewhere, language by language."""
        del needs
        return None

    async def expect(self, requirements: Requirements, limits: Limits, *, net: bool) -> bool:
        """See `Sandbox`: a box is made in no time."""
        del requirements, limits, net
        return False

    def bounded(self, limits: Limits) -> Limits:
        """See `Sandbox`: there is no other bound."""
        return limits

    async def reap(self, *, dry_run: bool = False, thorough: bool = False) -> list[str]:
        """See `Sandbox`: what is left on the host is found by `scratch.reap`, whatever backend it came from."""
        del dry_run, thorough
        return []

    async def close(self) -> None:
        """See `Sandbox`."""
