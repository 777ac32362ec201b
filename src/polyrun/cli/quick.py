"""The plain forms of `polyrun run`, read without click: its import takes longer than a short block.

Whatever is not plain (an option with a value, a fault, a question for help) is left to click, which
reads these forms too and means the same by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

SWITCHES = {
    "-q": "quiet",
    "--quiet": "quiet",
    "-v": "verbose",
    "--verbose": "verbose",
    "--raw": "raw",
    "--fail-fast": "fail_fast",
    "--strict": "strict",
    "--allow-net": "allow_net",
}
"""Options without a value, each with the parameter that it makes true."""


def plain_run(arguments: Sequence[str]) -> tuple[str, dict[str, Any]] | None:
    """The document and the parameters of `run [SWITCH…] FILE [SWITCH…]`; `None` for every other command line."""
    if arguments[:1] != ["run"]:
        return None
    files = [word for word in arguments[1:] if word not in SWITCHES]
    if len(files) != 1 or (files[0].startswith("-") and files[0] != "-"):
        return None
    return files[0], {SWITCHES[word]: True for word in arguments[1:] if word in SWITCHES}
