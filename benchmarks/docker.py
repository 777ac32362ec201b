"""What a container costs: `docker run`, `docker exec`, and PolyRun's cold and warm containers, in turn.

Run it with the environment's Python, an engine, and the images of the six languages (`polyrun images build python bash
javascript c ruby perl`): `python benchmarks/docker.py [--rounds N] [CASE …]`.

`line`: a one-line Python program. `docker run --rm` with the flags that PolyRun sets, `docker exec` into a container
that runs, PolyRun with a container that is started for it, and with one that waits. `six`: a document in six languages
whose builds are cached, in bubblewrap, in containers that are started for it, and in containers that wait; also the
slowest start of one of those containers. `hundred`: 100 one-line programs, two at a time: what is left, and the
engine's memory.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from polyrun import api
from polyrun.config.settings import Settings
from polyrun.languages import Registry
from polyrun.model.limits import Limits
from polyrun.model.requirements import Requirements
from polyrun.sandbox.base import BoxSpec, Command, Workspace
from polyrun.sandbox.docker.backend import Docker
from polyrun.sandbox.docker.options import DockerOptions, PoolSize

PROGRAM = ("/usr/bin/python3", "-c", "print('hello')")
FLAGS = (
    *("--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--user", "10001:10001", "--pids-limit", "65", "--memory", "512m", "--memory-swap", "512m"),
    *("--ulimit", "nofile=256", "--ulimit", "core=0", "--tmpfs", "/polyrun", "--tmpfs", "/tmp"),
    *("--shm-size", "64m", "--ipc", "private", "--log-driver", "none"),
)
SIX = {
    "python": "print('hello')",
    "bash": "echo hello",
    "javascript": "console.log('hello')",
    "cpp": 'std::cout << "hello\\n";',
    "ruby": "puts 'hello'",
    "perl": 'print "hello\\n";',
}


def requirements(language: str) -> Requirements:
    """What the image of `language` holds."""
    found = Registry.load().get(language)
    assert found is not None
    return found.requirements


def docker_says(*words: str) -> str:
    """What Docker's own command prints."""
    return subprocess.run(["docker", *words], check=True, capture_output=True).stdout.decode()


async def median_ms(rounds: int, ways: dict[str, Callable[[], Awaitable[object]]]) -> dict[str, list[float]]:
    """Each way in turn, in milliseconds."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.perf_counter()
            await way()
            taken[name].append((time.perf_counter() - started) * 1000)
    return taken


def show(taken: dict[str, list[float]], base: str) -> None:
    """Print medians, and the median of the ratios within a round."""
    for name, times in taken.items():
        ratio = statistics.median(own / other for own, other in zip(times, taken[base], strict=True))
        print(f"  {name:42}{statistics.median(times):9.1f} ms{ratio:8.2f} x {base}")


async def line(rounds: int) -> None:
    """The case `line`."""
    docker = Docker(DockerOptions(pool=PoolSize(maximum=4)))
    needs = requirements("python")
    image = await docker.image_for(needs)
    run = ["docker", "run", "--rm", *FLAGS, "--entrypoint", PROGRAM[0], image, *PROGRAM[1:]]
    running = docker_says("run", "-d", "--rm", "--entrypoint", "/bin/sleep", image, "600").strip()

    def command(*argv: str) -> Callable[[], Awaitable[object]]:
        async def do() -> None:
            process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.DEVNULL)
            assert await process.wait() == 0

        return do

    with tempfile.TemporaryDirectory() as folder:

        async def box() -> None:
            spec = BoxSpec(Workspace(folder), folder, requirements=needs)
            async with docker.open(spec) as one:
                outcome = await one.run(Command(PROGRAM), Limits(), lambda _stream, _data: None)
                assert outcome.exit_code == 0, outcome

        async def warm() -> None:
            await box()

        ways = {"docker run --rm": command(*run), "docker exec": command("docker", "exec", running, *PROGRAM)}
        taken = await median_ms(rounds, {**ways, "PolyRun, cold": box})
        taken["PolyRun, warm"] = []
        for _ in range(rounds):  # a container is made ready outside the clock, as in a pause between two blocks
            await docker.expect(needs, Limits(), net=False)
            await asyncio.sleep(1.0)
            taken["PolyRun, warm"] += (await median_ms(1, {"": warm}))[""]
        show(taken, "docker run --rm")
    await docker.close()
    docker_says("kill", running)


async def hundred(_rounds: int) -> None:
    """The case `hundred`."""
    docker = Docker()
    needs = requirements("python")

    async def one(folder: str) -> None:
        async with docker.open(BoxSpec(Workspace(folder), folder, requirements=needs)) as box:
            await box.run(Command(PROGRAM), Limits(), lambda _stream, _data: None)

    async def two_at_a_time() -> None:
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(50):
                await asyncio.gather(one(folder), one(folder))
        await docker.close()

    await two_at_a_time()
    before = daemon_memory()
    started = time.perf_counter()
    await two_at_a_time()
    took = time.perf_counter() - started
    left = docker_says("ps", "-aq").split()
    print(f"  100 executions, 2 at a time: {took:.1f} s; containers left: {len(left)}")
    print(f"  memory of the engine's processes before and after: {before} and {daemon_memory()} MiB")


def daemon_memory() -> int:
    """Resident memory of dockerd and containerd, in MiB."""
    total = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        if status.split("\n", 1)[0].split("\t")[1] in {"dockerd", "containerd"}:
            total += int(status.partition("VmRSS:")[2].split()[0])
    return total // 1024


def document(folder: str) -> Path:
    """The document in six languages."""
    path = Path(folder, "six.mix")
    path.write_text("".join(f"#lang:{name}\n{code}\n#end\n" for name, code in SIX.items()))
    return path


async def six(rounds: int) -> None:
    """The case `six`."""
    with tempfile.TemporaryDirectory() as folder:
        path = document(folder)
        settings = {name: Settings(sandbox=name, keep_logs=False) for name in ("docker", "bubblewrap")}

        def run(name: str) -> Callable[[], Awaitable[object]]:
            async def do() -> None:
                result = await api.arun(path, settings[name])
                assert result.exit_code == 0, result

            return do

        for name in settings:
            await run(name)()  # builds
        taken = await median_ms(rounds, {"bubblewrap": run("bubblewrap"), "docker, cold": run("docker")})
        taken["docker, warm"] = []
        async with api.Warm(settings["docker"]) as keeper:
            await keeper.run(path)
            for _ in range(rounds):
                await asyncio.sleep(3.0)  # for the containers of the next run, which are outside the clock
                taken["docker, warm"] += (await median_ms(1, {"": lambda: keeper.run(path)}))[""]
        starts = {}
        docker = Docker()
        for name in SIX:
            needs = requirements(name)

            async def start(needs: Requirements = needs) -> None:
                docker.discard(await docker.take(await docker.image_for(needs), Limits(), 0, net=False))

            starts |= await median_ms(3, {name: start})
        await docker.close()
        show(taken, "bubblewrap")
        slowest = max(map(statistics.median, starts.values()))
        print(f"  the slowest start of one of their containers {slowest:9.1f} ms")


CASES = {"line": line, "six": six, "hundred": hundred}


def main() -> None:
    """Measure the cases named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    for name in options.cases:
        print(f"\n{name}  ({options.rounds} rounds)")
        asyncio.run(CASES[name](options.rounds))


if __name__ == "__main__":
    sys.exit(main())
