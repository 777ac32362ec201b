"""A self-test as one HTML page that needs nothing but itself; what stands in it is escaped like in `report.html`."""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from importlib.resources import files

from polyrun.model.selftest import AttackResult, Checked, SelfTestReport, Verdict
from polyrun.report.markup import line, text
from polyrun.report.selftest import TITLES, WORDS, rows_of, verdict_word
from polyrun.report.target import Target
from polyrun.report.words import count, seconds

_MEANINGS = {
    Verdict.HELD: "held what its level promises",
    Verdict.WEAKNESS: "stated weaknesses",
    Verdict.NOT_HELD: "did not hold",
    Verdict.BROKEN: "broke the sandbox",
    Verdict.NOT_CAPABLE: "do no harm here anyway",
    Verdict.NOT_RUN: "could not be run",
}


class SelfTestPage:
    """Writes a page about a self-test to the file `path`. Raises `UsageError` for a place that cannot be written to."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._target = Target(os.fspath(path))

    def write(self, report: SelfTestReport) -> None:
        """Write the page. Raises `OSError`; what was there before is then still there."""
        self._target.write(piece.encode("utf-8", "replace") for piece in page(report))

    def close(self) -> None:
        """Let go of the place. Safe to call twice."""
        self._target.close()


def page(report: SelfTestReport) -> Iterator[str]:
    """The page's text in pieces."""
    yield _head(report)
    yield from _title(report)
    yield from _tiles(report)
    for each in report.left:
        yield f'<p class="remark strange"><b>left behind</b> {line(each)}</p>\n'
    for each in report.missing:
        yield f'<p class="remark"><b>not enforced here</b> {line(each)}</p>\n'
    yield '<div class="wide"><table>\n<thead><tr>'
    yield "".join(f"<th>{title}</th>" for title in TITLES)
    yield "</tr></thead>\n<tbody>\n"
    for result in report.results:
        yield from _row(result)
    yield "</tbody></table></div>\n"
    if report.not_concerned:
        yield '<section class="left">\n<h3>Rows of the catalogue without an attack here</h3>\n<ul>\n'
        for row, why in report.not_concerned.items():
            yield f"<li>row {row}: {line(why)}</li>\n"
        yield "</ul>\n</section>\n"
    yield "<footer>\n<p>made by <code>polyrun selftest</code>; docs/selftest.md says how to read it</p>\n</footer>\n"
    yield "</main>\n</body>\n</html>\n"


def _head(report: SelfTestReport) -> str:
    sheets = (files("polyrun.report").joinpath(name).read_text("utf-8") for name in ("html.css", "selftest.css"))
    style = "".join(sheets)
    known = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{known}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>Self-test of {line(report.sandbox)}, level {report.level}</title>\n<style>{style}</style>\n</head>\n"
        "<body>\n<main>\n"
    )


def _title(report: SelfTestReport) -> Iterator[str]:
    colour, word = ("green", "ok") if report.ok else ("red", "not ok")
    yield f'<header class="{colour}">\n<h1>Self-test</h1>\n<span class="pill">{word}</span>\n'
    many = count(len(report.results), "attack")
    yield f"<p>{many} on a sandbox of this host, and on a throw-away host where nothing stops them</p>\n<dl>\n"
    facts = {
        "sandbox": f"{report.sandbox}, level {report.level}",
        "host": report.system,
        "PolyRun": report.version,
        "started": time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(report.started)),
        "took": seconds(report.wall_s),
    }
    for name, fact in facts.items():
        yield f"<div><dt>{name}</dt><dd>{line(fact)}</dd></div>\n"
    yield "</dl>\n</header>\n"


def _tiles(report: SelfTestReport) -> Iterator[str]:
    yield '<ul class="tiles">\n'
    for verdict, meaning in _MEANINGS.items():
        if number := report.count(verdict):
            yield f'<li class="{WORDS[verdict][1]}"><b>{number}</b>{meaning}</li>\n'
    if report.not_shown:
        yield f'<li class="yellow"><b>{report.not_shown}</b>* not seen to succeed elsewhere</li>\n'
    yield "</ul>\n"


def _row(result: AttackResult) -> Iterator[str]:
    style = WORDS[result.verdict][1]
    yield f'<tr class="{style}"><td>{rows_of(result)}</td>\n<td>'
    opened = " open" if result.verdict.is_bad else ""
    yield f"<details{opened}><summary><b>{line(result.name)}</b><span>{line(result.title)}</span></summary>\n"
    yield from _checks(result.checks)
    yield "</details>"
    for name, why in (("weakness", result.weakness), ("reason", result.reason), ("not shown", result.why_not)):
        if why is not None:
            yield f'<span class="why"><i>{name}:</i> {text(why)}</span>'
    yield f"</td>\n<td>{line(result.expected)}</td><td>{line(result.got)}</td>"
    yield f'<td><span class="status">{verdict_word(result)}</span></td></tr>\n'


def _checks(checks: Sequence[Checked]) -> Iterator[str]:
    if not checks:
        return
    yield "<table><thead><tr><th>looked at</th><th>expected</th><th>got</th></tr></thead><tbody>\n"
    for check in checks:
        colour = "green" if check.ok else "red"
        cells = "".join(f"<td>{line(cell)}</td>" for cell in (check.name, check.expected, check.got))
        yield f'<tr class="{colour}">{cells}</tr>\n'
    yield "</tbody></table>\n"
