"""Dates and times between their text form and `datetime`."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from .wire import DATE, DURATION, TIME, TIMESTAMP, Tagged, Unsupported

_STAMP = re.compile(r"(?P<moment>[^Z+\[]+?)(?P<offset>Z|[+-]\d\d:\d\d)?(?:\[(?P<zone>[^\]]+)\])?")
_FRACTION = re.compile(r"\.(\d+)")


def _microseconds(text: str) -> str:
    """`text` with at most six digits behind the second, which is what `datetime` reads."""
    return _FRACTION.sub(lambda match: "." + match[1][:6].ljust(6, "0"), text)


def date_of(text: str) -> dt.date:
    """The day that `text` is."""
    return dt.date.fromisoformat(text)


def time_of(text: str) -> dt.time:
    """The time of day that `text` is."""
    return dt.time.fromisoformat(_microseconds(text))


def timestamp_of(text: str) -> dt.datetime:
    """The moment that `text` is; with a named zone where there is one, and without any where there is none."""
    match = _STAMP.fullmatch(text)
    assert match is not None
    moment = dt.datetime.fromisoformat(_microseconds(match["moment"]))
    offset = match["offset"]
    if match["zone"] is not None:
        zone = zone_of(match["zone"])
        if offset is None:
            return moment.replace(tzinfo=zone)
        return dt.datetime.fromisoformat(_microseconds(match["moment"]) + _plain(offset)).astimezone(zone)
    if offset is None:
        return moment
    if offset == "Z":
        return moment.replace(tzinfo=dt.UTC)
    return dt.datetime.fromisoformat(_microseconds(match["moment"]) + offset)


def _plain(offset: str) -> str:
    return "+00:00" if offset == "Z" else offset


def zone_of(name: str) -> dt.tzinfo:
    """The time zone called `name` in the IANA database."""
    if name == "UTC":
        return dt.UTC
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def duration_of(parts: list[int]) -> dt.timedelta:
    """The length of time that seconds and nanoseconds make."""
    return dt.timedelta(seconds=parts[0], microseconds=parts[1] // 1000)


def timestamp_text(value: dt.datetime, nanoseconds: int = 0) -> str:
    """The text form of a moment; `nanoseconds` are those beyond its microseconds."""
    text = value.replace(tzinfo=None, fold=0).isoformat(timespec="microseconds")
    text = (f"{text}{nanoseconds:03}" if nanoseconds else text).rstrip("0").rstrip(".")
    zone = value.tzinfo
    if zone is None:
        return text
    offset = value.utcoffset()
    assert offset is not None
    if offset.seconds % 60 or offset.microseconds:
        raise Unsupported("its zone is not a whole number of minutes from UTC")
    minutes = offset // dt.timedelta(minutes=1)
    key = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if key == "UTC" or (key is None and minutes == 0):
        return text + "Z"
    text += f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    return f"{text}[{key}]" if key else text


def tagged(value: Any) -> Tagged | None:
    """`value` as it is exported, if it is something of `datetime`."""
    if isinstance(value, dt.datetime):
        return Tagged(TIMESTAMP, timestamp_text(value, getattr(value, "nanosecond", 0)))
    if isinstance(value, dt.date):
        return Tagged(DATE, value.isoformat())
    if isinstance(value, dt.time):
        if value.tzinfo is not None:
            raise Unsupported("it is a time of day with a zone, which has no meaning without a day")
        return Tagged(TIME, value.isoformat(timespec="microseconds").rstrip("0").rstrip("."))
    if isinstance(value, dt.timedelta):
        rest = getattr(value, "nanoseconds", 0)
        whole = value.days * 86400 + value.seconds
        return Tagged(DURATION, [whole, value.microseconds * 1000 + rest])
    return None
