"""One command in one container: the job in, its output and its limits while it runs, what it wrote back."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Literal, Protocol

from polyrun.model.errors import SandboxError
from polyrun.model.limits import Limits, Usage
from polyrun.model.outcomes import Feature, Outcome, Status
from polyrun.sandbox import seccomp, verdict
from polyrun.sandbox.base import BoxSpec, Command, OutputSink
from polyrun.sandbox.descriptors import encoded
from polyrun.sandbox.docker import packing
from polyrun.sandbox.docker.container import Container
from polyrun.sandbox.docker.frames import Frame, Kind, StreamEnded
from polyrun.sandbox.docker.hardening import MOST_DISK, PATH, ROOT, TMP
from polyrun.sandbox.docker.packing import Entry
from polyrun.sandbox.docker.workspace import WORK, Landing, gather
from polyrun.sandbox.layout import Placing, environment, expand
from polyrun.sandbox.scratch import check_name
from polyrun.sandbox.watch import MAX_ENTRIES, DiskUse, Sample, Watch

_HAND_BACK_S = 20.0
_STOPPED_S = 5.0
_FRAMES_A_TURN = 64
_GIVE_S = 120.0
_MAX_WORDS = 4096  # of the starter's, for arguments and for variables
_MAX_BACK = 4
_MAX_NOTES = 20
_GRACE_S = 5.0
_STREAMS: Mapping[Kind, Literal["stdout", "stderr"]] = {Kind.STDOUT: "stdout", Kind.STDERR: "stderr"}


class Supply(Protocol):
    """What a box needs of its backend (see `backend.Docker`, which cannot be imported from here)."""

    notes: list[str]

    def features(self, *, net: bool) -> frozenset[Feature]:
        """What a container enforces that may use the network or not."""
        ...

    def bounded(self, limits: Limits) -> Limits:
        """`limits` under what a container may have at most."""
        ...

    async def take(self, image: str, limits: Limits, sent_bytes: int, *, net: bool) -> Container:
        """A container for one command."""
        ...

    def discard(self, container: Container) -> None:
        """Throw a container away."""
        ...


class Box:
    """A box of the `docker` backend (see `sandbox.base.Box`). Each command gets a container of its own."""

    def __init__(self, backend: Supply, spec: BoxSpec, image: str) -> None:
        self._backend = backend
        self._spec = spec
        self._image = image

    @property
    def enforced(self) -> frozenset[Feature]:
        """See `Box`."""
        return self._backend.features(net=self._spec.permissions.net)

    async def run(self, command: Command, limits: Limits, on_output: OutputSink) -> Outcome:
        """See `Box`."""
        spec, limits = self._spec, self._backend.bounded(limits)
        try:
            entries = list(self._entries(command))
        except OSError as error:
            raise SandboxError("packing a job", str(error)) from error
        sent = packing.size_of(entries)
        job = packing.text("job", self._job(command, limits))
        container = await self._backend.take(self._image, limits, sent, net=spec.permissions.net)
        not_kept: list[tuple[str, str]] = []
        try:
            landing = self._landing(command, {entry.path for entry in entries})
            exchange = _Exchange(container, landing, limits, on_output, sent)
            not_kept = exchange.not_kept
            return await exchange.run([job, _filter(container), *entries])
        except asyncio.CancelledError:
            await asyncio.shield(container.remove())
            raise
        finally:
            self._tell(not_kept)
            self._backend.discard(container)

    def _tell(self, not_kept: list[tuple[str, str]]) -> None:
        """Add what could not be taken back from the document's folder to the notes for the user."""
        for path, why in not_kept:
            note = f"`{path.removeprefix(f'{WORK}/')}` is not kept: {why}"
            if note not in self._backend.notes and len(self._backend.notes) < _MAX_NOTES:
                self._backend.notes.append(note)

    def _entries(self, command: Command) -> Iterator[Entry]:
        spec = self._spec
        for name in spec.files:
            check_name(name)
        yield from packing.texts("source", sorted(spec.files.items()))
        for name, root in spec.mounts.items():
            yield from packing.tree(name, root)
        for name in spec.outputs:
            yield packing.folder(name)
        if spec.build is not None:
            yield from packing.tree("build", spec.build)
        if command.stdin:
            yield packing.text("stdin", command.stdin)
        gathered = gather(spec.workspace, hidden=spec.scratch)
        if gathered.remark is not None and gathered.remark not in self._backend.notes:
            self._backend.notes.append(gathered.remark)
        yield from gathered.entries

    def _job(self, command: Command, limits: Limits) -> bytes:
        spec = self._spec
        places = ["source", *spec.mounts, *spec.outputs, *(["build"] if spec.build is not None else [])]
        values = {**command.words, **{name: f"{ROOT}/{name}" for name in places}, WORK: f"{ROOT}/{WORK}"}
        back = [*spec.outputs, *(["build"] if command.writes_build and spec.build is not None else [])]
        words = [("arg", expand(word, values)) for word in command.argv]
        words += [("env", f"{name}={value}") for name, value in self._environment(command, values).items()]
        words += [("cwd", expand(command.cwd, values))]
        words += [("back", name) for name in back]
        words += [("changes", "1")] if self._keeps_changes() else []
        numbers = {
            "nofile": limits.open_files,
            "fsize": min(limits.disk_bytes, MOST_DISK),
            "cpu": math.ceil(limits.cpu_s) + 1,  # the whole tree's limit is watched; this is the inner stop
            "wall": math.ceil((limits.wall_s + _GRACE_S) * 1000),  # so is this one: for when PolyRun has gone silent
            "bytes": limits.disk_bytes,
            "entries": MAX_ENTRIES,
        }
        lines = [*words, *((name, str(number)) for name, number in numbers.items())]
        for most, what, keys in ((_MAX_WORDS, "arguments", "arg"), (_MAX_WORDS, "variables", "env")):
            if sum(key == keys for key, _value in words) > most:
                raise SandboxError("packing a job", f"there are more than {most} {what}")
        assert len(back) <= _MAX_BACK
        return b"".join(word + b"\0" for word in encoded(f"{key}={value}" for key, value in lines))

    def _environment(self, command: Command, values: Mapping[str, str]) -> dict[str, str]:
        placing, allowed = Placing((), values, TMP), self._spec.permissions.env
        return environment(command, placing, os.environ, allowed, path=PATH, user="runner")

    def _keeps_changes(self) -> bool:
        return bool(self._spec.workspace.overlay) or self._spec.permissions.write_workspace

    def _landing(self, command: Command, sent: set[str]) -> Landing:
        spec = self._spec
        roots = dict(spec.outputs)
        if command.writes_build and spec.build is not None:
            roots["build"] = spec.build
        folder, overlay = spec.workspace.folder, spec.workspace.overlay
        if overlay is None or spec.permissions.write_workspace:
            return Landing({**roots, WORK: folder}, None, sent)
        upper = os.path.join(overlay, "upper")
        os.makedirs(upper, mode=0o755, exist_ok=True)
        return Landing({**roots, WORK: upper}, folder)


def _filter(container: Container) -> Entry:
    """The table of refused calls, which the starter puts upon the program. Raises `SandboxError` without one."""
    try:
        return packing.text("filter", seccomp.bpf_program(container.machine))
    except LookupError as error:
        raise SandboxError("packing a job", f"{error}, and no program is run without its filter") from error


class _Exchange:
    """The conversation with one container about one command."""

    def __init__(
        self, container: Container, landing: Landing, limits: Limits, sink: OutputSink, sent_bytes: int
    ) -> None:
        self._own_room = container.wanted.memory_bytes > limits.memory_bytes
        self._sent_bytes = sent_bytes
        self._container = container
        self._landing = landing
        self._limits = limits
        self._sink = sink
        self._totals = {"stdout": 0, "stderr": 0}
        self._muted = False
        self.not_kept: list[tuple[str, str]] = []
        self._sample: Mapping[str, int] = {}
        self._used: Mapping[str, int] = {}
        self._watch = Watch(limits, self._looked, self._disk, quick=False)

    async def run(self, entries: list[Entry]) -> Outcome:
        """Give the job and hear how it went. Raises `SandboxError` when the container fails, not the program."""
        listening = asyncio.create_task(self._listen())
        giving = asyncio.create_task(self._container.give(packing.stream(entries)))
        try:
            done, _ = await asyncio.wait({giving, listening}, timeout=_GIVE_S, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                raise SandboxError("giving a job to a container", f"it was not taken within {_GIVE_S:g} s")
            if giving in done and listening not in done:
                with suppress(StreamEnded):  # what is heard at the other end says more
                    giving.result()
            self._watch.start()
            await self._watch.until_end()
            if self._watch.stop is not None and not listening.done():
                self._container.stop()
            await self._hear_out(listening)
            await giving
            await self._watch.settle()
        except TimeoutError as error:
            if self._watch.stop is None:
                raise SandboxError("ending a container", "it did not hand back what the program wrote") from error
        except (StreamEnded, OSError) as error:
            if await self._container.was_out_of_memory():
                usage = Usage(self._watch.wall_s, self._watch.cpu_s)
                return Outcome(Status.MEMORY_LIMIT, usage=usage, reason=verdict.memory_reason(self._limits))
            if self._watch.stop is None:
                raise SandboxError("running in a container", str(error)) from error
        finally:
            for task in (listening, giving):
                task.cancel()
            await asyncio.gather(listening, giving, return_exceptions=True)
            self._landing.close()
            self.not_kept += self._landing.refused
        return verdict.verdict(self._evidence(), self._limits)

    async def _hear_out(self, listening: asyncio.Task[None]) -> None:
        """Wait until everything was handed back, though not for ever. Raises `TimeoutError` for a silent starter."""
        patience_s = _STOPPED_S if self._watch.stop else max(_HAND_BACK_S, self._limits.wall_s)
        await asyncio.wait({listening}, timeout=patience_s)
        if listening.done():
            await listening
        elif self._watch.stop is None:
            if not self._used:
                raise TimeoutError
            reason = f"left more files than can be taken back in {patience_s:g} s"
            self._watch.stop = verdict.Stop(Status.DISK_LIMIT, reason)

    async def _listen(self) -> None:
        """Hear the starter out, to its end."""
        heard = 0
        try:
            while (said := await self._container.next()).kind is not Kind.END:
                heard += 1
                self._hear(said)
                if said.kind is Kind.USAGE or heard % _FRAMES_A_TURN == 0:
                    await asyncio.sleep(0)  # what is handed back is thousands of files: others must get their turn
        finally:
            self._watch.end()

    def _hear(self, said: Frame) -> None:
        stream = _STREAMS.get(said.kind)
        if stream is not None:
            self._print(stream, said.data)
            return
        match said.kind:
            case Kind.SAMPLE:
                self._sample = said.numbers()
            case Kind.USAGE:
                self._used = said.numbers()
                self._watch.end()
            case Kind.NOT_STARTED:
                self._print("stderr", b"polyrun: " + said.data + b"\n")
            case Kind.FAULT:
                raise SandboxError("running in a container", said.data.decode(errors="replace"))
            case _:
                self._land(said)

    def _print(self, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        before = self._totals[stream]
        self._totals[stream] = before + len(data)
        if not self._muted:
            self._sink(stream, data)
        if before <= self._limits.flood_bytes < self._totals[stream]:
            self._muted = True  # a program can print a lot until its end takes effect
            self._watch.halt(Status.OUTPUT_LIMIT, verdict.flood_reason(self._limits))

    def _land(self, said: Frame) -> None:
        path, rest = "", ""
        if said.kind is not Kind.DATA:
            path, _, rest = os.fsdecode(said.data).partition("\0")
        try:
            match said.kind:
                case Kind.DATA:
                    self._landing.data(said.data)
                case Kind.FILE:
                    mode, size, name = path.split(" ", 2)
                    self._landing.file(name, int(mode, 8), int(size))
                case Kind.FOLDER:
                    self._landing.folder(path)
                case Kind.LINK:
                    self._landing.link(path, rest)
                case Kind.GONE:
                    self._landing.gone(path)
                case Kind.NOT_KEPT if path.startswith("build/"):
                    lost = verdict.Stop(Status.DISK_LIMIT, f"what it has built cannot be taken back: {rest}")
                    self._watch.stop = self._watch.stop or lost
                case Kind.NOT_KEPT if path.startswith(f"{WORK}/") and len(self.not_kept) < _MAX_NOTES:
                    self.not_kept.append((path, rest))
                case _:
                    pass
        except ValueError as error:
            raise SandboxError("taking files from a container", str(error)) from error

    def _looked(self) -> Sample:
        cpu_us = self._sample.get("cpu")
        return Sample(cpu_s=None if cpu_us is None else cpu_us / 1e6, processes=self._sample.get("processes"))

    def _disk(self) -> DiskUse:
        """What was written at most so far; the last word on it comes with the rest of what was used."""
        told = self._used if "disk" in self._used else self._sample
        return DiskUse(told.get("disk", 0), told.get("entries", 0))

    def _evidence(self) -> verdict.Evidence:
        used = self._used
        cpu_us, memory = used.get("cpu"), used.get("memory")
        if memory is not None and self._own_room:  # files that were sent along lie in room of their own
            memory = max(memory - self._sent_bytes, used.get("largest", 0))
        cpu_s = self._watch.cpu_s if cpu_us is None else cpu_us / 1e6
        return verdict.Evidence(
            wait_status=used.get("wait"),
            exit_code=128 + 9,
            usage=Usage(
                self._watch.wall_s,
                cpu_s,
                memory or used.get("largest"),
                used.get("processes"),
                self._watch.disk_bytes,
                sum(self._totals.values()),
            ),
            stop=self._watch.stop,
            oom_kills=used.get("oom", 0),
            pids_refused=used.get("refused", 0),
            largest_file=used.get("file"),
        )
