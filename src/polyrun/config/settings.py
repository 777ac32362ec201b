"""Every setting, with its default and its unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from polyrun.model.frozen import NOTHING, frozen
from polyrun.model.limits import GIB, MIB, Limits
from polyrun.model.permissions import Permissions

if TYPE_CHECKING:
    from pathlib import Path

BUILD_LIMITS = Limits(wall_s=120.0, cpu_s=240.0, memory_bytes=2 * GIB, processes=256, open_files=1024)

DOCUMENT_CEILING = Limits(wall_s=600.0, cpu_s=600.0, memory_bytes=4 * GIB, cpus=4.0)
"""How far a document may set `wall_s`, `cpu_s`, `memory_bytes` and `cpus` where its user chose nothing (ADR 8)."""

LogLevel = Literal["DEBUG", "INFO", "ERROR"]


@frozen
class DockerSettings:
    """What containers are made of and may use; the `docker` backend alone looks at it.

    `base` is the image that others are built on, `runtime` one of the engine's (`None`: its default), `warm` how many
    containers wait for blocks to come. `memory_bytes`, `cpus` (a share of processors, 0.5 is half of one),
    `disk_bytes` and `timeout_s` bound every container, whatever a block's own limits are (`None`: they do not). The
    `allow_…` grants hold inside containers only.
    """

    base: str = "debian:bookworm-slim"
    runtime: str | None = None
    warm: int = 8
    memory_bytes: int | None = None
    cpus: float | None = None
    disk_bytes: int | None = None
    timeout_s: float | None = None
    cleanup: bool = True
    allow_privileged: bool = False
    allow_network: bool = False
    allow_mounts: bool = False
    read_only_root: bool = True


@frozen
class AuditSettings:
    """Whether and how the audit log is kept.

    `dir` is its folder (`None`: `audit` in the user's state folder), `key_file` holds what records are sealed with
    (`None`: they are only chained). A file of `max_bytes` is full and a new one begun; `keep_files` full ones stay
    (`None`: all). `on_failure` says what a log that cannot be written leads to: `warn` or `refuse`. With `sync` the end
    of every run waits for the disk, not only what tells of something denied or found.
    """

    keep: bool = True
    dir: Path | None = None
    key_file: Path | None = None
    max_bytes: int = 64 * MIB
    keep_files: int | None = None
    on_failure: str = "warn"
    sync: bool = False


@frozen
class Settings:
    """All that shapes a run, besides the document.

    `limits` bound each block's run, `build_limits` each build; `language_limits` (language id → overrides)
    replace single fields of `limits`. `chosen_limits` are the fields of `limits` that a file or a flag set,
    so that a language's own defaults replace only the others. `run_wall_s` bounds the whole run, in seconds.
    `sandbox` is `auto`, `require` or a backend's name; `auto` takes the first usable of `chain`
    whose level is at least `minimum`, `require` refuses any but the first of `chain`.
    `only` are block names or 1-based indexes as text; empty means all. `given` are values from outside by name, each as
    text in JSON, other text, or the path of a file (`values.given`). `get` are exports (`NAME` or `BLOCK.NAME`) that
    the result holds as JSON; `save_to` is the folder that all exports are saved in, tables as `save_tables`: `arrow`,
    `csv` or `parquet`. `report_to` is the HTML file that tells of the run when it has ended.
    `policy` is what the static analysis is for: `block` (what it calls an error is not run), `warn` or `off`; `allow`
    are codes and rule names that it passes over, and `policy_rules` folders with rules of the user's own.
    `supported_languages` restricts the languages a document may use; `None` means all.
    `log_dir` is `None` for the user's state folder. Configuration files found under
    `trusted_folders` may set everything; others that were found beside a document may only tighten.
    `sources` are the configuration files that were read, least to most important.
    """

    limits: Limits = Limits()
    build_limits: Limits = BUILD_LIMITS
    language_limits: Mapping[str, Mapping[str, float | int]] = NOTHING
    chosen_limits: frozenset[str] = frozenset()
    run_wall_s: float | None = None
    sandbox: str = "auto"
    chain: tuple[str, ...] = ("bubblewrap",)
    minimum: int = 1
    permissions: Permissions = Permissions()
    fail_fast: bool = False
    only: tuple[str, ...] = ()
    given: Mapping[str, str] = NOTHING
    get: tuple[str, ...] = ()
    save_to: Path | None = None
    save_tables: str = "arrow"
    report_to: Path | None = None
    strict: bool = False
    policy: str = "block"
    allow: tuple[str, ...] = ()
    policy_rules: tuple[str, ...] = ()
    supported_languages: tuple[str, ...] | None = None
    log_dir: Path | None = None
    log_file: Path | None = None
    log_level: LogLevel = "INFO"
    keep_logs: bool = True
    audit: AuditSettings = AuditSettings()
    docker: DockerSettings = DockerSettings()
    trusted_folders: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()
