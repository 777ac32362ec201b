"""Users who run parts of the tests: whoever runs them all, and an ordinary user whom root becomes.

The checkout, its environment and their Python may lie where only root can look (`/root` has mode 700 on Debian), so
the ordinary user gets copies.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

_UID = 54321
_PROJECT = Path(__file__).parent.parent
_PACKAGES = Path(next(entry for entry in sys.path if entry.endswith("site-packages")))
_CHECK = "import os, sys; sys.exit(not os.access(sys.executable, os.X_OK))"
"""`setpriv` keeps root's rights until it has started Python, which may lie out of the user's own reach."""
_UNUSED = ("__pycache__", "*mypy*", "grimp", "pip", "setuptools")
"""What is large, and what no test of an ordinary user imports."""


@dataclass(frozen=True)
class Actor:
    """`python` are the words that start Python as this user, who may read everything in `project` and `packages`."""

    uid: int
    python: tuple[str, ...]
    project: Path
    packages: Path

    def variables(self, home: str) -> dict[str, str]:
        """The environment in which Python finds PolyRun, the tests and their packages; `home` is for files."""
        path = (self.project / "tests", self.project / "src", self.packages)
        return {
            "HOME": home,
            "TMPDIR": home,
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def ourselves() -> Actor:
    """Whoever runs the tests."""
    return Actor(os.getuid(), (sys.executable,), _PROJECT, _PACKAGES)


def ordinary_user(folder: Path) -> Actor:
    """An ordinary user, whose copies lie in `folder`, which everybody must be able to enter; root only."""
    become = ("setpriv", f"--reuid={_UID}", f"--regid={_UID}", "--clear-groups", "--")
    if shutil.which(become[0]) is None:
        pytest.skip("`setpriv` is needed to become another user (Debian: util-linux)")
    python = (*become, _interpreter(become))
    for name in ("src", "tests"):
        _copy(_PROJECT / name, folder / name)
    shutil.copyfile(_PROJECT / "pyproject.toml", folder / "pyproject.toml")
    os.chmod(folder / "pyproject.toml", 0o644)
    _copy(_PACKAGES, folder / "site-packages")
    return Actor(_UID, python, folder, folder / "site-packages")


def _interpreter(become: tuple[str, ...]) -> str:
    """A Python that another user may execute: this one, unless it lives in a private home."""
    minors = sorted(range(11, 20), key=lambda minor: minor != sys.version_info.minor)  # compiled packages are ours
    for program in (os.path.realpath(sys.executable), *(f"/usr/bin/python3.{minor}" for minor in minors)):
        argv = [*become, program, "-c", _CHECK]
        if os.path.exists(program) and subprocess.run(argv, capture_output=True, check=False).returncode == 0:
            return program
    pytest.skip("no Python 3.11 or later that an ordinary user may execute")


def _copy(source: Path, target: Path) -> None:
    """Copy a folder so that everybody can read the copy, whatever the modes of the original."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_UNUSED))
    for folder, _, names in os.walk(target):
        os.chmod(folder, 0o755)
        for name in names:
            path = os.path.join(folder, name)
            os.chmod(path, 0o755 if os.stat(path).st_mode & 0o100 else 0o644)
