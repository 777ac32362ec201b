"""The text forms of decimals, dates, times and timestamps: one spelling each, checked and taken apart.

Dates are those of the proleptic Gregorian calendar from year 1 to 9999; timestamps follow RFC 9557 (a date and time, an
offset, a zone in brackets), all but the date and time optional.
"""

from __future__ import annotations

import re

from polyrun.model.values import Kind

MAX_DIGITS = 4300
"""The most digits of a number: as many as Python converts by itself (`sys.set_int_max_str_digits`)."""

_DECIMAL = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,6})?")
_DATE = r"(\d{4})-(\d\d)-(\d\d)"
_TIME = r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
_ZONE = r"(Z|[+-]\d\d:\d\d)?(?:\[([A-Za-z0-9_+\-./:]{1,64})\])?"
_PATTERNS = {
    Kind.DATE: re.compile(_DATE),
    Kind.TIME: re.compile(_TIME),
    Kind.TIMESTAMP: re.compile(f"{_DATE}T{_TIME}{_ZONE}"),
}
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_integer(text: str) -> bool:
    """Whether `text` is an integer as value files write it."""
    return len(text) <= MAX_DIGITS + 1 and re.fullmatch(r"-?(?:0|[1-9]\d*)", text, re.ASCII) is not None


def fault(kind: Kind, text: str) -> str | None:
    """What is wrong with `text` as a value of `kind`; `None` if nothing is."""
    if not text.isascii():
        return f"`{text[:40]}` is no {kind}"
    if kind is Kind.DECIMAL:
        good = len(text) <= MAX_DIGITS and _DECIMAL.fullmatch(text)
        return None if good else f"`{text[:40]}` is no decimal number"
    match = _PATTERNS[kind].fullmatch(text)
    if match is None:
        return f"`{text[:40]}` is no {kind} such as `{_EXAMPLES[kind]}`"
    numbers = match.groups()
    if kind is not Kind.TIME and not _is_date(*map(int, numbers[:3])):
        return f"`{text[:40]}` is no day of the calendar"
    if kind is not Kind.DATE and not _is_time(*map(int, numbers[3:6] if kind is Kind.TIMESTAMP else numbers[:3])):
        return f"`{text[:40]}` is no time of day"
    return None


_EXAMPLES = {Kind.DATE: "2026-11-24", Kind.TIME: "18:30:00", Kind.TIMESTAMP: "2026-11-24T18:30:00+01:00"}


def digits_of(text: str) -> int:
    """How many digits of a second's fraction a time or timestamp has, without trailing zeros."""
    match = re.search(r"\.(\d+)", text)
    return len(match[1].rstrip("0")) if match else 0


def has_zone(text: str) -> bool:
    """Whether a timestamp says where on earth, or how far from UTC, it is."""
    return re.search(r"T[^Z+\-\[]*[Z+\-\[]", text) is not None


def _is_date(year: int, month: int, day: int) -> bool:
    if year < 1 or not 1 <= month <= 12:
        return False
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= _DAYS[month - 1] + leap


def _is_time(hour: int, minute: int, second: int) -> bool:
    return hour < 24 and minute < 60 and second < 60


_DURATION = re.compile(r"(?P<sign>-)?(?:PT)?(?P<seconds>\d{1,15})(?:\.(?P<fraction>\d{1,9}))?[sS]?", re.ASCII)


def parse_duration(text: str) -> tuple[int, int] | None:
    """Seconds and nanoseconds of `PT1.5S`, `1.5s` or `1.5`; `None` for anything else."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    total = int(match["seconds"]) * 10**9 + int((match["fraction"] or "").ljust(9, "0"))
    return divmod(-total if match["sign"] else total, 10**9)


def duration_text(seconds: int, nanoseconds: int) -> str:
    """A duration as ISO 8601 writes it, in seconds only: `PT1.5S`, `-PT0.25S`."""
    total = abs(seconds * 10**9 + nanoseconds)
    whole, rest = divmod(total, 10**9)
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return f"{'-' if seconds < 0 else ''}PT{whole}{fraction}S"
