"""What to run: one TOML file per language. Knows no sandbox and never starts a process."""

from polyrun.languages.handing import Names
from polyrun.languages.locations import locate
from polyrun.languages.lowering import lower, prepare_program
from polyrun.languages.registry import Registry
from polyrun.languages.spec import Language, Program, Step, Toolchain, ToolchainMissing
from polyrun.languages.toolchains import find_toolchain, toolchain_elsewhere

__all__ = [
    "Language",
    "Names",
    "Program",
    "Registry",
    "Step",
    "Toolchain",
    "ToolchainMissing",
    "find_toolchain",
    "locate",
    "lower",
    "prepare_program",
    "toolchain_elsewhere",
]
