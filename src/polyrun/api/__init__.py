"""The façade: everything the command line and the server do, in a few functions."""

from polyrun.api.compat import Runner, parse_mix_file, run_code, runner, validate_mix_file
from polyrun.api.reading import CheckResult
from polyrun.api.running import arun, run
from polyrun.api.settings import load_settings
from polyrun.api.standing import LanguageStatus, check, languages, plan
from polyrun.api.trial import Check, test_language
from polyrun.api.upkeep import CleanReport, DoctorReport, Leftover, clean, doctor, history
from polyrun.model.codes import explain

__all__ = [
    "Check",
    "CheckResult",
    "CleanReport",
    "DoctorReport",
    "LanguageStatus",
    "Leftover",
    "Runner",
    "arun",
    "check",
    "clean",
    "doctor",
    "explain",
    "history",
    "languages",
    "load_settings",
    "parse_mix_file",
    "plan",
    "run",
    "run_code",
    "runner",
    "test_language",
    "validate_mix_file",
]
