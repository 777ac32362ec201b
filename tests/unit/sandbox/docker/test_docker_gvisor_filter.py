"""gVisor uses no filter of system calls unless it is told to: what is claimed, and what is compared, follows that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from polyrun.model.errors import SandboxError
from polyrun.sandbox.docker.hardening import Wanted, check, filters

_KNOWN = {
    "runc": {"path": "runc"},
    "runsc": {"path": "/usr/bin/runsc", "runtimeArgs": ["--platform=ptrace", "--oci-seccomp"]},
}
_MIB = 1 << 20
_FACTS = {
    "CapEff": ["0" * 16],
    "CapBnd": ["0" * 16],
    "Seccomp": ["0"],
    "root": ["closed"],
    "interface": ["lo"],
    "space": [f"/polyrun {64 * _MIB} 0", f"/tmp {64 * _MIB} 0"],
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


def test_a_filter_that_was_claimed_must_be_there() -> None:
    def wanted(*, filtered: bool) -> Wanted:
        return Wanted("image", 512 * _MIB, 65, 256, 64 * _MIB, runtime="runsc", filters=filtered)

    check(wanted(filtered=False), _FACTS)
    with pytest.raises(SandboxError, match="`Seccomp` is 0"):
        check(wanted(filtered=True), _FACTS)
