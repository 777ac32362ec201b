"""The command with a defence of its sandbox switched off: `python weakened.py DEFENCE ARGUMENT...`.

A real backend, put together without one of its parts. What it says of its level stays the same, so that the self-test
must find out by itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from polyrun.cli.entry import main
from polyrun.model.frozen import replace
from polyrun.model.limits import Limits
from polyrun.sandbox import layout, registry
from polyrun.sandbox import limits as process_limits
from polyrun.sandbox.base import Sandbox, Unavailable
from polyrun.sandbox.bubblewrap import Bubblewrap
from polyrun.sandbox.docker.options import DockerOptions


def _with(change: Callable[[Bubblewrap], None]) -> None:
    def made(_options: DockerOptions) -> Sandbox | Unavailable:
        backend = registry.bubblewrap()
        assert isinstance(backend, Bubblewrap)
        change(backend)
        return backend

    registry.FACTORIES["bubblewrap"] = made


def seccomp() -> None:
    """No filter of system calls."""

    def change(backend: Bubblewrap) -> None:
        backend.seccomp = None

    _with(change)


def open_files() -> None:
    """Ten times as many open files."""
    real = process_limits.apply

    def apply(pid: int, limits: Limits, *, processes: bool) -> None:
        real(pid, replace(limits, open_files=10 * limits.open_files), processes=processes)

    process_limits.apply = apply


def environment() -> None:
    """The variable that holds the secret gets through."""
    real = layout.environment

    def environment_of(*args: object, **words: object) -> dict[str, str]:
        from polyrun.sandbox.ground.baits import SECRET, TOKEN

        return {**real(*args, **words), TOKEN: SECRET}  # type: ignore[arg-type]

    layout.environment = environment_of


if __name__ == "__main__":
    {"seccomp": seccomp, "open-files": open_files, "environment": environment}[sys.argv.pop(1)]()
    main()
