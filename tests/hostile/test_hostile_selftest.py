"""`polyrun selftest` as a whole: it finds a defence that is really missing, and interrupted it leaves nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import engine
from actor import Actor
from cli_case import COMMAND
from polyrun.sandbox.ground.baits import SECRET

WEAKENED = str(Path(__file__).with_name("weakened.py"))


def run(*words: str, code: int, start: tuple[str, ...] = (COMMAND,), **variables: str) -> dict[str, Any]:
    done = subprocess.run(
        [*start, "selftest", *words, "--format", "json"],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == code, done.stdout[-3000:] + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def weakened(defence: str, attack: str) -> dict[str, Any]:
    start = (sys.executable, WEAKENED, defence)
    found = run("--sandbox", "bubblewrap", "--only", attack, code=1, start=start)
    assert found["ok"] is False
    assert [(one["name"], one["verdict"]) for one in found["attacks"]] == [(attack, "not_held")]
    return {check["name"]: check for check in found["attacks"][0]["checks"] if not check["ok"]}


def test_a_missing_filter_is_found() -> None:
    wrong = weakened("seccomp", "keyrings")
    assert set(wrong) <= {"add", "session", "request"}
    assert wrong["add"]["got"] == "True"


def test_a_limit_that_is_too_high_is_found() -> None:
    wrong = weakened("open-files", "descriptor-hog")
    assert wrong["over 128"]["got"] == "True"


def test_a_variable_that_gets_through_is_found() -> None:
    wrong = weakened("environment", "read-the-environment")
    assert {"secret", "own", "names"} <= set(wrong)
    assert SECRET in wrong["own"]["got"]


def test_the_same_attacks_hold_with_all_defences() -> None:
    names = ["keyrings", "descriptor-hog", "read-the-environment"]
    found = run("--only", ",".join(names), code=0)
    assert (found["schema"], found["ok"], found["left"]) == ("polyrun.selftest/1", True, [])
    assert sorted(one["name"] for one in found["attacks"]) == sorted(names)
    assert all(one["verdict"] == "held" and one["capable"] for one in found["attacks"])
    assert found["counts"]["held"] == 3
    assert found["level"] in (1, 2)


def test_an_ordinary_user_can_run_it(ordinary: Actor, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, ordinary.uid, -1)
    start = (*ordinary.python, "-m", "polyrun")
    places = {f"XDG_{name}_HOME": str(home) for name in ("CACHE", "STATE", "CONFIG", "DATA")}
    variables = {**ordinary.variables(str(home)), **places}
    found = run("--only", "memfd-many,9,63,28,80,84", code=0, start=start, **variables)
    verdicts = {one["name"]: one["verdict"] for one in found["attacks"]}
    assert verdicts["call-out"] == verdicts["hog"] == "held"
    documents = ("end-before-the-values", "forge-the-logs", "another-name-for-system")
    assert {verdicts[name] for name in documents} == {"held"}
    weak = "weakness" if found["level"] == 1 else "held"
    assert verdicts["memfd-many"] == weak


def test_without_a_compiler_it_says_what_it_could_not_run(tmp_path: Path) -> None:
    found = run("--only", "55,67,keyrings", code=0, PATH=str(tmp_path))
    verdicts = {one["name"]: (one["verdict"], one["reason"]) for one in found["attacks"]}
    missing = ("not_run", "no C compiler")
    assert verdicts.pop("keyrings") == ("held", None)
    assert set(verdicts) == {"other-abi", "x32-abi", "include-host-files", "include-what-never-ends"}
    assert set(verdicts.values()) == {missing}
    assert found["counts"]["not_run"] == len(verdicts)
    nothing = run("--only", "other-abi,include-host-files", code=4, PATH=str(tmp_path))
    assert (nothing["ok"], nothing["counts"]["not_run"]) == (False, 2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    words = [COMMAND, "selftest", "--only", "hogs-below-the-limit,sleep,deaf-to-signals,hog"]
    page = tmp_path / "x.html"
    process = subprocess.Popen([*words, "--report", str(page)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        while process.poll() is None and not _has_grandchildren(process.pid):
            pass
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out, err) == (130, b"", b"")
    assert not page.exists()  # what else would be left, the fixture of all tests finds


def _has_grandchildren(pid: int) -> bool:
    """Whether a box or a host to throw away is there."""
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
        children = [c for task in tasks for c in Path(f"/proc/{pid}/task/{task}/children").read_text().split()]
        return any(Path(f"/proc/{child}/task/{child}/children").read_text() for child in children)
    except OSError:
        return False


@pytest.mark.docker
def test_containers() -> None:
    found = run("--sandbox", "docker", "--only", "keyrings,27,63,67", code=0, DOCKER_HOST=engine.address())
    assert (found["level"], found["ok"], found["left"]) == (3, True, [])
    assert {one["verdict"] for one in found["attacks"]} == {"held"}
