"""Diagnostics as text for people, as JSON, and as SARIF 2.1.0 for other tools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from polyrun.model.codes import explain
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.spans import Source, Span
from polyrun.report.neutral import safe_line
from polyrun.report.snippet import snippet

_SGR = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}
_BOLD, _DIM = "1", "1;34"

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render_text(source: Source, diagnostics: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """The diagnostics in the layout of rustc, a blank line between two; empty for none.

    Nothing in it acts on a terminal except, with `colour`, its own colours.
    """
    return "\n".join("\n".join(_render(source, diagnostic, colour=colour)) + "\n" for diagnostic in diagnostics)


def _render(source: Source, diagnostic: Diagnostic, *, colour: bool) -> Iterator[str]:
    def paint(text: str, sgr: str) -> str:
        return f"\x1b[{sgr}m{text}\x1b[0m" if colour else text

    accent = _SGR[diagnostic.severity]
    labels = sorted((diagnostic.primary, *diagnostic.secondary), key=lambda label: label.span)
    margin = len(str(max(source.line_at(label.span.start) for label in labels))) + 1
    gutter = paint(f"{' ' * margin} |", _DIM)
    place = f"{safe_line(source.name)}:{source.position(diagnostic.primary.span.start)}"
    title = f"{diagnostic.severity}[{diagnostic.code}]"
    yield paint(title, accent) + paint(f": {safe_line(diagnostic.message)}", _BOLD)
    yield f"{' ' * margin}{paint('-->', _DIM)} {place}"
    yield gutter
    shown: tuple[int, str] | None = None
    for label in labels:
        line = source.line_at(label.span.start)
        part = snippet(source, line, label.span)
        if shown != (line, part.text):
            yield f"{paint(f'{line:>{margin}} |', _DIM)} {part.text}".rstrip()
            shown = (line, part.text)
        is_primary = label is diagnostic.primary
        mark = ("^" if is_primary else "-") * part.width
        words = f"{mark} {safe_line(label.text)}".rstrip()
        yield f"{gutter} {' ' * part.column}{paint(words, accent if is_primary else _DIM)}"
    if diagnostic.hint is not None:
        for index, text in enumerate(diagnostic.hint.splitlines()):
            yield (paint("hint", _BOLD) + ": " if index == 0 else "      ") + safe_line(text)


def to_json(source: Source, diagnostics: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """Each diagnostic as plain data.

    Lines and columns count from 1, columns count characters, and an end is the place behind the last character.
    `labels` holds the primary label first.
    """
    return [
        {
            "code": diagnostic.code.value,
            "severity": diagnostic.severity.value,
            "message": diagnostic.message,
            **_region(source, diagnostic.primary.span),
            "labels": [_label(source, diagnostic.primary, is_primary=True)]
            + [_label(source, label, is_primary=False) for label in diagnostic.secondary],
            "hint": diagnostic.hint,
        }
        for diagnostic in diagnostics
    ]


def _label(source: Source, label: Label, *, is_primary: bool) -> dict[str, Any]:
    return {**_region(source, label.span), "text": label.text, "primary": is_primary}


def _region(source: Source, span: Span) -> dict[str, int]:
    start, end = source.position(span.start), source.position(span.end)
    return {"line": start.line, "column": start.column, "end_line": end.line, "end_column": end.column}


def to_sarif(source: Source, diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """One SARIF 2.1.0 log with one run; the rules are the codes that occur, explained."""
    codes = sorted({diagnostic.code for diagnostic in diagnostics})
    rules = []
    for code in codes:
        text = explain(code)
        rules.append(
            {
                "id": code.value,
                "name": code.name.title().replace("_", ""),
                "shortDescription": {"text": text.title},
                "fullDescription": {"text": text.means},
                "help": {"text": text.remedy},
            }
        )
    from urllib.parse import quote

    location = {"uri": quote(source.name, safe="/")}
    results = []
    for diagnostic in diagnostics:
        hint = f"\nhint: {diagnostic.hint}" if diagnostic.hint is not None else ""
        result: dict[str, Any] = {
            "ruleId": diagnostic.code.value,
            "ruleIndex": codes.index(diagnostic.code),
            "level": diagnostic.severity.value,
            "message": {"text": diagnostic.message + hint},
            "locations": [_sarif_location(source, diagnostic.primary, location)],
        }
        if diagnostic.secondary:
            result["relatedLocations"] = [
                _sarif_location(source, label, location, number) for number, label in enumerate(diagnostic.secondary)
            ]
        results.append(result)
    driver = {"name": "PolyRun", "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _sarif_location(
    source: Source, label: Label, artifact: dict[str, str], number: int | None = None
) -> dict[str, Any]:
    place = _region(source, label.span)
    region = {
        "startLine": place["line"],
        "startColumn": place["column"],
        "endLine": place["end_line"],
        "endColumn": place["end_column"],
    }
    found: dict[str, Any] = {"physicalLocation": {"artifactLocation": artifact, "region": region}}
    if label.text:
        found["message"] = {"text": label.text}
    if number is not None:
        found["id"] = number
    return found
