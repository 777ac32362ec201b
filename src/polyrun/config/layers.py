"""One file's worth of settings: the tree of a file, checked against the tables, as values by field.

Collects every fault of the file, in the file's order, before anything is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from polyrun.config.files import ConfigFile
from polyrun.config.kinds import BadValue, Context, Kind, did_you_mean, language_id, printable
from polyrun.config.locations import KeyPath
from polyrun.config.mission import MISSION_SETTINGS
from polyrun.config.table import ANY_LANGUAGE, SETTINGS
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.errors import ConfigError
from polyrun.model.frozen import frozen
from polyrun.model.spans import Span

MAX_DIAGNOSTICS = 100


@frozen
class Known:
    """What the table says about one key: its `kind` and its `target`, with `ANY_LANGUAGE` still in it."""

    key: str
    kind: Kind
    target: str


@dataclass(slots=True)
class Layer:
    """Checked values by target (`limits.wall_s`, `language_limits.java.memory_bytes`).

    `keys` and `spans` tell for each target the key as written and where its value stands.
    """

    values: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)


Shape = Mapping[str, "Known | Shape"]
"""The known keys as the tree they form in a file."""


def _shape(rows: list[Known]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for row in rows:
        *tables, last = row.key.split(".")
        node = root
        for name in tables:
            node = node.setdefault(name, {})
        node[last] = row
    return root


NATIVE: Shape = _shape([Known(s.key, s.kind, s.target) for s in SETTINGS])
MISSION: Shape = _shape([Known(s.key, s.kind, s.target) for s in MISSION_SETTINGS])


def read_layer(file: ConfigFile, context: Context) -> Layer:
    """Check everything in `file`. Raises `ConfigError` with all its faults, in the file's order."""
    reader = _Reader(file, context)
    reader.table(file.tree, MISSION if file.mission else NATIVE, ())
    if reader.faults:
        ordered = sorted(reader.faults, key=lambda fault: fault.primary.span.start)
        raise ConfigError(file.source, tuple(ordered[:MAX_DIAGNOSTICS]))
    return reader.layer


class _Reader:
    def __init__(self, file: ConfigFile, context: Context) -> None:
        self.file = file
        self.context = context
        self.layer = Layer()
        self.faults: list[Diagnostic] = []

    def table(self, tree: Mapping[str, Any], shape: Shape, path: KeyPath, language: str = "") -> None:
        """Check one table; `language` is the id that stands for `ANY_LANGUAGE` in it."""
        for name, value in tree.items():
            here = (*path, name)
            if len(self.faults) >= MAX_DIAGNOSTICS or (self.file.mission and value is None):
                continue
            known = shape.get(name) if name != ANY_LANGUAGE else None
            inner = language
            if known is None and ANY_LANGUAGE in shape:
                known, inner = shape[ANY_LANGUAGE], self._language(name, here)
                if not inner:
                    continue
            if known is None:
                self._unknown(here, shape)
            elif isinstance(known, Known):
                self._value(value, known, here, inner)
            elif isinstance(value, dict):
                self.table(value, known, here, inner)
            else:
                self._fault(f"`{_dotted(here)}` must be a table", self.file.value_span(here))

    def _value(self, value: object, known: Known, path: KeyPath, language: str) -> None:
        span = self.file.value_span(path)
        try:
            typed = known.kind.read(value, self.context)
        except BadValue as error:
            self._fault(f"`{_dotted(path)}` {error}", span, error.hint)
            return
        target = known.target.replace(ANY_LANGUAGE, language)
        if target in self.layer.values:  # a language under its name and under an alias
            self._fault(f"`{_dotted(path)}` and `{self.layer.keys[target]}` are the same setting", span)
            return
        self.layer.values[target] = typed
        self.layer.keys[target] = _dotted(path)
        self.layer.spans[target] = span

    def _language(self, name: str, path: KeyPath) -> str:
        try:
            return language_id(name, self.context)
        except BadValue as error:
            self._fault(f"`{_dotted(path)}` {error}", self.file.key_span(path), error.hint, Code.UNKNOWN_SETTING)
            return ""

    def _unknown(self, path: KeyPath, shape: Shape) -> None:
        hint = did_you_mean(str(path[-1]), shape)
        if hint is None:
            place = f"`{_dotted(path[:-1])}` knows" if path[:-1] else "known are"
            hint = f"{place} {', '.join(f'`{name}`' for name in shape)}"
        self._fault(f"unknown setting `{_dotted(path)}`", self.file.key_span(path), hint, Code.UNKNOWN_SETTING)

    def _fault(self, message: str, span: Span, hint: str | None = None, code: Code = Code.BAD_SETTING) -> None:
        self.faults.append(Diagnostic(code, Severity.ERROR, message, Label(span), hint=hint))


def _dotted(path: KeyPath) -> str:
    return ".".join(printable(str(part)) for part in path)


def overrides_layer(overrides: Mapping[str, object], context: Context) -> Iterator[tuple[str, str, Any]]:
    """Each override as (key, target, typed value). Raises `BadValue` whose message names the key."""
    rows = {setting.key: setting for setting in SETTINGS}
    for key, value in overrides.items():
        row, language = rows.get(key), ""
        parts = key.split(".")
        if row is None and len(parts) == 3 and parts[0] == "languages":
            row, language = rows.get(f"languages.{ANY_LANGUAGE}.{parts[2]}"), language_id(parts[1], context)
        if row is None:
            raise BadValue(f"unknown setting `{printable(key)}`", hint=did_you_mean(key, rows))
        try:
            yield key, row.target.replace(ANY_LANGUAGE, language), row.kind.read(value, context)
        except BadValue as error:
            raise BadValue(f"`{key}` {error}", hint=error.hint) from None
