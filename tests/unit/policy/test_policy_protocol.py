"""What crosses between PolyRun and the analyser's process, and what is remembered of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyrun.model.codes import Code
from polyrun.model.diagnostics import Severity
from polyrun.policy.memory import Memory
from polyrun.policy.protocol import Answer, Piece, read_replies, read_request, reply, request
from polyrun.policy.rules import Finding

FINDING = Finding("python/x", Code.SECRETS, Severity.NOTE, "m", "r", "do", (3, 4), (3, 9))
ANSWERS = [Answer((FINDING, FINDING)), Answer(), Answer(failure="too deep"), Answer(failure="no", absent=True)]


def test_a_request_keeps_every_byte() -> None:
    pieces = [Piece("python", bytes(range(256))), Piece("bash", b"")]
    assert read_request(request(["/rules"], pieces)) == (["/rules"], pieces)


def test_replies_arrive() -> None:
    assert read_replies(b"".join(map(reply, ANSWERS))) == ANSWERS


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"null",
        b"[" * 100_000,
        b'{"findings": 3, "failure": null, "absent": false}',
        b'{"findings": [["a", "PR999", "error", "", "", "", 1, 1, 1, 1]], "failure": null, "absent": false}',
        b'{"findings": [["a", "PR702", "error", "", "", "", 1, 1, 1]], "failure": null, "absent": false}',
    ],
)
def test_what_is_no_reply_ends_them(line: bytes) -> None:
    good = reply(Answer())
    assert read_replies(good + line + b"\n" + good) == [Answer()]


def test_an_unfinished_line_is_no_reply() -> None:
    assert read_replies(reply(Answer()) + reply(Answer())[:-1]) == [Answer()]


def test_memory(tmp_path: Path) -> None:
    path, piece = str(tmp_path / "policy.json"), Piece("python", b"x")
    memory = Memory(path, [])
    assert memory.recall(piece) is None
    assert memory.content() is None
    memory.keep(piece, ANSWERS[0])
    memory.keep(Piece("python", b"y"), ANSWERS[2])
    content = memory.content()
    assert content is not None
    Path(path).write_bytes(content)
    again = Memory(path, [])
    assert again.recall(piece) == ANSWERS[0]
    assert again.recall(Piece("bash", b"x")) is None
    assert again.recall(Piece("python", b"y")) is None, "a failure is tried again"


def test_other_rules_are_another_memory(tmp_path: Path) -> None:
    path, piece = str(tmp_path / "policy.json"), Piece("python", b"x")
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "own.yml").write_text("1", "utf-8")
    memory = Memory(path, [str(rules)])
    memory.keep(piece, Answer())
    Path(path).write_bytes(memory.content() or b"")
    assert Memory(path, [str(rules)]).recall(piece) == Answer()
    assert Memory(path, []).recall(piece) is None
    (rules / "own.yml").write_text("22", "utf-8")
    assert Memory(path, [str(rules)]).recall(piece) is None


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b"[" * 100_000, b"\xff", b"\0" * 100])
def test_a_damaged_memory_is_none(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "policy.json"
    path.write_bytes(damage)
    memory = Memory(str(path), [])
    assert memory.recall(Piece("python", b"x")) is None
    memory.keep(Piece("python", b"x"), Answer())
    assert memory.content()


def test_the_oldest_answers_are_forgotten(tmp_path: Path) -> None:
    memory = Memory(str(tmp_path / "policy.json"), [])
    for number in range(1500):
        memory.keep(Piece("python", b"%d" % number), Answer((FINDING,) * (number == 700)))
    (tmp_path / "policy.json").write_bytes(memory.content() or b"")
    again = Memory(str(tmp_path / "policy.json"), [])
    assert again.recall(Piece("python", b"1499")) == Answer()
    assert again.recall(Piece("python", b"499")) is None


def test_a_memory_that_every_run_reads_stays_small(tmp_path: Path) -> None:
    memory = Memory(str(tmp_path / "policy.json"), [])
    for number in range(300):
        memory.keep(Piece("python", b"%d" % number), Answer((FINDING,) * 100))
    content = memory.content() or b""
    assert len(content) <= 1 << 18
    (tmp_path / "policy.json").write_bytes(content)
    again = Memory(str(tmp_path / "policy.json"), [])
    assert again.recall(Piece("python", b"299")) == Answer((FINDING,) * 100)
    assert again.recall(Piece("python", b"0")) is None
