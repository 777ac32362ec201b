"""What surrounds a container fails: it is said clearly and soon, output so far is kept, nothing is left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import engine
import polyrun
from faults.own_engine import OwnEngine, own_engine
from faults.relay import Relay, relayed
from polyrun.config.settings import DockerSettings
from polyrun.model.errors import SandboxError, SandboxUnavailable
from polyrun.sandbox.base import Command
from polyrun.sandbox.docker import api, box
from polyrun.sandbox.docker.api import Endpoint
from polyrun.sandbox.docker.backend import Docker
from polyrun.sandbox.docker.box import Box
from sandbox.docker_bench import LIMITS, Bench, benched, needs, until
from sandbox.ran import Ran

pytestmark = pytest.mark.docker

DOCUMENT = "#lang:bash\necho ran\n#end\n"


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> str:
    return engine.use(monkeypatch)


@pytest.fixture
async def bench(address: str, tmp_path: Path) -> AsyncIterator[Bench]:
    async with benched(Docker(endpoint=Endpoint(address)), tmp_path) as made:
        yield made


@pytest.fixture
async def relay(address: str) -> AsyncIterator[Relay]:
    async with relayed(address) as made:
        yield made


@pytest.fixture
async def far(relay: Relay, tmp_path: Path) -> AsyncIterator[Bench]:
    """A bench behind the relay. What is left is looked for past it."""
    (tmp_path / "far").mkdir()
    async with benched(Docker(endpoint=Endpoint(relay.address)), tmp_path / "far") as made:
        yield made


# ---- no image ----


@pytest.mark.usefixtures("address")
def test_no_image(tmp_path: Path) -> None:
    (tmp_path / "doc.mix").write_text(DOCUMENT)
    settings = polyrun.Settings(sandbox="docker", docker=DockerSettings(base="debian:nowhere"))
    with pytest.raises(SandboxUnavailable) as caught:
        polyrun.run(tmp_path / "doc.mix", settings)
    assert "there is no image for `bash`" in str(caught.value)
    assert "`polyrun images build bash`" in f"{caught.value} {caught.value.hint}"


async def test_an_image_that_is_removed_between_two_blocks(bench: Bench) -> None:
    box_of_nothing = Box(bench.sandbox, bench.spec(), "sha256:" + "0" * 64)
    with pytest.raises(SandboxError, match=r"while creating a container: .*[Nn]o such image"):
        await box_of_nothing.run(command("echo never"), LIMITS, lambda _stream, _data: None)


def command(script: str) -> Command:
    return Command(("/bin/bash", "-c", script))


# ---- in the middle of a block ----


async def started(bench: Bench, script: str = "echo before; echo more >&2; sleep 60") -> asyncio.Task[Ran]:
    """A block that has printed something and goes on."""
    printed = asyncio.Event()
    bench.on_output = lambda stream, _data: printed.set() if stream == "stderr" else None
    task = asyncio.create_task(bench.sh(script))
    await asyncio.wait_for(printed.wait(), 20)
    return task


async def fails(task: asyncio.Task[Ran], bench: Bench, match: str, within_s: float = 5.0) -> None:
    """The block ends with this message, soon, and with the output so far."""
    began = time.monotonic()
    with pytest.raises(SandboxError, match=match):
        await asyncio.wait_for(asyncio.shield(task), 30)
    assert time.monotonic() - began < within_s
    assert bytes(bench.streams["stdout"]) == b"before\n"


@pytest.mark.parametrize("how", ["remove", "kill", "stop"])
async def test_a_container_that_somebody_ends(bench: Bench, how: str) -> None:
    task = await started(bench)
    (container,) = await bench.left()
    asked = bench.sandbox.engine
    if how == "remove":
        await asked.delete(f"/containers/{container}", {"force": 1})
    else:
        await asked.post(f"/containers/{container}/{how}", {"t": 0} if how == "stop" else {})
    await fails(task, bench, "while running in a container: the container or its engine ended the connection")
    assert (await bench.sh("echo next")).status == "ok"


async def test_a_container_that_somebody_freezes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock runs on, and its end is that of the container."""
    monkeypatch.setattr(box, "_STOPPED_S", 0.5)
    printed: list[bytes] = []
    task = asyncio.create_task(bench.sh("echo before; sleep 60", limits=LIMITS.updated({"wall_s": 1.5})))
    bench.on_output = lambda _stream, data: printed.append(data)
    await until(lambda: bool(printed))
    (container,) = await bench.left()
    await bench.sandbox.engine.post(f"/containers/{container}/pause")
    ran = await asyncio.wait_for(task, 10)
    assert (ran.status, ran.stdout) == ("time_limit", b"before\n")


async def test_an_engine_that_is_killed(own: OwnEngine, tmp_path: Path) -> None:
    async with benched(Docker(endpoint=Endpoint(own.address)), tmp_path) as bench:
        assert (await bench.sh("echo works")).text == "works\n"
        task = await started(bench)
        await bench.sandbox.expect(needs("bash"), LIMITS, net=False)
        await asyncio.to_thread(own.kill)
        await fails(task, bench, "while running in a container: the container or its engine ended the connection")
        with pytest.raises(SandboxError, match=r"while creating a container: .*connection refused"):
            await bench.sh("echo never")
        began = time.monotonic()
        await bench.sandbox.close()
        assert time.monotonic() - began < 5
        await asyncio.to_thread(own.start)
        await until(lambda: _none(bench), 45)
        assert (await bench.sh("echo again")).text == "again\n"


async def _none(bench: Bench) -> bool:
    return await bench.left() == []


@pytest.fixture
def own(address: str) -> Iterator[OwnEngine]:
    with own_engine(address) as made:
        yield made


# ---- on the way to an engine elsewhere ----


async def test_a_connection_that_is_reset(far: Bench, relay: Relay, bench: Bench) -> None:
    task = await started(far)
    relay.reset()
    await fails(task, far, "while running in a container: the con")
    assert (await far.sh("echo next")).text == "next\n"
    await far.sandbox.close()
    assert await bench.left() == []


@pytest.mark.parametrize(
    ("request_", "stage"),
    [
        ("/containers/create", "creating a container"),
        ("/attach", "starting a container"),
        ("/start", "starting a container"),
    ],
)
async def test_an_answer_that_is_lost(far: Bench, relay: Relay, bench: Bench, request_: str, stage: str) -> None:
    await far.sandbox.image_for(needs("bash"))
    relay.breaks = request_.encode()
    with pytest.raises(SandboxError, match=f"while {stage}: the connection broke"):
        await far.sh("echo never")
    assert await bench.left() == []
    relay.breaks = b"DELETE"
    assert (await far.sh("echo next")).text == "next\n"
    await far.sandbox.close()
    await until(lambda: _none(bench))


async def test_a_connection_that_passes_nothing_on(
    far: Bench, relay: Relay, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the block nor cleaning up hangs; what could not be removed ends by itself, and is reaped."""
    monkeypatch.setattr(box, "_STOPPED_S", 0.5)
    monkeypatch.setattr(api, "_ANSWER_S", 1.0)
    printed: list[bytes] = []
    far.on_output = lambda _stream, data: printed.append(data)
    task = asyncio.create_task(far.sh("echo before; sleep 60", limits=LIMITS.updated({"wall_s": 1.5})))
    await until(lambda: bool(printed))
    relay.stalls = True
    ran = await asyncio.wait_for(task, 10)
    assert (ran.status, ran.stdout) == ("time_limit", b"before\n")
    await asyncio.wait_for(far.sandbox.close(), 10)
    relay.stalls = False
    await until(lambda: _none(bench))
