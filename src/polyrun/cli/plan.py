"""`polyrun plan`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from polyrun.cli import given
from polyrun.cli.framework import Command, Example
from polyrun.cli.streams import look, out, print_data
from polyrun.cli.table import render_table
from polyrun.model.frozen import as_dict, replace
from polyrun.model.limits import format_bytes
from polyrun.report.neutral import safe_line

if TYPE_CHECKING:
    from polyrun.plan import Job, Plan


@click.command(
    cls=Command,
    examples=(
        Example("polyrun plan stats.mix", "the blocks in order, what they need and may use"),
        Example("polyrun plan stats.mix --format mermaid", "a diagram for a README"),
    ),
)
@click.argument("file", type=click.Path(allow_dash=True), metavar="FILE")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "mermaid"]), default="text", help="What is printed."
)
@click.option("--set", "given_values", metavar="NAME[=VALUE]", multiple=True, help="An import that a run is given.")
@click.option("-c", "--config", type=click.Path(), metavar="FILE", help="Read this polyrun.toml or config.json too.")
def plan(file: str, form: str, given_values: tuple[str, ...], config: str | None) -> None:
    """Show what a run of the document FILE would do, without doing it. FILE may be - for stdin."""
    from polyrun import api

    document = given.document(file)
    outside = given.values(given_values, bare=True)
    found = api.plan(document, replace(given.settings(config, document, {}), given=outside))
    if form == "json":
        print_data(json.dumps([_facts(job) for job in found.jobs], indent=2) + "\n")
    elif form == "mermaid":
        print_data(_mermaid(found))
    else:
        titles = ("#", "block", "language", "line", "steps", "needs", "time", "memory")
        print_data(render_table(titles, [_row(job) for job in found.jobs], look(out()), right=(0, 3, 6, 7)))


def _row(job: Job) -> tuple[str, ...]:
    return (
        str(job.info.index),
        job.info.label,
        job.info.language,
        str(job.info.line),
        "run" if job.program.build is None else "build, run",
        ", ".join(str(index) for index in job.after),
        f"{job.limits.wall_s:g} s",
        format_bytes(job.limits.memory_bytes),
    )


def _facts(job: Job) -> dict[str, object]:
    build = job.program.build
    return {
        "index": job.info.index,
        "name": job.info.name,
        "language": job.info.language,
        "line": job.info.line,
        "build": list(build.argv) if build is not None else None,
        "run": list(job.program.run.argv),
        "after": list(job.after),
        "limits": as_dict(job.limits),
        "permissions": as_dict(job.permissions),
        "refusal": job.refusal.message if job.refusal is not None else None,
    }


def _mermaid(found: Plan) -> str:
    """A flowchart: solid arrows are needs (`after=`), dotted ones document order."""
    lines = ["flowchart TD"]
    previous: Job | None = None
    for job in found.jobs:
        # Quotes are the only thing that ends a label; the rest is text to Mermaid when written as an entity.
        label = safe_line(f"{job.info.label} ({job.info.language})").translate(_ENTITIES)
        lines.append(f'  b{job.info.index}["{label}"]')
        lines += [f"  b{index} --> b{job.info.index}" for index in job.after]
        if previous is not None and previous.info.index not in job.after:
            lines.append(f"  b{previous.info.index} -.-> b{job.info.index}")
        previous = job
    return "\n".join(lines) + "\n"


_ENTITIES = {ord(character): f"#{ord(character)};" for character in '"#<>&`;'}
