"""Run a block's program with plain processes, in folders laid out as a box lays them out."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from polyrun.languages import (
    Language,
    Program,
    Registry,
    Step,
    Toolchain,
    ToolchainMissing,
    find_toolchain,
    lower,
    prepare_program,
)
from polyrun.sandbox.host import run_trusted

REGISTRY = Registry.load()
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/tmp"}


@dataclass(frozen=True)
class Ended:
    """How the program ended. `built` is false when the build step failed; its output is then here."""

    built: bool
    code: int
    stdout: str
    stderr: str


@functools.cache
def toolchain(identifier: str) -> Toolchain | ToolchainMissing:
    language = REGISTRY.get(identifier)
    assert language is not None
    return find_toolchain(language, run=run_trusted)


class Bench:
    """Runs programs of one language; what `prepare` makes is made once."""

    def __init__(self, language: Language, tools: Toolchain, folder: Path) -> None:
        self.language = language
        self._tools = tools
        self._prepared = folder / f"prepared-{language.id}"
        program = prepare_program(language)
        if program is not None and program.build is not None:
            self._prepared.mkdir()
            done = self._start(program.build, folder, folder, self._prepared, "", b"", ())
            assert done.returncode == 0, done.stderr

    def _start(
        self, step: Step, source: Path, work: Path, build: Path, document: str, stdin: bytes, args: Sequence[str]
    ) -> subprocess.CompletedProcess[bytes]:
        names = {
            "source": str(source),
            "work": str(work),
            "build": str(build),
            "guest": self.language.guest or "",
            "prepared": str(self._prepared),
            "document": document,
            "memory_mib": "512",
            **self._tools.programs,
        }

        def fill(text: str) -> str:
            return re.sub(r"\{(\w+)\}", lambda match: names.get(match[1], match[0]), text)

        return subprocess.run(
            [*map(fill, step.argv), *args],
            cwd=fill(step.cwd),
            env={**ENVIRONMENT, **{name: fill(value) for name, value in step.env.items()}},
            input=stdin,
            capture_output=True,
            timeout=110,
            check=False,
        )

    def run(
        self,
        code: str | bytes,
        *,
        line: int = 12,
        document: str = "stats.mix",
        stdin: bytes = b"",
        args: Sequence[str] = (),
        files: dict[str, str] | None = None,
    ) -> Ended:
        """Run `code` as if it stood at `line` of `document`, beside `files`."""
        raw = code.encode() if isinstance(code, str) else code
        program = lower(self.language, raw, line, document)
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            source, work, build = (Path(folder, name) for name in ("source", "work", "build"))
            for path in (source, work, build):
                path.mkdir()
            work.joinpath(document).write_bytes(b"\n" * (line - 1) + raw)
            for name, text in (files or {}).items():
                work.joinpath(name).write_text(text)
            lay_out(program, source)
            if program.build is not None:
                done = self._start(program.build, source, work, build, document, b"", ())
                if done.returncode != 0:
                    return Ended(False, done.returncode, done.stdout.decode(), done.stderr.decode())
            done = self._start(program.run, source, work, build, document, stdin, args)
            return Ended(True, done.returncode, done.stdout.decode(), done.stderr.decode())


BenchOf = Callable[[str], Bench]


def lay_out(program: Program, source: Path) -> None:
    for name, content in program.files.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.chmod(path, 0o444)
