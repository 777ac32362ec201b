"""Faults of PolyRun itself or of what surrounds it, as exceptions.

A fault in a document is a `Diagnostic` and a fault in the user's program is an `Outcome`; they
are never raised (law 2), except by the conveniences of `polyrun.api` that say so.
"""

from __future__ import annotations

import os

from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Severity
from polyrun.model.spans import Source


class PolyRunError(Exception):
    """The root of everything PolyRun raises on purpose.

    `code` is what `polyrun explain` knows it by, if it has one; `hint` is one line of advice, or `None`.
    """

    code: Code | None = None
    hint: str | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class DocumentUnreadable(PolyRunError):
    """The document's file cannot be read: missing, a folder, no permission, too large."""

    code = Code.DOCUMENT_UNREADABLE

    def __init__(self, path: str | os.PathLike[str], reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"cannot read `{path}`: {reason}", hint=hint)
        self.path = os.fspath(path)
        self.reason = reason


def _first(source: Source, diagnostics: tuple[Diagnostic, ...]) -> str:
    """The first fault, for those who only see the message."""
    errors = [one for one in diagnostics if one.severity is Severity.ERROR]
    if not errors:
        return ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f": {errors[0].code} in line {errors[0].line(source)}: {errors[0].message}{more}"


class DocumentError(PolyRunError):
    """A document has errors, and the caller asked for an exception. Carries every diagnostic."""

    def __init__(self, source: Source, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(f"`{source.name}` has errors{_first(source, diagnostics)}")
        self.source = source
        self.diagnostics = diagnostics


class ConfigError(PolyRunError):
    """A configuration file is wrong. Carries diagnostics that point into that file."""

    def __init__(self, source: Source, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(f"`{source.name}` is not a valid configuration{_first(source, diagnostics)}")
        self.source = source
        self.diagnostics = diagnostics


class LanguageError(PolyRunError):
    """A language specification (a TOML file or a plugin) is wrong; the message names the file and the key."""


class SandboxError(PolyRunError):
    """The sandbox failed, not the program in it. `stage` names what it was doing."""

    def __init__(self, stage: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"sandbox failed while {stage}: {message}", hint=hint)
        self.stage = stage


class SandboxUnavailable(PolyRunError):
    """No sandbox that the user would accept works here; the message lists each one tried and why not."""

    code = Code.SANDBOX_UNAVAILABLE


class AuditUnavailable(PolyRunError):
    """The audit log cannot be written, or not trusted, and something depends on it."""


class UsageError(PolyRunError):
    """The caller asked for something that does not exist or contradicts itself."""
