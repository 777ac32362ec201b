"""`polyrun selftest`."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import click

from polyrun.cli import given
from polyrun.cli.exit_codes import ExitCode
from polyrun.cli.framework import Command, Example
from polyrun.cli.streams import err, look, out, print_data
from polyrun.model.errors import UsageError
from polyrun.report.progress import ProgressLine

if TYPE_CHECKING:
    from polyrun.model.selftest import AttackResult


def _attacks(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from polyrun.api.defences import attack_names

    return [name for name in attack_names() if name.startswith(incomplete)]


@click.command(
    cls=Command,
    examples=(
        Example("polyrun selftest", "attack the sandbox that runs use here, and see what it stops"),
        Example("polyrun selftest --only fork-bomb,63", "one attack by its name, and those of a row of the catalogue"),
        Example("polyrun selftest --report selftest.html", "a page with everything that was looked at"),
        Example("polyrun selftest --format json", "the same for programs"),
        Example("polyrun selftest --list", "which attacks are there?"),
    ),
)
@click.option("--sandbox", metavar="NAME", help="auto, bubblewrap, docker, or require.")
@click.option("--only", metavar="NAME|ROW,...", multiple=True, shell_complete=_attacks, help="Run only these attacks.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
@click.option("--report", "report_to", type=click.Path(), metavar="FILE.html", help="Write a page about it.")
@click.option("--list", "listed", is_flag=True, help="List the attacks and run none.")
@click.option("-v", "--verbose", is_flag=True, help="Show everything that was looked at.")
@click.option("-c", "--config", type=click.Path(), metavar="FILE", help="Read this polyrun.toml or config.json too.")
def selftest(
    sandbox: str | None,
    only: tuple[str, ...],
    form: str,
    report_to: str | None,
    config: str | None,
    *,
    listed: bool,
    verbose: bool,
) -> int:
    """Run hostile programs in the sandbox, and see whether it holds.

    Each is also run where nothing stops it, on a host made of namespaces that is thrown away, to see that it
    could do harm. Some attacks are whole documents. Nothing of yours is touched; it takes a few minutes and
    much of two processors.

    Exit codes: 0 all held what the sandbox's level promises, 1 something held less,
    2 usage, 4 no sandbox, one that isolates nothing, or nothing could be judged, 130 interrupted.
    """
    if listed:
        return _list(form)
    from polyrun.api.defences import selftest as run
    from polyrun.report.selftest import render_selftest, to_json
    from polyrun.report.selftest_html import SelfTestPage

    names = list(given.names(only))
    if only and not names:
        raise UsageError("`--only` names no attack", hint="`polyrun selftest --list` lists them")
    settings = given.settings(config, None, {"sandbox": sandbox})
    target = SelfTestPage(report_to) if report_to is not None else None
    progress = _Progress()
    try:
        report = run(settings, only=names, on_attack=progress.handle)
        progress.close()
        if target is not None:
            target.write(report)
    finally:
        progress.close()
        if target is not None:
            target.close()
    if form == "json":
        print_data(json.dumps(to_json(report), indent=2) + "\n")
    else:
        print_data(render_selftest(report, look(out()), verbose=verbose))
    if not report.judged and not report.left:
        return ExitCode.REFUSED
    return ExitCode.OK if report.ok else ExitCode.BLOCK_FAILED


def _list(form: str) -> int:
    from polyrun.api.defences import attack_names
    from polyrun.cli.table import render_table

    found = attack_names()
    if form == "json":
        facts = [{"name": name, "rows": list(rows), "title": title} for name, (rows, title) in found.items()]
        print_data(json.dumps(facts, indent=2) + "\n")
        return ExitCode.OK
    cells = [(",".join(map(str, rows)), name, title) for name, (rows, title) in found.items()]
    print_data(render_table(("rows", "attack", "what it tries"), cells, look(out())))
    return ExitCode.OK


class _Progress:
    """What runs now, at the bottom of a terminal."""

    def __init__(self) -> None:
        self._channel = err()
        self._lock = threading.Lock()
        self._line = ProgressLine(self._channel, look(self._channel), self._lock, lambda: True)
        self._running: dict[str, None] = {}
        self._done = 0

    def handle(self, name: str, result: AttackResult | None) -> None:
        """An attack has started, or is over with this result."""
        with self._lock:
            if result is None:
                self._running[name] = None
            else:
                self._running.pop(name, None)
                self._done += 1
            self._line.show(f"{self._done} attacks done, now {', '.join(self._running) or 'nothing'}")

    def close(self) -> None:
        """Take the line away. Safe to call twice."""
        with self._lock:
            self._line.idle()
        self._line.close()
