"""Makes text from programs safe to show on a terminal and to write on one line of a log.

A program's output can hold sequences that move the cursor, rename the window, answer on the
user's keyboard or reverse the reading order (CVE-2021-42574). Each such character is replaced by
something visible; so nothing is hidden and nothing acts.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

_INVISIBLE = "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f"
_UNSAFE = f"\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff{_INVISIBLE}]"
_UNSAFE_IN_LINE = f"[\x00-\x1f\x7f-\x9f\ud800-\udfff{_INVISIBLE}]"

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """The compiled pattern: only for text that is not plain, because compiling takes longer than most reports."""
    return re.compile(pattern)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


@cache
def _visible(character: str) -> str:
    """A stand-in: control pictures (`␛`) for C0 and DEL, `<U+009B>` for the rest, U+FFFD for a surrogate."""
    number = ord(character)
    if number < 0x20:
        return chr(0x2400 + number)
    if number == 0x7F:
        return "\u2421"
    if 0xD800 <= number <= 0xDFFF:
        return "\ufffd"
    return f"<U+{number:04X}>"


def safe_text(text: str) -> str:
    """`text` with everything that could act on a terminal made visible; tabs, LF and CRLF stay."""
    if _is_plain(text):
        return text
    return _compiled(_UNSAFE).sub(lambda match: _visible(match[0]), text)


def safe_line(text: str) -> str:
    r"""`text` on one line: like `safe_text`, and tabs and line ends are written `\t`, `\r`, `\n`."""
    if _is_plain(text):
        return text
    return _compiled(_UNSAFE_IN_LINE).sub(lambda match: _ESCAPES.get(match[0]) or _visible(match[0]), text)


class Neutralizer:
    """`safe_text` for one stream that comes in pieces, cut anywhere.

    Holds back at most three bytes of an unfinished UTF-8 character and a final CR, whose meaning the next
    byte decides. Invalid UTF-8 becomes U+FFFD.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held = ""

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """The safe text of `data` and of what was held back; with `final` nothing is held back any more."""
        text = self._held + self._decoder.decode(data, final)
        self._held = ""
        if text.endswith("\r") and not final:
            text, self._held = text[:-1], "\r"
        return safe_text(text)
