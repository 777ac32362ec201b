"""The same tests once more without root's powers: level 1, or level 2 where control groups are delegated."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_UID = 54321
_CHECK = "import os, sys; sys.exit(not os.access(sys.executable, os.X_OK))"


def _interpreter() -> str:
    """A Python that another user may execute: this one, unless it lives in a private home."""
    for program in (os.path.realpath(sys.executable), *(f"/usr/bin/python3.{minor}" for minor in range(15, 10, -1))):
        argv = ["setpriv", f"--reuid={_UID}", f"--regid={_UID}", "--clear-groups", program, "-c", _CHECK]
        if os.path.exists(program) and subprocess.run(argv, capture_output=True, check=False).returncode == 0:
            return program
    pytest.skip("no Python 3.11 or later that an ordinary user may execute")


@pytest.mark.timeout(400)
@pytest.mark.skipif(os.getuid() != 0, reason="the other tests run as an ordinary user already")
def test_everything_holds_for_an_ordinary_user() -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("`setpriv` is needed to become another user")
    here = Path(__file__).parent
    project = here.parent.parent
    home = Path(os.environ["TMPDIR"]) / f"user-{os.getpid()}"
    home.mkdir()
    os.chown(home, _UID, _UID)
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONPATH": os.pathsep.join([str(project / "src"), packages]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    become = ["setpriv", f"--reuid={_UID}", f"--regid={_UID}", "--clear-groups", "--", _interpreter()]
    options = ["-c", str(project / "pyproject.toml"), f"--rootdir={project}", "-p", "no:cacheprovider", "-q"]
    try:
        done = subprocess.run(
            [*become, "-m", "pytest", *options, str(here)],
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shutil.rmtree(home)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
