"""What programs and compilers printed, as the text in which patterns look."""

from __future__ import annotations

_MAX_LINE = 1000


def in_short_lines(printed: bytes) -> str:
    """`printed` as text, of each line the first 1000 characters: what patterns may be tried on without taking long."""
    return "\n".join(line[:_MAX_LINE] for line in printed.decode("utf-8", "replace").split("\n"))
