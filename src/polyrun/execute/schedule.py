"""Which job comes next: a state machine without a clock and without I/O.

Jobs run in document order, one at a time. It knows nothing of sandboxes or languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from polyrun.model.frozen import frozen
from polyrun.model.outcomes import Status


@frozen
class Start:
    """Run the job of block `index` now."""

    index: int


@frozen
class Skip:
    """Do not run the job of block `index`; `status` and `reason` say why."""

    index: int
    status: Status
    reason: str


@frozen
class Finish:
    """Nothing is left to do."""


Action = Start | Skip | Finish


class Schedule:
    """Hands out one action at a time; every job is started or skipped exactly once.

    `after` maps each index, in document order, to the indexes it needs. `labels` name blocks in reasons.
    """

    def __init__(
        self, after: Mapping[int, Sequence[int]], labels: Mapping[int, str], *, fail_fast: bool = False
    ) -> None:
        self._waiting = list(after)[::-1]
        self._after = after
        self._labels = labels
        self._fail_fast = fail_fast
        self._failed: dict[int, Status] = {}
        self._stopped: tuple[Status, str] | None = None

    def next(self) -> Action:
        """The next thing to do."""
        if not self._waiting:
            return Finish()
        index = self._waiting.pop()
        if self._stopped is not None:
            return self._skip(index, *self._stopped)
        for needed in self._after[index]:
            if needed in self._failed:
                reason = f"it needs `{self._labels[needed]}`, which {_ended(self._failed[needed])}"
                return self._skip(index, Status.SKIPPED, reason)
        return Start(index)

    def _skip(self, index: int, status: Status, reason: str) -> Skip:
        self._failed[index] = status
        return Skip(index, status, reason)

    def finished(self, index: int, status: Status, *, allowed_to_fail: bool = False) -> None:
        """Tell how a started job ended. A failure that is allowed still counts for the jobs that need it."""
        if status is Status.OK:
            return
        self._failed[index] = status
        if self._fail_fast and not allowed_to_fail:
            self.stop(Status.SKIPPED, f"`--fail-fast`: `{self._labels[index]}` {_ended(status)}")

    def stop(self, status: Status, reason: str) -> None:
        """Skip everything that has not started, with this `status` and `reason`; the first call counts."""
        self._stopped = self._stopped or (status, reason)


def _ended(status: Status) -> str:
    return f"did not end well ({status.value.replace('_', ' ')})"
