"""PolyRun killed without warning: nothing it started survives, and the next one clears the rest away."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import polyrun

SANDBOXES = ("bubblewrap", "local")


def processes_with(mark: str) -> list[int]:
    """Every process whose command line holds `mark`."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                if mark.encode() in Path(f"/proc/{name}/cmdline").read_bytes():
                    found.append(int(name))
            except OSError:
                continue
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Poll `condition` until it holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def start(document: Path, sandbox: str, *more: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "polyrun", "run", "--format", "events", "--sandbox", sandbox, *more, str(document)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)


def events(process: subprocess.Popen[bytes]) -> Iterator[dict[str, object]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def kill_at(process: subprocess.Popen[bytes], event: str, number: int = 1) -> None:
    """Kill PolyRun with SIGKILL as soon as it has told the `number`-th `event`."""
    seen = 0
    for one in events(process):
        seen += one["event"] == event
        if seen == number:
            break
    else:
        pytest.fail(f"there was no {event} number {number}")
    process.kill()
    process.wait(20)
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize(
    ("event", "number"), [("run_started", 1), ("step_started", 1), ("output", 1), ("job_finished", 1)]
)
def test_killed_with_sigkill(tmp_path: Path, sandbox: str, event: str, number: int) -> None:
    mark = f"mark{secrets.token_hex(6)}"
    document = tmp_path / "doc.mix"
    document.write_text(
        f"#lang:bash\necho started; (setsid sleep 300 {mark} >/dev/null 2>&1 &) ; sleep 0.2\n#end\n"
        f"#lang:bash\necho second; exec -a {mark} sleep 300\n#end\n".replace(
            f"sleep 300 {mark}", f"bash -c 'exec -a {mark} sleep 300'"
        )
    )
    process = start(document, sandbox)
    kill_at(process, event, number)
    if sandbox == "bubblewrap":
        assert wait_for(lambda: not processes_with(mark)), "a process outlived PolyRun"
    polyrun.clean()
    assert wait_for(lambda: not processes_with(mark)), "a process outlived the reaper"
    assert polyrun.clean(dry_run=True).found == ()


def test_the_next_run_clears_away_what_a_killed_one_left(tmp_path: Path) -> None:
    document = tmp_path / "doc.mix"
    document.write_text("#lang:bash\necho x > file; echo started; sleep 300\n#end\n")
    process = start(document, "bubblewrap")
    kill_at(process, "output")
    assert polyrun.clean(dry_run=True).found, "there must be something left, or this test shows nothing"
    document.write_text("#lang:bash\n:\n#end\n")
    assert polyrun.run(document).ok
    assert polyrun.clean(dry_run=True).found == ()


def test_clean_leaves_a_run_that_is_still_going_on_alone(tmp_path: Path) -> None:
    document = tmp_path / "doc.mix"
    document.write_text("#lang:bash\necho started; read -r -t 0.5 < /dev/zero; sleep 0.7; echo done\n#end\n")
    process = start(document, "bubblewrap")
    stream = events(process)
    while next(stream)["event"] != "output":
        pass
    assert polyrun.clean().found == ()
    last = list(stream)[-1]
    assert (last["event"], last["exit_code"]) == ("run_finished", 0)
    assert process.wait(20) == 0
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_run_in_order(tmp_path: Path, sandbox: str, number: signal.Signals) -> None:
    mark = f"mark{secrets.token_hex(6)}"
    document = tmp_path / "doc.mix"
    document.write_text(
        f"#lang:bash\ntrap '' INT TERM; echo started; exec -a {mark} sleep 300\n#end\n#lang:bash\necho never\n#end\n"
    )
    process = start(document, sandbox)
    stream = events(process)
    while next(stream)["event"] != "output":
        pass
    process.send_signal(number)
    rest = list(stream)
    assert process.wait(20) == 130
    assert [one["status"] for one in rest if one["event"] == "job_finished"] == ["cancelled", "cancelled"]
    assert rest[-1]["event"] == "run_finished"
    assert rest[-1]["status"] == "cancelled"
    assert not processes_with(mark)
    assert process.stdout is not None
    process.stdout.close()
