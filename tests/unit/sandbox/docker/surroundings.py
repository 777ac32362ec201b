"""Pieces that several tests of the docker backend need."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def whiteout(path: Path) -> None:
    """What overlayfs(5) leaves in an upper layer for something that is gone."""
    os.mknod(path, stat.S_IFCHR, 0)


def is_whiteout(path: Path) -> bool:
    facts = path.lstat()
    return stat.S_ISCHR(facts.st_mode) and facts.st_rdev == 0


def snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything in `folder`, with what it is and holds; no link is followed."""
    found: dict[str, tuple[object, ...]] = {}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            facts = path.lstat()
            content: object = None
            if stat.S_ISLNK(facts.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(facts.st_mode):
                content = path.read_bytes()
            found[str(path.relative_to(folder))] = (stat.S_IFMT(facts.st_mode), facts.st_ino, content)
    return found


_DROP = "import os\nif os.getuid() == 0: os.setgroups([]), os.setgid(54321), os.setuid(54321)\n"


@contextmanager
def users_folder() -> Iterator[tuple[Path, Callable[[Path], None]]]:
    """A folder of an ordinary user's, and what gives them more; whoever runs the tests is ordinary unless root."""
    home = Path(tempfile.mkdtemp(prefix="user-"))

    def give(path: Path) -> None:
        if os.getuid() == 0:
            os.chown(path, 54321, 54321)

    home.chmod(0o755)
    give(home)
    try:
        yield home, give
    finally:
        shutil.rmtree(home)


def as_user(imports: str, script: str, *words: str, **variables: str) -> str:
    """What `script` prints as that user. `imports` come first, as modules may lie where only root can look."""
    argv = [sys.executable, "-c", f"{imports}\n{_DROP}{script}", *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **variables}
    done = subprocess.run(argv, env=environment, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
