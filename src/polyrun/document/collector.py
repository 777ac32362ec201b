"""Gathers diagnostics while parsing, so many that they help and so few that nothing drowns."""

from __future__ import annotations

from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.spans import Span

# A cap for each severity: a flood of notes must never push out the error that stops the run.
CAPS = {Severity.ERROR: 100, Severity.WARNING: 60, Severity.NOTE: 39}

_LONGEST_QUOTE = 60


def quote(text: str) -> str:
    """`text` in backticks for a message, cut when it is long."""
    return f"`{text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + '…'}`"


class Collector:
    """Takes diagnostics in any order; `finish` hands them out by position, at most 200."""

    def __init__(self) -> None:
        self._kept: dict[Severity, list[Diagnostic]] = {severity: [] for severity in CAPS}
        self._left_out: Span | None = None

    @property
    def full(self) -> bool:
        """Whether there are so many errors that reading on helps nobody."""
        return len(self._kept[Severity.ERROR]) >= CAPS[Severity.ERROR]

    def error(
        self,
        code: Code,
        message: str,
        span: Span,
        label: str = "",
        *,
        hint: str | None = None,
        also: Label | None = None,
    ) -> None:
        """Report something that must not run."""
        if self._has_room(Severity.ERROR, span):
            self._add(Diagnostic(code, Severity.ERROR, message, Label(span, label), (also,) if also else (), hint))

    def warning(
        self,
        code: Code,
        message: str,
        span: Span,
        label: str = "",
        *,
        hint: str | None = None,
        also: Label | None = None,
    ) -> None:
        """Report something that runs, but hardly as meant."""
        if self._has_room(Severity.WARNING, span):
            self._add(Diagnostic(code, Severity.WARNING, message, Label(span, label), (also,) if also else (), hint))

    def note(
        self,
        code: Code,
        message: str,
        span: Span,
        label: str = "",
        *,
        hint: str | None = None,
        also: Label | None = None,
    ) -> None:
        """Report something worth knowing."""
        if self._has_room(Severity.NOTE, span):
            self._add(Diagnostic(code, Severity.NOTE, message, Label(span, label), (also,) if also else (), hint))

    def _has_room(self, severity: Severity, span: Span) -> bool:
        if len(self._kept[severity]) < CAPS[severity]:
            return True
        self._left_out = self._left_out or span
        return False

    def _add(self, diagnostic: Diagnostic) -> None:
        self._kept[diagnostic.severity].append(diagnostic)

    def finish(self) -> tuple[Diagnostic, ...]:
        """Everything kept, sorted by position; the last one says that there are more, if there are."""
        found = [diagnostic for kept in self._kept.values() for diagnostic in kept]
        found.sort(key=lambda diagnostic: diagnostic.primary.span)
        if self._left_out is not None:
            message = "there are more diagnostics than these"
            label = Label(self._left_out, "the first one left out")
            hint = "repair these and check again"
            found.append(Diagnostic(Code.TOO_MANY_DIAGNOSTICS, Severity.NOTE, message, label, hint=hint))
        return tuple(found)
