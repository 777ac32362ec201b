"""What goes to the analyser's process and comes back: one JSON object in, one JSON line for each piece of code out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from polyrun.model.codes import Code
from polyrun.model.diagnostics import Severity
from polyrun.model.frozen import frozen
from polyrun.policy.rules import Finding


@frozen
class Piece:
    """A block's code, and the name of the grammar that it is read with."""

    grammar: str
    code: bytes


@frozen
class Answer:
    """What the analyser says of one piece; with a `failure` it could not tell, and that says why.

    `absent` says that the reason is not the code: there is no such grammar here.
    """

    findings: tuple[Finding, ...] = ()
    failure: str | None = None
    absent: bool = False


def request(folders: Sequence[str], pieces: Sequence[Piece]) -> bytes:
    """Asks for an answer to each of `pieces`, with the rules in `folders` besides the built-in ones."""
    asked = [[piece.grammar, piece.code.decode("latin-1")] for piece in pieces]
    return json.dumps({"folders": list(folders), "pieces": asked}).encode()


def read_request(data: bytes) -> tuple[list[str], list[Piece]]:
    """What `request` made: the folders and the pieces."""
    asked = json.loads(data)
    return asked["folders"], [Piece(grammar, code.encode("latin-1")) for grammar, code in asked["pieces"]]


def reply(answer: Answer) -> bytes:
    """One answer as a line."""
    return json.dumps(to_plain(answer)).encode() + b"\n"


def read_replies(data: bytes) -> list[Answer]:
    """The answers in `data`, up to the first line that is none: who writes it has looked at hostile code."""
    found = []
    for line in data.split(b"\n")[:-1]:
        try:
            found.append(from_plain(json.loads(line)))
        except (ValueError, KeyError, TypeError, RecursionError):
            break
    return found


def to_plain(answer: Answer) -> dict[str, object]:
    """An answer as plain data."""
    findings = [
        [one.rule, one.code.value, one.severity.value, one.message, one.reason, one.remedy, *one.start, *one.end]
        for one in answer.findings
    ]
    return {"findings": findings, "failure": answer.failure, "absent": answer.absent}


def from_plain(plain: Mapping[str, object]) -> Answer:
    """What `to_plain` made. Raises `ValueError`, `KeyError` or `TypeError` for anything else."""
    listed, failure = plain["findings"], plain["failure"]
    if not isinstance(listed, list) or not isinstance(failure, str | None):
        raise TypeError("not an answer")
    return Answer(tuple(map(_finding, listed)), failure, absent=plain["absent"] is True)


def _finding(plain: list[object]) -> Finding:
    rule, code, severity, message, reason, remedy, *place = map(str, plain)
    first, start, last, end = map(int, place)
    return Finding(rule, Code(code), Severity(severity), message, reason, remedy, (first, start), (last, end))
