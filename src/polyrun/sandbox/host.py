"""Run a trusted program of the host, outside every sandbox: version probes and the like.

Never used for anything a document says.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from polyrun.model.frozen import frozen


@frozen
class HostOutput:
    """How a trusted program ended: its exit code (negative for a signal) and its text, invalid UTF-8 replaced."""

    exit_code: int
    stdout: str
    stderr: str


def run_trusted(argv: Sequence[str], *, timeout_s: float = 20.0, env: Mapping[str, str] | None = None) -> HostOutput:
    """Execute `argv` with no stdin; `env` is added to PolyRun's own environment.

    Raises `OSError` when it cannot be started and `TimeoutError` when it takes longer than `timeout_s` seconds
    (it is killed then).
    """
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            env={**os.environ, **(env or {})},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"`{argv[0]}` did not end within {timeout_s:g} s") from error
    return HostOutput(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
