"""What each option means: its type, its range and the words for getting it wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polyrun.document.collector import Collector, quote
from polyrun.document.nearest import suggest
from polyrun.document.tree import Name, Option
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Label
from polyrun.model.limits import check_memory, parse_duration, parse_size
from polyrun.model.spans import Span

MAX_CPUS = 1024.0

_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_PERCENT = r"(\d{1,6}(?:\.\d{1,6})?)%"
_BARE_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
_SYNONYMS = {
    "mem": "memory",
    "depends": "after",
    "deps": "after",
    "needs": "after",
    "network": "net",
    "id": "name",
    "label": "name",
    "input": "stdin",
    "tag": "tags",
    "time": "timeout",
}

Changes = Mapping[str, Any]
"""Fields of `Options` with their new values."""


class _BadValue(Exception):
    """Why a value will not do, fit for the user."""

    def __init__(self, message: str, *, hint: str | None = None, code: Code = Code.BAD_OPTION) -> None:
        super().__init__(message)
        self.hint = hint
        self.code = code


def _text(option: Option) -> str:
    """The one value of `option`; a list is not one."""
    if option.items is not None:
        raise _BadValue(f"`{option.key.text}` takes one value, not a list")
    if not option.value:
        raise _BadValue(f"`{option.key.text}` needs a value", hint=f"write `{option.key.text}=…`")
    return option.value


def _list(option: Option) -> tuple[str, ...]:
    """The comma-separated items of `option`, blanks around them dropped; none may be empty."""
    items = option.items if option.items is not None else [part.strip() for part in _text(option).split(",")]
    if not all(items):
        raise _BadValue(f"`{option.key.text}` has an empty item", hint="separate items by single commas")
    return tuple(items)


def _timeout(option: Option) -> Changes:
    return {"timeout_s": parse_duration(_text(option))}


def _memory(option: Option) -> Changes:
    return {"memory_bytes": check_memory(parse_size(_text(option)))}


def _cpu(option: Option) -> Changes:
    text = _text(option)
    hint = "write `cpu=10s` for processor time, or `cpu=50%` for a share of one processor"
    if percent := re.fullmatch(_PERCENT, text):
        cpus = float(percent[1]) / 100
        if not 0 < cpus <= MAX_CPUS:
            raise _BadValue(f"{quote(text)} is out of range: a share is more than 0% and at most 102400%")
        return {"cpus": cpus}
    if re.fullmatch(_BARE_NUMBER, text):
        raise _BadValue(f"{quote(text)} has no unit", hint=hint)
    try:
        return {"cpu_s": parse_duration(text)}
    except ValueError as error:
        raise _BadValue(str(error), hint=hint) from None


def _switch(option: Option) -> bool:
    text = _text(option)
    if text.lower() not in _SWITCH:
        raise _BadValue(f"{quote(text)} is neither `on` nor `off`")
    return _SWITCH[text.lower()]


def _net(option: Option) -> Changes:
    return {"net": _switch(option)}


def _allow_fail(option: Option) -> Changes:
    return {"allow_fail": True if option.value is None and option.items is None else _switch(option)}


def _paths(field: str) -> Callable[[Option], Changes]:
    return lambda option: {field: _list(option)}


def _env(option: Option) -> Changes:
    names = _list(option)
    for name in names:
        if not re.fullmatch(_VARIABLE, name):
            hint = "`env` lists variables to pass on, as in `env=HOME,LANG`"
            raise _BadValue(f"{quote(name)} is not the name of an environment variable", hint=hint)
    return {"env": names}


def _args(option: Option) -> Changes:
    if option.items is not None:
        return {"args": option.items}
    import shlex  # only here, because few documents need it

    try:
        return {"args": tuple(shlex.split(option.value or ""))}
    except ValueError as error:
        hint = "words are split as in a shell; quotes must be closed"
        raise _BadValue(f"`args` cannot be split: {str(error).lower()}", hint=hint) from None


def _stdin(option: Option) -> Changes:
    if option.value is not None and not option.value.startswith("@"):
        return {"stdin": option.value.encode(), "stdin_file": None}
    path = _text(option)[1:]
    if not path or path.startswith("/") or ".." in path.split("/"):
        hint = "write a path below the document's folder, as in `stdin=@data/rows.csv`"
        raise _BadValue(f"{quote(path)} is not a file below the document's folder", hint=hint)
    return {"stdin": None, "stdin_file": path}


def _tags(option: Option) -> Changes:
    tags = _list(option)
    for tag in tags:
        if not re.fullmatch(_NAME, tag):
            raise _BadValue(f"{quote(tag)} is not a tag", hint=_NAME_HINT)
    return {"tags": tags}


_NAME_HINT = "use a letter or `_`, then letters, digits, `_` or `-`"


def _name(option: Option) -> Changes:
    text = _text(option)
    if not re.fullmatch(_NAME, text):
        raise _BadValue(f"{quote(text)} is not a name", hint=_NAME_HINT, code=Code.BAD_NAME)
    return {"name": Name(text, option.value_span)}


def _after(option: Option) -> Changes:
    names: list[Name] = []
    raw = _text(option)
    # A bare or literal value has its bytes one to one in the source, so each name has its own span.
    exact = raw.isascii() and option.value_span.end - option.value_span.start in (len(raw), len(raw) + 2)
    start = option.value_span.start + (len(option.value_span) - len(raw)) // 2
    for part in raw.split(","):
        text = part.strip()
        if not re.fullmatch(_NAME, text):
            raise _BadValue(f"{quote(text)} is not a name", hint=_NAME_HINT, code=Code.BAD_NAME)
        at = start + part.index(text)
        names.append(Name(text, Span(at, at + len(text)) if exact else option.value_span))
        start += len(part) + 1
    return {"after": tuple(names)}


def _until(option: Option) -> Changes:
    text = _text(option)
    if not re.fullmatch(_NAME, text):
        raise _BadValue(f"{quote(text)} cannot close a block", hint=_NAME_HINT)
    return {"until": text}


def _unsupported(option: Option) -> Changes:
    raise _BadValue(
        f"`{option.key.text}` is not carried out by this version",
        hint=f"remove `{option.key.text}`",
        code=Code.UNSUPPORTED_OPTION,
    )


_READERS: Mapping[str, Callable[[Option], Changes]] = {
    "name": _name,
    "after": _after,
    "until": _until,
    "timeout": _timeout,
    "memory": _memory,
    "cpu": _cpu,
    "net": _net,
    "read": _paths("read"),
    "write": _paths("write"),
    "env": _env,
    "args": _args,
    "stdin": _stdin,
    "allow-fail": _allow_fail,
    "tags": _tags,
    "session": _unsupported,
    "cache": _unsupported,
    "sandbox": _unsupported,
    "if": _unsupported,
}

OPTION_NAMES = tuple(_READERS)

DEFAULT_NAMES = tuple(name for name in OPTION_NAMES if name not in {"name", "after", "until"})
"""Options that make sense for more than one block."""


def read_option(option: Option, known: Sequence[str], collector: Collector) -> Changes | None:
    """The changes that `option` makes to `Options` (or to the block's `name`); `None` when refused (reported)."""
    key = option.key
    if key.text not in known:
        hint = f"did you mean `{_SYNONYMS[key.text]}`?" if key.text in _SYNONYMS else suggest(key.text, known)
        hint = hint or f"the options are {', '.join(f'`{name}`' for name in known)}"
        collector.error(Code.UNKNOWN_OPTION, f"there is no option {quote(key.text)}", key.span, hint=hint)
        return None
    try:
        return _READERS[key.text](option)
    except _BadValue as error:
        collector.error(error.code, str(error), option.value_span, hint=error.hint)
    except (ValueError, OverflowError) as error:
        # A number such as `9…9` with 400 digits overflows before its range is looked at.
        message = str(error) if isinstance(error, ValueError) else f"{quote(option.value or '')} is out of range"
        collector.error(Code.BAD_OPTION, message, option.value_span)
    return None


def read_options(options: Sequence[Option], collector: Collector) -> tuple[dict[str, Any], tuple[Option, ...]]:
    """All changes that a header's options make, and those options that were accepted."""
    changes: dict[str, Any] = {}
    accepted: list[Option] = []
    seen: dict[str, Option] = {}
    for option in options:
        key = option.key.text
        if key in seen:
            also = Label(seen[key].span, "first given here")
            message = f"option {quote(key)} is given twice"
            collector.error(Code.DUPLICATE_OPTION, message, option.span, "given again", also=also)
            continue
        seen[key] = option
        change = read_option(option, OPTION_NAMES, collector)
        if change is not None:
            changes.update(change)
            accepted.append(option)
    return changes, tuple(accepted)
