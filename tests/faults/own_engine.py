"""An engine that a test may kill: a dockerd of its own, with an image that holds a shell and little else."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path

import pytest

from polyrun.sandbox.docker import images
from polyrun.sandbox.docker.api import Endpoint, Engine
from polyrun.sandbox.docker.backend import Docker
from polyrun.sandbox.docker.recipe import STARTER, USER_ID
from sandbox.docker_bench import needs

_WANTED = (
    "bin", "lib", "lib64", "tmp/", "proc/", "sys/", "dev/", "etc/passwd", "etc/group", "usr/bin/bash", "usr/bin/sleep",
    "usr/lib64/*", "*/ld-linux*", "*/libc.so.6", "*/libtinfo.so.*", STARTER.lstrip("/"),
)  # fmt: skip
_START_S = 30.0


class OwnEngine:
    """The daemon, which may be killed and started again on the same folders."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.address = f"unix://{folder}/docker.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        for file in ("pid", "exec/containerd/containerd.pid"):  # of a killed one, whose zombie seems to be alive
            with suppress(FileNotFoundError):
                os.unlink(f"{self.folder}/{file}")
        # In a network of its own: a daemon that is to have no bridge removes `docker0`, which others need.
        words = [
            "unshare",
            "--net",
            "dockerd",
            "--data-root",
            f"{self.folder}/data",
            "--exec-root",
            f"{self.folder}/exec",
        ]
        words += ["--pidfile", f"{self.folder}/pid", "-H", self.address, "--bridge=none", "--iptables=false"]
        with open(f"{self.folder}/log", "ab") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail("the engine does not start\n" + Path(f"{self.folder}/log").read_text()[-2000:])
            time.sleep(0.05)

    def _answers(self) -> bool:
        words = ["docker", "-H", self.address, "version", "--format", "{{.Server.Version}}"]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    def kill(self) -> None:
        """End it as if by a fault of its own."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """End it for good, with all it has started."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
        for pid in self._processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        mounts = [line.split(" ")[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for place in reversed([place for place in mounts if place.startswith(self.folder)]):
            subprocess.run(["umount", "-l", place], check=True)

    def _processes(self) -> list[int]:
        found = []
        for name in os.listdir("/proc"):
            with suppress(OSError):
                if name.isdigit() and f"{self.folder}/exec".encode() in Path(f"/proc/{name}/cmdline").read_bytes():
                    found.append(int(name))
        return found

    def take_image(self, source: str) -> None:
        """Give it the image for Bash of the engine at `source`: of its files only those without which nothing runs."""
        recipe = Docker(endpoint=Endpoint(source)).recipe(needs("bash"))
        made = _docker(source, "create", recipe.tag).decode().strip()
        try:
            slim = _slim(_docker(source, "export", made))
        finally:
            _docker(source, "rm", made)
        changes = [f'ENTRYPOINT ["{STARTER}"]', f"USER {USER_ID}:{USER_ID}"]
        options = [word for change in changes for word in ("--change", change)]
        _docker(self.address, "import", *options, "-", recipe.tag, stdin=slim)
        assert asyncio.run(images.find(Engine(Endpoint(self.address)), recipe)) is not None


def _slim(whole: bytes) -> bytes:
    kept = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(whole)) as source, tarfile.open(fileobj=kept, mode="w") as target:
        for member in source:
            name = member.name + ("/" if member.isdir() else "")
            if any(fnmatch(name, pattern) for pattern in _WANTED):
                target.addfile(member, source.extractfile(member) if member.isreg() else None)
    return kept.getvalue()


def _docker(address: str, *words: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(["docker", "-H", address, *words], input=stdin, stdout=subprocess.PIPE, check=True).stdout


@contextmanager
def own_engine(source: str) -> Iterator[OwnEngine]:
    """An engine with the image for Bash of the one at `source`. Skips the test where none can be started."""
    if os.getuid() != 0 or not all(map(shutil.which, ("docker", "dockerd", "unshare"))):
        pytest.skip("only root can start an engine, and `docker` and `dockerd` are needed (Debian: docker.io)")
    folder = tempfile.mkdtemp(prefix="engine-")
    engine = OwnEngine(folder)
    try:
        engine.start()
        engine.take_image(source)
        yield engine
    finally:
        engine.stop()
        shutil.rmtree(folder)
