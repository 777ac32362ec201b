"""The list of commands."""

from __future__ import annotations

import click

from polyrun import __version__
from polyrun.cli.framework import Example, Group, Lazy

_COMMANDS = {
    "run": Lazy("polyrun.cli.run:run", "run a document's blocks, each in a sandbox"),
    "check": Lazy("polyrun.cli.check:check", "find a document's faults without running anything"),
    "plan": Lazy("polyrun.cli.plan:plan", "show what a run would do"),
    "languages": Lazy("polyrun.cli.languages:languages", "list the languages, or test one"),
    "doctor": Lazy("polyrun.cli.doctor:doctor", "show what this host's sandboxes and toolchains can do"),
    "explain": Lazy("polyrun.cli.explain:explain", "explain a code such as PR103"),
    "history": Lazy("polyrun.cli.history:history", "list earlier runs"),
    "clean": Lazy("polyrun.cli.clean:clean", "remove what killed runs left behind"),
    "completion": Lazy("polyrun.cli.completion:completion", "print the completion script for a shell"),
}


@click.group(
    cls=Group,
    lazy=_COMMANDS,
    examples=(
        Example("polyrun run report.mix", "run a document and show its output as it comes"),
        Example("polyrun check report.mix", "what is wrong with it?"),
        Example("polyrun doctor", "what can this host do?"),
    ),
)
@click.version_option(__version__, "-V", "--version", message="polyrun %(version)s")
def polyrun() -> None:
    """Run one document written in many languages as one program.

    Every block of the document runs in a sandbox of its own.
    """
