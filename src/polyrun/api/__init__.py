"""The façade: everything the command line and the server do, in a few functions."""

from polyrun.api.compat import Runner, parse_mix_file, run_code, runner, validate_mix_file
from polyrun.api.reading import CheckResult
from polyrun.api.running import arun, run
from polyrun.api.settings import load_settings
from polyrun.api.standing import LanguageStatus, check, languages, plan
from polyrun.model.codes import explain

__all__ = [
    "CheckResult",
    "LanguageStatus",
    "Runner",
    "arun",
    "check",
    "explain",
    "languages",
    "load_settings",
    "parse_mix_file",
    "plan",
    "run",
    "run_code",
    "runner",
    "validate_mix_file",
]
