"""The `local` backend: plain processes of the user. It isolates nothing and says so.

What it does keep: limits for each process, a watch over the tree, and that nothing stays behind. Processes are
found as descendants, by session, by a mark in their environment, and by a limit that they inherit.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import secrets
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from polyrun.model.errors import SandboxError
from polyrun.model.frozen import replace
from polyrun.model.limits import Limits, Usage
from polyrun.model.outcomes import Feature, Outcome, Status
from polyrun.sandbox import adoption, disk, identity, layout, pidfd, procfs, questions, verdict
from polyrun.sandbox import limits as process_limits
from polyrun.sandbox.base import Ask, BoxSpec, Capabilities, Command, OutputSink, ShowsHost, Unavailable
from polyrun.sandbox.descriptors import encoded, readable
from polyrun.sandbox.gate import Gate
from polyrun.sandbox.pump import Pump
from polyrun.sandbox.scratch import write_files
from polyrun.sandbox.watch import Sample, Watch

_START_S = 20.0
_RLIMIT_LOCKS = 10  # without a meaning since Linux 2.4.25, see getrlimit(2)
_END_S = 5.0
_FEATURES = frozenset(
    {Feature.WALL, Feature.CPU, Feature.MEMORY, Feature.PIDS, Feature.OUTPUT, Feature.OPEN_FILES}
)  # fmt: skip
_MISSING = (
    "files: a block can read and write whatever you can",
    "network: a block reaches what you reach",
    "privileges: a block has all of yours",
    "syscalls: no filter",
    "processes_hidden: a block sees and can end your other processes",
    "environment: a block starts with a clean one, but can read yours from `/proc`",
    "disk: only the size of each file is limited",
    "cpus: not limited",
    "memory, pids and cpu of the tree are watched every 25 ms, and a block that means to can escape",
)


class Local(ShowsHost):
    """The backend. Writes go to the document's own folder: there is no overlay."""

    name = "local"

    def __init__(self) -> None:
        self.notes: list[str] = []

    async def probe(self) -> Capabilities | Unavailable:
        """See `Sandbox`; nothing is claimed that would need a test."""
        if not hasattr(os, "pidfd_open") or procfs.stat(os.getpid()) is None:
            return Unavailable(self.name, "it needs Linux with `/proc`")
        return Capabilities(self.name, 0, _FEATURES, _MISSING)

    @asynccontextmanager
    async def open(self, spec: BoxSpec) -> AsyncIterator[_Box]:
        """See `Sandbox`."""
        folder = os.path.join(spec.scratch, f"box-{secrets.token_hex(4)}")
        try:
            os.mkdir(folder, 0o700)
            write_files(os.path.join(folder, "source"), spec.files)
            os.mkdir(os.path.join(folder, "tmp"), 0o700)
            yield _Box(spec, folder)
        except OSError as error:
            raise SandboxError("preparing a box", str(error)) from error
        finally:
            disk.remove_tree(folder)


class _Box:
    def __init__(self, spec: BoxSpec, folder: str) -> None:
        self._spec = spec
        self._tmp = os.path.join(folder, "tmp")
        self._stdin = os.path.join(folder, "stdin")
        source = os.path.join(folder, "source")
        self._values = {"work": spec.workspace.folder, "source": source, **spec.mounts, **spec.outputs}
        if spec.build is not None:
            self._values["build"] = spec.build

    @property
    def enforced(self) -> frozenset[Feature]:
        """See `Box`."""
        return _FEATURES

    async def run(self, command: Command, limits: Limits, on_output: OutputSink) -> Outcome:
        """See `Box`."""
        if limits.cpus is not None:
            raise SandboxError("setting limits", "`local` cannot enforce `cpus`")
        with ExitStack() as stack:
            stack.enter_context(adoption.adopting())
            gate = stack.enter_context(Gate())
            pump = Pump(on_output, limits.flood_bytes)
            stack.callback(pump.close)
            tree = _Tree(identity.new_name())
            tree.start(self._spawn(command, gate, pump, tree.mark))
            stack.callback(tree.end)
            gate.spawned()
            watch = Watch(limits, tree.sample, None, quick=True)
            pump.on_flood = lambda: watch.halt(Status.OUTPUT_LIMIT, verdict.flood_reason(limits))
            if not await readable(gate.fileno(), _START_S) or gate.arrived() is None:
                raise SandboxError("starting a program", "the shell that holds it back did not start")
            process_limits.apply(tree.pid, limits, processes=False)
            tree.brand()
            pump.start()
            watch.start()
            gate.release()
            answer = await tree.run(watch, pump, command.ask)
            if not await pump.drained(_END_S):
                raise SandboxError("reading output", "the pipes stayed open after every process had ended")
            seen = replace(tree.evidence(watch, limits), stack=answer)
            return verdict.verdict(replace(seen, usage=replace(seen.usage, output_bytes=pump.total_bytes)), limits)

    def _spawn(self, command: Command, gate: Gate, pump: Pump, mark: str) -> subprocess.Popen[bytes]:
        values = {**command.words, **self._values}
        placing = layout.Placing((), values, self._tmp)
        variables = layout.environment(command, placing, os.environ, self._spec.permissions.env)
        cwd = layout.expand(command.cwd, values)
        encoded((*variables, *variables.values(), cwd))
        try:
            if command.stdin:
                with open(self._stdin, "wb") as file:
                    file.write(command.stdin)
            return subprocess.Popen(
                gate.argv(
                    tuple(layout.expand(word, values) for word in command.argv),
                    self._stdin if command.stdin else os.devnull,
                ),
                stdin=gate.fd,
                stdout=pump.stdout,
                stderr=pump.stderr,
                env={**variables, identity.MARK: mark},
                cwd=cwd,
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError("starting a program", str(error)) from error


class _Tree:
    """A program and everything that comes from it."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.pid = 0
        self._fd = -1
        self._started = 0
        self._status: int | None = None
        self._used = adoption.Used()
        self._brand = 0
        self._seen: set[tuple[int, int]] = set()
        self._own_peak = adoption.own_peak()

    def start(self, process: subprocess.Popen[bytes]) -> None:
        """Take charge of `process`, which is then waited for here and nowhere else."""
        self.pid = process.pid
        self._fd = os.pidfd_open(process.pid)
        self._started = procfs.start_time(process.pid)  # nothing older can be ours
        _running.add(process.pid)
        process.returncode = 0  # keeps `Popen` from waiting for it, and from complaining that nobody did

    def brand(self) -> None:
        """Give the program a limit that nothing else has: a mark that survives a new session and environment.

        Children inherit it, and only root could raise it again. Call it while the gate holds the program back.
        """
        _, most = resource.prlimit(self.pid, _RLIMIT_LOCKS)
        bound = 1 << 62 if most == resource.RLIM_INFINITY else most
        self._brand = secrets.randbelow(bound) + 1 if bound > 1 else 0
        if self._brand:
            resource.prlimit(self.pid, _RLIMIT_LOCKS, (self._brand, self._brand))

    def sample(self) -> Sample:
        """See `Watch`."""
        members = self._members(marked=False)
        self._seen.update((facts.pid, facts.started) for facts in members)
        return Sample(
            cpu_s=self._used.cpu_s + sum(facts.cpu_s for facts in members),
            memory_bytes=procfs.memory_of(members),
            processes=sum(facts.threads for facts in members),
        )

    async def run(self, watch: Watch, pump: Pump, ask: Ask | None) -> bytes:
        """Until the program ends or must; then until everything it started is gone. What it said when asked."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._fd, watch.end)
        try:
            await watch.until_end()
        finally:
            loop.remove_reader(self._fd)
        stack = b""
        if watch.time_is_up:
            activity, stack = await questions.question(
                lambda: self._members(marked=False), self.pid, ask, pump, watch.is_over
            )
            watch.explain(activity)
        elif watch.stop is not None:
            watch.cpu_s = self.sample().cpu_s
        self._kill()
        return stack

    def evidence(self, watch: Watch, limits: Limits) -> verdict.Evidence:
        """What is known at the end."""
        assert self._status is not None
        # a child starts with its parent's peak in its own account (see exec(2)), so a smaller one is unknown
        known = self._used.memory_bytes if self._used.memory_bytes > self._own_peak else 0
        usage = Usage(
            wall_s=watch.wall_s,
            cpu_s=watch.cpu_s if watch.time_is_up else max(self._used.cpu_s, watch.cpu_s or 0.0),
            memory_bytes=max(known, watch.peak_memory or 0) or None,
            processes=watch.peak_processes,
        )
        refused = int((watch.peak_processes or 0) >= limits.processes)
        return verdict.Evidence(self._status, 0, usage, watch.stop, pids_refused=refused)

    def end(self) -> None:
        """Whatever happened: kill, reap, close."""
        try:
            self._kill()
        finally:
            _running.discard(self.pid)
            os.close(self._fd)

    def _kill(self) -> None:
        """SIGKILL to all, again and again until two looks in a row find nobody. Blocks for some milliseconds.

        Raises `SandboxError` when something survives for five seconds.
        """
        deadline = time.monotonic() + _END_S
        quiet = 0
        while quiet < 2:
            members = self._members(marked=True)
            quiet = 0 if members else quiet + 1
            for facts in members:
                fd = pidfd.open_or_none(facts.pid)
                if fd is not None:
                    with contextlib.suppress(PermissionError):
                        pidfd.kill(fd)
                    pidfd.wait_gone(fd, 0.1)
                    os.close(fd)
                self._reap(facts.pid)
            if time.monotonic() > deadline:
                raise SandboxError("ending a program", f"process {members[0].pid if members else 0} outlived SIGKILL")

    def _reap(self, pid: int) -> None:
        status = adoption.reap(pid, self._used)
        if status is not None and pid == self.pid:
            self._status = status

    def _members(self, *, marked: bool) -> list[procfs.Stat]:
        """The processes of this tree that are there now; with `marked` zombies and those found by their mark too."""
        everyone = [facts for facts in procfs.processes() if facts.started >= self._started]
        me = os.getpid()
        found = {facts.pid: facts for facts in procfs.tree(self.pid, everyone)} if self._status is None else {}
        for facts in everyone:
            if (
                facts.session == self.pid
                or (facts.parent == me and self._is_stray(facts))
                or (marked and self._mark_of(facts) == self.mark.encode())
            ):
                found.update((member.pid, member) for member in procfs.tree(facts.pid, everyone))
        return [facts for facts in found.values() if marked or facts.state != "Z"]

    def _is_stray(self, facts: procfs.Stat) -> bool:
        """Whether this child of PolyRun is an orphan that came from the box.

        Only on evidence: an embedding program has children of its own, in any session and with any environment.
        """
        if facts.pid in _running:
            return False
        if (facts.pid, facts.started) in self._seen or self._mark_of(facts) == self.mark.encode():
            return True
        try:
            return self._brand != 0 and resource.prlimit(facts.pid, _RLIMIT_LOCKS)[1] == self._brand
        except (ProcessLookupError, PermissionError):
            return False

    def _mark_of(self, facts: procfs.Stat) -> bytes | None:
        prefix = f"{identity.MARK}=".encode()
        marks = [variable for variable in _environment(facts.pid) if variable.startswith(prefix)]
        return marks[0][len(prefix) :] if marks else None


_running: set[int] = set()
"""The main programs of all boxes that are running now: each belongs to its own tree only."""


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []
