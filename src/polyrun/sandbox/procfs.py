"""Facts about processes from `/proc`, in the layout of proc_pid_stat(5)."""

from __future__ import annotations

import os
from collections.abc import Iterable

from polyrun.model.frozen import frozen

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@frozen
class Stat:
    """One process: `started` in clock ticks since boot, `cpu_s` with its reaped children, `memory_bytes` resident."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    cpu_s: float
    threads: int
    started: int
    memory_bytes: int


def stat(pid: int) -> Stat | None:
    """The facts of `pid`, or `None` when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(b")") + 2 :].split()  # the name before it may hold anything, also `)`
    return Stat(
        pid=pid,
        state=fields[0].decode(),
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        cpu_s=sum(int(ticks) for ticks in fields[11:15]) * _TICK_S,
        threads=int(fields[17]),
        started=int(fields[19]),
        memory_bytes=int(fields[21]) * _PAGE,
    )


def start_time(pid: int) -> int:
    """When `pid` started, in ticks since boot: with the pid it names a process for as long as the host runs."""
    facts = stat(pid)
    return facts.started if facts else 0


def is_running(pid: int, started: int) -> bool:
    """Whether the process that was `pid` at `started` still runs."""
    facts = stat(pid)
    return facts is not None and facts.started == started and facts.state not in "ZX"


def processes() -> list[Stat]:
    """Every process that is visible here."""
    found = (stat(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [facts for facts in found if facts is not None]


def tree(root: int, everyone: Iterable[Stat]) -> list[Stat]:
    """`root` and its descendants among `everyone`."""
    children: dict[int, list[Stat]] = {}
    found: list[Stat] = []
    for facts in everyone:
        children.setdefault(facts.parent, []).append(facts)
        if facts.pid == root:
            found.append(facts)
    for facts in found:
        found.extend(child for child in children.get(facts.pid, ()) if child.pid != root)
    return found


def memory_of(pids: Iterable[Stat]) -> int:
    """Resident bytes of several processes; pages they share count once for each, so this errs on the high side."""
    return sum(facts.memory_bytes for facts in pids)
