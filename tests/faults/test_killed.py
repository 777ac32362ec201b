"""PolyRun killed without warning: nothing it started survives, and the next one clears the rest away."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import polyrun
from polyrun.sandbox.scratch import MEMORY

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


def in_memory() -> list[Path]:
    """The folders in memory that a killed PolyRun has left."""
    return [Path(one.name) for one in polyrun.clean(dry_run=True).found if one.name.startswith(MEMORY)]


def test_values_in_memory_are_cleared_away_too(tmp_path: Path) -> None:
    """A killed PolyRun leaves what its blocks wrote in memory, where nothing but the next run would free it."""
    document = tmp_path / "doc.mix"
    left = "data = bytearray(1 << 20)"
    document.write_text(
        f"#lang:python\n#export: data\n{left}\n#end\n#lang:bash\n#import: data\necho started; sleep 300\n#end\n"
    )
    process = start(document, "bubblewrap")
    kill_at(process, "output")
    kept = in_memory()
    assert [file.stat().st_size for folder in kept for file in folder.rglob("1-0*")], "nothing is left in memory"
    document.write_text("#lang:bash\n:\n#end\n")
    assert polyrun.run(document).ok
    assert not any(folder.exists() for folder in kept)
    assert polyrun.clean(dry_run=True).found == ()


def test_killed_in_the_middle_of_handing_over(tmp_path: Path) -> None:
    """What is half written and what was taken before are gone alike."""
    document = tmp_path / "doc.mix"
    document.write_text(
        "#lang:python\n#export: x\nimport os, sys, time\nx = 1\n"
        'with open(os.environ["POLYRUN_OUT"] + "/1-0.npy", "wb") as file:\n    file.write(bytes(1 << 20))\n'
        '    file.flush()\n    print("started", flush=True)\n    time.sleep(300)\n#end\n'
    )
    process = start(document, "bubblewrap")
    kill_at(process, "output")
    kept = in_memory()
    assert [file.stat().st_size for folder in kept for file in folder.rglob("1-0.npy")] == [1 << 20]
    polyrun.clean()
    assert not any(folder.exists() for folder in kept)


MIB = "bytes(1 << 20)"
LARGE = {
    "one file": f"with open(f'{{out}}/1-0.npy', 'wb') as file:\n    for _ in range(64):\n        file.write({MIB})",
    "many files": f"for n in range(64):\n    open(f'{{out}}/1-{{n}}', 'wb').write({MIB})\nimport time; time.sleep(9)",
    "a value": f"x = {MIB} * 16",
    "an array": "from array import array; x = array('d', bytes(16 << 20))",
}


def ended(document: Path, *words: str, script: str = "") -> subprocess.CompletedProcess[str]:
    """A run of `document`, which has ended; `script` is what PolyRun's own process does before."""
    program = f"import sys\n{script}\nfrom polyrun.cli.entry import main\nsys.exit(main())"
    argv = [sys.executable, "-c", program, "run", str(document), *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("what", LARGE)
def test_an_outbox_counts_as_disk_use(tmp_path: Path, what: str) -> None:
    """An outbox in memory is no way to more of it; the limit is named, and nothing is taken."""
    (tmp_path / "polyrun.toml").write_text('[limits]\ndisk = "8m"\n')
    document = tmp_path / "doc.mix"
    document.write_text(
        f"#lang:python\n#export: x\nimport os; out = os.environ['POLYRUN_OUT']\nx = 1\n{LARGE[what]}\n#end\n"
    )
    done = ended(document, "--format", "json")
    (block,) = json.loads(done.stdout)["blocks"]
    assert "Traceback" not in done.stderr
    assert block["exports"] == {}
    assert block["status"] in {"disk_limit", "nonzero_exit", "export_missing"}
    assert re.search(r"8\.0 MiB|File too large|cannot be written \(file too large\)", json.dumps(block)), block


def test_a_full_disk_is_told_of(tmp_path: Path) -> None:
    """The table that is made of an export does not fit where values are kept. A limit on PolyRun's files stands in
    for a full disk, so that no disk is filled.
    """  # noqa: D205 - one thought
    document = tmp_path / "doc.mix"
    document.write_text("#lang:python\n#export: xs:table\nxs = [{'a': 1} for _ in range(100_000)]\n#end\n")
    limit = "import resource as r\nr.setrlimit(r.RLIMIT_FSIZE, (600_000, r.getrlimit(r.RLIMIT_FSIZE)[1]))"
    done = ended(document, script=limit)
    assert "PR901" not in done.stderr
    assert "error[PR610]: what `block 1` exported cannot be kept: file too large" in done.stderr + done.stdout
    assert done.returncode == 1
    assert ended(document).returncode == 0
