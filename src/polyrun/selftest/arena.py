"""Where attacks meet one sandbox: boxes are opened for them, and what they left on the host is looked for."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

from polyrun.model.frozen import frozen
from polyrun.model.outcomes import Outcome, Status
from polyrun.model.requirements import Requirements
from polyrun.sandbox import artifacts, cgroups, disk, layout
from polyrun.sandbox.base import BoxSpec, Command, Sandbox, Workspace
from polyrun.sandbox.docker.api import EngineError, EngineGone
from polyrun.sandbox.docker.backend import Docker
from polyrun.sandbox.docker.hardening import LABEL_OWNER
from polyrun.sandbox.ground.baits import SECRET, Baits
from polyrun.sandbox.scratch import forgotten
from polyrun.selftest import programs
from polyrun.selftest.catalogue.attack import Attack
from polyrun.selftest.observed import Observed
from polyrun.selftest.programs import CannotRun, Python

_DOCUMENT, _DOCUMENT_TEXT = "document.mix", b"#lang:bash\necho the document\n#end\n"
_BUILT, _BUILT_TEXT = "program", b"built\n"
_FOLDERS = ("work", "overlay", "scratch", "programs", "out", "build")
_SHARED = (layout.TMP, layout.SHM, "/polyrun")
_KEPT_BYTES = 65536
_SMALL_FILE = 4096
_CANCEL_S = 20.0
_GOING_S = 1.0
_T = TypeVar("_T")


@frozen
class Place:
    """A sandbox, and the Python and the C compiler that its boxes have.

    `requirements` and `compiling` are what Python and C need where boxes have programs of their own. `proving` is the
    host's Python, for attacks where nothing stops them.
    """

    sandbox: Sandbox
    python: Python
    compiler: str | None
    requirements: Requirements
    compiling: Requirements
    proving: Python

    @classmethod
    def of(cls, sandbox: Sandbox, requirements: Requirements, compiling: Requirements) -> Place:
        """Attacks in boxes of `sandbox`; the requirements are those of the languages Python and C."""
        host = Python.of_host()
        if sandbox.shows_host:
            return cls(sandbox, host, programs.compiler(), requirements, compiling, host)
        return cls(sandbox, Python("/usr/bin/python3"), "gcc", requirements, compiling, host)

    async def needs(self, attack: Attack) -> Requirements:
        """What a box for `attack` must have. Raises `CannotRun` when no box here has it."""
        if attack.language != "shell":
            return self.requirements
        if self.compiler is None:
            raise CannotRun("no C compiler")
        lacks = await self.sandbox.lacks([self.compiling])
        if lacks is not None:
            raise CannotRun(lacks.reason)
        return self.compiling

    async def left(self) -> list[str]:
        """What the boxes left on the host or in an engine; both may end in the background, so that is waited for.

        No box may be in use meanwhile.
        """
        await self.sandbox.close()
        on_host = await _left_on_host()
        if not isinstance(self.sandbox, Docker):
            return on_host
        wanted = {"all": 1, "filters": {"label": [LABEL_OWNER]}}
        try:
            listed = await self.sandbox.engine.get("/containers/json", wanted)
        except (EngineError, EngineGone) as error:
            return [*on_host, f"nobody knows what: {error}"]
        ours = f"polyrun-{os.getpid()}-"
        theirs = [facts["Id"] for facts in listed if facts["Labels"][LABEL_OWNER].startswith(ours)]
        return [*on_host, *(f"container {each}" for each in theirs)]


class Arena:
    """One sandbox, one set of baits, attacks one after the other. `folder` is for its files."""

    def __init__(self, folder: str, place: Place, baits: Baits) -> None:
        self._folder = folder
        self._place = place
        self._baits = baits
        self._count = 0

    async def run(self, attack: Attack) -> Observed:
        """Run the attack in as many boxes as it asks for. Raises `CannotRun`, and `SandboxError` if a box fails."""
        self._count += 1
        base = os.path.join(self._folder, f"run-{self._count}")
        try:
            return await self._run_all(attack, base)
        finally:
            await apart(lambda: disk.remove_tree(base))

    async def _run_all(self, attack: Attack, base: str) -> Observed:
        paths = {name: os.path.join(base, name) for name in _FOLDERS}
        for path in paths.values():
            os.makedirs(path)
        _write(os.path.join(paths["work"], _DOCUMENT), _DOCUMENT_TEXT)
        if attack.build == "reads":
            _write(os.path.join(paths["build"], _BUILT), _BUILT_TEXT)
        needs = await self._place.needs(attack)
        name = await apart(lambda: programs.prepare(attack, paths["programs"]))
        marker = f"{_marker()}{os.path.basename(self._folder)}-{self._count}"
        command = self._command(attack, name, marker)
        spec = BoxSpec(
            Workspace(paths["work"], paths["overlay"]),
            paths["scratch"],
            files={"block": b"the source"},
            mounts={"programs": paths["programs"]},
            outputs={"out": paths["out"]} if attack.exports else {},
            roots=self._place.python.roots,
            build=paths["build"] if attack.build else None,
            requirements=needs,
        )
        before = set(_files(self._baits.folder))
        observed = await self._once(attack, spec, command)
        for _ in range(attack.times - 1):
            observed = await self._once(attack, spec, command)
        observed.left += _processes_with(marker)
        observed.left += [f"box folder {name}" for name in os.listdir(paths["scratch"]) if name.startswith("box-")]
        observed.left += [
            f"in the document's folder: {name}" for name in os.listdir(paths["work"]) if name != _DOCUMENT
        ]
        if not _holds(os.path.join(paths["work"], _DOCUMENT), _DOCUMENT_TEXT):
            observed.left.append("a damaged document")
        if attack.build == "reads" and (
            os.listdir(paths["build"]) != [_BUILT] or not _holds(os.path.join(paths["build"], _BUILT), _BUILT_TEXT)
        ):
            observed.left.append("a damaged build")
        observed.left += [f"written on the host: {path}" for path in set(_files(self._baits.folder)) - before]
        await apart(lambda: _collect(spec.workspace, os.path.join(base, "kept"), observed))
        await apart(lambda: _look_at_exports(paths["out"], 2 * attack.limits.disk_bytes, observed))
        return observed

    def _command(self, attack: Attack, name: str, marker: str) -> Command:
        planted = self._baits.folder
        argument = {
            "planted": planted,
            "port": self._baits.port,
            "abstract": self._baits.abstract,
            "out": "{out}",
            "build": "{build}",
            "source": "{source}",
            "launcher": 1,
            "namespaces": {name: os.stat(f"/proc/self/ns/{name}").st_ino for name in ("pid", "mnt")},
            "logs": _identity("/var/log") if os.path.isdir("/var/log") else [],
            "folders": {path: _identity(path) for path in _SHARED if os.path.isdir(path)},
            "bound": 0,
            "marker": marker,
            "numbers": programs.numbers(),
        }
        tools = programs.Tools((self._place.python.program, "-I"), self._place.compiler or "")
        argv = programs.words(attack, tools, f"{{programs}}/{name}", planted, 0)
        filled = [json.dumps(argument) if word == "{argument}" else word for word in argv]
        more = [word.replace("{planted}", planted) for word in attack.arguments]
        return Command((*filled, *more), writes_build=attack.build == "writes")

    async def _once(self, attack: Attack, spec: BoxSpec, command: Command) -> Observed:
        kept: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        printed = 0
        seen = asyncio.Event()

        def take(stream: str, data: bytes) -> None:
            nonlocal printed
            printed += len(data)
            kept[stream].extend(data[: _KEPT_BYTES - len(kept[stream])])
            if attack.cancelled is not None and attack.cancelled.encode() in kept[stream]:
                seen.set()

        started = time.monotonic()
        async with self._place.sandbox.open(spec) as box:
            running = asyncio.ensure_future(box.run(command, attack.limits, take))
            if attack.cancelled is None:
                outcome = await running
            else:
                outcome = await _cancel(running, seen)
        return Observed(
            status=outcome.status.value,
            exit_code=outcome.exit_code,
            signal=outcome.signal,
            reason=outcome.reason,
            seconds=time.monotonic() - started,
            stdout=kept["stdout"].decode("latin-1"),
            stderr=kept["stderr"].decode("latin-1"),
            printed=printed,
        )


async def _left_on_host() -> list[str]:
    """Processes of attacks, control groups and folders of ours that are still there after a while."""
    deadline = time.monotonic() + _GOING_S
    while found := await apart(_look_on_host):
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(0.05)
    return found


def _look_on_host() -> list[str]:
    groups, folders = cgroups.empty_groups(), forgotten()
    return [
        *_processes_with(_marker()),
        *(f"control group {path}" for path in groups),
        *(f"folder {path}" for path in folders),
    ]


def _marker() -> str:
    """How the words begin that are on the command line of every attack of this process."""
    return f"polyrun-marker-{os.getpid()}-"


async def apart(do: Callable[[], _T]) -> _T:
    """What `do` returns, done in a thread so that the loop can mind other boxes; a cancellation waits for its end."""
    doing = asyncio.ensure_future(asyncio.to_thread(do))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        raise


async def _cancel(running: asyncio.Future[Outcome], when: asyncio.Event) -> Outcome:
    """Cancel what is `running` when `when` is set; how it ended if it ended before."""
    waiting = asyncio.ensure_future(when.wait())
    try:
        await asyncio.wait((running, waiting), timeout=_CANCEL_S, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            return running.result()
    finally:
        waiting.cancel()
        running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return Outcome(Status.CANCELLED)


def _collect(workspace: Workspace, destination: str, observed: Observed) -> None:
    """What PolyRun would keep of the box's files; nothing kept may be a link or hold the secret."""
    changes = artifacts.collect(workspace, destination)
    observed.kept, observed.refused = list(changes.files), dict(changes.not_kept)
    for name in changes.files:
        path = os.path.join(destination, name)
        if not stat.S_ISREG(os.lstat(path).st_mode):
            observed.left.append(f"not a plain file among the artifacts: {name!r}")
        elif os.path.getsize(path) < _SMALL_FILE and SECRET.encode() in _bytes(path):
            observed.left.append(f"the secret among the artifacts: {name!r}")


def _look_at_exports(folder: str, most: int, observed: Observed) -> None:
    """What was handed out: at most so many bytes, and no file with the secret. Links there are never followed."""
    held: dict[int, int] = {}
    for path in _files(folder):
        observed.handed.append(os.path.relpath(path, folder))
        try:
            facts = os.lstat(path)
            is_small = stat.S_ISREG(facts.st_mode) and facts.st_size < _SMALL_FILE
            is_secret = is_small and SECRET.encode() in _bytes(path)
        except OSError:  # too long a path for anybody to follow, or a file that its own user may not read
            continue
        held[facts.st_ino] = facts.st_blocks * 512
        if is_secret:
            observed.left.append(f"the secret among the exports: {path!r}")
    if sum(held.values()) > most:
        observed.left.append(f"exports that take {sum(held.values())} bytes")


def _processes_with(marker: str) -> list[str]:
    """Command lines of running processes that hold `marker`."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read()
            with open(f"/proc/{pid}/stat", "rb") as file:
                state = file.read().rpartition(b")")[2].split()[0]
        except OSError:
            continue
        if marker.encode() in words and state != b"Z":
            found.append(f"process {pid}: {words[:60]!r}")
    return found


def _identity(folder: str) -> list[int]:
    facts = os.stat(folder)
    return [facts.st_dev, facts.st_ino]


def _write(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def _holds(path: str, data: bytes) -> bool:
    return os.path.isfile(path) and _bytes(path) == data


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _files(folder: str) -> Iterator[str]:
    for root, folders, files in os.walk(folder):
        yield from (os.path.join(root, name) for name in (*folders, *files))
