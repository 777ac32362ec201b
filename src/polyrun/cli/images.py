"""`polyrun images`: build, list and prune the images of the docker sandbox."""

from __future__ import annotations

import json

import click

from polyrun.cli import given
from polyrun.cli.exit_codes import ExitCode
from polyrun.cli.framework import CONTEXT, Command, Example, Group
from polyrun.cli.streams import complain, err, look, out, print_data
from polyrun.cli.table import render_table
from polyrun.model.limits import format_bytes
from polyrun.report.neutral import safe_line

_FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
_CONFIG = click.option("-c", "--config", type=click.Path(), metavar="FILE", help="Read this configuration file too.")
_LONGEST = 100


@click.group(
    cls=Group,
    context_settings=CONTEXT,
    examples=(
        Example("polyrun images build python cpp", "make the images that documents in Python and C++ need"),
        Example("polyrun images list", "which are there, and which are out of date?"),
        Example("polyrun images prune", "remove those that are out of date"),
    ),
)
def images() -> None:
    """Build, list and prune the images of the docker sandbox."""


@images.command(
    cls=Command,
    examples=(
        Example("polyrun images build", "the images of all languages; takes a while"),
        Example("polyrun images build python js", "those of two"),
        Example("polyrun images build --for report.mix", "those that a document needs"),
    ),
)
@click.argument("languages", nargs=-1, metavar="[LANG]...")
@click.option("--for", "document", type=click.Path(), metavar="FILE", help="Those that this document needs.")
@click.option("--force", is_flag=True, help="Build also what is there.")
@_CONFIG
def build(languages: tuple[str, ...], document: str | None, *, force: bool, config: str | None) -> int:
    """Build the images of the languages LANG, or of all. What is there already is not built again.

    Needs an engine that can reach package archives. Exits with 4 if there is no engine and with 70 if a build fails.
    """
    from polyrun import api

    people = err()
    live = look(people).live

    def show(name: str, line: str) -> None:
        if live:
            people.text(f"\r\x1b[2K{name}: {safe_line(line)[:_LONGEST]}")

    try:
        made = api.build_images(
            languages, document=document, force=force, settings=given.settings(config, None, {}), on_line=show
        )
    except api.BuildFailed as error:
        people.text("".join(f"  {safe_line(line)}\n" for line in error.printed))
        raise
    finally:
        if live:
            people.text("\r\x1b[2K")
    for image in made:
        tag = safe_line(image.tag)
        print_data(f"built {tag} in {image.wall_s:.0f} s\n" if image.is_new else f"{tag} is there already\n")
    return ExitCode.OK


@images.command("list", cls=Command, examples=(Example("polyrun images list --format json", "for programs"),))
@_FORMAT
@_CONFIG
def list_(form: str, config: str | None) -> int:
    """List PolyRun's images in the engine. One that is stale is not what its recipe makes now, and not used."""
    from polyrun import api

    found = api.list_images(given.settings(config, None, {}))
    if form == "json":
        facts = [
            {"name": one.name, "tag": one.tag, "id": one.id, "bytes": one.bytes, "current": one.is_current}
            for one in found
        ]
        print_data(json.dumps(facts, indent=2) + "\n")
    elif found:
        words = {True: "current", False: "stale", None: "not of this PolyRun"}
        rows = [(safe_line(one.tag), words[one.is_current], format_bytes(one.bytes)) for one in found]
        print_data(render_table(("image", "state", "size"), rows, look(out())))
    else:
        print_data("no image is built yet\n")
    return ExitCode.OK


@images.command(
    cls=Command,
    examples=(
        Example("polyrun images prune --dry-run", "what would be removed?"),
        Example("polyrun images prune --all", "all of PolyRun's images"),
    ),
)
@click.option("--all", "everything", is_flag=True, help="Remove those in use, too.")
@click.option("--dry-run", is_flag=True, help="Only show what there is to remove.")
@_CONFIG
def prune(*, everything: bool, dry_run: bool, config: str | None) -> int:
    """Remove PolyRun's images that are out of date or without a name. Exits with 70 if one stays."""
    from polyrun import api

    report = api.prune_images(given.settings(config, None, {}), everything=everything, dry_run=dry_run)
    word = "found" if dry_run else "removed"
    for one in report.found:
        print_data(f"{word} {safe_line(one.tag)} ({format_bytes(one.bytes)})\n")
    if not report.found:
        print_data("nothing to remove\n")
    for trouble in report.troubles:
        complain(trouble)
    return ExitCode.INTERNAL if report.troubles else ExitCode.OK
