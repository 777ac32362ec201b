"""Names that say which PolyRun made a thing, so that what a killed one left behind can be found.

A name is `polyrun-PID-START-RANDOM`; pid and start time together name a process for as long as the host runs.
"""

from __future__ import annotations

import os
import re
import secrets

from polyrun.sandbox.procfs import is_running, start_time

MARK = "POLYRUN_RUN_ID"
"""The environment variable that marks processes outside every namespace with such a name."""

_NAME = re.compile(r"polyrun-(\d+)-(\d+)-[0-9a-f]{8}")


def new_name() -> str:
    """A fresh name of this process."""
    pid = os.getpid()
    return f"polyrun-{pid}-{start_time(pid)}-{secrets.token_hex(4)}"


def is_orphan(name: str) -> bool:
    """Whether `name` is such a name and its process is gone. Other names are nobody's business."""
    match = _NAME.fullmatch(name)
    return match is not None and not is_running(int(match[1]), int(match[2]))
