"""A small language for tests of the command: `case(document=…).args("run", "doc.mix").stdout(…).exits(0)`.

Everything goes through the installed `polyrun` command in a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("polyrun"))
_HOMES = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "RUSTUP_HOME", "CARGO_HOME")
_PASSED = ("PATH", "HOME", "TMPDIR", "PYTHONPATH", *_HOMES)


@dataclass
class Ended:
    """What the command did."""

    code: int
    out: bytes
    err: str
    folder: Path

    @property
    def text(self) -> str:
        return self.out.decode()


@dataclass
class Case:
    """One call of the command in a folder of its own, and what is expected of it."""

    folder: Path
    words: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    given: bytes = b""
    shell: str | None = None
    _out: bytes | None = None
    _err: str | None = None
    _out_parts: list[str] = field(default_factory=list)
    _err_parts: list[str] = field(default_factory=list)
    _absent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.environment = {name: os.environ[name] for name in _PASSED if name in os.environ} | {"LC_ALL": "C.UTF-8"}

    def file(self, name: str, content: str | bytes) -> Case:
        """Put a file beside the document."""
        data = content.encode() if isinstance(content, str) else content
        (self.folder / name).write_bytes(data)
        return self

    def args(self, *words: str) -> Case:
        """The words after `polyrun`."""
        self.words = list(words)
        return self

    def env(self, **variables: str | None) -> Case:
        """Set variables, or with `None` take them away."""
        for name, value in variables.items():
            self.environment.pop(name, None)
            if value is not None:
                self.environment[name] = value
        return self

    def stdin(self, data: str | bytes) -> Case:
        """What the command reads from stdin; nothing otherwise."""
        self.given = data.encode() if isinstance(data, str) else data
        return self

    def within(self, script: str) -> Case:
        """Call the command from a bash `script`, in which `polyrun "$@"` is this call."""
        self.shell = script
        return self

    def stdout(self, exact: str | bytes) -> Case:
        """Expect exactly this on stdout."""
        self._out = exact.encode() if isinstance(exact, str) else exact
        return self

    def stderr(self, exact: str) -> Case:
        """Expect exactly this on stderr."""
        self._err = exact
        return self

    def stdout_has(self, *parts: str) -> Case:
        """Expect these parts on stdout."""
        self._out_parts += parts
        return self

    def stderr_has(self, *parts: str) -> Case:
        """Expect these parts on stderr."""
        self._err_parts += parts
        return self

    def nowhere(self, *parts: str) -> Case:
        """Expect these parts on neither."""
        self._absent += parts
        return self

    def start(self) -> subprocess.Popen[bytes]:
        """Start the command without waiting; for tests that act on it while it runs."""
        return subprocess.Popen(
            [COMMAND, *self.words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def exits(self, code: int) -> Ended:
        """Make the call, check everything that was expected, and return what happened."""
        argv = [COMMAND, *self.words]
        if self.shell is not None:
            function = f'polyrun() {{ "{COMMAND}" "$@"; }}\n'
            argv = ["bash", "-c", function + self.shell, "bash", *self.words]
        done = subprocess.run(
            argv, cwd=self.folder, env=self.environment, input=self.given, capture_output=True, timeout=100, check=False
        )
        ended = Ended(done.returncode, done.stdout, done.stderr.decode(errors="replace"), self.folder)
        told = f"exit code {ended.code}\n--- stdout\n{done.stdout.decode(errors='replace')}\n--- stderr\n{ended.err}"
        assert ended.code == code, told
        assert self._out is None or ended.out == self._out, told
        assert self._err is None or ended.err == self._err, told
        for part in self._out_parts:
            assert part in ended.out.decode(errors="replace"), f"{part!r} is not on stdout\n{told}"
        for part in self._err_parts:
            assert part in ended.err, f"{part!r} is not on stderr\n{told}"
        for part in self._absent:
            assert part not in told.split("\n", 1)[1], f"{part!r} is there\n{told}"
        return ended


MakeCase = Callable[..., Case]
"""What the fixture `case` is."""
