"""The live report for people: programs' output as it comes, and what happened to each block.

Programs' stdout goes to stdout and nothing else does; all else, headers, progress, problems and the
summary, goes to stderr. Bytes go through unchanged, except that on a terminal what could act on it is
made visible (`report.neutral`).
"""

from __future__ import annotations

import threading

from polyrun.model.diagnostics import Severity
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
from polyrun.model.limits import format_bytes
from polyrun.model.outcomes import Status
from polyrun.model.results import BlockResult, RunResult, StepResult
from polyrun.model.spans import Source
from polyrun.report.channel import Channel
from polyrun.report.diagnostics import render_text
from polyrun.report.look import Look
from polyrun.report.neutral import Neutralizer, safe_line
from polyrun.report.progress import ProgressLine
from polyrun.report.summary import render_summary
from polyrun.report.width import display_width, shorten
from polyrun.report.words import count, seconds, status_style, status_word

_LISTED_ARTIFACTS = 5
_LISTED_VALUES = 10


class Console:
    """Writes a run's events to `out` (data) and `err` (everything about the data).

    `raw` lets programs talk to the terminal directly. `verbose` adds commands and the ends of
    blocks that went well; `quiet` leaves only output, problems and warnings. `data` off keeps programs' output back,
    for when stdout carries another format.
    """

    def __init__(
        self,
        out: Channel,
        err: Channel,
        look: Look,
        *,
        raw: bool = False,
        verbose: bool = False,
        quiet: bool = False,
        data: bool = True,
    ) -> None:
        self._out = out
        self._err = err
        self._look = look
        self._raw = raw
        self._verbose = verbose
        self._quiet = quiet
        self._data = data
        self._glued = (out.terminal and err.terminal) or out.shares(err)
        self._lock = threading.Lock()
        self._progress = ProgressLine(err, look, self._lock, self._at_line_start)
        self._neutral: dict[str, Neutralizer] = {}
        self._source: Source | None = None
        self._total = 0
        self._position: dict[int, int] = {}
        self._headed: int | None = None
        self._told = False

    def handle(self, event: Event) -> None:
        """Report `event`. Raises `OSError` when stdout cannot be written; a lost stderr is borne in silence."""
        with self._lock:
            self._progress.hide()
            self._dispatch(event)
        if self._out.failure is not None:
            raise self._out.failure

    def close(self) -> None:
        """End the progress line and leave the cursor at the start of a line. Safe to call twice."""
        self._progress.close()
        with self._lock:
            self._progress.idle()
            if self._glued and not self._at_line_start():
                self._own_line()

    def _dispatch(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._source = event.source
                self._total = len(event.blocks)
                self._position = {block.index: number for number, block in enumerate(event.blocks, 1)}
            case SecurityEvent():
                self._say(self._look.paint("security", "yellow") + f": {safe_line(event.message)}")
            case JobStarted():
                self._header(event.block)
            case StepStarted():
                self._step(event)
            case Output():
                self._output(event)
            case JobFinished():
                self._finished(event.block, event.result)
            case RunFinished():
                self._summary(event.result)

    def _header(self, block: BlockInfo) -> None:
        self._headed = block.index
        if self._told:  # two reports in a row would be a wall of text
            self._say("")
        self._told = False
        what = f"{self._position.get(block.index, block.index)}/{self._total} {safe_line(block.label)}"
        self._progress.show(f"{what} ({block.language})")
        if self._quiet or not self._data:
            return
        look = self._look
        facts = f" {look.dot} {safe_line(block.language)} {look.dot} line {block.line} "
        what = shorten(what, max(look.columns - display_width(facts) - 6, 12), look.ellipsis)
        lead = look.rule * 2 + " "
        rest = look.rule * (look.columns - display_width(lead + what + facts)) if self._err.terminal else ""
        self._say(look.paint(lead, "dim") + look.paint(what, "cyan") + look.paint((facts + rest).rstrip(), "dim"))

    def _step(self, event: StepStarted) -> None:
        self._flush()
        language = safe_line(event.block.language)
        if self._verbose:
            argv = " ".join(safe_line(word) for word in event.argv)
            self._say(self._look.paint(f"{event.step}: {argv}", "dim"))
        elif event.step == "prepare" and not self._quiet:
            self._say(self._look.paint(f"preparing {language}, once for this toolchain", "dim"))
        if event.step == "prepare":
            self._progress.show(f"preparing {language}")

    def _output(self, event: Output) -> None:
        if not self._data:
            return
        # What a compiler says is about the program; only what the program itself prints is data.
        to_out = event.stream == "stdout" and event.step == "run"
        channel = self._out if to_out else self._err
        if channel.terminal and not self._raw:
            neutral = self._neutral.setdefault(event.stream, Neutralizer())
            self._put(channel, neutral.feed(event.data).encode(channel.encoding, "backslashreplace"))
        else:
            self._put(channel, event.data)

    def _flush(self) -> None:
        """Show what was held back of a step's last character."""
        for stream, neutral in self._neutral.items():
            channel = self._out if stream == "stdout" else self._err
            self._put(channel, neutral.feed(b"", final=True).encode(channel.encoding, "backslashreplace"))
        self._neutral.clear()

    def _put(self, channel: Channel, data: bytes) -> None:
        channel.write(data)
        if data and self._glued:
            self._out.at_line_start = self._err.at_line_start = data.endswith(b"\n")

    def _at_line_start(self) -> bool:
        return self._err.at_line_start

    def _own_line(self) -> None:
        """Begin a line of our own even if a program did not end its last one."""
        if not self._err.at_line_start:
            self._put(self._err, b"\n")

    def _say(self, text: str) -> None:
        self._own_line()
        self._put(self._err, (text + "\n").encode(self._err.encoding, "backslashreplace"))

    def _finished(self, block: BlockInfo, result: BlockResult) -> None:
        self._flush()
        self._progress.idle()
        for name, step in (("build", result.build), ("run", result.run)):
            if step is not None and not (name == "build" and result.build_cached):
                self._truncation(step)
        if result.remarks and self._source is not None:
            self._own_line()
            self._say(render_text(self._source, result.remarks, colour=self._look.colour).rstrip("\n"))
            self._told = not self._quiet and self._data
        if result.problem is not None and self._source is not None:
            self._own_line()
            if result.remarks:
                self._say("")
            self._say(render_text(self._source, [result.problem], colour=self._look.colour).rstrip("\n"))
            self._imports(result)
            self._told = not self._quiet and self._data
            if result.allowed_to_fail:
                self._say("the block may fail (`allow-fail`), so the run goes on")
        elif result.status is Status.CANCELLED and self._headed != block.index:
            return  # it was never started, and the summary says so
        elif not result.ok or self._verbose:
            if self._headed != block.index:  # it was never started
                self._header(block)
                self._progress.idle()
            self._status(block, result)
        if self._verbose:
            self._exports(result)

    def _imports(self, result: BlockResult) -> None:
        """What a block that failed was given: a wrong value may come from far above."""
        for info in result.imports[:_LISTED_VALUES]:
            where = f"from {info.producer}, line {info.line}" if info.producer else "given by `--set`"
            name = self._look.paint("import", "cyan")
            self._say(f"{name}: `{safe_line(info.name)}`, {safe_line(str(info))}, {safe_line(where)}")
        if len(result.imports) > _LISTED_VALUES:
            self._say(f"and {count(len(result.imports) - _LISTED_VALUES, 'more import')}")

    def _exports(self, result: BlockResult) -> None:
        for info in result.exports:
            name = self._look.paint("export", "cyan")
            self._say(f"{name}: `{safe_line(info.name)}`, {safe_line(str(info))}")

    def _status(self, block: BlockInfo, result: BlockResult) -> None:
        look = self._look
        who = "" if self._headed == block.index and not self._quiet and self._data else f"{safe_line(block.label)}: "
        text = who + look.paint(status_word(result), status_style(result))
        if result.reason and not result.ok:
            text += f": {safe_line(result.reason)}"
        elif result.run is not None or result.build is not None:
            text += look.paint(f" in {seconds(result.usage.wall_s)}", "dim")
        self._say(text)

    def _truncation(self, step: StepResult) -> None:
        for name, capture in (("stdout", step.stdout), ("stderr", step.stderr)):
            if capture.truncated:
                kept, total = format_bytes(capture.size), format_bytes(capture.total)
                mark = f"{self._look.ellipsis} {name} truncated: {kept} kept of {total}"
                self._say(self._look.paint(mark, "yellow"))

    def _summary(self, result: RunResult) -> None:
        self._flush()
        self._progress.idle()
        curious = self._verbose or not result.ok  # a note may explain what went wrong
        shown = [d for d in result.diagnostics if curious or d.severity is not Severity.NOTE]
        if shown:
            self._own_line()
            self._say(render_text(result.source, shown, colour=self._look.colour).rstrip("\n"))
        for note in result.notes:
            self._say(self._look.paint("note", "bold") + f": {safe_line(note)}")
        if self._quiet:
            return
        if self._data:
            self._say("")
        self._say(render_summary(result, self._look).rstrip("\n"))
        self._artifacts(result)
        if result.saved:
            names = ", ".join(safe_line(path) for path in result.saved[:_LISTED_ARTIFACTS])
            more = f", {self._look.ellipsis}" if len(result.saved) > _LISTED_ARTIFACTS else ""
            self._say(f"{count(len(result.saved), 'export')} saved: {names}{more}")
        if result.report is not None:
            self._say(f"report: {safe_line(result.report)}")
        if result.audit_head is not None and self._verbose:
            self._say(self._look.paint(f"audit: {result.audit_head}", "dim"))
        if result.log_path and (self._verbose or not result.ok):
            self._say(self._look.paint(f"log: {safe_line(result.log_path)}", "dim"))

    def _artifacts(self, result: RunResult) -> None:
        if not result.artifacts:
            return
        names = ", ".join(safe_line(name) for name in result.artifacts[:_LISTED_ARTIFACTS])
        if len(result.artifacts) > _LISTED_ARTIFACTS:
            names += f", {self._look.ellipsis}"
        where = f" in {safe_line(result.artifacts_dir)}" if result.artifacts_dir else ""
        self._say(f"{count(len(result.artifacts), 'file')} written{where}: {names}")
