"""The values of a run: where they are kept, and those that come from outside."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack

from polyrun.api.reading import Input
from polyrun.execute.handover import Handover
from polyrun.plan import Plan
from polyrun.sandbox.scratch import scratch as make_scratch
from polyrun.values.store import Store

MEMORY = "/dev/shm"  # noqa: S108 - a folder below it is made afresh, private, and never guessed
"""Where files live in memory (tmpfs(5))."""


def open_handover(given: Input, plan: Plan, scratch: str, cleanup: AsyncExitStack) -> Handover:
    """Make ready to pass the values of `plan`'s blocks; `cleanup` removes them again.

    They are kept in memory if that has room for what a block may write, else in `scratch`.
    """
    wanted = max(job.limits.disk_bytes for job in plan.jobs)
    folder = cleanup.enter_context(make_scratch(MEMORY)) if _has_room(MEMORY, wanted) else scratch
    values = os.path.join(folder, "values")
    os.mkdir(values, 0o700)
    return Handover(Store(values), given.source, {})


def _has_room(folder: str, wanted: int) -> bool:
    try:
        facts = os.statvfs(folder)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK) and facts.f_bavail * facts.f_frsize >= wanted
