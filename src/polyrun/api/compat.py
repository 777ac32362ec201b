"""The older, smaller interface: parse, validate, and run one piece of code to a plain dictionary."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from typing import TypedDict

from polyrun.api.reading import CheckResult, Input, read_document
from polyrun.api.running import run
from polyrun.api.settings import load_settings
from polyrun.api.standing import check, registry_for
from polyrun.config.settings import Settings
from polyrun.document import Document, parse
from polyrun.model.errors import UsageError
from polyrun.model.frozen import frozen
from polyrun.model.spans import Source
from polyrun.sandbox.scratch import scratch


class CodeResult(TypedDict):
    """What `run_code` returns; `execution_time` in seconds, `memory_used` in bytes (`None` if unknown)."""

    success: bool
    output: str
    error: str
    exit_code: int | None
    execution_time: float
    memory_used: int | None


def parse_mix_file(path: str | os.PathLike[str]) -> Document:
    """Parse the document at `path`; its `diagnostics` say what is wrong with it.

    Raises `DocumentUnreadable` when the file cannot be read, never for what stands in it.
    """
    given = read_document(path)
    return parse(given.source, registry_for().syntax())


def validate_mix_file(path: str | os.PathLike[str], settings: Settings | None = None) -> CheckResult:
    """Check the document at `path` without running anything; `result.ok` says whether it can be run."""
    return check(path, settings)


@frozen
class Runner:
    """Runs single pieces of code in one language, sandboxed like any block."""

    language: str

    def run_code(self, code: str, config: Mapping[str, object] | str | os.PathLike[str] | None = None) -> CodeResult:
        """Run `code` in an empty folder and wait for it.

        `config` is a mapping with the keys of `config.json`, or the path of a configuration file.
        Failures of the code are in the result; raises `ConfigError` and `SandboxUnavailable` like `run`.
        """
        with scratch() as folder:
            settings = load_settings(config) if config is not None else Settings()
            end = f"end-{secrets.token_hex(8)}"
            text = f"#lang:{self.language} until={end}\n{code}\n#end:{end}\n"
            result = run(Input(Source(text.encode(), "code"), folder, is_code=True), settings)
        block = result.blocks[0]
        errors = block.stderr if block.run or block.build is None else block.build.stderr.read()
        error = errors.decode(errors="replace")
        return CodeResult(
            success=block.ok,
            output=block.stdout.decode(errors="replace"),
            error=error or ("" if block.ok else block.reason or block.status.value),
            exit_code=block.exit_code,
            execution_time=block.usage.wall_s,
            memory_used=block.usage.memory_bytes,
        )


def runner(language: str) -> Runner:
    """The runner for `language`, an id or an alias. Raises `UsageError` for an unknown one."""
    registry = registry_for()
    found = registry.get(language)
    if found is None:
        raise UsageError(f"`{language}` is not a known language", hint="`polyrun languages` lists them")
    return Runner(found.id)


def run_code(
    code: str, config: Mapping[str, object] | str | os.PathLike[str] | None = None, *, language: str = "python"
) -> CodeResult:
    """Run `code` in `language`; short for `runner(language).run_code(code, config)`."""
    return runner(language).run_code(code, config)
