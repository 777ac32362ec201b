"""When the whole run must be over."""

from __future__ import annotations

import time

from polyrun.model.frozen import frozen, replace
from polyrun.model.limits import Limits


@frozen
class Deadline:
    """The end of a run that may take `total_s` seconds; `at` is that moment on the monotonic clock."""

    total_s: float
    at: float

    @property
    def left_s(self) -> float:
        """Seconds left; negative when it has passed."""
        return self.at - time.monotonic()

    @property
    def reason(self) -> str:
        """What to say of a step that it ended."""
        return f"the whole run's limit of {self.total_s:g} s was reached"

    def cut(self, limits: Limits) -> Limits:
        """`limits` with no more wall time than is left."""
        return replace(limits, wall_s=min(limits.wall_s, self.left_s))


def deadline_in(total_s: float | None) -> Deadline | None:
    """The deadline of a run that starts now; `None` for one without a limit."""
    return None if total_s is None else Deadline(total_s, time.monotonic() + total_s)
