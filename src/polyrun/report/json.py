"""The `polyrun.run/1` object: a whole run as one JSON object, for `run --format json`.

Made piece by piece from the captures on disk, so that a run with gigabytes of output needs no more
memory than one without. Keys may be added, never renamed. A stream that is not UTF-8 is given
twice: `stdout` with U+FFFD in place of what is invalid, and `stdout_base64` with the exact bytes.
"""

from __future__ import annotations

import codecs
from base64 import b64encode
from collections.abc import Iterator, Sequence

from polyrun.model.capture import Capture
from polyrun.model.diagnostics import Diagnostic
from polyrun.model.events import Event, RunFinished
from polyrun.model.results import BlockResult, RunResult, StepResult
from polyrun.model.spans import Source
from polyrun.report.channel import Channel
from polyrun.report.facts import Facts, block_head, block_tail, diagnostics, encode, measures, number, run_tail

SCHEMA = "polyrun.run/1"
_PIECE = 1 << 16


class JsonReport:
    """Writes the object to `out` when the run has ended."""

    def __init__(self, out: Channel) -> None:
        self._out = out

    def handle(self, event: Event) -> None:
        """Report `event`. Raises `OSError` when `out` cannot be written."""
        if isinstance(event, RunFinished):
            self.write(run_pieces(event.result))

    def write(self, pieces: Iterator[bytes]) -> None:
        """Write `pieces`, gathered into larger ones. Raises `OSError` when `out` cannot be written."""
        gathered = bytearray()
        for piece in pieces:
            gathered += piece
            if len(gathered) >= _PIECE:
                self._put(bytes(gathered))
                gathered.clear()
        self._put(bytes(gathered))

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        if self._out.failure is not None:
            raise self._out.failure


def run_pieces(result: RunResult) -> Iterator[bytes]:
    """The object's text in UTF-8, one block a line, in pieces of bounded size, ending in a line end."""
    head = {
        "schema": SCHEMA,
        "document": result.source.name,
        "run_id": result.run_id,
        "status": result.status,
        "exit_code": result.exit_code,
        "wall_s": number(result.wall_s),
        "diagnostics": diagnostics(result.source, result.diagnostics),
        **run_tail(result),
    }
    yield encode(head)[:-1] + b', "blocks": ['
    for position, block in enumerate(result.blocks):
        yield b",\n  " if position else b"\n  "
        yield from _block(block, result.source)
    yield b"\n]}\n" if result.blocks else b"]}\n"


def refused_pieces(source: Source, found: Sequence[Diagnostic], exit_code: int) -> Iterator[bytes]:
    """The object for a document that was not run because of its errors: status `invalid`, no blocks."""
    facts: Facts = {
        "schema": SCHEMA,
        "document": source.name,
        "status": "invalid",
        "exit_code": exit_code,
        "wall_s": 0.0,
        "diagnostics": diagnostics(source, found),
        "blocks": [],
    }
    yield encode(facts) + b"\n"


def _block(block: BlockResult, source: Source) -> Iterator[bytes]:
    yield encode(block_head(block))[:-1]
    yield from _streams(block.run)
    yield b', "truncated": ' + encode(block.truncated) + b', "build": '
    if block.build is None:
        yield b"null"
    else:
        yield encode(measures(block.build))[:-1]
        yield from _streams(block.build)
        yield b"}"
    yield b", " + encode(block_tail(block, source))[1:]


def _streams(step: StepResult | None) -> Iterator[bytes]:
    if step is None:
        yield b', "stdout": "", "stderr": ""'
        return
    for name, capture in ((b"stdout", step.stdout), (b"stderr", step.stderr)):
        yield b', "' + name + b'": "'
        yield from _text(capture)
        yield b'"'
        if not _is_utf8(capture):
            yield b', "' + name + b'_base64": "'
            yield from _base64(capture)
            yield b'"'


def _text(capture: Capture) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for chunk in capture.chunks():
        yield encode(decoder.decode(chunk))[1:-1]
    yield encode(decoder.decode(b"", final=True))[1:-1]


def _is_utf8(capture: Capture) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in capture.chunks():
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _base64(capture: Capture) -> Iterator[bytes]:
    rest = b""
    for chunk in capture.chunks():
        data = rest + chunk
        whole = len(data) - len(data) % 3
        rest = data[whole:]
        yield b64encode(data[:whole])
    yield b64encode(rest)
