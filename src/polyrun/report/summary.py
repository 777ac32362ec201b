"""The table at the end of a run, and the lines below it that say what the sandbox did and did not do."""

from __future__ import annotations

from collections.abc import Sequence

from polyrun.model.frozen import frozen
from polyrun.model.limits import format_bytes
from polyrun.model.outcomes import Feature, Status
from polyrun.model.results import BlockResult, RunResult
from polyrun.report.look import Look
from polyrun.report.neutral import safe_line
from polyrun.report.width import display_width, pad, shorten
from polyrun.report.words import count, seconds, status_style, status_word

_ALL_ROWS = 100
_NARROWEST_NAME = 8
_GAP = "  "


@frozen
class _Column:
    title: str
    right: bool = False


COLUMNS = (
    _Column("#", right=True),
    _Column("block"),
    _Column("language"),
    _Column("line", right=True),
    _Column("status"),
    _Column("time", right=True),
    _Column("cpu", right=True),
    _Column("memory", right=True),
)
_NAME, _STATUS = 1, 4


def render_summary(result: RunResult, look: Look) -> str:
    """The whole summary, at most `look.columns` wide where names allow, ending in a line end.

    Of more than 100 blocks only those that did not end well get a row; the others are counted.
    """
    shown = result.blocks
    if len(shown) > _ALL_ROWS:
        shown = tuple(block for block in shown if not block.ok)
    lines = _table(shown, look) if shown else []
    if hidden := len(result.blocks) - len(shown):
        lines.append(look.paint(f"{look.ellipsis} and {count(hidden, 'more block')} that ended ok", "dim"))
    lines.append(_total(result, look))
    if missing := not_enforced(result.blocks):
        lines.append(look.paint(f"not enforced: {', '.join(missing)}", "yellow"))
    return "\n".join(lines) + "\n"


def not_enforced(blocks: Sequence[BlockResult]) -> tuple[str, ...]:
    """What at least one block that ran was not held to, in words; empty when none ran."""
    ran = [set(block.enforced) for block in blocks if block.sandbox is not None]
    if not ran:
        return ()
    held = set.intersection(*ran)
    return tuple(feature.value.replace("_", " ") for feature in Feature if feature.value not in held)


def _table(blocks: Sequence[BlockResult], look: Look) -> list[str]:
    rows = [cells(block) for block in blocks]
    widths = [
        max(display_width(column.title), *(display_width(row[index]) for row in rows))
        for index, column in enumerate(COLUMNS)
    ]
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - look.columns
    if excess > 0:
        widths[_NAME] = max(widths[_NAME] - excess, min(widths[_NAME], _NARROWEST_NAME))
    lines = [look.paint(_line([column.title for column in COLUMNS], widths, look, None), "dim")]
    lines += [_line(row, widths, look, block) for row, block in zip(rows, blocks, strict=True)]
    lines.append(look.paint(look.rule * (sum(widths) + len(_GAP) * (len(widths) - 1)), "dim"))
    return lines


def cells(block: BlockResult) -> list[str]:
    """What stands in the columns for `block`, safe to show."""
    usage = block.usage
    ran = block.run is not None or block.build is not None
    return [
        str(block.index),
        safe_line(block.label),
        safe_line(block.language),
        str(block.line),
        status_word(block) + (" (allowed)" if block.allowed_to_fail and not block.ok else ""),
        seconds(usage.wall_s) if ran else "",
        seconds(usage.cpu_s) if usage.cpu_s is not None else "",
        format_bytes(usage.memory_bytes) if usage.memory_bytes is not None else "",
    ]


def _line(cells: Sequence[str], widths: Sequence[int], look: Look, block: BlockResult | None) -> str:
    parts = []
    for index, (cell, width, column) in enumerate(zip(cells, widths, COLUMNS, strict=True)):
        text = shorten(cell, width, look.ellipsis)
        fitted = pad(text, width, right=column.right)
        if block is not None and index == _STATUS:
            fitted = look.paint(text, status_style(block)) + fitted[len(text) :]
        parts.append(fitted)
    return _GAP.join(parts).rstrip()


def counts(result: RunResult, look: Look) -> str:
    """How many blocks ended how: `3 ok, 1 failed`."""
    ok = sum(block.ok for block in result.blocks)
    skipped = sum(block.status is Status.SKIPPED for block in result.blocks)
    cancelled = sum(block.status is Status.CANCELLED for block in result.blocks)
    allowed = sum(block.allowed_to_fail and not block.ok for block in result.blocks)
    failed = len(result.blocks) - ok - skipped - cancelled - allowed
    parts = [(ok, "ok", "green"), (failed, "failed", "red"), (allowed, "allowed to fail", "yellow")]
    parts += [(skipped, "skipped", "yellow"), (cancelled, "cancelled", "yellow")]
    return ", ".join(look.paint(f"{number} {word}", style) for number, word, style in parts if number) or "no blocks"


def _total(result: RunResult, look: Look) -> str:
    where = f"{safe_line(result.sandbox)}, level {result.level}"
    if result.level == 0:
        where += look.paint(" (not isolated)", "yellow")
    separator = f" {look.dot} "
    return separator.join([counts(result, look), seconds(result.wall_s), where])
