"""Single values on their way out. What Python's objects would change is asked for as text, and read here."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from polyrun_guest import wire  # type: ignore[import-not-found]
from polyrun_guest.wire import Tagged, Unsupported  # type: ignore[import-not-found]

from .parameters import quoted

Make = Callable[[Any], Any]

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?")
_ZONED = re.compile(r"(.*?)([+-]\d\d)(?::(\d\d))?(?::\d\d)?")
_PART = re.compile(r"(-?\d+) (year|month|day)s?")
_CLOCK = re.compile(r"(-?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?")
_AS_IT_IS = {
    "boolean", "tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint",
    "uhugeint", "float", "double", "decimal", "varchar", "blob",
}  # fmt: skip


def plain(kind: Any) -> tuple[str | None, Make]:
    """The type that a value of the SQL type `kind` is asked for as, if another, and what makes a plain value of it."""
    base = kind.id
    if base in _AS_IT_IS:
        return None, _same
    if base in _READ:
        return "VARCHAR", _or_none(_READ[base])
    if base in {"list", "array"}:
        children = dict(kind.children)
        inner, make = plain(children["child"])
        form = f"[{children['size']}]" if base == "array" else "[]"
        return None if inner is None else inner + form, _or_none(lambda value: [make(one) for one in value])
    if base == "map":
        return _map(kind)
    if base in {"struct", "tuple"}:
        return _struct(kind)
    raise Unsupported(f"a value of the type {kind} has no form that other languages could read; cast it")


def _same(value: Any) -> Any:
    return value


def _or_none(make: Make) -> Make:
    return lambda value: None if value is None else make(value)


def _map(kind: Any) -> tuple[str | None, Make]:
    children = dict(kind.children)
    if children["key"].id not in {"varchar", "null"}:
        raise Unsupported(f"the keys of a map must be texts, and these are of the type {children['key']}")
    inner, make = plain(children["value"])
    form = None if inner is None else f"MAP(VARCHAR, {inner})"
    return form, _or_none(lambda value: {key: make(one) for key, one in value.items()})


def _struct(kind: Any) -> tuple[str | None, Make]:
    fields = [(name, *plain(one), one) for name, one in kind.children]
    named = all(name for name, *_ in fields)
    form = None
    if any(inner is not None for _, inner, _, _ in fields):
        if not named:
            raise Unsupported(f"a value of the type {kind} has fields without names; give them some")
        form = ", ".join(f"{quoted(name)} {one if inner is None else inner}" for name, inner, _, one in fields)
        form = f"STRUCT({form})"
    makes = [make for _, _, make, _ in fields]

    def made(value: Any) -> Any:
        if not isinstance(value, dict):
            return [make(one) for make, one in zip(makes, value, strict=True)]
        return {name: make(value[name]) for (name, *_), make in zip(fields, makes, strict=True)}

    return form, _or_none(made)


def _date(text: str) -> Tagged:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) is None or text < "0001":
        raise Unsupported(f"it has the date {text}, and only those of the years 1 to 9999 are passed on")
    return Tagged(wire.DATE, text)


def _time(text: str) -> Tagged:
    if text.startswith("24"):
        raise Unsupported("it has the time 24:00, which is no time of day")
    return Tagged(wire.TIME, _short(text))


def _short(text: str) -> str:
    """`text` without zeros at the end of its fraction."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _timestamp(text: str, after: str = "") -> Tagged:
    match = _MOMENT.fullmatch(text)
    if match is None or text < "0001":
        raise Unsupported(f"it has the timestamp {text}, and only those of the years 1 to 9999 are passed on")
    fraction = f".{match[3]}" if match[3] else ""
    return Tagged(wire.TIMESTAMP, _short(f"{match[1]}T{match[2]}{fraction}") + after)


def _zoned(text: str) -> Tagged:
    """A moment, told in the time zone of the session; it has none of its own."""
    match = _ZONED.fullmatch(text)
    there = _MOMENT.fullmatch(match[1]) if match is not None else None
    if match is None or there is None:
        return _timestamp(text)
    minutes = int(match[2]) * 60 + int(match[2][0] + (match[3] or "0"))
    if minutes == 0:
        return _timestamp(match[1], "Z")
    moment = dt.datetime.fromisoformat(f"{there[1]}T{there[2]}") - dt.timedelta(minutes=minutes)
    fraction = f".{there[3]}" if there[3] else ""
    return _timestamp(f"{moment:%Y-%m-%d %H:%M:%S}".rjust(19, "0") + fraction, "Z")


def _interval(text: str) -> Tagged:
    total = 0
    for count, unit in _PART.findall(text):
        if unit != "day":
            raise Unsupported(f"it has the INTERVAL {text}, and a month has no fixed length")
        total += int(count) * 86400 * 10**9
    match = _CLOCK.search(text)
    if match is not None:
        seconds = int(match[2]) * 3600 + int(match[3]) * 60 + int(match[4])
        clock = seconds * 10**9 + int((match[5] or "").ljust(9, "0"))
        total += -clock if match[1] else clock
    return Tagged(wire.DURATION, [*divmod(total, 10**9)])


_READ: dict[str, Make] = {
    "bignum": int,
    "uuid": _same,
    "enum": _same,
    "null": _same,
    "date": _date,
    "time": _time,
    "time_ns": _time,
    "timestamp": _timestamp,
    "timestamp_s": _timestamp,
    "timestamp_ms": _timestamp,
    "timestamp_ns": _timestamp,
    "timestamp with time zone": _zoned,
    "interval": _interval,
}
