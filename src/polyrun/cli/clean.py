"""`polyrun clean`."""

from __future__ import annotations

import click

from polyrun.cli.exit_codes import ExitCode
from polyrun.cli.framework import Command, Example
from polyrun.cli.streams import complain, print_data
from polyrun.model.limits import format_bytes
from polyrun.report.neutral import safe_line


@click.command(
    cls=Command,
    examples=(
        Example("polyrun clean --dry-run", "is anything left of runs that were killed?"),
        Example("polyrun clean", "remove it"),
        Example("polyrun clean --cache", "and the finished builds, which only cost time to make again"),
    ),
)
@click.option("--dry-run", is_flag=True, help="Only show what there is to remove.")
@click.option("--cache", is_flag=True, help="Remove the finished builds too.")
def clean(*, dry_run: bool, cache: bool) -> int:
    """Remove what runs that were killed left behind: processes, control groups, folders.

    Touches nothing of a run that is still going on. Exits with 0 when nothing is left.
    """
    from polyrun import api

    report = api.clean(dry_run=dry_run, cache=cache)
    word = "removed" if report.removed else "found"
    for one in report.found:
        size = f" ({format_bytes(one.size_bytes)})" if one.size_bytes is not None else ""
        print_data(f"{word} {one.kind} {safe_line(one.name)}{size}\n")
    if not report.found and not report.troubles:
        print_data("nothing is left behind\n")
    for trouble in report.troubles:
        complain(trouble)
    return ExitCode.INTERNAL if report.troubles else ExitCode.OK
