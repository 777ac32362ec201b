"""The façade: everything the command line and the server do, in a few functions.

Each name is imported on first use (PEP 562): a run does not pay for `doctor`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from polyrun.api.audit import audit_head, audit_records, audit_verify
    from polyrun.api.compat import Runner, parse_mix_file, run_code, runner, validate_mix_file
    from polyrun.api.containers import BuildFailed, BuiltImage, PruneReport, build_images, list_images, prune_images
    from polyrun.api.defences import aselftest, selftest
    from polyrun.api.policies import RuleTest, policy_rules, test_policy
    from polyrun.api.reading import CheckResult
    from polyrun.api.running import arun, run
    from polyrun.api.settings import load_settings
    from polyrun.api.standing import LanguageStatus, check, languages, plan
    from polyrun.api.trial import Check, test_language
    from polyrun.api.upkeep import CleanReport, DoctorReport, Leftover, clean, doctor, history, values
    from polyrun.api.warm import Warm
    from polyrun.model.codes import explain
    from polyrun.model.selftest import AttackResult, SelfTestReport, Verdict
    from polyrun.report.audit.selecting import AuditRecord, Selection
    from polyrun.report.audit.verifying import Fault, Verification

_HOMES = {
    "polyrun.api.audit": "audit_head audit_records audit_verify",
    "polyrun.api.compat": "Runner parse_mix_file run_code runner validate_mix_file",
    "polyrun.api.containers": "BuildFailed BuiltImage PruneReport build_images list_images prune_images",
    "polyrun.api.defences": "aselftest selftest",
    "polyrun.api.policies": "RuleTest policy_rules test_policy",
    "polyrun.api.reading": "CheckResult",
    "polyrun.api.running": "arun run",
    "polyrun.api.settings": "load_settings",
    "polyrun.api.standing": "LanguageStatus check languages plan",
    "polyrun.api.trial": "Check test_language",
    "polyrun.api.upkeep": "CleanReport DoctorReport Leftover clean doctor history values",
    "polyrun.api.warm": "Warm",
    "polyrun.model.codes": "explain",
    "polyrun.model.selftest": "AttackResult SelfTestReport Verdict",
    "polyrun.report.audit.selecting": "AuditRecord Selection",
    "polyrun.report.audit.verifying": "Fault Verification",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "AttackResult",
    "AuditRecord",
    "BuildFailed",
    "BuiltImage",
    "Check",
    "CheckResult",
    "CleanReport",
    "DoctorReport",
    "Fault",
    "LanguageStatus",
    "Leftover",
    "PruneReport",
    "RuleTest",
    "Runner",
    "Selection",
    "SelfTestReport",
    "Verdict",
    "Verification",
    "Warm",
    "arun",
    "aselftest",
    "audit_head",
    "audit_records",
    "audit_verify",
    "build_images",
    "check",
    "clean",
    "doctor",
    "explain",
    "history",
    "languages",
    "list_images",
    "load_settings",
    "parse_mix_file",
    "plan",
    "policy_rules",
    "prune_images",
    "run",
    "run_code",
    "runner",
    "selftest",
    "test_language",
    "test_policy",
    "validate_mix_file",
    "values",
]


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    if name not in _HOME:
        raise AttributeError(f"module `polyrun.api` has no attribute `{name}`")
    import importlib

    value: object = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value
