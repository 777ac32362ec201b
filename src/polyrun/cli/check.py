"""`polyrun check`."""

from __future__ import annotations

import json

import click

from polyrun.cli import given
from polyrun.cli.exit_codes import ExitCode
from polyrun.cli.framework import Command, Example, separate
from polyrun.cli.streams import look, out, print_data
from polyrun.model.frozen import replace
from polyrun.report.diagnostics import render_text, to_json, to_sarif
from polyrun.report.neutral import safe_line
from polyrun.report.words import count


@click.command(
    cls=Command,
    examples=(
        Example("polyrun check stats.mix", "faults with their lines, and what to do about them"),
        Example("polyrun check stats.mix --policy off", "without a look at what the code would do"),
        Example("polyrun check stats.mix --strict", "notes about the form count too"),
        Example("polyrun check stats.mix --format sarif > stats.sarif", "for code scanning in an editor or in CI"),
    ),
)
@click.argument("file", type=click.Path(allow_dash=True), metavar="FILE")
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", help="What is printed.")
@click.option("--strict", is_flag=True, help="Treat notes about the document's form as errors.")
@click.option("--set", "given_values", metavar="NAME[=VALUE]", multiple=True, help="An import that a run is given.")
@click.option("--policy", type=click.Choice(["block", "warn", "off"]), help="What dangerous code leads to.")
@click.option(
    "--allow", metavar="CODE,...", multiple=True, callback=separate, help="Let these codes or rules of the policy pass."
)
@click.option("-c", "--config", type=click.Path(), metavar="FILE", help="Read this polyrun.toml or config.json too.")
def check(file: str, form: str, given_values: tuple[str, ...], config: str | None, **flags: object) -> int:
    """Find the faults and the dangers of the document FILE without running anything.

    Exits with 0 if it can be run, with 4 if the policy blocks some of it and with 2 if it has faults.
    FILE may be - for stdin.
    """
    from polyrun import api

    document = given.document(file)
    settings = given.settings(config, document, flags)
    outside = given.values(given_values, bare=True)
    result = api.check(document, replace(settings, given=outside))
    if form == "text":
        print_data(render_text(result.source, result.diagnostics, colour=look(out()).colour))
        if not result.diagnostics:
            blocks = count(len(result.document.blocks), "block")
            print_data(f"{safe_line(result.source.name)}: no problems in {blocks}\n")
    else:
        found = (to_json if form == "json" else to_sarif)(result.source, result.diagnostics)
        print_data(json.dumps(found, indent=2) + "\n")
    return ExitCode.OK if result.ok else ExitCode.REFUSED if result.refused else ExitCode.USAGE
