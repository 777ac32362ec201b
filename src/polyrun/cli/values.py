"""`polyrun values`."""

from __future__ import annotations

import json
import os

import click

from polyrun.cli import given
from polyrun.cli.exit_codes import ExitCode
from polyrun.cli.framework import Command, Example
from polyrun.cli.streams import complain, look, out, print_data
from polyrun.cli.table import render_table
from polyrun.model.frozen import as_dict
from polyrun.model.limits import format_bytes
from polyrun.report.history import PastExport
from polyrun.report.neutral import safe_line


@click.command(
    cls=Command,
    examples=(
        Example("polyrun values stats.mix", "names, types, sizes and the beginning of each value"),
        Example("polyrun values stats.mix --format json", "with the columns of tables, for programs"),
    ),
)
@click.argument("file", type=click.Path(), metavar="FILE")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
@click.option("--log-dir", type=click.Path(), metavar="DIR", help="The folder with the logs.")
def values(file: str, form: str, log_dir: str | None) -> int:
    """List what the last run of the document FILE exported, from its log. The values themselves are not kept.

    `polyrun run FILE --get NAME` prints a value, `--save DIR` writes all of them to files.
    """
    from polyrun import api

    found = api.values(file, given.settings(None, None, {"log_dir": log_dir}))
    if found is None:
        hint = f"run it first: `polyrun run {os.fspath(file)}`"
        complain(f"no run of `{file}` is logged", hint)
        return ExitCode.USAGE
    run, exports = found
    if form == "json":
        listed = [{"name": one.name, "block": one.block, **one.facts} for one in exports]
        print_data(json.dumps({"run": {**as_dict(run), "log": str(run.log)}, "exports": listed}, indent=2) + "\n")
    elif exports:
        titles = ("value", "type", "extent", "size", "from", "preview")
        print_data(render_table(titles, [_row(one) for one in exports], look(out()), right=(3,)))
    else:
        print_data("it exported nothing\n")
    return ExitCode.OK


def _row(export: PastExport) -> tuple[str, ...]:
    facts = export.facts
    size = facts.get("bytes")
    return (
        safe_line(export.name),
        safe_line(str(facts.get("type"))),
        safe_line(_extent(export)),
        format_bytes(size) if isinstance(size, int) else "",
        safe_line(export.block),
        safe_line(str(facts.get("preview"))),
    )


def _extent(export: PastExport) -> str:
    facts = export.facts
    shape, columns = facts.get("shape"), facts.get("columns")
    if isinstance(columns, dict):
        return f"{facts.get('rows')} x {len(columns)}"
    if isinstance(shape, list):
        return " x ".join(map(str, shape))
    return str(facts.get("count", ""))
