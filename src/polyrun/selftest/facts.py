"""What an attack says it achieved: `name: value` lines on stdout."""

from __future__ import annotations

from polyrun.sandbox.ground.baits import SECRET


def facts_of(stdout: str) -> dict[str, str]:
    """The facts; of a name that is told twice, the first, unless a later one holds the secret."""
    facts: dict[str, str] = {}
    for line in stdout.split("\n"):
        name, colon, value = line.partition(": ")
        if colon and (name not in facts or SECRET in value):
            facts[name] = value
    return facts
