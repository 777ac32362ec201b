"""`polyrun doctor`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from polyrun.cli import given
from polyrun.cli.exit_codes import ExitCode
from polyrun.cli.framework import Command, Example
from polyrun.cli.streams import err, look, out, print_data
from polyrun.languages.spec import Toolchain
from polyrun.model.outcomes import Feature
from polyrun.report.look import Look
from polyrun.report.neutral import safe_line
from polyrun.sandbox.base import Capabilities, Unavailable

if TYPE_CHECKING:
    from polyrun.api import DoctorReport

_INDENT = 13


@click.command(
    cls=Command,
    examples=(
        Example("polyrun doctor", "which sandbox runs use here, what it enforces, what is missing"),
        Example("polyrun doctor --format json", "the same for programs"),
    ),
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
@click.option("-c", "--config", type=click.Path(), metavar="FILE", help="Read this polyrun.toml or config.json too.")
def doctor(form: str, config: str | None) -> int:
    """Show what this host's sandboxes and toolchains can do, found by trying.

    Exits with 0 if documents can be run here and with 4 if no acceptable sandbox works.
    """
    from polyrun import api

    people = err()
    if look(people).live:
        people.text("trying the sandboxes and toolchains...")
    try:
        report = api.doctor(given.settings(config, None, {}))
    finally:
        if look(people).live:
            people.text("\r\x1b[2K")
    if form == "json":
        print_data(json.dumps(_facts(report), indent=2) + "\n")
    else:
        print_data("\n".join(_lines(report, look(out()))) + "\n")
    return ExitCode.OK if report.chosen is not None else ExitCode.REFUSED


def _lines(report: DoctorReport, style: Look) -> Iterator[str]:
    yield f"PolyRun {report.version}, Python {report.python}, {safe_line(report.system)}"
    yield ""
    yield style.paint("sandboxes", "bold")
    for sandbox in report.sandboxes:
        yield from _sandbox(sandbox, style, used=sandbox.backend == report.chosen)
    if report.refusal is not None:
        yield f"  {style.paint('no document can be run', 'red')}: {safe_line(report.refusal)}"
    elif report.chosen != "local":
        yield f"  {style.paint('to see it hold', 'dim')}: `polyrun selftest`"
    yield ""
    yield style.paint("languages", "bold")
    missing = []
    for status in report.languages:
        if isinstance(status.toolchain, Toolchain):
            yield f"  {style.paint('ok', 'green')}       {status.language.id:<12}{safe_line(status.toolchain.version)}"
        else:
            missing.append((status.language.id, status.toolchain))
    for name, toolchain in missing:
        hint = " or ".join(f"`{safe_line(hint)}`" for hint in toolchain.hints) or safe_line(toolchain.reason)
        yield f"  {style.paint('missing', 'yellow')}  {name:<12}{hint}"
    yield ""
    yield style.paint("folders", "bold")
    for name in ("cache", "state", "config"):
        yield f"  {name:<9}{safe_line(str(getattr(report.folders, name)))}"


def _sandbox(sandbox: Capabilities | Unavailable, style: Look, *, used: bool) -> Iterator[str]:
    if isinstance(sandbox, Unavailable):
        yield f"  {sandbox.backend}: {style.paint('not usable', 'yellow')}: {safe_line(sandbox.reason)}"
        if sandbox.hint:
            yield from _wrapped("hint", sandbox.hint)
        return
    use = f" {style.dot} {style.paint('runs use this one', 'green')}" if used else ""
    yield f"  {sandbox.backend}, level {sandbox.level}{use}"
    held = [feature.value.replace("_", " ") for feature in Feature if feature in sandbox.features]
    yield from _wrapped("enforces", ", ".join(held) or "nothing")
    open_ = [feature.value.replace("_", " ") for feature in Feature if feature not in sandbox.features]
    if open_:
        yield from _wrapped("does not", ", ".join(open_))
    for title, texts in (("because", sandbox.missing), ("notes", sandbox.notes)):
        for number, text in enumerate(texts):
            yield from _wrapped("" if number else title, text)


def _wrapped(title: str, text: str) -> Iterator[str]:
    """`text` beside `title`, folded at 80 columns."""
    lines = textwrap.wrap(safe_line(text), 80 - _INDENT, break_long_words=False, break_on_hyphens=False) or [""]
    yield f"    {title:<{_INDENT - 4}}{lines[0]}"
    yield from (" " * _INDENT + line for line in lines[1:])


def _facts(report: DoctorReport) -> dict[str, object]:
    sandboxes: list[dict[str, object]] = []
    for sandbox in report.sandboxes:
        if isinstance(sandbox, Unavailable):
            facts: dict[str, object] = {"usable": False, "reason": sandbox.reason, "hint": sandbox.hint}
        else:
            facts = {"usable": True, "level": sandbox.level, "enforced": sorted(sandbox.features)}
            facts |= {"missing": list(sandbox.missing), "notes": list(sandbox.notes)}
        sandboxes.append({"backend": sandbox.backend, **facts})
    found = [(status.language.id, status.toolchain) for status in report.languages]
    return {
        "version": report.version,
        "python": report.python,
        "system": report.system,
        "chosen": report.chosen,
        "refusal": report.refusal,
        "sandboxes": sandboxes,
        "languages": {name: chain.version if isinstance(chain, Toolchain) else None for name, chain in found},
        "folders": {name: str(getattr(report.folders, name)) for name in ("cache", "state", "config")},
    }
