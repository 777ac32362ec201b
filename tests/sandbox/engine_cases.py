"""What every kind of engine must do alike: a document of two languages, limits, hardening, no leftovers."""

from __future__ import annotations

import asyncio
import os
import textwrap
from pathlib import Path

import polyrun
from polyrun.config.settings import DockerSettings
from polyrun.model.outcomes import Feature, Status
from polyrun.sandbox.docker.api import Endpoint, Engine
from polyrun.sandbox.docker.hardening import LABEL_OWNER
from polyrun.sandbox.docker.recipe import USER_ID

DOCUMENT = """\
#lang:python name=first
#export: parts, table
from pathlib import Path
parts = Path("data/beside.txt").read_text().split()
table = {word: len(word) for word in parts}
Path("data/written.txt").write_text("written in the first block\\n")
Path("data/gone.txt").unlink()
#end

#lang:bash name=second
#import: parts, table
#export: answer
printf '%s=%s\\n' "${parts[1]}" "${table[grüße]}"
cat data/written.txt
test ! -e data/gone.txt && answer="${#parts[@]} parts"
#end

#lang:python name=third
#import: answer
print(answer)
#end
"""

LIMITS = """\
#lang:bash name=wall timeout=1s
sleep 60
#end

#lang:python name=cpu timeout=30s cpu=1s
while True:
    pass
#end

#lang:python name=memory memory=128m timeout=30s
hoard = []
while True:
    hoard.append(bytearray(1 << 20))
#end

#lang:python name=processes timeout=30s
import os, time
for _ in range(90):
    if os.fork() == 0:
        time.sleep(60)
#end

#lang:bash name=after
echo "as if nothing had happened"
#end
"""

NETWORK = """\
#lang:python
import os, socket
print(*sorted(os.listdir("/sys/class/net")) if os.path.isdir("/sys/class/net") else ["lo"])
for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
    try:
        socket.create_connection((address, 80), timeout=5)
    except OSError as error:
        print(type(error).__name__, error.errno)
#end
"""


HARDENING = """\
#lang:python memory=128m
import glob, os
for line in open("/proc/self/status"):
    if line.startswith(("NoNewPrivs", "Seccomp:", "Cap", "Uid")):
        print(":".join(line.split()[:2]).replace("::", ":"))
print()
for line in open("/proc/self/mountinfo"):
    place = line.split()[4]
    if os.path.isdir(place) and os.access(place, os.W_OK):
        print(place)
print()
for name in ("memory/memory.limit_in_bytes", "memory.max", "pids/pids.max", "pids.max"):
    for path in glob.glob("/sys/fs/cgroup/" + name):
        print(open(path).read().strip())
open("beside.txt", "w").write("changed")
#end
"""

_WRITABLE = {"/polyrun", "/tmp", "/dev/shm", "/dev/mqueue"}
_NO_WAY = frozenset({"97", "99", "101", "113"})  # no such family, no address, no route to the network or to the host


def run(folder: Path, text: str, docker: DockerSettings | None = None) -> polyrun.RunResult:
    """Run `text` as a document in `folder` on the engine that the environment names."""
    path = folder / "document.mix"
    path.write_text(text)
    settings = polyrun.Settings(sandbox="docker", policy="off", docker=docker or DockerSettings())
    return polyrun.run(path, settings)


def check_document(folder: Path, docker: DockerSettings | None = None) -> polyrun.RunResult:
    """Values go from block to block, files beside the document are seen and left as they are."""
    data = folder / "data"
    data.mkdir()
    (data / "beside.txt").write_text("beside grüße\n")
    (data / "gone.txt").write_text("still here\n")
    result = run(folder, DOCUMENT, docker)
    assert result.ok, told(result)
    assert result.block("second").stdout.decode() == "grüße=5\nwritten in the first block\n", told(result)
    assert result.block("third").stdout.decode() == "2 parts\n"
    assert sorted(os.listdir(data)) == ["beside.txt", "gone.txt"], "what blocks write stays in the run's overlay"
    assert "data/written.txt" in result.artifacts
    return result


def check_limits(folder: Path, docker: DockerSettings | None = None) -> None:
    """Each limit ends its block with its own status, and the next block starts afresh."""
    result = run(folder, LIMITS, docker)
    found = {block.name: block.status for block in result.blocks}
    assert found == {
        "wall": Status.TIME_LIMIT,
        "cpu": Status.TIME_LIMIT,
        "memory": Status.MEMORY_LIMIT,
        "processes": Status.PROCESS_LIMIT,
        "after": Status.OK,
    }, told(result)
    assert "used more than 1 s of CPU" in str(result.block("cpu").reason), told(result)
    assert "did not end within 1 s" in str(result.block("wall").reason), told(result)
    for name in ("wall", "cpu", "memory", "processes"):
        assert result.block(name).usage.wall_s < 10, f"{name} went on for long\n{told(result)}"


def check_network(folder: Path, docker: DockerSettings | None = None) -> None:
    """No interface but `lo`, and no way to anywhere."""
    result = run(folder, NETWORK, docker)
    interfaces, *attempts = result.blocks[0].stdout.decode().splitlines()
    assert interfaces == "lo", told(result)
    assert len(attempts) == 2, told(result)
    assert all(attempt.split()[-1] in _NO_WAY for attempt in attempts), told(result)
    assert Feature.NETWORK in result.blocks[0].enforced


def told(result: polyrun.RunResult) -> str:
    """A run in parts, for a test that fails."""
    lines = []
    for block in result.blocks:
        lines.append(f"{block.label}: {block.status} {block.reason or ''} {block.usage}")
        printed = block.stdout[-1000:] + block.stderr[-1000:]
        lines.append(textwrap.indent(printed.decode(errors="replace"), "    "))
    return "\n".join(lines)


def ours(address: str) -> list[str]:
    """The containers that this process has in the engine at `address`, running or not."""

    async def listed() -> list[str]:
        containers = await Engine(Endpoint(address)).get("/containers/json", {"all": 1})
        mark = f"polyrun-{os.getpid()}-"
        return [one["Id"] for one in containers if str((one["Labels"] or {}).get(LABEL_OWNER)).startswith(mark)]

    return asyncio.run(listed())


def check_hardening(folder: Path) -> None:
    """What a program sees of its own container, read by itself."""
    (folder / "beside.txt").write_text("as it was\n")
    result = run(folder, HARDENING)
    assert result.ok, told(result)
    status, places, groups = (part.split() for part in result.blocks[0].stdout.decode().split("\n\n"))
    for line in ("NoNewPrivs:1", "Seccomp:2", *(f"Cap{kind}:{0:016x}" for kind in ("Prm", "Eff", "Bnd", "Amb"))):
        assert line in status, told(result)
    assert f"Uid:{USER_ID}" in status, told(result)
    assert set(places) == _WRITABLE, told(result)
    memory, pids = map(int, groups)
    assert 128 << 20 <= memory <= 192 << 20, told(result)
    assert pids == 65, told(result)
    assert (folder / "beside.txt").read_text() == "as it was\n"
