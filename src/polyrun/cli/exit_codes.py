"""What each exit code of the command means."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The contract with scripts. A run's own code (0, 1, 3, 4, 5, 130) comes with its result."""

    OK = 0
    BLOCK_FAILED = 1
    USAGE = 2  # usage, configuration or document
    TOOLCHAIN_MISSING = 3
    REFUSED = 4  # a permission was not granted, or no acceptable sandbox works
    LIMIT = 5
    INTERNAL = 70
    INTERRUPTED = 130  # 128 + SIGINT
    PIPE_CLOSED = 141  # 128 + SIGPIPE: what a shell reports of a tool whose reader went away
