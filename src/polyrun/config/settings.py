"""Every setting, with its default and its unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from polyrun.model.limits import GIB, Limits
from polyrun.model.permissions import Permissions

BUILD_LIMITS = Limits(wall_s=120.0, cpu_s=240.0, memory_bytes=2 * GIB, processes=256, open_files=1024)

LogLevel = Literal["DEBUG", "INFO", "ERROR"]


@dataclass(frozen=True, slots=True)
class Settings:
    """All that shapes a run, besides the document.

    `limits` bound each block's run, `build_limits` each build; `language_limits` (language id → overrides)
    replace single fields of `limits`. `run_wall_s` bounds the whole run, in seconds.
    `sandbox` is `auto`, `require` or a backend's name; `auto` takes the first usable of `chain`
    whose level is at least `minimum`, `require` refuses any but the first of `chain`.
    `only` are block names or 1-based indexes as text; empty means all.
    `supported_languages` restricts the languages a document may use; `None` means all.
    `log_dir` is `None` for the user's state folder.
    """

    limits: Limits = field(default_factory=Limits)
    build_limits: Limits = BUILD_LIMITS
    language_limits: Mapping[str, Mapping[str, float | int]] = field(default_factory=dict)
    run_wall_s: float | None = None
    sandbox: str = "auto"
    chain: tuple[str, ...] = ("bubblewrap",)
    minimum: int = 1
    permissions: Permissions = field(default_factory=Permissions)
    fail_fast: bool = False
    only: tuple[str, ...] = ()
    strict: bool = False
    supported_languages: tuple[str, ...] | None = None
    log_dir: Path | None = None
    log_file: Path | None = None
    log_level: LogLevel = "INFO"
    keep_logs: bool = True
