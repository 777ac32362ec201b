"""The `bubblewrap` backend: every command in fresh namespaces, with limits by control groups where possible.

A command costs one `bwrap` and two shells of fixed text. The outer shell enters the control group, the inner
one waits at the gate (see `gate`) until the limits of exactly that process are in force, and becomes the program.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from polyrun.model.errors import SandboxError
from polyrun.model.frozen import replace
from polyrun.model.limits import Limits, Usage, format_bytes
from polyrun.model.outcomes import Feature, Outcome, Status
from polyrun.sandbox import adoption, cgroups, disk, etc, layout, nameless, pidfd, procfs, questions, verdict
from polyrun.sandbox import limits as process_limits
from polyrun.sandbox.base import Ask, BoxSpec, Capabilities, Command, OutputSink, ShowsHost, Unavailable
from polyrun.sandbox.descriptors import Descriptors, readable
from polyrun.sandbox.gate import Gate
from polyrun.sandbox.pump import Pump
from polyrun.sandbox.scratch import check_name
from polyrun.sandbox.sources import Sources
from polyrun.sandbox.watch import Sample, Watch

_START_S = 20.0  # a box starts in 5 ms; a host this slow is broken
_END_S = 5.0
JOIN = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 126; shift; done; shift; exec "$@"'
"""A shell's program: enter the control groups by the files before `--`, and become what stands after it."""

_OVERLAY_TROUBLE = "overlay"


class Bubblewrap(ShowsHost):
    """The backend.

    `program` is bubblewrap's path, `hierarchy` where control groups can be made, or `None` with the reason in
    `no_hierarchy`; `seccomp` is a filter in the kernel's own format. `cache` is a folder that lasts between runs, or
    `None`. `features` is what the probe found, `flat` the folders that this kernel would not overlay.
    """

    name = "bubblewrap"

    def __init__(
        self, program: str, hierarchy: cgroups.Hierarchy | None, seccomp: bytes | None, *, no_hierarchy: str = ""
    ) -> None:
        self.program = program
        self.hierarchy = hierarchy
        self.seccomp = seccomp
        self.no_hierarchy = no_hierarchy
        self.features: frozenset[Feature] = frozenset()
        self.notes: list[str] = []
        self.flat: set[str] = set()
        self.sources = Sources()
        self._etc: tuple[str, etc.Etc] | None = None

    @property
    def has_cpus(self) -> bool:
        """Whether `cpus` can be enforced."""
        return self.hierarchy is not None and self.hierarchy.has_cpus

    async def probe(self) -> Capabilities | Unavailable:
        """See `Sandbox`."""
        from polyrun.sandbox.probe import probe_bubblewrap  # a remembered answer is the rule

        found = await probe_bubblewrap(self)
        if isinstance(found, Capabilities):
            self.features = found.features
        return found

    @asynccontextmanager
    async def open(self, spec: BoxSpec) -> AsyncIterator[_Box]:
        """See `Sandbox`."""
        layout.check_workspace(spec.workspace.folder)
        try:
            _prepare(spec)
            prepared = self._etc_for(spec.scratch)
        except OSError as error:
            raise SandboxError("preparing a box", str(error)) from error
        yield _Box(self, spec, prepared)

    def _etc_for(self, scratch: str) -> etc.Etc:
        """The `/etc` of the boxes of the run whose folder is `scratch`; found out once a run."""
        if self._etc is None or self._etc[0] != scratch:
            self._etc = scratch, etc.prepare(self.cache, scratch)
        return self._etc[1]


def _prepare(spec: BoxSpec) -> None:
    """Make what boxes share on the host: for root their devices, and the overlay's folders."""
    for name in spec.files:
        check_name(name)
    devices = os.path.join(spec.scratch, "dev")
    if os.getuid() == 0 and not os.path.isdir(devices):
        layout.make_devices(devices)
    if spec.workspace.overlay is not None:
        for name in ("upper", "work"):
            os.makedirs(os.path.join(spec.workspace.overlay, name), mode=0o755, exist_ok=True)


class _Box:
    """One box. Each command gets namespaces of its own; `/tmp` lasts as long as the command."""

    def __init__(self, backend: Bubblewrap, spec: BoxSpec, prepared: etc.Etc) -> None:
        self._backend = backend
        self._spec = spec
        self._etc = prepared
        self._overlay = spec.workspace.folder not in backend.flat

    @property
    def enforced(self) -> frozenset[Feature]:
        """See `Box`."""
        opened = set()
        if self._spec.permissions.net:
            opened.add(Feature.NETWORK)
        if self._spec.workspace.overlay is None or self._spec.permissions.write_workspace:
            opened.add(Feature.DISK)  # only the size of each file is limited in the user's own folder
        return self._backend.features - opened

    async def run(self, command: Command, limits: Limits, on_output: OutputSink) -> Outcome:
        """See `Box`."""
        try:
            return await self._attempt(command, limits, on_output)
        except _OverlayRefused as refused:
            self._overlay = False
            self._backend.flat.add(self._spec.workspace.folder)
            self._backend.notes.append(
                f"`{self._spec.workspace.folder}` cannot be overlaid here ({refused}): it is read-only for blocks"
            )
            return await self._attempt(command, limits, on_output)

    async def _attempt(self, command: Command, limits: Limits, on_output: OutputSink) -> Outcome:
        hierarchy = self._backend.hierarchy
        if hierarchy is None and limits.cpus is not None:
            raise SandboxError("setting limits", "`cpus` needs a writable cpu control group, and there is none")
        async with AsyncExitStack() as stack:
            group = hierarchy.create(limits) if hierarchy else None
            if group is not None:
                stack.callback(group.remove)
            else:
                stack.enter_context(adoption.adopting())
            gate = stack.enter_context(Gate())
            pump = Pump(on_output, limits.flood_bytes)
            stack.callback(pump.close)
            guests = _Guests(self._spawn(command, limits, gate, pump, group))
            stack.callback(guests.end)
            gate.spawned()
            try:
                await guests.arrive(gate, pump)
            except SandboxError:
                if group is not None and group.counters().oom_kills:
                    return _too_small(limits)
                raise
            if group is not None and not group.holds(guests.main):
                raise SandboxError("setting limits", "a program did not enter its control group")
            watch = Watch(limits, self._sampler(group, guests), self._disk(command, guests), quick=group is None)
            pump.on_flood = lambda: watch.halt(Status.OUTPUT_LIMIT, verdict.flood_reason(limits))
            process_limits.apply(guests.main, limits, processes=group is None)
            if group is not None:
                group.mark()
            pump.start()
            watch.start()
            gate.release()
            answer = await guests.run(watch, pump, command.ask, counted=group is not None)
            await watch.settle()
            if not await pump.drained(_END_S):
                raise SandboxError("reading output", "the pipes stayed open after every process had ended")
            seen = replace(_evidence(watch, guests, group, limits), stack=answer)
            return verdict.verdict(replace(seen, usage=replace(seen.usage, output_bytes=pump.total_bytes)), limits)

    def _spawn(
        self, command: Command, limits: Limits, gate: Gate, pump: Pump, group: cgroups.Group | None
    ) -> subprocess.Popen[bytes]:
        spec = self._spec
        with Descriptors() as fds:
            files = {name: fds.text("source", data) for name, data in spec.files.items()}
            stdin = fds.text("stdin", command.stdin) if command.stdin else None
            placing = layout.place(
                spec,
                files,
                stdin,
                self._etc,
                command,
                shown=self._shown(fds),
                tmp_bytes=limits.disk_bytes,
                overlay=self._overlay,
            )
            words = list(placing.arguments)
            for name, value in layout.environment(command, placing, os.environ, spec.permissions.env).items():
                words += ["--setenv", name, value]
            if self._backend.seccomp is not None:
                words += ["--add-seccomp-fd", str(fds.text("seccomp", self._backend.seccomp))]
            program = gate.argv(tuple(layout.expand(word, placing.values) for word in command.argv), placing.stdin)
            argv = [self._backend.program, "--args", str(fds.words("args", words)), "--"]
            if group is not None:
                argv = ["/bin/sh", "-c", JOIN, "polyrun", *group.joins, "--", *argv]
            try:
                return subprocess.Popen(
                    [*argv, *program],
                    stdin=gate.fd,
                    stdout=pump.stdout,
                    stderr=pump.stderr,
                    pass_fds=fds.passed,
                    env={"PATH": layout.PATH},
                    cwd="/",
                    start_new_session=True,
                )
            except OSError as error:
                raise SandboxError("starting bubblewrap", str(error)) from error

    def _shown(self, fds: Descriptors) -> dict[str, int]:
        """Descriptors of what the box shows under its own path, by path; what does not exist is left out."""
        sources = self._backend.sources
        sources.allow_writing(layout.written(self._spec))
        sources.check(self._spec.workspace.folder)  # an overlay has no word for a descriptor
        found = {}
        for path in layout.binds(self._spec, overlay=self._overlay):
            fd = sources.open(path)
            if fd is not None:
                found[path] = fds.path(fd)
        return found

    def _sampler(self, group: cgroups.Group | None, guests: _Guests) -> Callable[[], Sample]:
        if group is not None:
            return lambda: Sample(cpu_s=group.counters().cpu_s)

        def sample() -> Sample:
            everyone = procfs.tree(guests.init, procfs.processes())
            members = [facts for facts in everyone if facts.pid != guests.init]
            return Sample(
                cpu_s=sum(facts.cpu_s for facts in everyone),  # init's own account has the orphans that it reaped
                memory_bytes=procfs.memory_of(members),
                processes=sum(facts.threads for facts in members),
            )

        return sample

    def _disk(self, command: Command, guests: _Guests) -> disk.Meter | None:
        folders = [*self._spec.outputs.values()]
        if command.writes_build and self._spec.build:
            folders.append(self._spec.build)
        if self._spec.workspace.overlay is not None:
            folders.append(os.path.join(self._spec.workspace.overlay, "upper"))

        apart = (layout.tmp_of(self._spec.workspace.folder), layout.SHM)

        def held() -> int:
            if guests.gone:  # and with them every file that only they held
                return 0
            members = procfs.tree(guests.init, procfs.processes())
            return nameless.held((facts.pid for facts in members), apart).disk_bytes

        return disk.Meter(folders, held) if folders else None


class _Guests:
    """The processes of one command: bubblewrap's monitor, the box's init, the program."""

    def __init__(self, monitor: subprocess.Popen[bytes]) -> None:
        self._monitor = monitor
        self._monitor_fd = os.pidfd_open(monitor.pid)
        self._init_fd: int | None = None
        self._main_fd: int | None = None
        self.main = self.init = 0
        self.exit_code = 0
        self.wait_status: int | None = None
        self.gone = False
        self.used = adoption.Used()

    async def arrive(self, gate: Gate, pump: Pump) -> None:
        """Wait until the program stands at the gate.

        Raises `SandboxError` with bubblewrap's own words if it never gets there.
        """
        if not await readable(gate.fileno(), _START_S):
            raise SandboxError("starting a box", f"it was not there after {_START_S:g} s")
        main = gate.arrived()
        facts = procfs.stat(main) if main is not None else None
        if facts is None:
            words = pump.take().decode(errors="replace").strip().removeprefix("bwrap: ") or "it ended at once"
            if _OVERLAY_TROUBLE in words:
                raise _OverlayRefused(words)
            raise SandboxError("starting a box", words)
        self.main, self.init = facts.pid, facts.parent
        self._main_fd, self._init_fd = os.pidfd_open(self.main), os.pidfd_open(self.init)

    async def run(self, watch: Watch, pump: Pump, ask: Ask | None, *, counted: bool) -> bytes:
        """Until the program ends or must; then until everything it started is gone. What it said when asked.

        Unless a control group has `counted` what they use, the kernel's account of them is taken when they are reaped.
        """
        assert self._main_fd is not None
        assert self._init_fd is not None
        loop = asyncio.get_running_loop()
        loop.add_reader(self._main_fd, watch.end)
        loop.add_reader(self._monitor_fd, watch.end)
        try:
            await watch.until_end()
        finally:
            loop.remove_reader(self._main_fd)
            loop.remove_reader(self._monitor_fd)
        stack = b""
        if watch.time_is_up:
            activity, stack = await questions.question(self._members, self.main, ask, pump, watch.is_over)
            watch.explain(activity)
        if watch.stop is None:  # its init reports the exit code first, and then all the rest is killed
            await readable(self._monitor_fd, _END_S)
        pidfd.kill(self._init_fd)
        if not await readable(self._init_fd, _END_S) or not await readable(self._monitor_fd, _END_S):
            raise SandboxError("ending a box", "its processes outlived SIGKILL")
        self.gone = True
        self.exit_code = self._monitor.wait()
        if not counted:
            adoption.reap(self.init, self.used, block=True)
        self.wait_status = pidfd.wait_status(self._main_fd)
        return stack

    def _members(self) -> list[procfs.Stat]:
        return [facts for facts in procfs.tree(self.init, procfs.processes()) if facts.pid != self.init]

    def end(self) -> None:
        """Whatever happened: kill, wait, close. Blocks for some milliseconds at most, and only after a failure."""
        for fd in (self._init_fd, self._monitor_fd):
            if fd is not None:
                pidfd.kill(fd)
                pidfd.wait_gone(fd, _END_S)
        self._monitor.wait()
        if self.init:
            adoption.reap(self.init, self.used)
        for fd in (self._init_fd, self._main_fd, self._monitor_fd):
            if fd is not None:
                os.close(fd)


def _evidence(watch: Watch, guests: _Guests, group: cgroups.Group | None, limits: Limits) -> verdict.Evidence:
    if group is not None:
        counters = group.counters()
    else:
        memory = max(guests.used.memory_bytes, watch.peak_memory or 0)
        refused = int((watch.peak_processes or 0) >= limits.processes)
        # a process killed with its box is reaped by nobody, so its use is known from samples only
        cpu_s = max(guests.used.cpu_s, watch.cpu_s or 0.0)
        counters = cgroups.Counters(cpu_s, memory, watch.peak_processes, pids_refused=refused)
    # what it used while it was asked what it does was not its own choice
    used_s = watch.cpu_s if watch.time_is_up and watch.cpu_s is not None else counters.cpu_s
    return verdict.Evidence(
        wait_status=guests.wait_status,
        exit_code=guests.exit_code,
        usage=Usage(watch.wall_s, used_s, counters.memory_bytes, counters.processes, watch.disk_bytes),
        stop=watch.stop,
        oom_kills=counters.oom_kills,
        pids_refused=counters.pids_refused,
        largest_file=watch.largest_file,
    )


def _too_small(limits: Limits) -> Outcome:
    return Outcome(Status.MEMORY_LIMIT, reason=f"nothing could start in {format_bytes(limits.memory_bytes)} of memory")


class _OverlayRefused(Exception):
    """This kernel or file system cannot overlay the document's folder."""
