"""What commands are given: a document by path or on stdin, and settings from files and flags."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from polyrun.cli.streams import err
from polyrun.model.errors import DocumentUnreadable, UsageError
from polyrun.model.limits import format_bytes
from polyrun.model.spans import Source

if TYPE_CHECKING:
    from polyrun.config.settings import Settings

STDIN_NAME = "<stdin>"

FLAGS = {
    "sandbox": ("--sandbox", "sandbox.backend"),
    "fail_fast": ("--fail-fast", "run.fail-fast"),
    "timeout": ("--timeout", "limits.timeout"),
    "cpu": ("--cpu", "limits.cpu"),
    "cpus": ("--cpus", "limits.cpus"),
    "memory": ("--memory", "limits.memory"),
    "total_timeout": ("--total-timeout", "run.total-timeout"),
    "output_limit": ("--output-limit", "limits.output"),
    "allow_net": ("--allow-net", "permissions.net"),
    "allow_read": ("--allow-read", "permissions.read"),
    "allow_write": ("--allow-write", "permissions.write"),
    "allow_write_workspace": ("--allow-write", "permissions.write-workspace"),
    "allow_env": ("--allow-env", "permissions.env"),
    "log_dir": ("--log-dir", "log.dir"),
    "log": ("--no-log", "log.keep"),
    "strict": ("--strict", "run.strict"),
    "policy": ("--policy", "policy.mode"),
    "allow": ("--allow", "policy.allow"),
    "audit_dir": ("--dir", "audit.dir"),
    "audit_key_file": ("--key-file", "audit.key-file"),
}
"""Each parameter: the flag people write, and the setting it overrides."""


def document(name: str) -> str | Source:
    """The path as given, or for `-` the document on stdin. Raises `DocumentUnreadable`."""
    if name != "-":
        return name
    from polyrun.document import MAX_DOCUMENT_BYTES

    if sys.stdin is not None and sys.stdin.isatty():
        err().text("reading the document from the terminal; Ctrl-D ends it\n")
    data = bytearray()
    while len(data) <= MAX_DOCUMENT_BYTES:
        try:
            piece = os.read(0, 1 << 20)
        except OSError as error:
            raise DocumentUnreadable(STDIN_NAME, (error.strerror or str(error)).lower()) from error
        if not piece:
            return Source(bytes(data), STDIN_NAME)
        data += piece
    raise DocumentUnreadable(STDIN_NAME, f"it is larger than {format_bytes(MAX_DOCUMENT_BYTES)}")


def names(values: Sequence[str]) -> tuple[str, ...]:
    """What an option names that may be given several times, and each time name several things with commas or blanks."""
    return tuple(name for value in values for name in value.replace(",", " ").split())


def values(words: Sequence[str], *, bare: bool = False) -> dict[str, str]:
    """What `--set NAME=VALUE` gave, by name; with `bare` the name may stand alone. Raises `UsageError`."""
    found: dict[str, str] = {}
    for word in words:
        name, separator, text = word.partition("=")
        if not (separator or bare) or not name.isidentifier():
            raise UsageError(f"`--set {word[:60]}` is not `NAME=VALUE`", hint="such as `--set n=3`")
        if name in found:
            raise UsageError(f"`--set {name}=…` stands there twice")
        found[name] = text
    return found


def settings(config: str | None, given: str | Source | None, chosen: Mapping[str, object]) -> Settings:
    """The settings for document `given`, with the flags in `chosen` that were used (by parameter name).

    Raises `ConfigError`, and `UsageError` that names the flag.
    """
    from polyrun import api

    given_flags = {name: value for name, value in chosen.items() if value not in (None, (), False) and name != "log"}
    overrides = {
        FLAGS[name][1]: list(value) if isinstance(value, tuple) else value for name, value in given_flags.items()
    }
    if chosen.get("log") is False:
        overrides[FLAGS["log"][1]] = False
    # A document from stdin works in the current folder, so the settings found there are its own.
    path = given if isinstance(given, str) else STDIN_NAME if given is not None else None
    try:
        return api.load_settings(config, document=path, overrides=overrides)
    except UsageError as error:
        message = str(error)
        for flag, key in FLAGS.values():
            message = message.replace(f"`{key}`", f"`{flag}`")
        raise UsageError(message, hint=error.hint) from error
