"""The kinds of value a setting can have: how each is read from a file, checked, and shown.

A kind's `read` raises `BadValue` with a message that continues "`key` …", fit for the user.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from polyrun.model.frozen import frozen
from polyrun.model.limits import GIB, KIB, MAX_BYTES, MAX_WALL_S, MIB, check_memory, parse_duration, parse_size
from polyrun.model.syntax import LanguageSyntax

MAX_CPUS = 1024.0
LEAST_FILE = MIB
"""A log whose files are smaller would be more files than log."""

_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}")  # no word for a Dockerfile but the image's name
_RUNTIME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DOCKER_PERIOD_US = 100_000
_DOCKER_LEAST_QUOTA_US = 1000
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class BadValue(ValueError):
    """A value that a setting cannot have; the message continues "`key` …", `hint` is one line of advice."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@frozen
class Context:
    """What a value may be checked against.

    Relative paths start at `folder` (absolute). `languages` are the known ids and aliases in lower
    case; `None` accepts any name.
    """

    folder: Path
    languages: Mapping[str, LanguageSyntax] | None = None


@frozen
class Kind:
    """`words` say what to write ("a duration such as `10s`"); `read` gives the typed value; `show` writes it back."""

    words: str
    read: Callable[[object, Context], Any]
    show: Callable[[Any], str] = str


def is_number(value: object) -> bool:
    """Whether a TOML or JSON value is a number; booleans are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def printable(text: str) -> str:
    """The first 60 characters of `text`, with control characters and lone surrogates spelt out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:60])


def shown(value: object) -> str:
    """`value` as the user may have written it, short enough for a message."""
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if value is None:
        return "`null`"
    if isinstance(value, str):
        return f"`{printable(value)}`" if value else "an empty string"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    return f"`{str(value)[:60]}`"


def _wrong(words: str, value: object) -> BadValue:
    return BadValue(f"must be {words}, not {shown(value)}")


def _read_duration(value: object, _: Context) -> float:
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except ValueError as error:
            raise BadValue(f"is wrong: {str(error).replace(value, printable(value))}") from None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong(DURATION.words, value)
    if not 0 < value <= MAX_WALL_S:
        raise BadValue(f"is out of range: {shown(value)} is not more than 0 and at most one week")
    return float(value)


def _show_duration(seconds: float) -> str:
    return f'"{seconds:g}s"'


def _read_size(value: object, _: Context) -> int:
    if isinstance(value, str):
        try:
            return parse_size(value)
        except ValueError as error:
            raise BadValue(f"is wrong: {str(error).replace(value, printable(value))}") from None
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(SIZE.words, value)
    if not 1 <= value <= MAX_BYTES:
        raise BadValue(f"is out of range: {shown(value)} is not at least 1 byte and at most 1024t")
    return value


def _read_memory(value: object, context: Context) -> int:
    size = _read_size(value, context)
    try:
        return check_memory(size)
    except ValueError as error:
        raise BadValue(f"is out of range: {error}") from None


def _read_file_size(value: object, context: Context) -> int:
    size = _read_size(value, context)
    if size < LEAST_FILE:
        raise BadValue(f"is out of range: {shown(value)} is less than {LEAST_FILE // MIB} MiB")
    return size


def _show_size(count: int) -> str:
    for unit, suffix in ((GIB, "g"), (MIB, "m"), (KIB, "k")):
        if count % unit == 0:
            return f'"{count // unit}{suffix}"'
    return str(count)


def count(least: int, most: int) -> Kind:
    """A whole number from `least` to `most`, both included."""
    words = f"a whole number from {least} to {most}"

    def read(value: object, _: Context) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise _wrong(words, value)
        return value

    return Kind(words, read)


def _read_cpus(value: object, _: Context) -> float:
    """A share of processors: a number, or a percentage of one."""
    share = value
    if isinstance(value, str):
        try:
            share = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
        except ValueError:
            raise _wrong(CPUS.words, value) from None
    if not isinstance(share, int | float) or isinstance(share, bool):
        raise _wrong(CPUS.words, value)
    if not 0 < share <= MAX_CPUS:
        raise BadValue(f"is out of range: {shown(value)} is not more than 0 and at most {MAX_CPUS:g} processors")
    return float(share)


def _read_docker_cpus(value: object, context: Context) -> float:
    """Like `_read_cpus`, and also Docker's own unit: microseconds in each period of 100 000."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= _DOCKER_LEAST_QUOTA_US:
        if not math.isfinite(value):
            raise _wrong(DOCKER_CPUS.words, value)
        value = value / _DOCKER_PERIOD_US
    return _read_cpus(value, context)


def _read_flag(value: object, _: Context) -> bool:
    if not isinstance(value, bool):
        raise _wrong(FLAG.words, value)
    return value


def _show_flag(value: bool) -> str:  # noqa: FBT001 - it is the value that is shown
    return "true" if value else "false"


def choice(*names: str, upper: bool = False) -> Kind:
    """One of `names`; with `upper` the case does not matter and capitals are kept."""
    words = "one of " + ", ".join(f"`{name}`" for name in names)

    def read(value: object, _: Context) -> str:
        name = value.upper() if upper and isinstance(value, str) else value
        if not isinstance(name, str) or name not in names:
            raise _wrong(words, value)
        return name

    return Kind(words, read, _show_text)


def _show_text(value: str) -> str:
    return f'"{value}"'


def _show_list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(_show_text(value) for value in values) + "]"


def _strings(value: object, words: str) -> list[str]:
    if not isinstance(value, list | tuple):
        raise _wrong(words, value)
    for item in value:
        if not isinstance(item, str) or not item.strip():
            raise BadValue(f"must be {words}, and {shown(item)} is not one of them")
    return list(value)


def some_of(*names: str) -> Kind:
    """A list of at least one of `names`, each at most once, order kept."""
    words = "a list of " + ", ".join(f"`{name}`" for name in names)

    def read(value: object, _: Context) -> tuple[str, ...]:
        items = _strings(value, words)
        for item in items:
            if item not in names:
                raise BadValue(f"must be {words}, and {shown(item)} is not one of them")
        if not items or len(set(items)) < len(items):
            raise BadValue(f"must be {words}, at least one and each once")
        return tuple(items)

    return Kind(words, read, _show_list)


def _read_languages(value: object, context: Context) -> tuple[str, ...]:
    items = _strings(value, LANGUAGES.words)
    if not items:
        raise BadValue("must name at least one language")
    return tuple(dict.fromkeys(language_id(item, context) for item in items))


def language_id(name: str, context: Context) -> str:
    """The id behind a language's name or alias. Raises `BadValue` for a name nobody knows."""
    key = name.strip().lower()
    if context.languages is None:
        return key
    if key not in context.languages:
        raise BadValue(f"names an unknown language, {shown(name)}", hint=did_you_mean(key, context.languages))
    return context.languages[key].id


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint that names the one of `known` that is closest to `name`; `None` when none is close."""
    from difflib import get_close_matches

    close = get_close_matches(name.lower()[:100], list(known), n=1)
    return f"did you mean `{close[0]}`?" if close else None


def _read_path(value: object, context: Context) -> Path:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(PATH.words, value)
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise BadValue(f"must be a path, and no path is called {shown(value)}")
    try:
        path = Path(value).expanduser()
    except RuntimeError:
        raise BadValue(f"names a home folder that is not known: {shown(value)}") from None
    return Path(os.path.normpath(context.folder / path))


def _read_paths(value: object, context: Context) -> tuple[str, ...]:
    return tuple(str(_read_path(item, context)) for item in _strings(value, PATHS.words))


def _read_names(value: object, _: Context) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_strings(value, NAMES.words)))


def _read_env_names(value: object, _: Context) -> tuple[str, ...]:
    names = _strings(value, ENV_NAMES.words)
    for name in names:
        if not _ENV_NAME.fullmatch(name):
            raise BadValue(f"must be {ENV_NAMES.words}, and {shown(name)} is not one")
    return tuple(names)


def _read_image(value: object, _: Context) -> str:
    if not isinstance(value, str) or not _IMAGE.fullmatch(value):
        raise _wrong(IMAGE.words, value)
    return value


def _read_runtime(value: object, _: Context) -> str:
    if not isinstance(value, str) or not _RUNTIME.fullmatch(value):
        raise _wrong(RUNTIME.words, value)
    return value


DURATION = Kind("a duration such as `250ms`, `10s`, `2m`, or a number of seconds", _read_duration, _show_duration)
SIZE = Kind("a size such as `64k`, `512m`, `1g`, or a number of bytes", _read_size, _show_size)
MEMORY = Kind(SIZE.words, _read_memory, _show_size)
FILE_SIZE = Kind("a size such as `64m` or `1g`, at least `1m`", _read_file_size, _show_size)
CPUS = Kind("a share of processors such as `0.5`, `2` or `50%`", _read_cpus)
DOCKER_CPUS = Kind(
    "a share of processors such as `0.5` or `50%`, or microseconds in each 100000 such as `50000`", _read_docker_cpus
)
FLAG = Kind("`true` or `false`", _read_flag, _show_flag)
LANGUAGES = Kind("a list of languages", _read_languages, _show_list)
PATH = Kind("a path", _read_path)
PATHS = Kind("a list of paths", _read_paths, _show_list)
NAMES = Kind("a list of names", _read_names, _show_list)
ENV_NAMES = Kind("a list of environment variable names", _read_env_names, _show_list)
IMAGE = Kind("an image such as `debian:bookworm-slim`", _read_image, _show_text)
RUNTIME = Kind("a runtime's name such as `runsc`", _read_runtime, _show_text)
LOG_LEVEL = choice("DEBUG", "INFO", "ERROR", upper=True)
