"""The same tests once more without root's powers: level 1, or level 2 where control groups are delegated."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from actor import Actor


@pytest.mark.timeout(400)
@pytest.mark.root
@pytest.mark.skipif(os.getuid() != 0, reason="the other tests run as an ordinary user already")
def test_everything_holds_for_an_ordinary_user(ordinary: Actor) -> None:
    home = Path(os.environ["TMPDIR"]) / f"user-{os.getpid()}"
    home.mkdir()
    os.chown(home, ordinary.uid, ordinary.uid)
    # What skips here would be an isolation test that never ran: a sandbox that this user cannot use must not pass.
    strict = {name: os.environ[name] for name in ("CI", "POLYRUN_NO_SKIP") if name in os.environ}
    options = [
        "-c",
        str(ordinary.project / "pyproject.toml"),
        f"--rootdir={ordinary.project}",
        "-p",
        "no:cacheprovider",
        "-m",
        "not root and not docker",  # who asks an engine makes no difference inside a container
    ]
    try:
        done = subprocess.run(
            [*ordinary.python, "-m", "pytest", *options, "-q", str(ordinary.project / "tests/sandbox")],
            env={"PATH": "/usr/bin:/bin", **strict, **ordinary.variables(str(home))},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shutil.rmtree(home)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
