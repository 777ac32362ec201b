"""A fresh machine gets what the languages need, and `.ci/run` is the same `make test` that people use."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from architecture.code_base import REPOSITORY

PART_OF_DEBIAN = {"bash", "python3"}
SETUP = REPOSITORY / "scripts" / "setup.sh"


def test_every_language_is_set_up() -> None:
    specs = (REPOSITORY / "src/polyrun/languages/data").glob("*.toml")
    packages = [tomllib.loads(spec.read_text("utf-8"))["packages"] for spec in specs]
    assert all(packages)
    assert {ecosystem for one in packages for ecosystem in one} == {"debian", "npm", "pypi"}
    setup = SETUP.read_text("utf-8")
    development = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["dependency-groups"]["dev"]
    places = {
        "debian": (r"[:\s]{}[\s)]", setup),
        "npm": (r"[\s(]{}@[\d.]+[\s)]", setup),
        "pypi": ("{}==", str(development)),
    }
    for ecosystem, (pattern, text) in places.items():
        wanted = {name for one in packages for name in one.get(ecosystem, [])} - PART_OF_DEBIAN
        assert {name for name in wanted if not re.search(pattern.format(re.escape(name)), text)} == set()


def test_the_scripts_are_programs_in_valid_bash() -> None:
    for script in (SETUP, REPOSITORY / ".ci" / "run"):
        assert os.access(script, os.X_OK)
        assert "set -euo pipefail" in script.read_text("utf-8")
        subprocess.run(["bash", "-n", script], check=True)


@pytest.mark.parametrize("npm", [True, False], ids=["npm", "no npm"])
@pytest.mark.parametrize("root", [True, False], ids=["root", "ordinary user"])
def test_what_is_missing_is_installed_or_named(tmp_path: Path, *, root: bool, npm: bool) -> None:
    """On a machine with nothing but Debian's base, after a first try; its package managers take notes, and fail."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "cat", "cut", "dirname", "env", "flock", "mktemp", "rm", "sha256sum", "tail"):
        (programs / name).symlink_to(f"/usr/bin/{name}")
    scripts = {
        "id": f"echo {0 if root else 1000}",
        "apt-get": f'echo "$@" >>{tmp_path}/apt; exit 1',
        "python3.11": "exit 1",  # nor is there a Python that will do
        **({"npm": f'echo "$@" >>{tmp_path}/npm; exit 1'} if npm else {}),
    }
    for name, line in scripts.items():
        (programs / name).write_text(f"#!/usr/bin/bash\n{line}\n")
        (programs / name).chmod(0o755)
    checkout = tmp_path / "a checkout"
    (checkout / "scripts").mkdir(parents=True)
    (checkout / ".venv/bin").mkdir(parents=True)
    (checkout / ".venv/bin/python").symlink_to(programs / "python3.11")  # what `venv` leaves when it cannot add pip
    copy = shutil.copy(SETUP, checkout / "scripts")
    text = Path(copy).read_text("utf-8").replace("/usr/bin/python3", "/nowhere").replace("/usr/local/bin/python3", "")
    Path(copy).write_text(text, "utf-8")

    done = subprocess.run(
        [copy], env={"PATH": str(programs), "HOME": str(tmp_path)}, capture_output=True, text=True, check=False
    )

    npm_package = "" if npm else "npm "
    wanted = (
        f"gcc g++ ruby perl golang-go default-jdk-headless nodejs {npm_package}rustc lua5.4 php-cli r-base-core tcl"
    )
    asked, asked_npm = ((tmp_path / name).read_text() if (tmp_path / name).exists() else "" for name in ("apt", "npm"))
    assert done.returncode == 2
    assert done.stderr.endswith("setup: no Python 3.11 or newer was found\n")
    assert (wanted in asked) is root
    assert ("sudo apt-get install" in done.stderr) is not root
    assert wanted in done.stderr
    assert "python3-venv" in done.stderr
    assert ("install --global" in asked_npm) is (root and npm)
    assert ("sudo npm install --global typescript@" in done.stderr) is (npm and not root)
    assert ("there is no npm to install them with: typescript@" in done.stderr) is not npm
    assert re.search(r"typescript@[\d.]+ @types/node@[\d.]+", done.stderr)
