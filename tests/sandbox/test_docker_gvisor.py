"""gVisor below Docker: level 4, and everything else as in any container."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine
from polyrun.config.settings import DockerSettings
from polyrun.model.outcomes import Feature
from polyrun.sandbox.base import Capabilities
from polyrun.sandbox.docker.api import Endpoint, Engine
from polyrun.sandbox.docker.backend import Docker
from polyrun.sandbox.docker.options import DockerOptions
from sandbox.engine_cases import check_document, check_limits, check_network, ours, run, told

pytestmark = pytest.mark.docker

GVISOR = DockerSettings(runtime="runsc")

KERNEL = """\
#lang:python
import ctypes, platform
print(platform.release())
print(*(line.strip() for line in open("/proc/self/status") if line.startswith("Seccomp:")))
CLONE_NEWUSER = 0x10000000
print(ctypes.CDLL(None).unshare(CLONE_NEWUSER))
#end
"""


@pytest.fixture(autouse=True)
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An engine that knows gVisor; nothing of ours is in it after the test."""
    found = engine.use(monkeypatch)
    runtimes = asyncio.run(Engine(Endpoint(found)).get("/info"))["Runtimes"]
    if "runsc" not in runtimes:
        pytest.skip(f"the engine at {found} has no runtime `runsc`, only {', '.join(runtimes)}")
    yield found
    assert ours(found) == []


def test_it_is_level_4(address: str) -> None:
    found = asyncio.run(Docker(DockerOptions(runtime="runsc"), Endpoint(address)).probe())
    assert isinstance(found, Capabilities), found
    assert found.level == 4
    assert "runtime: runsc" in found.notes


def test_a_document_with_values_and_files(tmp_path: Path) -> None:
    result = check_document(tmp_path, GVISOR)
    assert (result.sandbox, result.level) == ("docker", 4)
    assert all(set(block.enforced) == set(Feature) for block in result.blocks)


def test_another_kernel_and_our_filter_in_it(tmp_path: Path) -> None:
    result = run(tmp_path, KERNEL, GVISOR)
    assert result.ok, told(result)
    release, seccomp, unshared = result.blocks[0].stdout.decode().splitlines()
    assert release != platform.release()
    assert seccomp.split() == ["Seccomp:", "2"]
    assert unshared == "-1", "gVisor itself would let it"


def test_limits(tmp_path: Path) -> None:
    check_limits(tmp_path, GVISOR)


def test_no_network(tmp_path: Path) -> None:
    check_network(tmp_path, GVISOR)
