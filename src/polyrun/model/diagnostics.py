"""Faults in a document, as values: a code, a place, labels and a hint.

Holds no text layout (see `report.diagnostics`) and no catalogue of codes (see `model.codes`).
"""

from __future__ import annotations

from enum import StrEnum

from polyrun.model.codes import Code
from polyrun.model.frozen import frozen
from polyrun.model.spans import Source, Span


class Severity(StrEnum):
    """How much a diagnostic matters: an `ERROR` stops the run, the others never do."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@frozen
class Label:
    """A span with a few words about it; `text` may be empty."""

    span: Span
    text: str = ""


@frozen
class Diagnostic:
    """One fault in a document.

    `message` is one lower-case line without a final stop. `primary` is where the user must look,
    `secondary` gives context in document order, `hint` says what to do about it.
    """

    code: Code
    severity: Severity
    message: str
    primary: Label
    secondary: tuple[Label, ...] = ()
    hint: str | None = None

    def line(self, source: Source) -> int:
        """The 1-based line of the primary label."""
        return source.line_at(self.primary.span.start)


def has_errors(diagnostics: tuple[Diagnostic, ...] | list[Diagnostic]) -> bool:
    """Whether any of `diagnostics` is an error."""
    return any(d.severity is Severity.ERROR for d in diagnostics)
