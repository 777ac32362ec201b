"""gVisor uses no filter of system calls unless it is told to: what is claimed for it follows what the engine says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from polyrun.sandbox.docker.hardening import filters

_KNOWN = {
    "runc": {"path": "runc"},
    "runsc": {"path": "/usr/bin/runsc", "runtimeArgs": ["--platform=ptrace", "--oci-seccomp"]},
}


@pytest.mark.parametrize(
    ("runtime", "runtimes", "expected"),
    [
        (None, _KNOWN, True),
        ("runc", _KNOWN, True),
        ("runsc", _KNOWN, True),
        ("runsc", {"runsc": {"path": "/usr/bin/runsc", "runtimeArgs": ["--network=none"]}}, False),
        ("runsc", {"runsc": {"path": "/usr/bin/runsc"}}, False),
        ("runsc", {"runsc": None}, False),
        ("runsc", None, False),
    ],
)
def test_what_the_engine_says(runtime: str | None, runtimes: Mapping[str, Any] | None, *, expected: bool) -> None:
    assert filters(runtime, {"Runtimes": runtimes}) is expected
