"""A driver process of one sandbox level."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from actor import Actor


class Level:
    """A driver process (see `driver.py`) and what it said about its sandbox."""

    def __init__(self, folder: str, actor: Actor, backend: str = "bubblewrap", engine: str | None = None) -> None:
        variables = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        if engine is not None:
            variables["DOCKER_HOST"] = engine
        self._process = subprocess.Popen(
            [*actor.python, str(actor.project / "tests/hostile/driver.py"), folder, backend],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**variables, **actor.variables(folder)},
        )
        self.said = self._hear()

    def ask(self, attack: str, where: str) -> dict[str, Any]:
        """Run one attack; the driver's own failure fails the test."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"attack": attack, "where": where}) + "\n")
        self._process.stdin.flush()
        answer = self._hear()
        assert "error" not in answer, answer["trace"]
        return answer

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the driver ended with exit code {self._process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the driver."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait(timeout=30)
