"""The command's own stdout and stderr, and how text looks on them."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from polyrun.model.codes import Code
from polyrun.report.channel import Channel
from polyrun.report.look import Look
from polyrun.report.neutral import safe_line, safe_text


def out() -> Channel:
    """Standard output, for data."""
    return Channel(1, encoding=_encoding(sys.stdout))


def err() -> Channel:
    """Standard error, for everything about the data."""
    return Channel(2, encoding=_encoding(sys.stderr))


def look(channel: Channel) -> Look:
    """How reports look on `channel` in this environment."""
    return Look.of(channel, os.environ)


def print_data(text: str | bytes) -> None:
    """Write `text` to stdout. Raises `OSError` when that fails."""
    channel = out()
    if isinstance(text, bytes):
        channel.write(text)
    else:
        channel.text(text)
    if channel.failure is not None:
        raise channel.failure


def indented(text: str) -> str:
    """The lines of `text`, two columns further right and without control characters."""
    return "\n".join(f"  {safe_line(line)}".rstrip() for line in text.strip("\n").splitlines())


def complain(message: str, hint: str | None = None, code: Code | None = None) -> None:
    """Write `error: message`, with a code `error[PR100]: message`, and below it `hint: …` to stderr."""
    channel = err()
    style = look(channel)
    word = f"error[{code}]" if code else "error"
    channel.text(f"{style.paint(word, 'red')}: {safe_line(message)}\n")
    if hint:
        channel.text(f"{style.paint('hint', 'cyan')}: {safe_text(hint)}\n")


def _encoding(stream: TextIO | None) -> str:
    return getattr(stream, "encoding", None) or "utf-8"
