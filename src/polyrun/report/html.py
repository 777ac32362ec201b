"""A run as one HTML page that needs nothing but itself: no script, no font, no address.

Everything in it comes from programs and documents that may be hostile. So all text goes through `report.markup`, what
programs wrote stands in no attribute, and the page forbids the browser (`Content-Security-Policy`) whatever it does
not need: it can load nothing, run nothing and send nothing.
"""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from importlib.resources import files

from polyrun.model.events import BlockInfo, Event, RunStarted, SecurityEvent
from polyrun.model.results import BlockResult, RunResult
from polyrun.report.diagnostics import render_text
from polyrun.report.html_block import BlockWriter
from polyrun.report.look import Look
from polyrun.report.markup import line, text
from polyrun.report.summary import COLUMNS, cells, counts, not_enforced
from polyrun.report.target import Target
from polyrun.report.words import seconds, status_style

_LISTED = 100


class HtmlReport:
    """Writes a page about a run to the file `path`: `handle` its events, then `write` its result.

    Raises `UsageError` for a place that cannot be written to; `close` it in the end.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._target = Target(self.path)
        self._started: RunStarted | None = None
        self._warnings: list[str] = []

    def handle(self, event: Event) -> None:
        """Remember what the result does not tell."""
        match event:
            case RunStarted():
                self._started = event
            case SecurityEvent():
                self._warnings.append(event.message)
            case _:
                pass

    def write(self, result: RunResult) -> None:
        """Write the page. Raises `OSError`; what was there before is then still there."""
        pieces = page(result, self._started, self._warnings)
        self._target.write(piece.encode("utf-8", "replace") for piece in pieces)

    def close(self) -> None:
        """Let go of the place. Safe to call twice."""
        self._target.close()


def page(result: RunResult, started: RunStarted | None = None, warnings: Sequence[str] = ()) -> Iterator[str]:
    """The page's text in pieces of bounded size. The values' files must still be there."""
    blocks = started.blocks if started is not None else ()
    infos: dict[int, BlockInfo] = {block.index: block for block in blocks}
    yield _head(result)
    yield from _title(result, started)
    yield from _remarks(result, warnings)
    if result.blocks:
        yield '<div class="wide"><table>\n<thead><tr>'
        yield "".join(f"<th{_aligned(column.right)}>{column.title}</th>" for column in COLUMNS)
        yield "</tr></thead>\n<tbody>\n"
        yield from map(_row, result.blocks)
        yield "</tbody></table></div>\n"
    writer = BlockWriter(result.source)
    for block in result.blocks:
        yield from writer.pieces(block, infos.get(block.index))
    yield from _left(result)
    yield "</main>\n</body>\n</html>\n"


def _head(result: RunResult) -> str:
    style = files("polyrun.report").joinpath("html.css").read_text("utf-8")
    known = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{known}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{line(result.source.name)}: {result.status}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
    )


def _title(result: RunResult, started: RunStarted | None) -> Iterator[str]:
    colour = {"ok": "green", "cancelled": "yellow"}.get(result.status, "red")
    yield f'<header class="{colour}">\n<h1>{line(result.source.name)}</h1>\n<span class="pill">{result.status}</span>\n'
    yield f"<p>{text(counts(result, Look()))}</p>\n"
    facts: list[tuple[str, str]] = []
    if started is not None:
        facts.append(("started", time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(started.time))))
    facts.append(("took", seconds(result.wall_s)))
    facts.append(("exit code", str(result.exit_code)))
    where = f"{result.sandbox}, level {result.level}"
    facts.append(("sandbox", where + (" (not isolated)" if result.level == 0 else "")))
    if missing := not_enforced(result.blocks):
        facts.append(("not enforced", ", ".join(missing)))
    facts.append(("run", result.run_id))
    yield "<dl>\n"
    for name, fact in facts:
        strange = name == "not enforced" or (name == "sandbox" and result.level == 0)
        mark = ' class="strange"' if strange else ""
        yield f"<div{mark}><dt>{name}</dt><dd>{line(fact)}</dd></div>\n"
    yield "</dl>\n</header>\n"


def _remarks(result: RunResult, warnings: Sequence[str]) -> Iterator[str]:
    for warning in warnings:
        yield f'<p class="remark strange"><b>security</b> {line(warning)}</p>\n'
    for note in result.notes:
        yield f'<p class="remark"><b>note</b> {line(note)}</p>\n'
    if result.diagnostics:
        yield '<pre class="problem">\n'
        for diagnostic in result.diagnostics[:_LISTED]:
            yield text(render_text(result.source, [diagnostic]))
        yield "</pre>\n"
    if len(result.diagnostics) > _LISTED:
        yield f'<p class="note">and {len(result.diagnostics) - _LISTED} more</p>\n'


def _aligned(right: bool) -> str:  # noqa: FBT001 - a column's own fact
    return ' class="right"' if right else ""


def _row(block: BlockResult) -> str:
    parts = [f'<tr class="{status_style(block)}">']
    for cell, column in zip(cells(block), COLUMNS, strict=True):
        words = line(cell)
        if column.title == "block":
            words = f'<a href="#b{block.index}"><bdi>{words}</bdi></a>'
        elif column.title == "status":
            words = f'<span class="status">{words}</span>'
        parts.append(f"<td{_aligned(column.right)}>{words}</td>")
    return "".join(parts) + "</tr>\n"


def _left(result: RunResult) -> Iterator[str]:
    """The files that the run left on its machine."""
    sections = [
        (f"Files that blocks wrote, in {result.artifacts_dir}" if result.artifacts_dir else "Files that blocks wrote"),
        "Exports saved",
    ]
    listed = [(title, names) for title, names in zip(sections, (result.artifacts, result.saved), strict=True) if names]
    for title, names in listed:
        yield f'<section class="left">\n<h3>{line(title)}</h3>\n<ul>\n'
        for name in names[:_LISTED]:
            yield f"<li><code>{line(name)}</code></li>\n"
        yield "</ul>\n"
        if len(names) > _LISTED:
            yield f'<p class="note">and {len(names) - _LISTED} more</p>\n'
        yield "</section>\n"
    log = f"<p>log <code>{line(result.log_path)}</code></p>\n" if result.log_path else ""
    yield f"<footer>\n{log}<p>made by PolyRun</p>\n</footer>\n"
