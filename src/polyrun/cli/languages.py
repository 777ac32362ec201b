"""`polyrun languages`: list them, or test one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from polyrun.cli import given
from polyrun.cli.exit_codes import ExitCode
from polyrun.cli.framework import CONTEXT, Command, Example, Group
from polyrun.cli.streams import look, out, print_data
from polyrun.cli.table import render_table
from polyrun.languages.spec import Toolchain
from polyrun.report.neutral import safe_line

if TYPE_CHECKING:
    from polyrun.api import LanguageStatus

_FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="What is printed.")


@click.group(
    cls=Group,
    invoke_without_command=True,
    context_settings=CONTEXT,
    examples=(
        Example("polyrun languages", "every language, its version here or how to install it"),
        Example("polyrun languages list --format json", "the same for programs"),
        Example("polyrun languages test rust", "try one out in the sandbox"),
    ),
)
@click.pass_context
def languages(context: click.Context) -> None:
    """List the languages, or test one."""
    if context.invoked_subcommand is None:
        _list("text")


@languages.command("list", cls=Command, examples=(Example("polyrun languages list --format json", "for programs"),))
@_FORMAT
def list_(form: str) -> None:
    """List every language with its version here, or how to install it."""
    _list(form)


def _list(form: str) -> None:
    from polyrun import api

    found = api.languages()
    if form == "json":
        print_data(json.dumps([_facts(status) for status in found], indent=2) + "\n")
        return
    here = [status for status in found if isinstance(status.toolchain, Toolchain)]
    style = look(out())
    print_data(render_table(("language", "also", "version"), [_row(status) for status in here], style))
    if len(here) < len(found):
        print_data(f"\n{style.paint('not installed', 'bold')}\n")
    for status in found:
        if not isinstance(status.toolchain, Toolchain):
            print_data(f"{safe_line(status.language.id)}: {safe_line(status.toolchain.reason)}\n")
            print_data("".join(f"  {safe_line(hint)}\n" for hint in status.toolchain.hints))


def _row(status: LanguageStatus) -> tuple[str, str, str]:
    toolchain = status.toolchain
    version = toolchain.version if isinstance(toolchain, Toolchain) else ""
    return status.language.id, ", ".join(status.language.aliases), version


def _facts(status: LanguageStatus) -> dict[str, object]:
    language, toolchain = status.language, status.toolchain
    facts: dict[str, object] = {
        "id": language.id,
        "title": language.title,
        "aliases": list(language.aliases),
        "extension": language.extension,
    }
    if isinstance(toolchain, Toolchain):
        return {**facts, "available": True, "version": toolchain.version, "programs": dict(toolchain.programs)}
    return {**facts, "available": False, "reason": toolchain.reason, "install": list(toolchain.hints)}


def _complete_language(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from polyrun.cli.completing import language_names

    return language_names(incomplete)


@languages.command(
    "test",
    cls=Command,
    examples=(
        Example("polyrun languages test rust", "output, exit codes, error lines: does all work?"),
        Example("polyrun languages test py", "an alias does too"),
    ),
)
@click.argument("name", shell_complete=_complete_language)
@_FORMAT
def test(name: str, form: str) -> int:
    """Try out the language NAME in the sandbox: output, exit codes, the lines of errors.

    Exits with 0 if everything works and with 1 if something does not.
    """
    from polyrun import api

    checks = api.test_language(name, given.settings(None, None, {}))
    if form == "json":
        facts = [{"check": title, "ok": ok, "detail": detail} for title, ok, detail in checks]
        print_data(json.dumps(facts, indent=2) + "\n")
    else:
        style = look(out())
        for title, ok, detail in checks:
            word = style.paint("ok  ", "green") if ok else style.paint("FAIL", "red")
            print_data(f"{word}  {safe_line(title)}" + (f": {safe_line(detail)}" if detail and not ok else "") + "\n")
    return ExitCode.OK if all(ok for _, ok, _ in checks) else ExitCode.BLOCK_FAILED
