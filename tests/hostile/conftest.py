"""One driver a level: our own user where control groups can be made, an ordinary user without them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import pytest

from hostile.level import Level

_ORDINARY_ID = 65534


def _level(folder: str, prefix: list[str], python: str, wanted: int) -> Iterator[Level]:
    level = Level(folder, prefix, python)
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
    yield from _level(tempfile.mkdtemp(prefix="hostile-2-"), [], sys.executable, 2)


@pytest.fixture(scope="session")
def level1() -> Iterator[Level]:
    """Bubblewrap for an ordinary user; root becomes one for it."""
    folder = tempfile.mkdtemp(prefix="hostile-1-")
    prefix: list[str] = []
    python = sys.executable
    if os.getuid() == 0:
        os.chown(folder, _ORDINARY_ID, _ORDINARY_ID)
        prefix = ["setpriv", f"--reuid={_ORDINARY_ID}", f"--regid={_ORDINARY_ID}", "--clear-groups"]
        python = _python_for(prefix)
    yield from _level(folder, prefix, python, 1)


def _python_for(prefix: list[str]) -> str:
    """An interpreter that the ordinary user can start; ours may lie in root's home."""
    program = "import sys; sys.exit(sys.version_info < (3, 11))"
    for python in (os.path.realpath(sys.executable), "/usr/bin/python3", "/usr/local/bin/python3"):
        if os.path.exists(python) and subprocess.run([*prefix, python, "-c", program], check=False).returncode == 0:
            return python
    pytest.skip("no Python that an ordinary user can start")
