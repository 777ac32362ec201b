"""The exit code of a run, from how its blocks ended."""

from __future__ import annotations

from collections.abc import Iterable

from polyrun.model.outcomes import Status
from polyrun.model.results import BlockResult

BLOCK_FAILED = 1
REFUSED = 4
INTERNAL = 70
INTERRUPTED = 130


def exit_code(blocks: Iterable[BlockResult], *, cancelled: bool) -> int:
    """0 ok, 1 a block failed, 3 toolchain missing, 4 refused, 5 a limit was hit, 130 interrupted.

    The smallest of 3, 4 and 5 that applies comes before 1. Blocks that may fail do not count.
    """
    if cancelled:
        return INTERRUPTED
    failures = {block.status for block in blocks if not block.ok and not block.allowed_to_fail}
    if not failures:
        return 0
    if Status.TOOLCHAIN_MISSING in failures:
        return 3
    if Status.BLOCKED in failures:
        return REFUSED
    if any(status.is_limit for status in failures):
        return 5
    return BLOCK_FAILED
