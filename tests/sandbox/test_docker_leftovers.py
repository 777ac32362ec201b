"""Containers are used once and then gone, whatever happens; nobody else's are touched."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import engine
import polyrun
from polyrun.model.limits import MIB
from polyrun.sandbox.base import Command
from polyrun.sandbox.docker.backend import Docker
from polyrun.sandbox.docker.hardening import RESERVE
from polyrun.sandbox.docker.options import DockerOptions, PoolSize
from polyrun.sandbox.identity import new_name
from sandbox.docker_bench import LIMITS, Bench, benched, containers_of, needs, until

pytestmark = pytest.mark.docker


@pytest.fixture(autouse=True)
def _engine(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.use(monkeypatch)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with benched(Docker(), tmp_path) as made:
        yield made


def _waiting(bench: Bench) -> int:
    """How many containers wait, started to their end."""
    return sum(task.done() for queue in bench.sandbox.pool._parked.values() for task in queue)


async def test_a_container_that_waited_is_used_once(bench: Bench) -> None:
    sandbox = bench.sandbox
    assert await sandbox.expect(needs("bash"), LIMITS, net=False)
    await until(lambda: _waiting(bench) == 1)
    (waiting,) = await bench.left()
    started = time.monotonic()
    assert (await bench.sh("echo mark >/tmp/mark; sleep 300 & echo done")).text == "done\n"
    assert time.monotonic() - started < 2
    assert (await bench.sh("ls /tmp")).text == ""
    await until(lambda: _is_gone(bench, waiting))


async def _is_gone(bench: Bench, container: str) -> bool:
    return container not in await bench.left()


async def test_what_waits_for_other_limits_is_not_taken(bench: Bench) -> None:
    sandbox = bench.sandbox
    await sandbox.expect(needs("bash"), LIMITS, net=False)
    await until(lambda: _waiting(bench) == 1)
    small = LIMITS.updated({"memory_bytes": 32 * MIB})
    ran = await bench.sh("cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes", limits=small)
    assert ran.text == f"{32 * MIB + RESERVE}\n"
    assert sandbox.pool.waiting == 1


async def test_one_that_died_while_it_waited_is_not_taken(bench: Bench) -> None:
    sandbox = bench.sandbox
    await sandbox.expect(needs("bash"), LIMITS, net=False)
    await until(lambda: _waiting(bench) == 1)
    (waiting,) = await bench.left()
    await sandbox.engine.delete(f"/containers/{waiting}", {"force": 1})
    await asyncio.sleep(0.1)
    assert (await bench.sh("echo fine")).text == "fine\n"


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exit 0", "ok"),
        ("exit 1", "nonzero_exit"),
        ("kill -9 $$", "signalled"),
        ("sleep 60", "time_limit"),
        ("/nowhere", "nonzero_exit"),
    ],
)
async def test_nothing_is_left_however_it_ends(bench: Bench, script: str, status: str) -> None:
    ran = await bench.sh(script, limits=LIMITS.updated({"wall_s": 1.0}))
    assert ran.status == status
    await bench.sandbox.close()
    assert await bench.left() == []


@pytest.mark.parametrize("after_s", [0.0, 0.01, 0.03, 0.1, 0.25, 0.6])
async def test_nothing_is_left_whenever_it_is_cancelled(bench: Bench, after_s: float) -> None:
    task = asyncio.create_task(bench.sh("sleep 60"))
    await asyncio.sleep(after_s)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await bench.left() == [], "gone before the cancellation is heard of"


async def test_nothing_is_left_when_the_program_that_embeds_us_ends(bench: Bench) -> None:
    for _ in range(3):
        await bench.sandbox.expect(needs("bash"), LIMITS, net=False)
    await asyncio.sleep(0.1)
    await bench.sandbox.close()
    assert await bench.left() == []
    assert (await bench.sh("echo and it can be used again")).status == "ok"


async def test_a_minimum_is_kept_warm_and_removed_in_the_end(bench: Bench) -> None:
    bench.sandbox = Docker(DockerOptions(pool=PoolSize(minimum=1)))
    try:
        assert (await bench.sh("exit 0")).status == "ok"
        await until(lambda: _waiting(bench) == 1)
    finally:
        await bench.sandbox.close()
    assert await bench.left() == []


async def test_thirty_executions_leave_nothing(bench: Bench) -> None:
    bench.overlay = None
    descriptors = len(os.listdir("/proc/self/fd"))
    places = asyncio.Semaphore(2)

    async def one(number: int) -> str:
        async with places:
            printed: list[bytes] = []
            async with bench.sandbox.open(bench.spec()) as box:
                command = command_of(f"echo {number}; exit {number % 3}")
                outcome = await box.run(command, LIMITS, lambda _stream, data: printed.append(data))
            return f"{outcome.exit_code} {b''.join(printed).decode().strip()}"

    assert await asyncio.gather(*map(one, range(30))) == [f"{number % 3} {number}" for number in range(30)]
    await bench.sandbox.close()
    assert await bench.left() == []
    await asyncio.sleep(0.05)
    assert len(os.listdir("/proc/self/fd")) <= descriptors


def command_of(script: str) -> Command:
    return Command(("/bin/bash", "-c", script))


def test_a_document_leaves_nothing(tmp_path: Path) -> None:
    document = tmp_path / "doc.mix"
    document.write_text(
        "#lang:bash name=one\necho one >file\n#end\n#lang:bash name=two timeout=1s\ncat file; sleep 60\n#end\n"
        "#lang:bash name=three\ntrue\n#end\n"
    )
    result = polyrun.run(document, polyrun.Settings(sandbox="docker"))
    assert [block.status for block in result.blocks] == ["ok", "time_limit", "ok"]
    assert result.block("two").stdout == b"one\n"
    assert result.level == 3
    assert asyncio.run(containers_of(Docker().engine, os.getpid())) == []


async def test_an_interrupted_run_leaves_nothing(bench: Bench) -> None:
    document = bench.work / "doc.mix"
    document.write_text("#lang:bash\necho started; sleep 60\n#end\n#lang:bash\ntrue\n#end\n" * 2)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "polyrun", "run", "--sandbox", "docker", "--format", "events", str(document),
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    while b'"output"' not in await asyncio.wait_for(process.stdout.readline(), 20):
        pass
    process.send_signal(signal.SIGINT)
    rest, _ = await asyncio.wait_for(process.communicate(), 10)
    assert b'"cancelled"' in rest
    assert process.returncode == 130
    assert await containers_of(bench.sandbox.engine, process.pid) == []


# ---- what a PolyRun that was killed leaves ----

_DRIVER = """
import asyncio, os
from sandbox.docker_bench import LIMITS, needs
from polyrun.sandbox.base import BoxSpec, Command, Workspace
from polyrun.sandbox.docker.backend import Docker

async def main():
    sandbox = Docker()
    await sandbox.expect(needs("bash"), LIMITS, net=False)
    await sandbox.expect(needs("bash"), LIMITS, net=False)
    async with sandbox.open(BoxSpec(Workspace("/nowhere"), "/nowhere", requirements=needs("bash"))) as box:
        command = Command(("/bin/bash", "-c", "trap '' TERM HUP; echo started; sleep 100"))
        await box.run(command, LIMITS, lambda _stream, data: os.write(1, data))

asyncio.run(main())
"""


async def test_a_killed_polyrun_takes_its_containers_along(bench: Bench) -> None:
    """They end when nobody listens any more, whether anybody reaps or not."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _DRIVER, env=environment, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"started\n"
    own = bench.sandbox.engine
    assert len(await containers_of(own, process.pid)) >= 1
    process.send_signal(signal.SIGKILL)
    await process.wait()
    await until(lambda: _none_of(bench, process.pid))


async def _none_of(bench: Bench, pid: int) -> bool:
    return await containers_of(bench.sandbox.engine, pid) == []


async def test_the_reaper_takes_what_is_nobodys_and_nothing_else(bench: Bench) -> None:
    sandbox = bench.sandbox
    image, now = await sandbox.image_for(needs("bash")), int(time.time())
    space = os.stat("/proc/self/ns/pid").st_ino
    dead, foreign = f"polyrun-4194304-1-{space}-00000000", f"polyrun-4194304-1-{space + 1}-00000000"
    labels: dict[str, dict[str, str]] = {
        "of a dead one": {"polyrun.owner": dead, "polyrun.deadline": str(now + 3600)},
        "ours, for long": {"polyrun.owner": new_name(), "polyrun.deadline": str(now - 1)},
        "foreign and over": {"polyrun.owner": foreign, "polyrun.deadline": str(now - 1)},
        "ours": {"polyrun.owner": new_name(), "polyrun.deadline": str(now + 3600)},
        "of another host": {"polyrun.owner": foreign, "polyrun.deadline": str(now + 3600)},
        "odd": {"polyrun.owner": "somebody", "polyrun.deadline": "soon"},
        "somebody else's": {"owner": dead, "polyrun.deadline": "1"},
    }
    ids: dict[str, str] = {}
    no_network = {"NetworkMode": "none"}
    try:
        for name, given in labels.items():
            body = {"Image": image, "Labels": given, "Entrypoint": ["/bin/sleep", "100"], "HostConfig": no_network}
            ids[name] = (await sandbox.engine.post("/containers/create", body=body))["Id"]
        await sandbox.engine.post(f"/containers/{ids['of a dead one']}/start")
        over = {ids[name] for name in ("of a dead one", "foreign and over")}
        assert set(await sandbox.reap(dry_run=True)) & set(ids.values()) == over
        assert await _there(bench, ids) == set(ids)
        assert over <= set(await sandbox.reap())
        assert await _there(bench, ids) == {"ours", "ours, for long", "of another host", "odd", "somebody else's"}
        assert not set(await sandbox.reap()) & set(ids.values())
    finally:
        for name in await _there(bench, ids):
            await sandbox.engine.delete(f"/containers/{ids[name]}", {"force": 1})


async def _there(bench: Bench, ids: dict[str, str]) -> set[str]:
    known = {one["Id"] for one in await bench.sandbox.engine.get("/containers/json", {"all": 1})}
    return {name for name, identifier in ids.items() if identifier in known}
