"""Boxes to test with, on every backend of this host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from polyrun.model.limits import Limits
from polyrun.model.permissions import Permissions
from polyrun.sandbox import registry
from polyrun.sandbox.base import BoxSpec, Capabilities, Command, Sandbox, Unavailable, Workspace
from polyrun.sandbox.bubblewrap import Bubblewrap
from polyrun.sandbox.scratch import scratch
from sandbox.ran import Ran


@dataclass
class Bench:
    """One run's surroundings: a document folder, an overlay and a scratch folder; every `run` is a box of its own."""

    sandbox: Sandbox
    capabilities: Capabilities
    work: Path
    scratch: Path
    overlay: Path | None
    on_output: Callable[[str, bytes], None] | None = None
    defaults: dict[str, Any] = field(default_factory=dict)

    @property
    def isolates(self) -> bool:
        return self.capabilities.level > 0

    def spec(self, **overrides: Any) -> BoxSpec:
        workspace = Workspace(str(self.work), str(self.overlay) if self.overlay else None)
        return BoxSpec(**{"workspace": workspace, "scratch": str(self.scratch), **overrides})

    async def run(self, *argv: str, limits: Limits | None = None, spec: BoxSpec | None = None, **command: Any) -> Ran:
        streams = {"stdout": bytearray(), "stderr": bytearray()}

        def sink(stream: str, data: bytes) -> None:
            assert 0 < len(data) <= 65536
            streams[stream].extend(data)
            if self.on_output is not None:
                self.on_output(stream, data)

        async with self.sandbox.open(spec or self.spec()) as box:
            outcome = await box.run(Command(argv, **command), limits or Limits(wall_s=30), sink)
        return Ran(outcome, bytes(streams["stdout"]), bytes(streams["stderr"]))

    async def sh(self, script: str, **options: Any) -> Ran:
        return await self.run("/bin/sh", "-c", script, **options)

    async def perl(self, script: str, *args: str, **options: Any) -> Ran:
        return await self.run("/usr/bin/perl", "-e", script, *args, **options)

    def writable(self) -> BoxSpec:
        return self.spec(permissions=Permissions(write_workspace=True))


_found: dict[str, tuple[Sandbox, Capabilities] | Unavailable] = {}


def _bench(name: str, tmp_path: Path) -> Any:
    if name not in _found:
        _found[name] = asyncio.run(registry.probe(name))
    found = _found[name]
    if isinstance(found, Unavailable):
        pytest.skip(f"{found.backend}: {found.reason}")
    work = tmp_path / "work"
    work.mkdir()
    with scratch(str(tmp_path)) as folder:
        overlay = Path(folder) / "overlay"
        overlay.mkdir()
        yield Bench(found[0], found[1], work, Path(folder), overlay)


@pytest.fixture(params=["bubblewrap", "local"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A bench on each backend."""
    yield from _bench(request.param, tmp_path)


@pytest.fixture
def ungrouped(isolating: Any) -> Any:
    """A bench on bubblewrap without control groups: level 1, whoever runs the tests."""
    grouped = isolating.sandbox
    sandbox = Bubblewrap(grouped.program, None, grouped.seccomp, no_hierarchy="the test wants none")
    found = asyncio.run(sandbox.probe())
    assert isinstance(found, Capabilities)
    return replace(isolating, sandbox=sandbox, capabilities=found)


@pytest.fixture
def isolating(tmp_path: Path) -> Any:
    """A bench on the backend that isolates."""
    yield from _bench("bubblewrap", tmp_path)
