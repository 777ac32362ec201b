"""The audit log when disks are full, folders read-only, processes killed, and many runs write to it at once."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import polyrun
from audit_story import KEY, current, stored, write
from polyrun.config.settings import AuditSettings, Settings
from polyrun.model.frozen import replace
from polyrun.report.audit.selecting import Selection
from polyrun.report.audit.verifying import verify

DOCUMENT = "#lang:bash\necho one\n#end\n#lang:bash\necho two\n#end\n#lang:bash\necho three\n#end\n"
WORDS = "one\ntwo\nthree\n"
COMMAND = (sys.executable, "-m", "polyrun", "run", "--sandbox", "local")


def settings(folder: Path) -> Settings:
    return replace(Settings(), audit=AuditSettings(dir=folder))


def configured(folder: Path, place: Path, *more: str) -> tuple[Path, Path]:
    """A document and the configuration that has its log in `place`."""
    document, config = folder / "doc.mix", folder / "config.toml"
    document.write_text(DOCUMENT)
    config.write_text("\n".join(["[audit]", f'dir = "{place}"', *more, ""]))
    return document, config


def in_a_mount(folder: Path, options: str, script: str, *words: str) -> None:
    """Run `script` in a mount namespace of its own, where `folder` is a small file system in memory."""
    if shutil.which("unshare") is None:
        pytest.skip("`unshare` is needed for a file system of our own (Debian: util-linux)")
    mine = ["--map-root-user"] if os.getuid() != 0 else []
    setup = f'set -eu; mount -t tmpfs -o {options} tmpfs "$1"; shift\n'
    argv = ["unshare", "--mount", *mine, "--", "bash", "-c", setup + script, "bash", str(folder), *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr


FILL = 'head -c 200000 /dev/zero >"$PLACE/fill" 2>/dev/null || true\n'


@pytest.mark.parametrize("how", ["warn", "refuse"])
def test_a_disk_that_is_full_from_the_start(tmp_path: Path, how: str) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    document, config = configured(tmp_path, place, f'on-failure = "{how}"')
    document.write_text(DOCUMENT * 3)  # more than the rest of a page can hold the records of
    script = (
        f'PLACE={place}\nfor n in 1 2; do "$@" >"$OUT.$n" 2>"$OUT.$n.err"; done\n{FILL}'
        '"$@" >"$OUT.3" 2>"$OUT.3.err" || echo $? >"$OUT.3.code"\nrm "$PLACE/fill"\n'
        '"$@" >"$OUT.4" 2>"$OUT.4.err"\ncp "$PLACE/audit.jsonl" "$OUT.log"\n'
    )
    out = tmp_path / "out"
    in_a_mount(place, "size=128k,mode=700", f"OUT={out}\n{script}", *COMMAND, "-q", "-c", str(config), str(document))
    told = "the audit log is not written: "
    errors = Path(f"{out}.3.err").read_text()
    assert told in errors
    assert "no space left on device" in errors
    if how == "refuse":
        assert Path(f"{out}.3.code").read_text() == "4\n"
        assert len(Path(f"{out}.3").read_text().splitlines()) < 5
    else:
        assert Path(f"{out}.3").read_text() == WORDS * 3
    assert told not in Path(f"{out}.4.err").read_text()
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(f"{out}.log", copy / "audit.jsonl")
    found = verify(str(copy))
    assert (found.fault, found.notes) == (None, ()), "no record was left in part"
    records = list(polyrun.audit_records(settings(copy)))
    third = list(dict.fromkeys(record.text("run_id") for record in records))[2:-1]
    kept = [record for record in records if record.text("run_id") in third]
    blocks = sum(record.kind == "block" for record in kept)
    lost = [int(record.text("lost")) for record in kept if record.text("lost")]
    assert blocks < 9
    if any(record.kind == "end" for record in kept):  # a short one, for which there may have been room
        assert blocks + sum(lost) == 9


@pytest.mark.parametrize("how", ["warn", "refuse"])
def test_a_folder_that_cannot_be_written(tmp_path: Path, how: str) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    document, config = configured(tmp_path, place, f'on-failure = "{how}"')
    script = (
        f'OUT={tmp_path}/out\nmount -o remount,bind,ro "{place}"\n"$@" >"$OUT" 2>"$OUT.err" || echo $? >"$OUT.code"\n'
    )
    in_a_mount(place, "size=64k,mode=700", script, *COMMAND, "-q", "-c", str(config), str(document))
    assert "the audit log is not written: " in Path(f"{tmp_path}/out.err").read_text()
    assert "read-only file system" in Path(f"{tmp_path}/out.err").read_text()
    assert Path(f"{tmp_path}/out").read_text() == ("" if how == "refuse" else WORDS)
    assert Path(f"{tmp_path}/out.code").exists() == (how == "refuse")


def test_runs_at_once_make_one_chain(tmp_path: Path) -> None:
    place, count = tmp_path / "audit", 6
    document, config = configured(tmp_path, place)
    argv = [*COMMAND, "-q", "-c", str(config), str(document)]
    running = [subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(count)]
    for process in running:
        out, err = process.communicate(timeout=100)
        assert (process.returncode, out) == (0, WORDS.encode()), err
    found = verify(str(place))
    assert (found.records, found.fault, found.notes) == (5 * count, None, ())
    records = list(polyrun.audit_records(settings(place)))
    runs = {record.text("run_id") for record in records}
    assert len(runs) == count
    for run in runs:
        kinds = [record.kind for record in records if record.text("run_id") == run]
        assert kinds == ["run", "block", "block", "block", "end"]


WRITER = """
import sys
from polyrun.report.audit.chain import Key
from polyrun.report.audit.folder import AuditFolder
folder = AuditFolder(sys.argv[1], max_bytes=20_000, key=Key.of(sys.argv[2].encode()))
print("ready", flush=True)
while True:
    folder.append({"kind": "block", "name": "x" * 3000}, sync=False)
"""


def test_writers_killed_at_any_moment(tmp_path: Path) -> None:
    """Some are killed while they write and rename files; those that come after go on."""
    chance = random.Random(14)
    secret, before = KEY.secret.decode(), 0
    for _ in range(8):
        argv = [sys.executable, "-c", WRITER, str(tmp_path), secret]
        writers = [subprocess.Popen(argv, stdout=subprocess.PIPE) for _ in range(2)]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0.0, 0.1))
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
        found = verify(str(tmp_path), KEY)
        assert found.fault is None or (found.fault.kind, "torn record" in found.fault.message) == ("torn", True)
        write(tmp_path, "after", key=KEY, max_bytes=20_000)
        after = verify(str(tmp_path), KEY)
        assert after.fault is None
        assert after.records > before
        before = after.records
        assert all(note.startswith("a torn record before record ") for note in after.notes)
    assert before > 100


def test_a_killed_run_has_no_end_and_the_next_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "audit"
    document, config = configured(tmp_path, place)
    document.write_text("#lang:bash\necho one\n#end\n#lang:bash\necho two; sleep 300\n#end\n")
    argv = [sys.executable, "-m", "polyrun", "run", "--format", "events", "-c", str(config), str(document)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    while json.loads(process.stdout.readline()).get("text") != "two\n":
        pass
    process.kill()
    process.communicate()
    polyrun.clean()
    document.write_text(DOCUMENT)
    result = polyrun.run(document, settings(place))
    assert result.ok
    found = verify(str(place))
    assert (found.records, found.fault) == (7, None)
    kinds = [record.kind for record in polyrun.audit_records(settings(place))]
    assert kinds == ["run", "block", "run", "block", "block", "block", "end"]


def test_an_interrupted_run_has_its_end(tmp_path: Path) -> None:
    place = tmp_path / "audit"
    document, config = configured(tmp_path, place)
    document.write_text("#lang:bash\necho one; sleep 300\n#end\n#lang:bash\necho two\n#end\n")
    argv = [sys.executable, "-m", "polyrun", "run", "--format", "events", "-c", str(config), str(document)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    while json.loads(process.stdout.readline()).get("text") != "one\n":
        pass
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    records = list(polyrun.audit_records(settings(place)))
    assert [(record.kind, record.text("status")) for record in records] == [
        ("run", ""),
        ("block", "cancelled"),
        ("block", "cancelled"),
        ("end", "cancelled"),
    ]


def test_a_line_that_a_crash_tore_does_not_stop_a_run(tmp_path: Path) -> None:
    place = tmp_path / "audit"
    document, _ = configured(tmp_path, place)
    polyrun.run(document, settings(place))
    current(place).write_bytes(current(place).read_bytes()[:-100])
    assert not polyrun.audit_verify(settings(place)).ok
    assert polyrun.run(document, settings(place)).notes == ()
    found = polyrun.audit_verify(settings(place))
    assert (found.records, found.fault) == (10, None)
    assert "a torn record before record 5" in found.notes[0]
    assert [record.kind for record in polyrun.audit_records(settings(place), Selection(brackets=False))][3] == "torn"
    assert len(stored(place)) == 11
