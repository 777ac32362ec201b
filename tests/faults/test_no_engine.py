"""Containers are wanted, and there is no engine that could be asked for them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from actor import Actor

DOCUMENT = "#lang:bash\necho ran\n#end\n"


def run(document: Path, *more: str, **variables: str) -> subprocess.CompletedProcess[str]:
    document.write_text(DOCUMENT)
    words = [sys.executable, "-m", "polyrun", "run", "--sandbox", "docker", *more, str(document)]
    return subprocess.run(
        words, env={**os.environ, **variables}, capture_output=True, text=True, timeout=60, check=False
    )


def test_no_engine(tmp_path: Path) -> None:
    done = run(tmp_path / "doc.mix", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert (done.returncode, done.stdout) == (4, "")
    assert f"there is no socket `{tmp_path}/none.sock`" in done.stderr
    assert "start Docker, or set `DOCKER_HOST`" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_engine_that_the_user_may_not_ask(ordinary: Actor) -> None:
    home = Path(os.environ["TMPDIR"]) / "denied"
    home.mkdir()
    try:
        os.chown(home, ordinary.uid, ordinary.uid)
        (home / "doc.mix").write_text(DOCUMENT)
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(home / "engine.sock"))
            one.listen()
            os.chmod(home / "engine.sock", 0)
            done = subprocess.run(
                [*ordinary.python, "-m", "polyrun", "run", "--sandbox", "docker", str(home / "doc.mix")],
                env={"PATH": "/usr/bin:/bin", **ordinary.variables(str(home)), "DOCKER_HOST": f"unix://{home}/engine.sock"},
                cwd="/", capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
    finally:
        subprocess.run(["rm", "-rf", str(home)], check=True)
    assert (done.returncode, done.stdout) == (4, "")
    assert f"permission denied on `{home}/engine.sock`" in done.stderr
    assert "add your user to the group `docker`" in done.stderr
