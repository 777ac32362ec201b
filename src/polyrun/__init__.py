r"""PolyRun runs one document written in many languages as one program.

>>> import polyrun
>>> result = polyrun.run("stats.mix")                        # doctest: +SKIP
>>> result.ok, result.block("load").stdout                   # doctest: +SKIP
(True, b'7.5\n')

Inside an event loop, `await polyrun.arun(...)`. Names are imported on first use, so that
`import polyrun` costs next to nothing. `polyrun.api` has a few more (`plan`, `languages`, `test_language`), which
would share their names with packages here.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False  # what type checkers look for; importing `typing` would double the time of `polyrun --version`
if TYPE_CHECKING:
    from polyrun.api import (
        CheckResult,
        Warm,
        arun,
        audit_head,
        audit_records,
        audit_verify,
        check,
        clean,
        doctor,
        explain,
        history,
        load_settings,
        parse_mix_file,
        run,
        run_code,
        runner,
        validate_mix_file,
    )
    from polyrun.config.settings import Settings
    from polyrun.model.diagnostics import Diagnostic, Label, Severity
    from polyrun.model.errors import (
        AuditUnavailable,
        ConfigError,
        DocumentError,
        DocumentUnreadable,
        LanguageError,
        PolyRunError,
        SandboxError,
        SandboxUnavailable,
        UsageError,
    )
    from polyrun.model.limits import Limits, Usage
    from polyrun.model.outcomes import Outcome, Status
    from polyrun.model.permissions import Permissions
    from polyrun.model.results import BlockResult, RunResult
    from polyrun.model.spans import Source

_HOMES = {
    "polyrun.api": (
        "CheckResult Warm arun audit_head audit_records audit_verify check clean doctor explain history load_settings "
        "parse_mix_file run run_code runner validate_mix_file"
    ),
    "polyrun.config.settings": "Settings",
    "polyrun.model.diagnostics": "Diagnostic Label Severity",
    "polyrun.model.errors": (
        "AuditUnavailable ConfigError DocumentError DocumentUnreadable LanguageError PolyRunError SandboxError "
        "SandboxUnavailable UsageError"
    ),
    "polyrun.model.limits": "Limits Usage",
    "polyrun.model.outcomes": "Outcome Status",
    "polyrun.model.permissions": "Permissions",
    "polyrun.model.results": "BlockResult RunResult",
    "polyrun.model.spans": "Source",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "AuditUnavailable",
    "BlockResult",
    "CheckResult",
    "ConfigError",
    "Diagnostic",
    "DocumentError",
    "DocumentUnreadable",
    "Label",
    "LanguageError",
    "Limits",
    "Outcome",
    "Permissions",
    "PolyRunError",
    "RunResult",
    "SandboxError",
    "SandboxUnavailable",
    "Settings",
    "Severity",
    "Source",
    "Status",
    "Usage",
    "UsageError",
    "Warm",
    "arun",
    "audit_head",
    "audit_records",
    "audit_verify",
    "check",
    "clean",
    "doctor",
    "explain",
    "history",
    "load_settings",
    "parse_mix_file",
    "run",
    "run_code",
    "runner",
    "validate_mix_file",
]


def __getattr__(name: str) -> object:
    """Import a public name on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module `polyrun` has no attribute `{name}`")
    import importlib

    value: object = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
