"""The two logs of a run: one for people (`run_<time>.log`), one with every event (`run_<time>.jsonl`).

A log is never worth a run: whatever goes wrong with it ends the log with one warning and nothing else.
Nothing that a program prints or a file is called can forge a line (CWE-117): all text is written by
`report.neutral.safe_line`.
"""

from __future__ import annotations

import os
import time
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
from polyrun.model.limits import MIB, format_bytes
from polyrun.model.results import BlockResult, RunResult
from polyrun.model.spans import Source
from polyrun.report.events import EventEncoder
from polyrun.report.facts import encode
from polyrun.report.logfiles import KEPT_RUNS, create_pair, prune
from polyrun.report.neutral import Neutralizer, safe_line
from polyrun.report.words import count, seconds, status_word

LEVELS = {"DEBUG": 0, "INFO": 1, "ERROR": 2}
OUTPUT_BYTES = 8 * MIB
"""What programs' output may take of each of the two files; the rest is left out, with a mark."""
_BUFFER_BYTES = 1 << 16


class RunLog:
    """Logs one run's events into `folder`, keeping the newest `keep` runs there.

    `level` (`DEBUG`, `INFO`, `ERROR`) is the least that the log for people holds; the event log
    holds everything. With `file` the log for people is appended there instead. `path` is where that log
    is, `warning` what went wrong, if anything. Never raises.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        started: float,
        *,
        level: str = "INFO",
        file: str | os.PathLike[str] | None = None,
        keep: int = KEPT_RUNS,
    ) -> None:
        self.path: str | None = None
        self.warning: str | None = None
        self._folder = os.fspath(folder)
        self._keep = keep
        self._level = LEVELS[level]
        self._events: _LogFile | None = None
        self._human: _LogFile | None = None
        try:
            self._open(started, None if file is None else os.fspath(file))
        except OSError as error:
            self._give_up(error)

    def _open(self, started: float, file: str | None) -> None:
        events, human, base = create_pair(self._folder, started, human=file is None)
        self._events = _LogFile(events)
        if human is not None:
            self._human = _LogFile(human)
            self.path = f"{base}.log"
        elif file is not None:
            os.makedirs(os.path.dirname(os.path.abspath(file)), exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._human = _LogFile(os.open(file, flags, 0o600))
            self.path = file
        self._encoder = EventEncoder()
        self._writer = _LineWriter()
        self._budget = [OUTPUT_BYTES, OUTPUT_BYTES]

    def handle(self, event: Event) -> None:
        """Log `event`; what is not output reaches the disk at once."""
        if self._events is None or self._human is None:
            return
        if isinstance(event, Output) and max(self._budget) < 0:
            return  # both files have their share of it
        try:
            for facts in self._encoder.feed(event):
                self._put(self._events, 0, encode(facts) + b"\n", output=facts["event"] == "output")
            for level, line, output in self._writer.lines(event):
                if LEVELS[level] >= self._level:
                    text = f"{_timestamp(event.time)} {level:<5} {line}\n"
                    self._put(self._human, 1, text.encode("utf-8", "replace"), output=output)
            if not isinstance(event, Output):
                self._events.flush()
                self._human.flush()
        except OSError as error:
            self._give_up(error)

    def _put(self, file: _LogFile, which: int, line: bytes, *, output: bool) -> None:
        if output and self._budget[which] < 0:
            return
        file.write(line)
        if output:
            self._budget[which] -= len(line)
            if self._budget[which] < 0:
                file.write(_OMITTED[which])

    def close(self) -> None:
        """Close the files and remove the logs of old runs. Safe to call twice."""
        opened = self._events is not None
        try:
            for file in (self._events, self._human):
                if file is not None:
                    file.flush()
        except OSError as error:
            self._give_up(error)
        self._close_files()
        if opened:
            prune(self._folder, self._keep)

    def _give_up(self, error: OSError) -> None:
        self.warning = f"no log is kept: {safe_line(str(error.filename or self._folder))}: {error.strerror or error}"
        self._close_files()

    def _close_files(self) -> None:
        for file in (self._events, self._human):
            if file is not None:
                file.close()
        self._events = self._human = None


class _LogFile:
    """Gathers lines for `descriptor`. Closing drops what was not flushed, since a full disk would refuse it again."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer = bytearray()

    def write(self, line: bytes) -> None:
        self._buffer += line
        if len(self._buffer) >= _BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        view = memoryview(bytes(self._buffer))
        self._buffer.clear()
        while view:
            view = view[os.write(self._descriptor, view) :]

    def close(self) -> None:
        os.close(self._descriptor)


_OMITTED = (
    encode({"schema": "polyrun.event/1", "event": "output_omitted"}) + b"\n",
    b"... further output is left out of this log\n",
)


def _timestamp(moment: float) -> str:
    """ISO 8601 in the local zone, with milliseconds and the offset."""
    milliseconds = int(moment * 1000)  # `datetime` says it shorter, and takes 2 ms to import
    local = time.localtime(milliseconds // 1000)
    minutes = local.tm_gmtoff // 60
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}.{milliseconds % 1000:03}{offset}"


class _LineWriter:
    """Says each event in lines of `(level, text, is output)`."""

    def __init__(self) -> None:
        self._neutral: dict[str, Neutralizer] = {}
        self._pending: dict[str, str] = {}
        self._document = ""
        self._source: Source | None = None

    def lines(self, event: Event) -> list[tuple[str, str, bool]]:
        """The lines for `event`, preceded by unfinished lines of output that it ends."""
        if isinstance(event, Output):
            return self._output(event)
        lines = [("DEBUG", text, True) for text in self._flush()]
        match event:
            case RunStarted():
                self._document, self._source = safe_line(event.document), event.source
                where = f"{event.sandbox} (level {event.level})"
                what = f"run {event.run_id}: {self._document}, {count(len(event.blocks), 'block')} in {where}"
                return [("INFO", what, False)]
            case SecurityEvent():
                lines.append(("ERROR", f"security: {event.kind}: {safe_line(event.message)}", False))
            case JobStarted():
                lines.append(("INFO", f"{_who(event.block)} started at {self._document}:{event.block.line}", False))
            case StepStarted():
                argv = " ".join(safe_line(word) for word in event.argv)
                lines.append(("DEBUG", f"{_who(event.block)} {event.step}: {argv}", False))
            case JobFinished():
                lines += [("ERROR", f"{_who(event.block)} {text}", False) for text in self._remarks(event.result)]
                level = "INFO" if event.result.ok or event.result.allowed_to_fail else "ERROR"
                lines.append((level, f"{_who(event.block)} {_end(event.result)}", False))
            case RunFinished():
                lines.append(("INFO" if event.result.ok else "ERROR", _run_end(event.result), False))
                if event.result.audit_head is not None:
                    lines.append(("INFO", f"audit log at {event.result.audit_head}", False))
        return lines

    def _remarks(self, result: BlockResult) -> Iterator[str]:
        for one in result.remarks:
            place = f"{self._document}:{one.line(self._source)}" if self._source is not None else self._document
            yield f"{one.severity}[{one.code}]: {safe_line(one.message)} at {place}"

    def _output(self, event: Output) -> list[tuple[str, str, bool]]:
        prefix = f"{_who(event.block)} {event.stream}"
        neutral = self._neutral.setdefault(prefix, Neutralizer())
        text = self._pending.pop(prefix, "") + neutral.feed(event.data)
        whole, _, rest = text.rpartition("\n")
        if len(rest) > 1 << 16:
            whole, rest = text, ""
        if rest:
            self._pending[prefix] = rest
        return (
            [("DEBUG", f"{prefix} | {safe_line(line.rstrip())}", True) for line in whole.split("\n")] if whole else []
        )

    def _flush(self) -> list[str]:
        texts = {prefix: neutral.feed(b"", final=True) for prefix, neutral in self._neutral.items()}
        lines = [f"{prefix} | {safe_line(self._pending.get(prefix, '') + text)}" for prefix, text in texts.items()]
        shown = [line for line in lines if not line.endswith(" | ")]
        self._neutral.clear()
        self._pending.clear()
        return shown


def _who(block: BlockInfo) -> str:
    return f"[{block.index} {safe_line(block.label)} {safe_line(block.language)}]"


def _end(result: BlockResult) -> str:
    usage = result.usage
    text = f"{status_word(result)} in {seconds(usage.wall_s)}"
    if usage.cpu_s is not None:
        text += f", cpu {seconds(usage.cpu_s)}"
    if usage.memory_bytes is not None:
        text += f", peak memory {format_bytes(usage.memory_bytes)}"
    if result.truncated:
        text += ", output truncated"
    reason = result.problem.message if result.problem is not None else result.reason
    return f"{text}: {safe_line(reason)}" if reason and not result.ok else text


def _run_end(result: RunResult) -> str:
    ok = sum(block.ok for block in result.blocks)
    blocks = f"{ok} of {count(len(result.blocks), 'block')} ok"
    return f"run {result.run_id} {result.status}: {blocks}, {seconds(result.wall_s)}, exit code {result.exit_code}"
