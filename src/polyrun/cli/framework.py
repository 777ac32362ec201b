"""Click with what PolyRun adds: commands loaded when used, help that teaches by example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import click

from polyrun.cli.given import names
from polyrun.cli.usage import no_such_command

CONTEXT = {"help_option_names": ["-h", "--help"]}


class Example(NamedTuple):
    """A command line that works, and what it does."""

    line: str
    does: str


class Command(click.Command):
    """A command whose help ends with `examples`."""

    def __init__(self, *args: Any, examples: Sequence[Example] = (), **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", CONTEXT)
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        write_examples(formatter, self.examples)
        super().format_epilog(ctx, formatter)


def separate(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The callback of an option whose values are `given.names`."""
    return names(values)


def write_examples(formatter: click.HelpFormatter, examples: Sequence[Example]) -> None:
    """An `Examples:` section: each line with what it does below it."""
    if not examples:
        return
    with formatter.section("Examples"):
        for example in examples:
            formatter.write(f"{'':>{formatter.current_indent}}{example.line}\n")
            formatter.write(f"{'':>{formatter.current_indent + 4}}{example.does}\n")


class Lazy(NamedTuple):
    """Where a command is defined (`module:attribute`) and its line in the list of commands."""

    place: str
    short_help: str


class Group(click.Group):
    """A group that imports a command's module only when that command is used."""

    def __init__(
        self, *args: Any, lazy: Mapping[str, Lazy] | None = None, examples: Sequence[Example] = (), **kwargs: Any
    ) -> None:
        kwargs.setdefault("context_settings", CONTEXT)
        super().__init__(*args, **kwargs)
        self.lazy = lazy or {}
        self.examples = examples

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of their definition."""
        return [*self.lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now if need be."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.lazy[cmd_name].place.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that `args` name. Raises `click.UsageError` in our words."""
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx) and not ctx.resilient_parsing:
            raise no_such_command(name, self.list_commands(ctx), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing the lazy ones."""
        rows = []
        for name in self.list_commands(ctx):
            if name in self.lazy:
                rows.append((name, self.lazy[name].short_help))
            elif (command := self.get_command(ctx, name)) is not None:
                rows.append((name, command.get_short_help_str(60)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        write_examples(formatter, self.examples)
        super().format_epilog(ctx, formatter)
