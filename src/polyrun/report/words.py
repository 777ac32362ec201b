"""The words and figures that reports for people share."""

from __future__ import annotations

from polyrun.model.outcomes import Status
from polyrun.model.results import BlockResult


def seconds(value: float) -> str:
    """A time for people: `8 ms`, `1.42 s`, `12.3 s`, `2 min 05 s`."""
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 99.95:
        return f"{value:.2f} s" if value < 9.995 else f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s"


def count(number: int, word: str, plural: str | None = None) -> str:
    """`1 block`, `2 blocks`."""
    return f"{number} {word if number == 1 else plural or word + 's'}"


def status_word(block: BlockResult) -> str:
    """How a block ended in a few characters: `ok`, `exit 3`, `SIGSEGV`, `time limit`."""
    match block.status:
        case Status.NONZERO_EXIT:
            return f"exit {block.exit_code}"
        case Status.SIGNALLED:
            return block.signal or "signalled"
        case Status.TOOLCHAIN_MISSING:
            return "no toolchain"
        case _:
            return block.status.value.replace("_", " ")


def status_style(block: BlockResult) -> str:
    """The style of `Look.paint` for how a block ended."""
    if block.ok:
        return "green"
    mild = block.allowed_to_fail or block.status in (Status.SKIPPED, Status.CANCELLED)
    return "yellow" if mild else "red"
