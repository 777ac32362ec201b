"""The container engine that tests use: the one that `scripts/with_engine.sh` started or found, else the user's own."""

from __future__ import annotations

import asyncio
import functools
import os
import time
from pathlib import Path

import pytest

from polyrun.sandbox.base import Unavailable
from polyrun.sandbox.docker.api import Endpoint
from polyrun.sandbox.docker.backend import Docker

_IMAGES_S = 900.0
"""Images are built while other tests run, so most of them are there when they are needed."""


@functools.cache
def address() -> str:
    """Where the engine listens, once its images are there. Skips the test that asks when there is none."""
    folder = os.environ.get("POLYRUN_TEST_ENGINE")
    if folder is None:
        found = Endpoint.of_environment().url
        probed = asyncio.run(Docker(endpoint=Endpoint(found)).probe())
        if isinstance(probed, Unavailable):
            pytest.skip(f"no container engine: {probed.reason}")
        return found
    home = Path(folder)
    if not (home / "address").exists():
        pytest.skip("no container engine, see `scripts/with_engine.sh`")
    deadline = time.monotonic() + _IMAGES_S
    while not (home / "ready").exists():
        if (home / "failed").exists() or time.monotonic() > deadline:
            log = home / "images.log"
            pytest.fail("the images could not be built\n" + (log.read_text()[-3000:] if log.exists() else ""))
        time.sleep(0.5)
    return (home / "address").read_text().strip()


def use(monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the engine the one that PolyRun finds; its address."""
    found = address()
    monkeypatch.setenv("DOCKER_HOST", found)
    return found
