"""Runs attacks on request, as whichever user it was started: `python driver.py FOLDER BACKEND`.

Reads one JSON request a line (`{"attack": NAME, "where": "box" or "outside"}`) and answers with one line. It plants
what attacks look for: a file, a variable, an open descriptor, sockets; all of them hold the secret. A process of
its own, because level 1 is what an ordinary user gets, and the tests may run as root.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from hostile.catalogue.attack import PRELUDE, SECRET, Attack
from hostile.catalogue.register import ATTACKS
from polyrun.languages import Registry
from polyrun.model.outcomes import Status
from polyrun.model.requirements import Requirements
from polyrun.sandbox import artifacts, disk
from polyrun.sandbox.base import BoxSpec, Capabilities, Command, Sandbox, Workspace
from polyrun.sandbox.docker.backend import Docker
from polyrun.sandbox.docker.hardening import LABEL_OWNER
from polyrun.sandbox.registry import probe
from polyrun.sandbox.seccomp_table import ABIS, NUMBERS

_OUTSIDE_S = 20.0
_DOCUMENT, _DOCUMENT_TEXT = "document.mix", b"#lang:bash\necho the document\n#end\n"


@dataclass
class Observed:
    """What was seen; streams as Latin-1 text, which keeps every byte, and cut at 64 KiB."""

    status: str
    exit_code: int | None
    signal: str | None
    reason: str | None
    seconds: float
    stdout: str
    stderr: str
    printed: int
    left: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    handed: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


class Planted:
    """The host's side: a folder with a secret, and listeners that tell it to whoever gets through."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/secret", "w", encoding="utf-8") as file:
            file.write(SECRET + "\n")
        os.environ["POLYRUN_TEST_TOKEN"] = SECRET
        self._open = open(f"{folder}/secret", "rb")  # noqa: SIM115 - stays open: it is the bait
        os.dup2(self._open.fileno(), 77, inheritable=True)
        self.abstract = f"polyrun-hostile-{os.getpid()}"
        tcp = socket.create_server(("127.0.0.1", 0))
        self.port: int = tcp.getsockname()[1]
        listeners = [tcp]
        for address in ("\0" + self.abstract, f"{folder}/socket"):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(address)
            listener.listen()
            listeners.append(listener)
        for listener in listeners:
            threading.Thread(target=_answer, args=(listener,), daemon=True).start()

    def argument(self, bound: int, marker: str, out: str) -> str:
        """The JSON object an attack gets; `marker` lets the driver find its processes, `out` is for exports."""
        column = ABIS[os.uname().machine].column
        numbers = {name: pair[column] for name, pair in NUMBERS.items() if pair[column] is not None}
        planted = {"planted": self.folder, "port": self.port, "abstract": self.abstract, "out": out}
        logs = os.stat("/var/log")
        there = [logs.st_dev, logs.st_ino]
        return json.dumps({**planted, "logs": there, "bound": bound, "marker": marker, "numbers": numbers})


def _answer(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(SECRET.encode())


def _python() -> str:
    """An interpreter below /usr, which every box shows; else our own."""
    return next((path for path in ("/usr/bin/python3",) if os.access(path, os.X_OK)), os.path.realpath(sys.executable))


def _program(attack: Attack, folder: str, python: str) -> tuple[str, ...]:
    """Write (and for C compile) the attack into `folder`; the file names to execute, relative to it."""
    if attack.language == "c":
        name = f"{attack.name}.elf"
        source = os.path.join(folder, f"{attack.name}.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write(attack.program)
        command = ["gcc", "-w", "-O0", "-fno-pie", "-no-pie", "-mcmodel=large", "-o", os.path.join(folder, name)]
        subprocess.run([*command, source], check=True, timeout=60)
        return (name,)
    name = f"{attack.name}.py"
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(PRELUDE + attack.program)
    return (python, "-I", name)


def processes_with(marker: str) -> list[str]:
    """Command lines of running processes that hold `marker`, other than ours."""
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


def _write_document(folder: str) -> None:
    with open(os.path.join(folder, _DOCUMENT), "wb") as file:
        file.write(_DOCUMENT_TEXT)


def _intact(folder: str) -> bool:
    path = os.path.join(folder, _DOCUMENT)
    return os.path.isfile(path) and _bytes(path) == _DOCUMENT_TEXT


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _files(folder: str) -> Iterator[str]:
    for root, folders, files in os.walk(folder):
        yield from (os.path.join(root, name) for name in (*folders, *files))


@dataclass
class Place:
    """A sandbox, the Python that its boxes have, and what that needs where boxes have programs of their own."""

    sandbox: Sandbox
    python: str
    requirements: Requirements

    async def left(self) -> list[str]:
        """What the boxes left in an engine; containers are thrown away in the background, so that is waited for."""
        await self.sandbox.close()
        if not isinstance(self.sandbox, Docker):
            return []
        listed = await self.sandbox.engine.get("/containers/json", {"all": 1, "filters": {"label": [LABEL_OWNER]}})
        ours = f"polyrun-{os.getpid()}-"
        return [f"container {facts['Id']}" for facts in listed if facts["Labels"][LABEL_OWNER].startswith(ours)]


class Driver:
    """One sandbox, one set of planted things, attacks one after the other."""

    def __init__(self, folder: str, place: Place, planted: Planted) -> None:
        self._folder = folder
        self._place = place
        self._planted = planted
        self._count = 0

    async def in_box(self, attack: Attack) -> Observed:
        """Run the attack through the real backend, in as many boxes as it asks for."""
        self._count += 1
        base = os.path.join(self._folder, f"run-{self._count}")
        try:
            observed = await self._in_boxes(attack, base)
        finally:
            disk.remove_tree(base)
        return observed

    async def _in_boxes(self, attack: Attack, base: str) -> Observed:
        paths = {name: os.path.join(base, name) for name in ("work", "overlay", "scratch", "programs", "out")}
        for path in paths.values():
            os.makedirs(path)
        _write_document(paths["work"])
        program = _program(attack, paths["programs"], self._place.python)
        marker = f"polyrun-marker-{os.getpid()}-{self._count}"
        argv = (*program[:-1], f"{{programs}}/{program[-1]}", self._planted.argument(0, marker, "{out}"))
        spec = BoxSpec(
            Workspace(paths["work"], paths["overlay"]),
            paths["scratch"],
            mounts={"programs": paths["programs"]},
            outputs={"out": paths["out"]} if attack.exports else {},
            requirements=self._place.requirements,
        )
        before = set(_files(self._planted.folder))
        observed = await self._run(attack, spec, argv)
        for _ in range(attack.times - 1):
            observed = await self._run(attack, spec, argv)
        observed.left += await self._place.left()
        observed.left += processes_with(marker)
        observed.left += [f"box folder {name}" for name in os.listdir(paths["scratch"]) if name.startswith("box-")]
        observed.left += [
            f"in the document's folder: {name}" for name in os.listdir(paths["work"]) if name != _DOCUMENT
        ]
        if not _intact(paths["work"]):
            observed.left.append("a damaged document")
        observed.left += [f"written on the host: {path}" for path in set(_files(self._planted.folder)) - before]
        self._collect(spec.workspace, os.path.join(base, "kept"), observed)
        self._look_at_exports(paths["out"], 2 * attack.limits.disk_bytes, observed)
        return observed

    def _collect(self, workspace: Workspace, destination: str, observed: Observed) -> None:
        """What PolyRun would keep of the box's files; nothing kept may be a link or hold the secret."""
        changes = artifacts.collect(workspace, destination)
        observed.kept, observed.refused = list(changes.files), dict(changes.not_kept)
        for name in changes.files:
            path = os.path.join(destination, name)
            if not stat.S_ISREG(os.lstat(path).st_mode):
                observed.left.append(f"not a plain file among the artifacts: {name!r}")
            elif os.path.getsize(path) < 4096 and SECRET.encode() in _bytes(path):
                observed.left.append(f"the secret among the artifacts: {name!r}")

    @staticmethod
    def _look_at_exports(folder: str, most: int, observed: Observed) -> None:
        """What was handed out: at most so many bytes, and no file with the secret. Links there are never followed."""
        held: dict[int, int] = {}
        for path in _files(folder):
            observed.handed.append(os.path.relpath(path, folder))
            try:
                facts = os.lstat(path)
                is_secret = stat.S_ISREG(facts.st_mode) and facts.st_size < 4096 and SECRET.encode() in _bytes(path)
            except OSError:  # too long a path for anybody to follow, or a file that its own user may not read
                continue
            held[facts.st_ino] = facts.st_blocks * 512
            if is_secret:
                observed.left.append(f"the secret among the exports: {path!r}")
        if sum(held.values()) > most:
            observed.left.append(f"exports that take {sum(held.values())} bytes")

    async def _run(self, attack: Attack, spec: BoxSpec, argv: tuple[str, ...]) -> Observed:
        kept: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        printed = 0

        def take(stream: str, data: bytes) -> None:
            nonlocal printed
            printed += len(data)
            kept[stream].extend(data[: 65536 - len(kept[stream])])

        started = time.monotonic()
        async with self._place.sandbox.open(spec) as box:
            outcome = await box.run(Command(argv), attack.limits, take)
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

    def outside(self, attack: Attack) -> Observed:
        """Run the attack as a plain process of this user, with its bound, to see that it is capable."""
        self._count += 1
        base = os.path.join(self._folder, f"outside-{self._count}")
        os.makedirs(f"{base}/out")
        _write_document(base)
        program = _program(attack, base, _python())
        argv = [*program[:-1], f"./{program[-1]}" if len(program) == 1 else program[-1]]
        marker = f"polyrun-outside-{os.getpid()}-{self._count}"
        argv.append(self._planted.argument(attack.outside_bound or 1, marker, "out"))
        started = time.monotonic()
        done = _plain(argv, base)
        for _ in range(attack.times - 1):
            done = _plain(argv, base)
        deadline = time.monotonic() + 3  # what daemons write, they write later
        while time.monotonic() < deadline and (late := processes_with(marker)):
            time.sleep(0.05)
        written = [name for name in os.listdir(self._planted.folder) if name not in {"secret", "socket"}]
        extra = "".join(f"file:{name}: yes\n" for name in written)
        for name in written:
            os.unlink(os.path.join(self._planted.folder, name))
        extra += f"document: {'intact' if _intact(base) else 'damaged'}\n"
        disk.remove_tree(base)
        code = done.returncode
        extra += f"exit: {code}\nbytes: {len(done.stdout) + len(done.stderr)}\n"
        return Observed(
            status=Status.OK if code == 0 else Status.NONZERO_EXIT,
            exit_code=code if code >= 0 else None,
            signal=signal.Signals(-code).name if code < 0 else None,
            reason=None,
            seconds=time.monotonic() - started,
            stdout=done.stdout[:65536].decode("latin-1") + "\n" + extra,
            stderr=done.stderr[:65536].decode("latin-1"),
            printed=len(done.stdout),
            left=late,
        )


def _plain(argv: list[str], folder: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        argv,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_OUTSIDE_S,
        check=False,
        close_fds=False,  # a careless launcher
        start_new_session=True,
        preexec_fn=_no_core,
    )


def _no_core() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (1, 1))


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def main(folder: str, backend: str) -> None:
    """Announce what the sandbox enforces, then answer requests until stdin ends."""
    found = await probe(backend)
    if not isinstance(found, tuple):
        _say({"unavailable": found.reason})
        return
    sandbox, capabilities = found
    assert isinstance(capabilities, Capabilities)
    language = Registry.load().get("python")
    assert language is not None
    place = Place(sandbox, _python() if sandbox.shows_host else "/usr/bin/python3", language.requirements)
    driver = Driver(folder, place, Planted(os.path.join(folder, "planted")))
    _say({"level": capabilities.level, "features": sorted(capabilities.features)})
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        attack = ATTACKS[request["attack"]]
        try:
            seen = driver.outside(attack) if request["where"] == "outside" else await driver.in_box(attack)
            _say(asdict(seen))
        except Exception as error:  # noqa: BLE001 - the boundary: the test shows it
            _say({"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()})


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
