"""Rules from YAML: the built-in ones and folders of the user's own. Every fault names its file and its rule."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import yaml

from polyrun.model.codes import Code
from polyrun.model.diagnostics import Severity
from polyrun.model.errors import UsageError
from polyrun.policy.rules import Condition, Rule

BUILT_IN = os.path.join(os.path.dirname(__file__), "rules")
"""The folder of the rules that PolyRun comes with."""

_SUFFIXES = (".yml", ".yaml")
_MAX_FILES = 200
_MAX_BYTES = 1 << 20
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TEXTS = ("message", "reason", "remedy", "example")
_CONDITION = ("argument", "text", "constant", "least", "means", "absent")
_MATCHERS = ("uses", "calls", "match", "loop")
_KEYS = {"name", "code", "severity", "safe", "where", "named", "repeated", *_TEXTS, *_MATCHERS}
_FAMILY = "PR7"


class BadRules(UsageError):
    """A file of rules that cannot be used; the message names the file and the rule."""


def load_rules(folders: Iterable[str] = ()) -> tuple[Rule, ...]:
    """The built-in rules and those of `folders` (absolute), in the order of their files. Raises `BadRules`."""
    found: dict[str, Rule] = {}
    for folder in (BUILT_IN, *folders):
        for path in rule_files(folder):
            for rule in _read(path):
                if rule.name in found:
                    raise BadRules(f"`{path}`: there is a rule called `{rule.name}` already", hint="rename one of them")
                found[rule.name] = rule
    return tuple(found.values())


def rule_files(folder: str) -> list[str]:
    """The YAML files of `folder`, by name; at most 200 of at most 1 MiB each. Raises `BadRules`."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(_SUFFIXES) and not name.startswith("."))
    except OSError as error:
        hint = "`policy.rules` lists folders"
        raise BadRules(f"`{folder}` cannot be read: {error.strerror}", hint=hint) from error
    if len(names) > _MAX_FILES:
        raise BadRules(f"`{folder}` has more than {_MAX_FILES} files of rules")
    return [os.path.join(folder, name) for name in names]


@cache
def _read(path: str) -> tuple[Rule, ...]:
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise BadRules(f"`{path}` is larger than 1 MiB")
        table = yaml.load(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except OSError as error:
        raise BadRules(f"`{path}` cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise BadRules(f"`{path}` is not YAML: {' '.join(str(error).split())[:300]}") from error
    stem = os.path.splitext(os.path.basename(path))[0]
    grammars = _texts(table.get("grammars") if isinstance(table, dict) else None)
    if not grammars or not isinstance(table.get("rules"), list) or set(table) - {"grammars", "rules"}:
        raise BadRules(f"`{path}` must have two keys, `grammars` and `rules`, which are lists")
    if not _NAME.fullmatch(stem):
        raise BadRules(f"`{path}` must be named in lower-case letters, digits and hyphens")
    return tuple(_rule(path, stem, grammars, entry) for entry in table["rules"])


def _rule(path: str, stem: str, grammars: tuple[str, ...], entry: object) -> Rule:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadRules(f"`{path}`: every rule is a table with a `name` of lower-case letters, digits and hyphens")
    where = f"`{path}`, rule `{name}`"
    if unknown := sorted(map(str, set(entry) - _KEYS)):
        raise BadRules(f"{where}: unknown key `{unknown[0]}`", hint=f"the keys are {', '.join(sorted(_KEYS))}")
    for key in _TEXTS:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise BadRules(f"{where}: `{key}` must be a text")
    code, severity = entry.get("code"), entry.get("severity")
    if not isinstance(code, str) or not code.startswith(_FAMILY) or code not in set(Code):
        raise BadRules(f"{where}: `code` must be one of the policy's codes, such as `PR701`")
    if severity not in set(Severity):
        raise BadRules(f"{where}: `severity` must be error, warning or note")
    if sum(key in entry for key in _MATCHERS) != 1:
        raise BadRules(f"{where}: a rule has one of `uses`, `calls`, `match` and `loop`")
    if entry.get("loop") not in (None, "busy", "waiting"):
        raise BadRules(f"{where}: `loop` must be busy or waiting")
    if "where" in entry and "calls" not in entry:
        raise BadRules(f"{where}: `where` speaks of the arguments of `calls`, and there are none")
    match = entry.get("match", {})
    if not isinstance(match, dict) or ("match" in entry and "rule" not in match):
        raise BadRules(f"{where}: `match` must be a table with ast-grep's `rule`")
    return Rule(
        name=f"{stem}/{name}",
        grammars=grammars,
        code=Code(code),
        severity=Severity(severity),
        message=_line(entry["message"]),
        reason=_line(entry["reason"]),
        remedy=_line(entry["remedy"]),
        example=entry["example"],
        safe=str(entry.get("safe", "")),
        uses=_texts(entry.get("uses")),
        calls=_texts(entry.get("calls")),
        where=tuple(_condition(where, one) for one in entry.get("where", ())),
        named=_pattern(where, entry.get("named")),
        repeated=bool(entry.get("repeated", False)),
        match=match,
        loop=entry.get("loop"),
    )


def _condition(where: str, entry: Any) -> Condition:
    if not isinstance(entry, Mapping) or set(entry).difference(_CONDITION):
        raise BadRules(f"{where}: `where` is a list of tables with {', '.join(f'`{key}`' for key in _CONDITION)}")
    wanted = entry.get("argument")
    arguments = tuple(wanted) if isinstance(wanted, list) else (wanted,)
    if not all(isinstance(one, (int, str)) and not isinstance(one, bool) for one in arguments):
        raise BadRules(f"{where}: `argument` must be a position from 0, a keyword, or a list of them")
    least = entry.get("least")
    if least is not None and (isinstance(least, bool) or not isinstance(least, int | float)):
        raise BadRules(f"{where}: `least` must be a number")
    return Condition(
        argument=arguments,
        text=_pattern(where, entry.get("text")),
        constant=entry.get("constant"),
        least=least,
        means=_pattern(where, entry.get("means")),
        absent=bool(entry.get("absent", False)),
    )


def _pattern(where: str, text: object) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(str(text))
    except re.error as error:
        raise BadRules(f"{where}: `{text}` is not a regular expression: {error}") from error


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _line(text: str) -> str:
    return " ".join(text.split())
