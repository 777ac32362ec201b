"""Names that say which PolyRun made a thing, so that what a killed one left behind can be found.

A name is `polyrun-PID-START-NAMESPACE-RANDOM`; pid and start time together name a process of one pid namespace, given
by its inode (pid_namespaces(7)), for as long as the host runs.
"""

from __future__ import annotations

import os
import re

from polyrun.sandbox.procfs import is_running, start_time

MARK = "POLYRUN_RUN_ID"
"""The environment variable that marks processes outside every namespace with such a name."""

_NAME = re.compile(r"polyrun-(\d+)-(\d+)-(\d+)-[0-9a-f]{8}")


def new_name() -> str:
    """A fresh name of this process."""
    pid = os.getpid()
    return f"polyrun-{pid}-{start_time(pid)}-{_namespace()}-{os.urandom(4).hex()}"


def is_orphan(name: str) -> bool:
    """Whether `name` is such a name of this pid namespace and its process is gone. Other names are nobody's business.

    Where `/proc` shows another namespace than ours, nothing is known to be gone.
    """
    match = _NAME.fullmatch(name)
    return (
        match is not None
        and int(match[3]) == _namespace()
        and not is_running(int(match[1]), int(match[2]))
        and os.readlink("/proc/self") == str(os.getpid())
    )


def is_ours(name: str) -> bool:
    """Whether `name` is such a name of this pid namespace, so that its process can be looked for."""
    match = _NAME.fullmatch(name)
    return match is not None and int(match[3]) == _namespace()


def is_own(name: str) -> bool:
    """Whether `name` is such a name of this very process."""
    match = _NAME.fullmatch(name)
    return match is not None and int(match[1]) == os.getpid() and is_ours(name)


def is_foreign(name: str) -> bool:
    """Whether `name` is such a name of another pid namespace, perhaps a container's: its pid means nothing here."""
    match = _NAME.fullmatch(name)
    return match is not None and int(match[3]) != _namespace()


def _namespace() -> int:
    return os.stat("/proc/self/ns/pid").st_ino
