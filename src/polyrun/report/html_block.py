"""One block in a page: its heading, code, output, problem and values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from polyrun.model.capture import Capture
from polyrun.model.events import BlockInfo
from polyrun.model.limits import KIB, MIB, format_bytes
from polyrun.model.results import BlockResult, StepResult
from polyrun.model.spans import Source, Span
from polyrun.model.values import ValueInfo
from polyrun.report.diagnostics import render_text
from polyrun.report.embed import Embedder
from polyrun.report.markup import Allowance, line, text
from polyrun.report.neutral import Neutralizer
from polyrun.report.words import seconds, status_style, status_word

STREAM_BYTES, ALL_STREAMS_BYTES = 256 * KIB, 16 * MIB
CODE_BYTES, ALL_CODE_BYTES = MIB, 16 * MIB
_LINE_BYTES = 40
"""What the page spends on a line of code besides its text."""
_LEAST = 4 * KIB
_VALUES = 200
_REMARKS = 20


class BlockWriter:
    """Writes the blocks of one document, as long as there is room for what they hold."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._code = Allowance(ALL_CODE_BYTES)
        self._output = Allowance(ALL_STREAMS_BYTES)
        self._embedder = Embedder()

    def pieces(self, block: BlockResult, info: BlockInfo | None) -> Iterator[str]:
        """The block in HTML, in pieces of bounded size."""
        yield f'<article id="b{block.index}" class="{status_style(block)}">\n'
        yield from _heading(block)
        if info is not None and info.body is not None and len(info.body):
            yield from self._lines(block, info.body)
        yield from self._values("imports", block.imports)
        if block.build is not None:
            yield from self._streams("build ", block.build)
        if block.run is not None:
            yield from self._streams("", block.run)
        for remark in block.remarks[:_REMARKS]:
            yield f'<pre class="problem">\n{text(render_text(self._source, [remark]))}</pre>\n'
        if block.problem is not None:
            yield f'<pre class="problem">\n{text(render_text(self._source, [block.problem]))}</pre>\n'
        elif block.reason and not block.ok:
            yield f'<p class="remark">{line(block.reason)}</p>\n'
        if block.allowed_to_fail and not block.ok:
            yield '<p class="note">the block may fail (<code>allow-fail</code>), so the run went on</p>\n'
        yield from self._values("exports", block.exports)
        yield "</article>\n"

    def _lines(self, block: BlockResult, body: Span) -> Iterator[str]:
        """The code, each line with its number in the document."""
        data = self._source.data
        wrong = self._source.line_at(block.problem.primary.span.start) if block.problem is not None else None
        number, start = self._source.line_at(body.start), body.start
        yield '<pre class="code" tabindex="0">\n'
        room = CODE_BYTES
        while start < body.end:
            feed = data.find(b"\n", start, body.end)
            end = body.end if feed < 0 else feed
            wanted = end - start + _LINE_BYTES
            granted = self._code.take(wanted, room)
            room -= granted
            if granted < wanted:
                yield f'<span class="cut">from line {number} on it is left out here</span>\n'
                break
            words = data[start:end].decode("utf-8", "replace").removesuffix("\r")
            mark = ' class="wrong"' if number == wrong else ""
            yield f"<span{mark}><b>{number}</b>{text(words)}\n</span>"
            number, start = number + 1, end + 1
        yield "</pre>\n"

    def _streams(self, step: str, result: StepResult) -> Iterator[str]:
        for name, capture in (("stdout", result.stdout), ("stderr", result.stderr)):
            if not capture.total:
                continue
            yield f"<h3>{step}{name}</h3>\n"
            if capture.size:
                yield f'<pre class="{name}" tabindex="0">\n'
                yield from self._stream(capture)
                yield "</pre>\n"
            if capture.truncated:
                kept, printed = format_bytes(capture.size), format_bytes(capture.total)
                yield f'<p class="note">truncated: {kept} kept of {printed}</p>\n'

    def _stream(self, capture: Capture) -> Iterator[str]:
        """What was printed; of much of it the beginning and the end, where the interesting things are."""
        granted = self._output.take(capture.size, STREAM_BYTES)
        if granted == capture.size:
            yield from _shown(capture.chunks())
            return
        half = granted // 2 if granted >= _LEAST else 0
        yield from _shown(_first(capture, half))
        left = format_bytes(capture.size - 2 * half)
        yield f'\n<span class="cut">{left} are left out here</span>\n'
        yield from _shown(iter((capture.tail(half),)))

    def _values(self, title: str, values: Sequence[ValueInfo]) -> Iterator[str]:
        if not values:
            return
        yield f'<h3>{title}</h3>\n<ul class="values">\n'
        for info in values[:_VALUES]:
            yield f"<li><code><b>{line(info.name)}</b></code> <span>{line(str(info))}</span>"
            if title == "imports":
                where = f"from {info.producer}, line {info.line}" if info.producer else "given from outside"
                yield f" <span>{line(where)}</span>"
            yield f"<samp>{line(info.preview)}</samp>\n" if info.preview else "\n"
            if title == "exports":
                yield from self._embedder.pieces(info)
            yield "</li>\n"
        yield "</ul>\n"
        if len(values) > _VALUES:
            yield f'<p class="note">and {len(values) - _VALUES} more</p>\n'


def _heading(block: BlockResult) -> Iterator[str]:
    yield f'<header>\n<h2><bdi>{line(block.label)}</bdi></h2>\n<span class="pill">{line(status_word(block))}</span>\n'
    facts = [" ".join(filter(None, (block.language, block.toolchain))), f"line {block.line}"]
    if block.run is not None or block.build is not None:
        usage = block.usage
        facts.append(seconds(usage.wall_s))
        if usage.cpu_s is not None:
            facts.append(f"{seconds(usage.cpu_s)} cpu")
        if usage.memory_bytes is not None:
            facts.append(format_bytes(usage.memory_bytes))
    if block.build_cached:
        facts.append("build from the cache")
    yield f"<p>{' · '.join(f'<span>{line(fact)}</span>' for fact in facts)}</p>\n"
    yield "</header>\n"


def _first(capture: Capture, size: int) -> Iterator[bytes]:
    for chunk in capture.chunks():
        if size <= 0:
            return
        yield chunk[:size]
        size -= len(chunk)


def _shown(chunks: Iterator[bytes]) -> Iterator[str]:
    neutral = Neutralizer()
    for chunk in chunks:
        yield text(neutral.feed(chunk))
    yield text(neutral.feed(b"", final=True))
