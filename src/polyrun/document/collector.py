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
        self._dropped = 0
        self._first_dropped: Span | None = None

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
        self._add(Diagnostic(code, Severity.NOTE, message, Label(span, label), (also,) if also else (), hint))

    def _add(self, diagnostic: Diagnostic) -> None:
        kept = self._kept[diagnostic.severity]
        if len(kept) < CAPS[diagnostic.severity]:
            kept.append(diagnostic)
            return
        self._dropped += 1
        self._first_dropped = self._first_dropped or diagnostic.primary.span

    def finish(self) -> tuple[Diagnostic, ...]:
        """Everything kept, sorted by position; the last one says how many were left out, if any were."""
        found = [diagnostic for kept in self._kept.values() for diagnostic in kept]
        found.sort(key=lambda diagnostic: diagnostic.primary.span)
        if self._first_dropped is not None:
            message = f"{self._dropped} more diagnostics are not shown"
            label = Label(self._first_dropped, "the first of them")
            found.append(Diagnostic(Code.TOO_MANY_DIAGNOSTICS, Severity.NOTE, message, label))
        return tuple(found)
