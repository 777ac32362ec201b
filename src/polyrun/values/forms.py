"""The text forms of decimals, dates, times and timestamps: one spelling each, checked and taken apart.

Dates are those of the proleptic Gregorian calendar from year 1 to 9999; timestamps follow RFC 9557 (a date and time, an
offset, a zone in brackets), all but the date and time optional.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyrun.model.values import Kind

if TYPE_CHECKING:
    import datetime as dt

MAX_DIGITS = 4300
"""The most digits of a number: as many as Python converts by itself (`sys.set_int_max_str_digits`)."""

_DECIMAL = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,6})?")
_DATE = r"(\d{4})-(\d\d)-(\d\d)"
_TIME = r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
_OFFSET = r"[+-](?:[01]\d|2[0-3]):[0-5]\d"
ZONE = rf"UTC|{_OFFSET}|[A-Za-z_][A-Za-z0-9_+\-./]{{0,63}}"
"""What a zone is called: UTC, a distance from it, or a name of IANA's database."""
_SUFFIX = rf"(Z|{_OFFSET})?(?:\[({ZONE})\])?"
_PATTERNS = {
    Kind.DATE: re.compile(_DATE),
    Kind.TIME: re.compile(_TIME),
    Kind.TIMESTAMP: re.compile(f"{_DATE}T{_TIME}{_SUFFIX}"),
}
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_integer(text: str) -> bool:
    """Whether `text` is an integer as value files write it."""
    return len(text.removeprefix("-")) <= MAX_DIGITS and re.fullmatch(r"-?(?:0|[1-9]\d*)", text, re.ASCII) is not None


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


def moment_of(text: str) -> str:
    """Which of `model.values.MOMENTS` a timestamp is."""
    if text.endswith("]"):
        return "utc" if text.endswith("[UTC]") else "zone"
    if text.endswith("Z"):
        return "utc"
    return "offset" if re.search(r"[+-]\d\d:\d\d$", text) else "plain"


def _is_date(year: int, month: int, day: int) -> bool:
    if year < 1 or not 1 <= month <= 12:
        return False
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= _DAYS[month - 1] + leap


def _is_time(hour: int, minute: int, second: int) -> bool:
    return hour < 24 and minute < 60 and second < 60


_DURATION = re.compile(r"(?P<sign>-)?(?:PT)?(?P<seconds>\d{1,19})(?:\.(?P<fraction>\d{1,9}))?[sS]?", re.ASCII)


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


def timestamp_parts(text: str) -> tuple[int, str | None]:
    """Nanoseconds since 1970 (in UTC if it has a zone or an offset), and the zone: a name, an offset, `UTC`, or `None`.

    `text` must be a sound timestamp. A zone without an offset is one of IANA's database. Raises `ValueError` for one
    that is not known, `OverflowError` for a moment that is outside of the years 1 to 9999 in UTC.
    """
    import datetime as dt

    match = _PATTERNS[Kind.TIMESTAMP].fullmatch(text)
    assert match is not None
    *numbers, fraction, offset, zone = match.groups()
    moment = dt.datetime(*map(int, numbers), tzinfo=dt.UTC)  # type: ignore[misc, arg-type]
    name: str | None = zone
    if offset not in (None, "Z"):
        hours, minutes = int(offset[1:3]), int(offset[4:])
        moment -= (1 if offset[0] == "+" else -1) * dt.timedelta(hours=hours, minutes=minutes)
        name = zone or offset
    elif offset == "Z":
        name = zone or "UTC"
    elif zone is not None and zone != "UTC":
        moment = moment.replace(tzinfo=_zone(zone)).astimezone(dt.UTC)
    seconds = (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(seconds=1)
    return seconds * 10**9 + int((fraction or "").ljust(9, "0")), name


def date_text(days: int) -> str:
    """The date so many days after 1970-01-01. Raises `ValueError` outside of the years 1 to 9999."""
    import datetime as dt

    return dt.date.fromordinal(dt.date(1970, 1, 1).toordinal() + days).isoformat()


def time_text(nanoseconds: int) -> str:
    """The time of day so long after midnight."""
    seconds, rest = divmod(nanoseconds, 10**9)
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"


def timestamp_text(nanoseconds: int, zone: str | None) -> str:
    """The moment so long after 1970-01-01T00:00:00, which is UTC if there is a `zone` to say it in."""
    import datetime as dt

    seconds, rest = divmod(nanoseconds, 10**9)
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    if zone is None or zone == "UTC":
        return _clock(moment) + fraction + ("Z" if zone else "")
    match = re.fullmatch(r"([+-])(\d\d):(\d\d)", zone)
    if match is not None:
        sign = 1 if match[1] == "+" else -1
        there = moment + sign * dt.timedelta(hours=int(match[2]), minutes=int(match[3]))
        return f"{_clock(there)}{fraction}{zone}"
    there = moment.astimezone(_zone(zone))
    offset = f"{there:%z}"
    if len(offset) > 5:  # of the time before there were zones, when each town had its own: no offset can say that
        return f"{_clock(moment)}{fraction}Z[{zone}]"
    return f"{_clock(there)}{fraction}{offset[:3]}:{offset[3:5]}[{zone}]"


def _clock(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0")  # some C libraries do not pad the year


def _zone(name: str) -> dt.tzinfo:
    """A zone of IANA's database. Raises `ValueError` for one that this host does not know."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:  # a folder of the database is an `OSError`
        raise ValueError(f"the time zone `{name}` is not known here") from error
