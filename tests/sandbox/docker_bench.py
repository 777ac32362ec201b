"""Containers to test with: a document's folder, an overlay, and what the engine knows about what this process made."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polyrun.languages import Registry
from polyrun.model.limits import Limits
from polyrun.model.permissions import Permissions
from polyrun.model.requirements import Requirements
from polyrun.sandbox.base import BoxSpec, Command, Workspace
from polyrun.sandbox.docker.api import Engine
from polyrun.sandbox.docker.backend import Docker
from polyrun.sandbox.docker.hardening import LABEL_KEPT, LABEL_OWNER
from sandbox.ran import Ran

LIMITS = Limits(wall_s=30)


def needs(language: str) -> Requirements:
    """What the image of a language must hold."""
    found = Registry.load().get(language)
    assert found is not None
    return found.requirements


@dataclass
class Bench:
    """One run's surroundings; every `run` is a container of its own."""

    sandbox: Docker
    work: Path
    overlay: Path | None
    on_output: Callable[[str, bytes], None] = lambda _stream, _data: None
    streams: dict[str, bytearray] = field(default_factory=dict)

    def spec(self, **overrides: Any) -> BoxSpec:
        workspace = Workspace(str(self.work), str(self.overlay) if self.overlay else None)
        usual = {"workspace": workspace, "scratch": "/nowhere", "requirements": needs("bash")}
        return BoxSpec(**{**usual, **overrides})

    def writable(self) -> BoxSpec:
        return self.spec(permissions=Permissions(write_workspace=True))

    async def run(self, *argv: str, limits: Limits = LIMITS, spec: BoxSpec | None = None, **command: Any) -> Ran:
        self.streams = streams = {"stdout": bytearray(), "stderr": bytearray()}

        def sink(stream: str, data: bytes) -> None:
            assert 0 < len(data) <= 65536
            streams[stream].extend(data)
            self.on_output(stream, data)

        async with self.sandbox.open(spec or self.spec()) as box:
            outcome = await box.run(Command(argv, **command), limits, sink)
        return Ran(outcome, bytes(streams["stdout"]), bytes(streams["stderr"]))

    async def sh(self, script: str, **options: Any) -> Ran:
        return await self.run("/bin/bash", "-c", script, **options)

    async def perl(self, script: str, *args: str, **options: Any) -> Ran:
        return await self.run("/usr/bin/perl", "-e", script, *args, **options)

    async def left(self) -> list[str]:
        """The containers of this process that the engine knows."""
        return await containers_of(self.sandbox.engine, os.getpid())


async def containers_of(engine: Engine, pid: int) -> list[str]:
    """The containers that the PolyRun with this pid made, as far as the engine still knows them."""
    listed = await engine.get("/containers/json", {"all": 1})
    owned = [(one["Id"], one["Labels"].get(label, "")) for one in listed for label in (LABEL_OWNER, LABEL_KEPT)]
    return [str(identifier) for identifier, owner in owned if owner.startswith(f"polyrun-{pid}-")]


@asynccontextmanager
async def benched(sandbox: Docker, folder: Path) -> AsyncIterator[Bench]:
    """A bench that fails the test if it leaves a container behind, or a file half written."""
    work, overlay = folder / "document", folder / "overlay"
    work.mkdir()
    overlay.mkdir()
    bench = Bench(sandbox, work, overlay)
    try:
        yield bench
    finally:
        await sandbox.close()
    assert await bench.left() == []
    assert [name for _, folders, files in os.walk(folder) for name in (*folders, *files) if ".polyrun-" in name] == []


async def until(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    """Wait for what `condition`, or the awaitable that it returns, says."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)


def once(language: str, script: str) -> Ran:
    """Run `script`, a file in the document's folder, for tests that only read what it has found."""

    async def run() -> Ran:
        with tempfile.TemporaryDirectory() as folder:
            async with benched(Docker(), Path(folder)) as bench:
                (bench.work / "script").write_text(script)
                spec = bench.spec(requirements=needs(language))
                return await bench.run(f"/usr/bin/{language}3", "script", spec=spec)

    return asyncio.run(run())
