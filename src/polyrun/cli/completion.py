"""`polyrun completion`."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from polyrun.cli.framework import Command, Example
from polyrun.cli.streams import print_data


@click.command(
    cls=Command,
    examples=(
        Example('eval "$(polyrun completion bash)"', "in ~/.bashrc"),
        Example('eval "$(polyrun completion zsh)"', "in ~/.zshrc"),
        Example("polyrun completion fish > ~/.config/fish/completions/polyrun.fish", "once"),
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that makes SHELL complete commands, options, files and block names."""
    from polyrun.cli.commands import polyrun

    kind = get_completion_class(shell)
    assert kind is not None
    # The method of the base class: bash's own starts a bash first, to look at its version.
    print_data(ShellComplete.source(kind(polyrun, {}, "polyrun", "_POLYRUN_COMPLETE")) + "\n")
