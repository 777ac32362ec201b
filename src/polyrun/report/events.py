"""The event stream as JSON lines (`polyrun.event/1`): for `run --format events` and for the event log.

One object a line, written as things happen. What a program printed is `text`, or `base64` when it is not
UTF-8; put together in order they are the exact bytes. A character that is cut by the border of two
events is held back and given whole with the next one.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

from polyrun.model.events import (
    BlockInfo,
    Event,
    JobFinished,
    JobStarted,
    Output,
    RunFinished,
    RunStarted,
    SecurityEvent,
    StepStarted,
)
from polyrun.model.results import BlockResult, RunResult
from polyrun.model.spans import Source
from polyrun.report.channel import Channel
from polyrun.report.facts import Facts, block_head, block_tail, diagnostics, encode, measures, number, run_tail, tally

SCHEMA = "polyrun.event/1"


class EventReport:
    """Writes each event to `out` as one line."""

    def __init__(self, out: Channel) -> None:
        self._out = out
        self._encoder = EventEncoder()

    def handle(self, event: Event) -> None:
        """Report `event`. Raises `OSError` when `out` cannot be written."""
        for facts in self._encoder.feed(event):
            self._out.write(encode(facts) + b"\n")
        if self._out.failure is not None:
            raise self._out.failure


class EventEncoder:
    """Turns events into plain data. Keeps at most three bytes of each stream between two events."""

    def __init__(self) -> None:
        self._source: Source | None = None
        self._held: dict[str, tuple[Output, bytes]] = {}

    def feed(self, event: Event) -> Iterator[Facts]:
        """The objects for `event`: usually one, more when held bytes must come out first."""
        if isinstance(event, Output):
            facts = self._output(event)
            if facts is not None:
                yield facts
            return
        for output, data in self._held.values():
            yield _output_facts(output, data)
        self._held.clear()
        if isinstance(event, RunStarted):
            self._source = event.source
        yield {"schema": SCHEMA, "time": number(event.time), **self._facts(event)}

    def _output(self, event: Output) -> Facts | None:
        _, held = self._held.pop(event.stream, (event, b""))
        data = held + event.data
        tail = unfinished(data)
        if tail:
            self._held[event.stream] = (event, data[-tail:])
            data = data[:-tail]
        return _output_facts(event, data) if data else None

    def _facts(self, event: Event) -> Facts:
        facts: Facts
        match event:
            case RunStarted():
                blocks = [
                    {"index": b.index, "name": b.name, "language": b.language, "line": b.line} for b in event.blocks
                ]
                facts = {"event": "run_started", "run_id": event.run_id, "document": event.document}
                facts |= {"folder": event.folder}
                facts |= {"sandbox": event.sandbox, "level": event.level, "blocks": blocks}
            case SecurityEvent():
                facts = {"event": "security", "kind": event.kind, "message": event.message}
            case JobStarted():
                facts = {"event": "job_started", **_which(event.block), "language": event.block.language}
            case StepStarted():
                facts = {"event": "step_started", **_which(event.block), "step": event.step, "argv": list(event.argv)}
            case JobFinished():
                facts = {"event": "job_finished", **_which(event.block), **self._block(event.result)}
            case RunFinished():
                facts = {"event": "run_finished", **_run(event.result)}
            case Output():
                facts = _output_facts(event, event.data)
        return facts

    def _block(self, result: BlockResult) -> Facts:
        build = measures(result.build) if result.build is not None else None
        middle: Facts = {"truncated": result.truncated, "build": build}
        return block_head(result) | middle | block_tail(result, self._source)


def _run(run: RunResult) -> Facts:
    head: Facts = {"run_id": run.run_id, "status": run.status, "exit_code": run.exit_code, "wall_s": number(run.wall_s)}
    found = diagnostics(run.source, run.diagnostics)
    return head | {"tally": tally(run.blocks), "diagnostics": found} | run_tail(run)


def unfinished(data: bytes) -> int:
    """How many bytes at the end of `data` begin a UTF-8 character without ending it: 0 to 3."""
    for length in range(1, min(3, len(data)) + 1):
        byte = data[-length]
        if byte & 0xC0 == 0x80:
            continue
        needed = 2 if 0xC2 <= byte <= 0xDF else 3 if byte & 0xF0 == 0xE0 else 4 if 0xF0 <= byte <= 0xF4 else 1
        return length if needed > length else 0
    return 0


def _which(block: BlockInfo) -> Facts:
    return {"block": block.index, "name": block.name}


def _output_facts(event: Output, data: bytes) -> Facts:
    facts: Facts = {"schema": SCHEMA, "time": number(event.time), "event": "output", **_which(event.block)}
    facts |= {"step": event.step, "stream": event.stream}
    try:
        return {**facts, "text": data.decode()}
    except UnicodeDecodeError:
        return {**facts, "base64": b64encode(data).decode()}
