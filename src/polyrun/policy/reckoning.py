"""What functions of several languages make of constants: for `Grammar.known`."""

from __future__ import annotations

import base64

from polyrun.policy.grammar import Constant


def as_text(value: Constant) -> str:
    """The text that `value` is. Raises `TypeError`."""
    if not isinstance(value, str):
        raise TypeError
    return value


def as_number(value: Constant) -> int:
    """The whole number that `value` is. Raises `TypeError`."""
    if not isinstance(value, int):
        raise TypeError
    return value


def from_base64(value: Constant) -> str:
    """The UTF-8 text that `value` is in base 64. Raises `TypeError` and `ValueError`."""
    return base64.b64decode(as_text(value), validate=True).decode()
