"""The options of `polyrun run`; what it does stands in `running`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from polyrun.cli.framework import Command, Example, separate

_Decorator = Callable[[Callable[..., int]], Callable[..., int]]


class _RunCommand(Command):
    """Lets `--allow-write` stand alone: a value must be given with `=`, so that it cannot swallow the document."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        head = ["--allow-write=" if word == "--allow-write" else word for word in args[:end]]
        return super().parse_args(ctx, head + args[end:])


def _several(decorators: list[_Decorator]) -> _Decorator:
    def decorate(function: Callable[..., int]) -> Callable[..., int]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def _block_names(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from polyrun.cli.completing import block_names

    # An option that still lacks its value ends click's parsing before arguments are handed out.
    words = [str(ctx.params.get("file") or ""), *ctx.args]
    return block_names(next((word for word in words if word and not word.startswith("-")), ""), incomplete)


def _sandbox_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in ("auto", "bubblewrap", "local", "require") if name.startswith(incomplete)]


_SELECTION = _several(
    [
        click.option(
            "--only",
            metavar="NAME,...",
            multiple=True,
            shell_complete=_block_names,
            help="Run only these blocks and what they need.",
        ),
        click.option("--fail-fast", is_flag=True, help="Stop at the first block that fails."),
        click.option("--strict", is_flag=True, help="Treat notes about the document's form as errors."),
    ]
)
_VALUES = _several(
    [
        click.option(
            "--set",
            "given_values",
            metavar="NAME=VALUE",
            multiple=True,
            help="Give an import: JSON, text, or a .json, .txt, .csv, .npy, .arrow or .parquet file.",
        ),
        click.option(
            "--get", metavar="NAME", multiple=True, help="Print this export as JSON, instead of the programs' output."
        ),
        click.option("--save", "save_to", type=click.Path(), metavar="DIR", help="Write all exports to files in DIR."),
        click.option(
            "--tables",
            "save_tables",
            type=click.Choice(["arrow", "csv", "parquet"]),
            default="arrow",
            help="How --save writes tables.",
        ),
    ]
)
_LIMITS = _several(
    [
        click.option("--timeout", metavar="TIME", help="Wall time of each block, such as 10s or 2m."),
        click.option("--cpu", metavar="TIME", help="Processor time of each block, such as 10s."),
        click.option("--cpus", metavar="N", help="Share of processors for each block, such as 0.5 or 50%."),
        click.option("--memory", metavar="SIZE", help="Memory of each block, such as 512m or 1g."),
        click.option("--output-limit", metavar="SIZE", help="What is kept of each output stream of a block."),
        click.option("--total-timeout", metavar="TIME", help="Wall time of the whole run."),
    ]
)
_SANDBOX = _several(
    [
        click.option(
            "--sandbox",
            metavar="NAME",
            shell_complete=_sandbox_names,
            help="auto, bubblewrap, local (isolates nothing), or require.",
        ),
        click.option(
            "--policy",
            type=click.Choice(["block", "warn", "off"]),
            help="What dangerous code leads to: it is not run, or a warning; off does not look.",
        ),
        click.option(
            "--allow",
            metavar="CODE,...",
            multiple=True,
            callback=separate,
            help="Let these codes or rules of the policy pass.",
        ),
        click.option("--allow-net", is_flag=True, help="Let blocks use the network."),
        click.option("--allow-read", type=click.Path(), metavar="PATH", multiple=True, help="Let blocks read PATH."),
        click.option(
            "--allow-write",
            metavar="[=PATH]",
            multiple=True,
            help="Let blocks write to PATH, or to the document's own folder.",
        ),
        click.option("--allow-env", metavar="NAME", multiple=True, help="Let blocks see the variable NAME."),
    ]
)
_REPORT = _several(
    [
        click.option(
            "--format",
            "form",
            type=click.Choice(["text", "json", "events"]),
            default="text",
            help="What goes to stdout.",
        ),
        click.option(
            "--report", "report_to", type=click.Path(), metavar="FILE.html", help="Write a page about the run."
        ),
        click.option("-v", "--verbose", is_flag=True, help="Show commands and the end of every block."),
        click.option("-q", "--quiet", is_flag=True, help="Show only output, problems and warnings."),
        click.option("--raw", is_flag=True, help="Let programs send control codes to your terminal."),
        click.option("--log-dir", type=click.Path(), metavar="DIR", help="The folder for the logs of this run."),
        click.option(
            "--no-log",
            "log",
            is_flag=True,
            flag_value=False,
            default=True,
            help="Keep no log of the run; the audit log is kept.",
        ),
        click.option(
            "-c", "--config", type=click.Path(), metavar="FILE", help="Read this polyrun.toml or config.json too."
        ),
    ]
)


@click.command(
    cls=_RunCommand,
    examples=(
        Example("polyrun run stats.mix", "run every block, in a sandbox, and show the output"),
        Example("polyrun run stats.mix --only load,mean --timeout 5s", "two blocks and what they need"),
        Example("polyrun run stats.mix --set rates=rates.json --get total", "values in, and one out as JSON"),
        Example("polyrun run stats.mix --report stats.html", "a page with code, output, values and pictures"),
        Example("polyrun run fetch.mix --allow-net --allow-write=./data", "grant what it needs, and no more"),
    ),
)
@click.argument("file", type=click.Path(allow_dash=True), metavar="FILE")
@_SELECTION
@_VALUES
@_LIMITS
@_SANDBOX
@_REPORT
def run(file: str, **options: Any) -> int:
    """Run the blocks of the document FILE, in order, each in a sandbox.

    The programs' output goes to stdout, everything else to stderr. FILE may be - for stdin.

    Exit codes: 0 ok, 1 a block failed, 2 usage, configuration or document,
    3 toolchain missing, 4 refused, 5 a limit was hit, 130 interrupted.
    """
    from polyrun.cli.running import execute

    return execute(file, **options)
