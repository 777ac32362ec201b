"""What was seen of one attack in a box."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Observed:
    """How it ended; streams as Latin-1 text, which keeps every byte, and cut at 64 KiB.

    `left` is what should not be there afterwards, in words. `kept` and `refused` are what PolyRun would and would not
    take back as artifacts, `handed` are the paths in the folder of exports.
    """

    status: str
    exit_code: int | None
    signal: str | None
    reason: str | None
    seconds: float
    stdout: str
    stderr: str
    printed: int
    left: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    handed: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
