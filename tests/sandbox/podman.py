"""A Podman service of the tests' own: the images come from the engine, everything else is a folder that goes away."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import engine
from polyrun.languages import Registry
from polyrun.sandbox.docker.options import DEFAULT_BASE
from polyrun.sandbox.docker.recipe import recipe

_IDLE_S = 120
"""A service that nobody asks for so long ends by itself: nobody ends it when the tests are killed."""


class Podman:
    """Podman's words for one `root`, which workers share: its locks are made for that."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.words = [
            *("podman", "--root", str(root / "storage"), "--runroot", str(root / "run"), "--runtime", "runc"),
            *("--tmpdir", str(root / "tmp"), "--cgroup-manager", "cgroupfs", "--events-backend", "file"),
        ]

    def load(self, languages: tuple[str, ...]) -> None:
        """Bring the images of `languages` here from the engine; once, whichever worker comes first."""
        self.root.mkdir(parents=True, exist_ok=True)
        with open(self.root / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (self.root / "loaded").exists():
                return
            with subprocess.Popen(["docker", "-H", engine.address(), "save", *tags(languages)], stdout=-1) as saving:
                words = [*self.words, "load", "--quiet"]
                loading = subprocess.run(words, stdin=saving.stdout, capture_output=True, text=True, check=False)
            assert (saving.returncode, loading.returncode) == (0, 0), loading.stderr
            (self.root / "loaded").touch()

    @contextmanager
    def service(self, socket: Path) -> Iterator[str]:
        """Serve at `socket` for as long as the context is open; the address."""
        address = f"unix://{socket}"
        log = self.root / f"{os.getpid()}.log"
        with open(log, "wb") as output:
            words = [*self.words, "system", "service", f"--time={_IDLE_S}", address]
            # `conmon` notes in its current folder that a container was out of memory
            service = subprocess.Popen(
                words, cwd=self.root, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            deadline = time.monotonic() + 20
            while not socket.exists():
                assert service.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.02)
            yield address
        finally:
            service.terminate()
            service.wait(20)
            # it leaves this one; refused while the service of another worker has containers in it
            subprocess.run(["umount", self.root / "storage" / "overlay"], capture_output=True, check=False)


def tags(languages: tuple[str, ...]) -> list[str]:
    """The images of `languages`, as PolyRun looks for them."""
    registry = Registry.load()
    found = [registry.get(name) for name in languages]
    return [recipe(language.requirements, DEFAULT_BASE).tag for language in found if language is not None]


@contextmanager
def serving(languages: tuple[str, ...]) -> Iterator[str]:
    """The address of a Podman service with images of `languages`. Skips where there can be none."""
    if os.getuid() != 0:
        pytest.skip("a Podman service of the tests' own is started by root only")
    missing = [program for program in ("podman", "docker") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"there is no {' and no '.join(missing)}, see `scripts/with_engine.sh`")
    home = os.environ.get("POLYRUN_TEST_ENGINE") or os.environ["POLYRUN_TEST_ROOT"]
    podman = Podman(Path(home) / "podman")
    podman.load(languages)
    with tempfile.TemporaryDirectory(prefix="podman-") as folder, podman.service(Path(folder) / "socket") as address:
        yield address
