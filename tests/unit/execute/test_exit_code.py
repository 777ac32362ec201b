"""Exit codes of the command line (DESIGN section 10)."""

from __future__ import annotations

import pytest

from polyrun.execute.exit_code import exit_code
from polyrun.model.outcomes import Status
from polyrun.model.results import BlockResult


def block(status: Status, *, allowed: bool = False) -> BlockResult:
    return BlockResult(1, None, "python", 1, status, allowed_to_fail=allowed)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], 0),
        ([Status.OK], 0),
        ([Status.OK, Status.NONZERO_EXIT], 1),
        ([Status.BUILD_FAILED], 1),
        ([Status.SIGNALLED, Status.SKIPPED], 1),
        ([Status.NONZERO_EXIT, Status.TIME_LIMIT], 5),
        ([Status.MEMORY_LIMIT], 5),
        ([Status.DISK_LIMIT, Status.BLOCKED], 4),
        ([Status.TIME_LIMIT, Status.BLOCKED, Status.TOOLCHAIN_MISSING, Status.NONZERO_EXIT], 3),
    ],
)
def test_the_smallest_specific_code_comes_first(statuses: list[Status], expected: int) -> None:
    assert exit_code([block(status) for status in statuses], cancelled=False) == expected


def test_a_block_that_may_fail_does_not_count() -> None:
    assert exit_code([block(Status.TIME_LIMIT, allowed=True)], cancelled=False) == 0


def test_an_interrupt_beats_everything() -> None:
    assert exit_code([block(Status.TOOLCHAIN_MISSING)], cancelled=True) == 130
