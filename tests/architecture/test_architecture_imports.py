"""Direction of imports, and what a start costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from architecture.code_base import REPOSITORY

VERSION = """
import sys
sys.argv = ["polyrun", "--version"]
from polyrun.cli.entry import main
try:
    main()
except SystemExit:
    pass
"""
HEAVY = {"asyncio", "click", "yaml", "tomllib", "json", "subprocess", "ctypes", "hashlib", "difflib"}


def test_the_layers_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-logo"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("code", ["import polyrun", VERSION], ids=["import", "--version"])
def test_a_start_imports_nothing_heavy(code: str) -> None:
    report = "\nimport sys; print('loaded:', *sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-I", "-c", code + report], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    bare = subprocess.run([sys.executable, "-I", "-c", report], capture_output=True, text=True, check=True)
    assert "polyrun" in loaded
    assert (loaded - set(bare.stdout.split())) & HEAVY == set()
