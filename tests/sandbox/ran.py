"""What came of a command that ran in a box."""

from __future__ import annotations

from dataclasses import dataclass

from polyrun.model.outcomes import Outcome


@dataclass
class Ran:
    outcome: Outcome
    stdout: bytes
    stderr: bytes

    @property
    def status(self) -> str:
        return self.outcome.status.value

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def text(self) -> str:
        return self.stdout.decode()
