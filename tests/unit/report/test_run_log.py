from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest

from polyrun.model.events import Output, SecurityEvent
from polyrun.model.outcomes import Status
from polyrun.report import log as log_module
from polyrun.report.history import read_history
from polyrun.report.log import RunLog
from report_story import NOON, Part, Story, err, out, story

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d (DEBUG|INFO |ERROR) ")


def keep(folder: Path, told: Story, *, level: str = "INFO", file: Path | None = None, started: float = NOON) -> RunLog:
    log = RunLog(folder, started, level=level, file=file)
    for event in told.events():
        log.handle(event)
    log.close()
    return log


def place(log: RunLog) -> Path:
    assert log.path is not None
    return Path(log.path)


def text(log: RunLog) -> list[str]:
    lines = place(log).read_text().splitlines()
    return [line[match.end() - 6 :] for line in lines if (match := LINE.match(line))]


def test_a_run_leaves_two_files_that_only_its_owner_can_read(tmp_path: Path) -> None:
    log = keep(tmp_path / "new" / "logs", story(Part(name="load", printed=(out(b"7\n"),))))
    assert place(log) == tmp_path / "new" / "logs" / "run_20260101T120000Z.log"
    events = place(log).with_suffix(".jsonl")
    assert {stat.S_IMODE(os.stat(path).st_mode) for path in (place(log), events)} == {0o600}
    assert text(log) == [
        "INFO  run r1: story.mix, 1 block in bubblewrap (level 2)",
        "INFO  [1 load python] started at story.mix:1",
        "INFO  [1 load python] ok in 30 ms, cpu 20 ms, peak memory 9.0 MiB",
        "INFO  run r1 ok: 1 of 1 block ok, 410 ms, exit code 0",
    ]
    kinds = [json.loads(line)["event"] for line in events.read_text().splitlines()]
    assert kinds == ["run_started", "job_started", "step_started", "output", "job_finished", "run_finished"]
    assert log.warning is None


def test_debug_holds_commands_and_output_line_by_line(tmp_path: Path) -> None:
    part = Part(printed=(out(b"one\ntw"), err(b"bad"), out(b"o\nlast")))
    lines = text(keep(tmp_path, story(part), level="DEBUG"))
    who = "DEBUG [1 block 1 python]"
    assert lines[2:-2] == [
        f"{who} run: python -x",
        f"{who} stdout | one",
        f"{who} stdout | two",
        f"{who} stdout | last",
        f"{who} stderr | bad",
    ]


def test_error_holds_only_what_went_wrong(tmp_path: Path) -> None:
    told = story(Part(), Part(name="b", status=Status.NONZERO_EXIT, exit_code=3, reason="it failed"))
    assert text(keep(tmp_path, told, level="ERROR")) == [
        "ERROR [2 b python] exit 3 in 30 ms, cpu 20 ms, peak memory 9.0 MiB: it failed",
        "ERROR run r1 failed: 1 of 2 blocks ok, 410 ms, exit code 1",
    ]


def test_no_line_can_be_forged(tmp_path: Path) -> None:
    forged = "\n2026-01-01T12:00:00.000+00:00 ERROR forged\r\x1b[2K\u2028"
    told = story(Part(name=forged, reason=forged, status=Status.NONZERO_EXIT, printed=(out(forged.encode() * 2),)))
    told.source.name = f"a{forged}.mix"
    log = RunLog(tmp_path, NOON, level="DEBUG")
    for event in [SecurityEvent(NOON, "downgrade", forged), *told.events()]:
        log.handle(event)
    log.close()
    data = place(log).read_bytes().decode()
    assert not set(data) & {"\r", "\x1b", "\u2028"}
    assert not any(re.match(r"\S+ ERROR forged", line) for line in data.splitlines())
    assert len(place(log).with_suffix(".jsonl").read_text().splitlines()) == 7


def test_runs_of_one_second_get_files_of_their_own_and_history_keeps_their_order(tmp_path: Path) -> None:
    paths = [keep(tmp_path, story(Part(), run_id=f"r{number}")).path for number in range(12)]
    assert len(set(paths)) == 12
    later = keep(tmp_path, story(Part(status=Status.NONZERO_EXIT, exit_code=1)), started=NOON + 1)
    history = read_history(tmp_path, 5)
    assert [Path(run.log).stem for run in history] == [place(later).stem] + [
        f"run_20260101T120000Z_{number}" for number in (12, 11, 10, 9)
    ]
    newest = history[0]
    assert (newest.status, newest.exit_code, newest.document, newest.blocks) == ("failed", 1, "story.mix", 1)
    assert newest.tally == {"nonzero_exit": 1}


def test_a_stray_human_log_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "run_20260101T120000Z.log").write_text("mine")
    log = keep(tmp_path, story(Part()))
    assert place(log).name == "run_20260101T120000Z_2.log"
    assert (tmp_path / "run_20260101T120000Z.log").read_text() == "mine"
    assert not (tmp_path / "run_20260101T120000Z.jsonl").exists()


def test_the_newest_runs_are_kept_and_nothing_else_is_touched(tmp_path: Path) -> None:
    (tmp_path / "run_of_the_mill.log").write_text("not ours")
    (tmp_path / "run_20200101T000000Z.txt").write_text("not ours")
    for number in range(5):
        log = RunLog(tmp_path, NOON + number, keep=2)
        for event in story(Part()).events():
            log.handle(event)
        log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "run_20200101T000000Z.txt",
        "run_20260101T120003Z.jsonl",
        "run_20260101T120003Z.log",
        "run_20260101T120004Z.jsonl",
        "run_20260101T120004Z.log",
        "run_of_the_mill.log",
    ]


def test_a_log_file_of_the_users_is_appended_to(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "polyrun.log"
    for _ in range(2):
        assert keep(tmp_path / "logs", story(Part()), file=file).path == str(file)
    assert len(file.read_text().splitlines()) == 8
    assert [path.suffix for path in (tmp_path / "logs").iterdir()] == [".jsonl", ".jsonl"]


def test_a_folder_that_cannot_be_written_costs_one_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = keep(tmp_path / "file" / "logs", story(Part()))
    assert log.path is None
    assert log.warning is not None
    assert log.warning.startswith("no log is kept: ")
    assert "not a directory" in log.warning.lower()


def test_a_disk_that_fills_up_ends_the_log_and_not_the_run(tmp_path: Path) -> None:
    log = keep(tmp_path, story(Part()), file=Path("/dev/full"))
    assert log.warning is not None
    assert "no space left" in log.warning.lower()


def test_output_takes_a_bounded_part_of_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "OUTPUT_BYTES", 10_000)
    told = story(Part(name="loud"))
    events = told.events()
    info = told.infos()[0]
    log = RunLog(tmp_path, NOON, level="DEBUG")
    for event in events[:3]:
        log.handle(event)
    for _ in range(1000):
        log.handle(Output(NOON, info, "run", "stdout", b"x" * 99 + b"\n"))
    for event in events[3:]:
        log.handle(event)
    log.close()
    for path, mark in ((place(log), "left out"), (place(log).with_suffix(".jsonl"), "output_omitted")):
        assert path.stat().st_size < 20_000
        assert path.read_text().count(mark) == 1
    assert read_history(tmp_path)[0].status == "ok"


def test_history_tells_unfinished_runs_and_passes_over_what_is_no_log(tmp_path: Path) -> None:
    log = RunLog(tmp_path, NOON)
    for event in story(Part()).events()[:2]:
        log.handle(event)
    (tmp_path / "run_20260101T120001Z.jsonl").write_bytes(b"\xff\x00")
    (tmp_path / "run_20260101T120002Z.jsonl").write_text('{"event": "run_started", "blocks": 3}\n')
    (tmp_path / "run_20260101T120003Z.jsonl").write_text("")
    (tmp_path / "run_20260101T120004Z.jsonl").mkdir()
    history = read_history(tmp_path)
    log.close()
    assert [(run.document, run.status, run.exit_code, run.wall_s) for run in history] == [
        ("story.mix", None, None, None)
    ]
    assert read_history(tmp_path / "absent") == []
