"""Where the command begins. Answers `--version` before anything else is imported."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # what type checkers look for, without the import of `typing` that costs as much as the rest
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command with `sys.argv` and exit with its code."""
    _fill_standard_descriptors()
    if sys.argv[1:] in (["--version"], ["-V"]):
        from polyrun import __version__

        os.write(1, f"polyrun {__version__}\n".encode())
        sys.exit(0)
    import gc

    gc.disable()  # nothing that is imported is garbage; `polyrun run` turns it on again
    from polyrun.cli.boundary import guarded

    code = guarded(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # whoever listened is gone
            continue
    os._exit(code)  # taking the interpreter apart in order costs 10 ms and serves nobody


def _fill_standard_descriptors() -> None:
    """Open /dev/null in place of a closed stdin, stdout or stderr.

    Otherwise the next file opened would get that number, and whoever writes to it would write into that file.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, "w", encoding="utf-8", closefd=False))  # noqa: SIM115 - for good
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
