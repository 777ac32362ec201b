"""Find the document's line in what a compiler or a program printed."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from polyrun.languages.printed import in_short_lines
from polyrun.languages.spec import Language

_MAX_SCANNED = 256 * 1024


@lru_cache(maxsize=256)
def _compiled(pattern: str, document: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("{document}", re.escape(document)), re.MULTILINE)


class Location(NamedTuple):
    """A line of the document (from 1), the column (from 1) if the message has one, and the message, perhaps empty."""

    line: int
    column: int | None
    message: str


def locate(language: Language, stderr: bytes, document: str) -> Location | None:
    """The document's line that `stderr` blames and the message about it, or `None` when it names no line.

    The language's patterns are tried in order; the first that matches anywhere decides. Of several matches the
    first counts, or with the group name `last` the last one, as in a traceback that ends where the fault is. At most
    the first and the last 128 KiB and 1000 characters of a line are read. The message is one line, possibly empty.
    """
    if len(stderr) > _MAX_SCANNED:
        half = _MAX_SCANNED // 2
        stderr = stderr[:half] + b"\n" + stderr[-half:]
    text = in_short_lines(stderr)
    for pattern in language.locations:
        match = None
        for match in _compiled(pattern, document).finditer(text):
            if "last" not in match.re.groupindex:
                break
        if match is not None:
            groups = match.groupdict()
            column = groups.get("column")
            return Location(
                line=int(groups.get("line") or groups["last"]),
                column=int(column) if column else None,
                message=(groups.get("message") or "").strip(),
            )
    return None
