"""A self-test as text for people and as JSON for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from polyrun.model.selftest import AttackResult, Checked, SelfTestReport, Verdict
from polyrun.report.look import Look
from polyrun.report.neutral import safe_line
from polyrun.report.width import display_width, pad, shorten
from polyrun.report.words import seconds

SCHEMA = "polyrun.selftest/1"

WORDS = {
    Verdict.HELD: ("held", "green"),
    Verdict.WEAKNESS: ("weakness", "yellow"),
    Verdict.NOT_HELD: ("NOT HELD", "red"),
    Verdict.BROKEN: ("BROKEN", "red"),
    Verdict.NOT_CAPABLE: ("not capable", "yellow"),
    Verdict.NOT_RUN: ("not run", "yellow"),
}
"""How a verdict is written, and its style."""

TITLES = ("rows", "attack", "expected", "got", "verdict")
_GAP = "  "
_FEWEST = (4, 22, 15, 15, 8)
_INDENT = 6


def render_selftest(report: SelfTestReport, look: Look, *, verbose: bool = False) -> str:
    """The table, what did not go well in full, and the sums; with `verbose` every check of every attack."""
    return "\n".join(_lines(report, look, verbose=verbose)) + "\n"


def rows_of(result: AttackResult) -> str:
    """The rows of the catalogue, such as `1,4`."""
    return ",".join(map(str, result.rows))


def verdict_word(result: AttackResult) -> str:
    """The verdict in words; `held*` for one that was not seen to succeed where nothing stops it."""
    word = WORDS[result.verdict][0]
    judged = result.verdict in (Verdict.HELD, Verdict.WEAKNESS)
    return f"{word}*" if judged and not result.capable else word


def sums(report: SelfTestReport) -> list[tuple[str, str]]:
    """How many attacks ended how, each with its style: `112 held`."""
    plain = {Verdict.NOT_HELD: "not held", Verdict.BROKEN: "broken", Verdict.WEAKNESS: "stated weakness"}
    found = []
    for verdict, (word, style) in WORDS.items():
        if number := report.count(verdict):
            found.append((f"{number} {plain.get(verdict, word)}", style))
    return found


def to_json(report: SelfTestReport) -> dict[str, object]:
    """One object, schema `polyrun.selftest/1`; keys may be added, never renamed."""
    return {
        "schema": SCHEMA,
        "ok": report.ok,
        "version": report.version,
        "system": report.system,
        "started": report.started,
        "wall_s": round(report.wall_s, 3),
        "sandbox": report.sandbox,
        "level": report.level,
        "enforced": list(report.enforced),
        "missing": list(report.missing),
        "counts": {verdict.value: report.count(verdict) for verdict in Verdict} | {"not_shown": report.not_shown},
        "attacks": [_attack(result) for result in report.results],
        "not_concerned": {str(row): why for row, why in report.not_concerned.items()},
        "left": list(report.left),
    }


def _attack(result: AttackResult) -> dict[str, object]:
    return {
        "name": result.name,
        "rows": list(result.rows),
        "title": result.title,
        "verdict": result.verdict.value,
        "expected": result.expected,
        "got": result.got,
        "capable": result.capable,
        "why_not_capable": result.why_not,
        "weakness": result.weakness,
        "reason": result.reason,
        "wall_s": round(result.wall_s, 3),
        "checks": [
            {"name": check.name, "expected": check.expected, "got": check.got, "ok": check.ok}
            for check in result.checks
        ],
    }


def _lines(report: SelfTestReport, look: Look, *, verbose: bool) -> Iterator[str]:
    where = f"{safe_line(report.sandbox)}, level {report.level}"
    rest = (f"PolyRun {report.version}", safe_line(report.system), seconds(report.wall_s))
    yield f" {look.dot} ".join((look.paint(where, "bold"), *rest))
    for line in report.missing:
        yield from _folded(look.paint("missing", "yellow"), line, look, 7)
    yield ""
    widths = _widths(report.results, look.columns)
    yield look.paint(_row(TITLES, widths, look), "dim")
    for result in report.results:
        yield _result(result, widths, look)
        if verbose:
            yield from _checks(result.checks, look)
            if result.why_not is not None:
                yield from _folded(look.paint("    not shown", "yellow"), result.why_not, look, 13)
    yield look.paint(look.rule * (sum(widths) + len(_GAP) * (len(widths) - 1)), "dim")
    for result in report.results:
        yield from _remark(result, look)
    if not report.ok or any(result.verdict is not Verdict.HELD for result in report.results):
        yield ""
    for line in report.left:
        yield from _folded(look.paint("left behind", "red"), line, look, 11)
    yield ", ".join(look.paint(words, style) for words, style in sums(report)) or "no attacks"
    if not report.judged:
        yield look.paint("nothing was judged, so nobody knows whether the sandbox holds", "red")
    if report.not_shown:
        yield f"* {report.not_shown} not seen to succeed where nothing stops it (`-v` says why)"
    if report.not_concerned and len(report.results) > len(report.not_concerned):
        yield look.paint(f"rows without an attack here: {', '.join(map(str, report.not_concerned))}", "dim")


def _result(result: AttackResult, widths: Sequence[int], look: Look) -> str:
    cells = (rows_of(result), result.name, result.expected, result.got or (result.reason or ""), verdict_word(result))
    fitted = _row(cells[:-1], widths[:-1], look, whole=True)
    return f"{fitted}{_GAP}{look.paint(cells[-1], WORDS[result.verdict][1])}"


def _row(cells: Sequence[str], widths: Sequence[int], look: Look, *, whole: bool = False) -> str:
    parts = [
        pad(shorten(safe_line(cell), width, look.ellipsis), width) for cell, width in zip(cells, widths, strict=True)
    ]
    line = _GAP.join(parts)
    return line if whole else line.rstrip()


def _widths(results: Sequence[AttackResult], columns: int) -> list[int]:
    """The width of each column, so that a row fits into `columns` where that can be."""
    cells = [(rows_of(one), one.name, one.expected, one.got or one.reason or "", verdict_word(one)) for one in results]
    widths = [max(display_width(safe_line(row[index])) for row in [TITLES, *cells]) for index in range(len(TITLES))]
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - columns
    for index in (3, 2, 1):  # what was got first: its full text stands below when it matters
        if excess > 0:
            cut = min(excess, max(0, widths[index] - _FEWEST[index]))
            widths[index] -= cut
            excess -= cut
    return widths


def _remark(result: AttackResult, look: Look) -> Iterator[str]:
    """What is to be said of one attack below the table."""
    word, style = WORDS[result.verdict]
    match result.verdict:
        case Verdict.NOT_HELD:
            yield f"{look.paint(word, style)} {result.name}: {safe_line(result.title)}"
            yield from _checks(result.troubles, look)
        case Verdict.WEAKNESS:
            yield from _folded(look.paint(word, style), f"{result.name}: {result.weakness}", look, len(word))
        case Verdict.BROKEN | Verdict.NOT_RUN:
            yield from _folded(look.paint(word, style), f"{result.name}: {result.reason}", look, len(word))
        case Verdict.NOT_CAPABLE:
            yield from _folded(look.paint(word, style), f"{result.name}: {result.why_not}", look, len(word))
        case Verdict.HELD:
            pass


def _checks(checks: Sequence[Checked], look: Look) -> Iterator[str]:
    for check in checks:
        mark = look.paint("ok", "green") if check.ok else look.paint("no", "red")
        text = f"{check.name}: {check.got}" + ("" if check.ok else f" (expected {check.expected})")
        yield from _folded(f"    {mark}", text, look, _INDENT)


def _folded(head: str, text: str, look: Look, width: int) -> Iterator[str]:
    """`text` behind `head`, which takes `width` columns, folded with an indent."""
    room = max(look.columns - _INDENT, 20)
    lines = textwrap.wrap(
        safe_line(text),
        room,
        initial_indent=" " * max(width + 1 - _INDENT, 0),
        break_on_hyphens=False,
    ) or [""]
    yield f"{head} {lines[0].lstrip()}"
    yield from (" " * _INDENT + line for line in lines[1:])
