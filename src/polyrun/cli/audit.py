"""`polyrun audit`: show the audit log, verify it, print its head."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from polyrun.cli import given
from polyrun.cli.exit_codes import ExitCode
from polyrun.cli.framework import CONTEXT, Command, Example, Group
from polyrun.cli.streams import complain, err, look, out, print_data
from polyrun.cli.table import render_table
from polyrun.model.errors import UsageError
from polyrun.report.neutral import safe_line
from polyrun.report.words import count

if TYPE_CHECKING:
    from polyrun.config.settings import Settings
    from polyrun.report.audit.selecting import AuditRecord

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_DIR: _Decorator = click.option("--dir", "audit_dir", type=click.Path(), metavar="DIR", help="The folder of the log.")
_CONFIG: _Decorator = click.option(
    "-c", "--config", type=click.Path(), metavar="FILE", help="Read this configuration file too."
)
_MOST = 100_000


@click.group(
    cls=Group,
    context_settings=CONTEXT,
    examples=(
        Example("polyrun audit show --status blocked", "what was refused lately?"),
        Example("polyrun audit head > head.txt", "note where the log ends, and keep that elsewhere"),
        Example("polyrun audit verify --head head.txt", "is it still the same log, whole and unchanged?"),
    ),
)
def audit() -> None:
    """Show and verify the audit log: which code ran, with which limits and permissions, and how it ended."""


@audit.command(
    cls=Command,
    examples=(
        Example("polyrun audit show", "the newest records"),
        Example("polyrun audit show --since 2h --language bash", "all Bash blocks of the last two hours"),
        Example("polyrun audit show --document stats.mix --format json", "every key, one record a line"),
    ),
)
@click.option(
    "--since", metavar="TIME", help="From this time on: 2026-01-31, 2026-01-31T12:00, or 2h for two hours ago."
)
@click.option("--until", metavar="TIME", help="Up to this time.")
@click.option(
    "--status", "statuses", metavar="STATUS", multiple=True, help="Ended so, such as blocked; may be repeated."
)
@click.option("--language", "languages", metavar="LANG", multiple=True, help="In this language; may be repeated.")
@click.option("--document", metavar="FILE", help="Of the document with this name, or at this path.")
@click.option("--block", metavar="NAME", help="The block with this name or number.")
@click.option("--run", "run_id", metavar="ID", help="Of the run whose id begins so.")
@click.option("--all", "brackets", is_flag=True, help="The beginnings and ends of runs, too.")
@click.option("-n", "--limit", type=click.IntRange(1, _MOST), help="The newest N only.  [default: 20, for json all]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
@_DIR
@_CONFIG
def show(form: str, limit: int | None, audit_dir: str | None, config: str | None, **wanted: Any) -> None:
    """Show records of the audit log, oldest first. Whether they are genuine, `polyrun audit verify` tells."""
    from polyrun import api

    selection = api.Selection(
        since=_moment("--since", wanted["since"]),
        until=_moment("--until", wanted["until"]),
        statuses=wanted["statuses"],
        languages=wanted["languages"],
        document=wanted["document"],
        block=wanted["block"],
        run=wanted["run_id"],
        brackets=wanted["brackets"],
    )
    records = api.audit_records(_settings(config, audit_dir), selection)
    if form == "json":
        from polyrun.report.facts import encode

        for record in records if limit is None else deque(records, limit):
            print_data(encode(record.facts) + b"\n")
        return
    newest = deque(records, limit or 20)
    if not newest:
        print_data("no records\n")
        return
    titles = ("record", "time", "run", "document", "block", "language", "status", "sandbox", "remarks")
    print_data(render_table(titles, [row(record) for record in newest], look(out()), right=(0,)))


@audit.command(
    cls=Command,
    examples=(
        Example("polyrun audit verify", "does every record follow the one before it, unchanged?"),
        Example("polyrun audit verify --head head.txt", "and was nothing cut off or written anew since then?"),
        Example("polyrun audit verify --key-file ~/audit.key", "and did nobody without the key write it?"),
    ),
)
@click.option("--head", metavar="HEAD", help="What `audit head` printed earlier, or a file with it.")
@click.option("--key-file", "audit_key_file", type=click.Path(), metavar="FILE", help="The key of the log.")
@_DIR
@_CONFIG
def verify(head: str | None, audit_key_file: str | None, audit_dir: str | None, config: str | None) -> int:
    """Find the first record that was edited, removed, moved or inserted.

    Exits with 0 if there is none, with 1 if there is one, and with 2 if a key is needed.
    """
    from polyrun import api

    found = api.audit_verify(_settings(config, audit_dir, audit_key_file), head=head)
    for note in found.notes:
        err().text(f"{look(err()).paint('note', 'bold')}: {safe_line(note)}\n")
    if found.fault is not None:
        complain(f"the audit log is not as it was written: {found.fault.message}")
        return ExitCode.BLOCK_FAILED
    sealed = "sealed with the key, " if found.sealed else ""
    if found.sealed and found.sealed_from != found.first:
        sealed = f"sealed with the key from record {found.sealed_from} on, "
    print_data(f"{count(found.records, 'record')}, {sealed}unchanged\n{found.head}\n")
    if not found.sealed and head is None:
        err().text("without a key or a head, a log that was written anew as a whole looks the same\n")
    return ExitCode.OK


@audit.command(cls=Command, examples=(Example("polyrun audit head > head.txt", "for `polyrun audit verify --head`"),))
@_DIR
@_CONFIG
def head(audit_dir: str | None, config: str | None) -> None:
    """Print the number and the hash of the last record. Kept elsewhere, they show later that nothing was cut off."""
    from polyrun import api

    print_data(f"{api.audit_head(_settings(config, audit_dir))}\n")


def _settings(config: str | None, audit_dir: str | None, key_file: str | None = None) -> Settings:
    return given.settings(config, None, {"audit_dir": audit_dir, "audit_key_file": key_file})


def _moment(flag: str, text: str | None) -> float | None:
    """Seconds since the epoch. Raises `UsageError`."""
    if text is None:
        return None
    import time
    from datetime import datetime

    from polyrun.model.limits import parse_duration

    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        pass
    try:
        return time.time() - parse_duration(text)
    except ValueError:
        hint = "such as 2026-01-31, 2026-01-31T12:00:00+01:00, or 2h for two hours ago"
        raise UsageError(f"`{flag} {text[:60]}` is no time", hint=hint) from None


def row(record: AuditRecord) -> tuple[str, ...]:
    """The cells of one record in the table, as texts that still may hold anything."""
    from datetime import datetime

    text = record.text
    level = f" ({text('level')})" if text("level") else ""
    return (
        str(record.sequence),
        datetime.fromtimestamp(record.time).astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        text("run_id")[-6:],
        text("document"),
        text("name") or text("block"),
        text("language"),
        text("status") if record.kind in ("block", "end") else "",
        text("sandbox") + level,
        _remarks(record),
    )


def _remarks(record: AuditRecord) -> str:
    """What is remarkable about a record, in a few words."""
    parts = [] if record.kind == "block" else [record.kind]
    parts += [record.text(key) for key in ("event", "message") if record.kind == "security"]
    for key, word in (("denials", "denied"), ("findings", "finding"), ("downgrades", "downgrade")):
        items = record.facts.get(key)
        if isinstance(items, list) and items:
            parts.append(word if len(items) == 1 else f"{word} x{len(items)}")
    if record.facts.get("lost"):
        parts.append(f"{record.text('lost')} lost before it")
    return ", ".join(parts)
