"""Where a program was when its time ran out, from what it printed when it was asked."""

from __future__ import annotations

import re
import signal
from collections.abc import Container
from functools import lru_cache

from polyrun.languages.printed import in_short_lines
from polyrun.languages.tables import Table
from polyrun.model.frozen import frozen

_MAX_FRAMES = 8


@frozen
class Stack:
    """How a language's programs tell where they are: at the signal number `signal` they print their stack.

    `frames` are regular expressions for a frame, with the group `line`; the first that matches anywhere decides, and
    innermost frames come first. A stack of several threads is parted by empty lines: then `first` finds the part that
    counts most. `late` says that a program notices the signal only when what it is at has ended, such as a sleep.
    `deaf` says that it notices nothing while it waits for a child process, and that its handler ends it at once: only
    then are its children ended before it, as any other program would act on the failure that this makes.
    """

    signal: int
    frames: tuple[str, ...]
    first: str | None = None
    late: bool = False
    deaf: bool = False


def load_stack(table: Table) -> Stack:
    """Read the table `[stack]` of a language. Raises `LanguageError`."""
    name = table.text("signal")
    if name not in signal.Signals.__members__ or name in ("SIGKILL", "SIGSTOP"):
        table.fail("signal", f"must be the name of a signal that can be handled, not `{name}`")
    frames = table.patterns("frames")
    if not frames or any("line" not in re.compile(_named(frame, "x")).groupindex for frame in frames):
        table.fail("frames", "must be regular expressions with a group `line`")
    stack = Stack(
        signal.Signals[name].value,
        frames,
        table.optional_pattern("first"),
        late=table.flag("late"),
        deaf=table.flag("deaf"),
    )
    table.close()
    return stack


def frames_in(stack: Stack, printed: bytes, document: str, lines: Container[int]) -> tuple[int, ...]:
    """Those `lines` of `document` that were being executed, innermost first; at most eight, and perhaps none.

    `printed` comes from a program that may print what it likes: nothing but these numbers is taken from it.
    """
    parts = re.split(r"\n(?:[ \t]*\n)+", in_short_lines(printed))
    if stack.first is not None:
        first = re.compile(stack.first, re.MULTILINE)
        parts.sort(key=lambda part: first.search(part) is None)
    for pattern in stack.frames:
        for part in parts:
            numbers = (match["line"] for match in _compiled(pattern, document).finditer(part))
            found = [int(number) for number in numbers if len(number) <= 9 and int(number) in lines]
            if found:
                return tuple(found[:_MAX_FRAMES])
    return ()


@lru_cache(maxsize=64)
def _compiled(pattern: str, document: str) -> re.Pattern[str]:
    """`{document}` also stands for the name in ASCII, as a signal handler may have to print it."""
    plain = document.encode("ascii", "backslashreplace").decode()
    names = "|".join(re.escape(name) for name in dict.fromkeys((document, plain)))
    return re.compile(_named(pattern, f"(?:{names})"), re.MULTILINE)


def _named(pattern: str, document: str) -> str:
    return pattern.replace("{document}", document)
