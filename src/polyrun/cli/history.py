"""`polyrun history`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from polyrun.cli import given
from polyrun.cli.framework import Command, Example
from polyrun.cli.streams import look, out, print_data
from polyrun.cli.table import render_table
from polyrun.model.frozen import as_dict
from polyrun.report.history import PastRun
from polyrun.report.words import seconds


@click.command(
    cls=Command,
    examples=(
        Example("polyrun history", "the newest runs"),
        Example("polyrun history -n 100 --format json", "more of them, for programs"),
    ),
)
@click.option("-n", "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many runs.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
@click.option("--log-dir", type=click.Path(), metavar="DIR", help="The folder with the logs.")
def history(limit: int, form: str, log_dir: str | None) -> None:
    """List earlier runs, newest first, from their logs."""
    from polyrun import api

    runs = api.history(limit, settings=given.settings(None, None, {"log_dir": log_dir}))
    if form == "json":
        print_data(json.dumps([{**as_dict(run), "log": str(run.log)} for run in runs], indent=2) + "\n")
    elif runs:
        titles = ("started", "document", "status", "blocks", "time", "sandbox")
        print_data(render_table(titles, [_row(run) for run in runs], look(out()), right=(4,)))
    else:
        print_data("no runs yet\n")


def _row(run: PastRun) -> tuple[str, ...]:
    ok = run.tally.get("ok", 0)
    return (
        datetime.fromtimestamp(run.started, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        run.document,
        run.status or "unfinished",
        f"{ok} of {run.blocks} ok" if run.status else str(run.blocks),
        seconds(run.wall_s) if run.wall_s is not None else "",
        run.sandbox,
    )
