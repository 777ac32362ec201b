from __future__ import annotations

import base64
import json
import resource
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from polyrun.model.capture import Capture, Spool
from polyrun.model.limits import MIB
from polyrun.model.outcomes import Outcome, Status
from polyrun.model.results import BlockResult, StepResult
from polyrun.model.spans import Source, Span
from polyrun.report.channel import Channel
from polyrun.report.json import JsonReport, refused_pieces, run_pieces
from report_story import Part, err, files, out, problem, story


def test_the_object_of_the_contract() -> None:
    result = story(Part("python", "load", printed=(out(b"7.5\n"),)), log_path="/logs/a.log").result()
    found = json.loads(b"".join(run_pieces(result)))
    block = found["blocks"][0]
    expected = {
        "schema": "polyrun.run/1",
        "document": "story.mix",
        "status": "ok",
        "wall_s": 0.41,
        "diagnostics": [],
    }
    assert {key: found[key] for key in expected} == expected
    expected_block = {
        "index": 1,
        "name": "load",
        "language": "python",
        "line": 1,
        "status": "ok",
        "exit_code": 0,
        "signal": None,
        "stdout": "7.5\n",
        "stderr": "",
        "truncated": False,
        "build": None,
        "wall_s": 0.03,
        "cpu_s": 0.02,
        "memory_bytes": 9437184,
        "sandbox": "bubblewrap",
        "cache": "miss",
        "imports": {},
        "exports": {},
        "findings": [],
        "reason": None,
    }
    assert {key: block[key] for key in expected_block} == expected_block
    assert "network" in block["enforced"]
    assert "stdout_base64" not in block


def test_a_build_and_a_failure() -> None:
    part = Part(
        "cpp",
        status=Status.BUILD_FAILED,
        exit_code=1,
        printed=(("build", "stderr", b"story.mix:2: error\n"),),
        reason="the build failed",
        problem=problem(Span(13, 19)),
    )
    block = json.loads(b"".join(run_pieces(story(part).result())))["blocks"][0]
    assert (block["status"], block["exit_code"], block["reason"]) == ("build_failed", 1, "the build failed")
    assert (block["stdout"], block["stderr"]) == ("", "")
    assert block["build"]["stderr"] == "story.mix:2: error\n"
    assert block["problem"]["code"] == "PR501"


@given(st.binary(max_size=300), st.integers(0, 300))
def test_output_comes_back_exactly(data: bytes, cut: int) -> None:
    part = Part(printed=(out(data[:cut]), out(data[cut:]), err(data)))
    block = json.loads(b"".join(run_pieces(story(part).result())))["blocks"][0]
    for stream in ("stdout", "stderr"):
        assert block[stream] == data.decode("utf-8", "replace")
        exact = block.get(f"{stream}_base64")
        assert (base64.b64decode(exact) if exact is not None else block[stream].encode()) == data
        assert (exact is None) == _is_utf8(data)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_nothing_in_the_object_acts_on_a_terminal_and_it_is_one_strict_object() -> None:
    source = Source(b"#lang:python\n", "a\x1b]0;x\x07\u202e\udc80.mix")
    made = story(Part(name="\x9b2J", printed=(out("\x1b[31m\u2028\x7f".encode()),), wall_s=float("nan")))
    made.source = source
    text = b"".join(run_pieces(made.result())).decode()
    assert not set(text) & {"\x1b", "\x07", "\u202e", "\x9b", "\u2028", "\x7f"}
    found = json.loads(text, parse_constant=lambda name: (_ for _ in ()).throw(AssertionError(name)))
    assert found["document"] == "a\x1b]0;x\x07\u202e\ufffd.mix"
    assert found["blocks"][0]["stdout"] == "\x1b[31m\u2028\x7f"
    assert found["blocks"][0]["wall_s"] is None


def test_a_refused_document_is_an_object_too() -> None:
    source = Source(b"boom()\n", "bad.mix")
    found = json.loads(b"".join(refused_pieces(source, [problem(Span(0, 4))], 2)))
    assert (found["status"], found["exit_code"], found["blocks"]) == ("invalid", 2, [])
    assert found["diagnostics"][0]["code"] == "PR501"


def test_much_output_is_never_held_in_memory(tmp_path: Path) -> None:
    spool = Spool()
    blocks = []
    for index in range(1, 17):
        capture = Capture(spool, 8 * MIB)
        for _ in range(128):
            capture.write(b"\xff" * (64 << 10))
        step = StepResult(Outcome(Status.OK, 0), capture, Capture(spool, 1))
        blocks.append(BlockResult(index, None, "python", 1, Status.OK, run=step))
    result = story(blocks=tuple(blocks)).result()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pieces = run_pieces(result)
    longest = max(len(piece) for piece in pieces)
    assert longest < MIB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024
    with files(tmp_path) as (first, _, written):
        JsonReport(Channel(first)).write(iter([b"x" * 10] * 20_000))
        assert len(written()[0]) == 200_000
