"""The list of commands, and calling one."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from polyrun import __version__
from polyrun.cli.exit_codes import ExitCode
from polyrun.cli.framework import Example, Group, Lazy
from polyrun.cli.streams import complain, err
from polyrun.cli.usage import phrase

_COMMANDS = {
    "run": Lazy("polyrun.cli.run:run", "run a document's blocks, each in a sandbox"),
    "check": Lazy("polyrun.cli.check:check", "find a document's faults without running anything"),
    "plan": Lazy("polyrun.cli.plan:plan", "show what a run would do"),
    "languages": Lazy("polyrun.cli.languages:languages", "list the languages, or test one"),
    "doctor": Lazy("polyrun.cli.doctor:doctor", "show what this host's sandboxes and toolchains can do"),
    "selftest": Lazy("polyrun.cli.selftest:selftest", "run hostile programs in the sandbox, and see whether it holds"),
    "images": Lazy("polyrun.cli.images:images", "build, list and prune the images of the docker sandbox"),
    "policy": Lazy("polyrun.cli.policy:policy", "list, explain and test the rules of the static analysis"),
    "explain": Lazy("polyrun.cli.explain:explain", "explain a code such as PR103"),
    "history": Lazy("polyrun.cli.history:history", "list earlier runs"),
    "audit": Lazy("polyrun.cli.audit:audit", "show and verify the audit log"),
    "values": Lazy("polyrun.cli.values:values", "list what a document's last run exported"),
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


def invoke(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` call for and return the exit code. What they get wrong is said, not raised."""
    try:
        if "_POLYRUN_COMPLETE" in os.environ:
            polyrun.main(prog_name="polyrun")  # answers the shell's question and exits
        # Not `main`, which turns a closed pipe into exit code 1.
        with polyrun.make_context("polyrun", list(arguments)) as context:
            code = polyrun.invoke(context)
    except click.exceptions.Exit as done:  # how click ends after `--help`
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        err().text(error.message + "\n")  # the help itself
        return ExitCode.USAGE
    except click.ClickException as error:
        complain(*phrase(error))
        return ExitCode.USAGE
    return code if isinstance(code, int) else ExitCode.OK
