"""What a box costs: the bare command, plain `bwrap`, and our boxes, in turn, as differences of medians.

Run `python benchmarks/sandbox.py [ROUNDS]` on a quiet machine.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable

from polyrun.model.limits import Limits
from polyrun.sandbox import registry
from polyrun.sandbox.base import BoxSpec, Command, Sandbox, Unavailable, Workspace
from polyrun.sandbox.bubblewrap import Bubblewrap
from polyrun.sandbox.scratch import scratch

_COMMAND = "/usr/bin/true"
_PLAIN = ("--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev")


def _spawned(*argv: str) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        os.waitpid(os.posix_spawn(argv[0], argv, {}), 0)  # noqa: ASYNC221, ASYNC222 - nothing else runs here

    return run


def _boxed(sandbox: Sandbox, spec: BoxSpec) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        async with sandbox.open(spec) as box:
            await box.run(Command((_COMMAND,)), Limits(), lambda _stream, _data: None)

    return run


async def main(rounds: int) -> None:
    """Measure and print one line for each way, in milliseconds."""
    with scratch() as folder, tempfile.TemporaryDirectory() as work:
        os.mkdir(f"{folder}/overlay")
        ways: dict[str, Callable[[], Awaitable[None]]] = {"bare command": _spawned(_COMMAND)}
        for name in registry.FACTORIES:
            found = await registry.probe(name)
            if isinstance(found, Unavailable):
                print(f"{name}: {found.reason}")
                continue
            sandbox, capabilities = found
            if isinstance(sandbox, Bubblewrap):
                ways["plain bwrap"] = _spawned(sandbox.program, *_PLAIN, "--", _COMMAND)
            spec = BoxSpec(Workspace(work, f"{folder}/overlay"), folder, {"main": b"text"})
            ways[f"{name}, level {capabilities.level}"] = _boxed(sandbox, spec)
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                started = time.perf_counter()
                await way()
                taken[name].append((time.perf_counter() - started) * 1000)
    bare = statistics.median(taken["bare command"])
    for name, times in taken.items():
        median = statistics.median(times)
        print(f"{name:24} {median:7.2f} ms  {median - bare:+7.2f} ms over bare  (best {min(times):.2f})")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
