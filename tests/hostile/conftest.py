"""One driver a level: our own user where control groups can be made, an ordinary user without them, an engine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest

import engine
from actor import Actor, ourselves
from hostile.level import Level


def _level(actor: Actor, wanted: int, backend: str = "bubblewrap", address: str | None = None) -> Iterator[Level]:
    folder = tempfile.mkdtemp(prefix=f"hostile-{wanted}-")
    os.chown(folder, actor.uid, -1)
    level = Level(folder, actor, backend, address)
    try:
        if level.said.get("level") != wanted:
            pytest.skip(f"level {wanted} is not available here: {level.said}")
        yield level
    finally:
        level.close()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def level2() -> Iterator[Level]:
    """Bubblewrap with control groups."""
    yield from _level(ourselves(), 2)


@pytest.fixture(scope="session")
def level1(ordinary: Actor) -> Iterator[Level]:
    """Bubblewrap for an ordinary user; root becomes one for it."""
    yield from _level(ordinary, 1)


@pytest.fixture(scope="session")
def level3() -> Iterator[Level]:
    """A container for each command."""
    yield from _level(ourselves(), 3, "docker", engine.address())
