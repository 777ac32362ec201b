from __future__ import annotations

import base64
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from polyrun.model.events import Event, SecurityEvent
from polyrun.model.outcomes import Status
from polyrun.report.channel import Channel
from polyrun.report.events import EventEncoder, EventReport, unfinished
from report_story import NOON, Part, err, files, out, story


def stream(events: list[Event]) -> list[dict[str, object]]:
    encoder = EventEncoder()
    return [facts for event in events for facts in encoder.feed(event)]


def joined(events: list[dict[str, object]], name: str) -> bytes:
    data = b""
    for event in events:
        if event["event"] == "output" and event["stream"] == name:
            data += str(event["text"]).encode() if "text" in event else base64.b64decode(str(event["base64"]))
    return data


def test_one_strict_json_object_a_line(tmp_path: Path) -> None:
    part = Part("cpp", "go", printed=(("build", "stderr", b"warning\n"), out("é\n".encode())))
    with files(tmp_path) as (first, _, written):
        report = EventReport(Channel(first))
        for event in story(part).events():
            report.handle(event)
        report.handle(SecurityEvent(NOON, "downgrade", "two\nlines\x1b"))
        lines = written()[0].decode().splitlines()
    found = [json.loads(line) for line in lines]
    assert all(one["schema"] == "polyrun.event/1" for one in found)
    assert [one["event"] for one in found] == [
        "run_started",
        "job_started",
        "step_started",
        "output",
        "step_started",
        "output",
        "job_finished",
        "run_finished",
        "security",
    ]
    assert found[0]["blocks"] == [{"index": 1, "name": "go", "language": "cpp", "line": 1}]
    assert found[2]["argv"] == ["cpp", "-x"]
    assert (found[3]["step"], found[3]["stream"], found[3]["text"]) == ("build", "stderr", "warning\n")
    assert (found[6]["status"], found[6]["build"]["exit_code"], found[6]["cpu_s"]) == ("ok", 0, 0.04)
    assert (found[7]["status"], found[7]["tally"]) == ("ok", {"ok": 1})


@given(st.lists(st.one_of(st.binary(max_size=9), st.text(max_size=5).map(str.encode)), max_size=8))
def test_the_parts_of_a_stream_together_are_its_exact_bytes(chunks: list[bytes]) -> None:
    printed = tuple(piece for chunk in chunks for piece in (out(chunk), err(chunk[::-1])))
    found = stream(story(Part(printed=printed)).events())
    assert joined(found, "stdout") == b"".join(chunks)
    assert joined(found, "stderr") == b"".join(chunk[::-1] for chunk in chunks)
    finished = [event["event"] for event in found].index("job_finished")
    assert "output" not in [event["event"] for event in found[finished:]]


def test_a_character_cut_by_a_border_stays_text() -> None:
    crab = "🦀".encode()
    found = stream(story(Part(printed=(out(b"a" + crab[:1]), out(crab[1:3]), out(crab[3:] + b"b")))).events())
    assert [event["text"] for event in found if event["event"] == "output"] == ["a", "🦀b"]


def test_what_is_no_utf8_is_base64() -> None:
    found = stream(story(Part(printed=(out(b"\xff"), out(b"fine"), out(b"\xe2\x82")))).events())
    shown = [(event.get("text"), event.get("base64")) for event in found if event["event"] == "output"]
    assert shown == [(None, "/w=="), ("fine", None), (None, "4oI=")]


@given(st.text(min_size=1, max_size=3))
def test_an_unfinished_character_is_recognised_at_every_cut(text: str) -> None:
    data = text.encode()
    last = len(text[-1].encode())
    assert unfinished(data) == 0
    for missing in range(1, last):
        assert unfinished(data[:-missing]) == last - missing


def test_a_block_that_never_ran_says_why() -> None:
    found = stream(story(Part(status=Status.SKIPPED, exit_code=None, reason="it needs `a`")).events())
    assert [event["event"] for event in found] == ["run_started", "job_finished", "run_finished"]
    assert (found[1]["status"], found[1]["reason"], found[1]["sandbox"]) == ("skipped", "it needs `a`", None)
