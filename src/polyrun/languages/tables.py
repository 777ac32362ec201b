"""Read TOML tables strictly: each mistake becomes a `LanguageError` that names the file and the dotted key."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NoReturn

from polyrun.model.errors import LanguageError

_MISSING = object()
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class Table:
    """One table of a specification; remembers which keys were asked for, so that `close` can refuse the others."""

    def __init__(self, file: str, key: str, data: Mapping[str, object]) -> None:
        self._file = file
        self._key = key
        self._data = data
        self._known: set[str] = set()

    def fail(self, key: str, message: str) -> NoReturn:
        """Raise the `LanguageError` for `key` of this table."""
        path = ".".join(part for part in (self._key, key) if part)
        raise LanguageError(f"`{self._file}`: `{path}` {message}")

    def close(self) -> None:
        """Refuse every key that nothing asked for."""
        for key in self._data:
            if key not in self._known:
                self.fail(key, f"is not a known key; known are {', '.join(f'`{k}`' for k in sorted(self._known))}")

    @property
    def keys(self) -> tuple[str, ...]:
        """All the keys, for tables whose keys are names of the author's choice."""
        self._known.update(self._data)
        return tuple(self._data)

    def _get(self, key: str, default: object) -> object:
        self._known.add(key)
        value = self._data.get(key, default)
        if value is _MISSING:
            self.fail(key, "is missing")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A string; required without a `default`."""
        value = self._get(key, _MISSING if default is None else default)
        if not isinstance(value, str):
            self.fail(key, "must be a string")
        if "\0" in value:
            self.fail(key, "must not hold a NUL character")
        return value

    def optional_text(self, key: str) -> str | None:
        """A string, or `None` without the key."""
        self._known.add(key)
        return self.text(key) if key in self._data else None

    def choice(self, key: str, choices: Collection[str], default: str) -> str:
        """One of `choices`."""
        value = self.text(key, default)
        if value not in choices:
            self.fail(key, f"must be one of {', '.join(f'`{c}`' for c in choices)}, not `{value}`")
        return value

    def flag(self, key: str) -> bool:
        """A boolean, false without the key."""
        value = self._get(key, default=False)
        if not isinstance(value, bool):
            self.fail(key, "must be `true` or `false`")
        return value

    def integer(self, key: str) -> int:
        """An integer, required."""
        value = self._get(key, _MISSING)
        if not isinstance(value, int) or isinstance(value, bool):
            self.fail(key, "must be an integer")
        return value

    def optional_integer(self, key: str, default: int) -> int:
        """An integer, `default` without the key."""
        self._known.add(key)
        return self.integer(key) if key in self._data else default

    def number(self, key: str) -> float | int:
        """A positive number, required."""
        value = self._get(key, _MISSING)
        if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
            self.fail(key, "must be a positive number")
        return value

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of strings, empty without the key unless `required`."""
        value = self._get(key, _MISSING if required else [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail(key, "must be a list of strings")
        return tuple(value)

    def argv(self, key: str, placeholders: Collection[str]) -> tuple[str, ...]:
        """A command: a list of at least one string, never one string for a shell."""
        value = self.texts(key, required=True)
        if not value:
            self.fail(key, "must not be empty")
        for item in value:
            self.check_placeholders(key, item, placeholders)
        return value

    def argvs(self, key: str, placeholders: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """A list of commands."""
        value = self._get(key, [])
        if not isinstance(value, list):
            self.fail(key, "must be a list of lists of strings")
        rows = Table(self._file, f"{self._key}.{key}", {str(index): item for index, item in enumerate(value)})
        return tuple(rows.argv(row, placeholders) for row in rows.keys)

    def check_placeholders(self, key: str, text: str, placeholders: Collection[str]) -> None:
        """Refuse a `{name}` in `text` that nothing will replace."""
        for match in _PLACEHOLDER.finditer(text):
            if match[1] not in placeholders:
                known = ", ".join(f"`{{{name}}}`" for name in sorted(placeholders))
                self.fail(key, f"holds the unknown placeholder `{match[0]}`; known are {known}")

    def pattern(self, key: str, default: str | None = None) -> str:
        """A regular expression that compiles."""
        value = self.text(key, default)
        self._compile(key, value)
        return value

    def optional_pattern(self, key: str) -> str | None:
        """A regular expression that compiles, or `None` without the key."""
        self._known.add(key)
        return self.pattern(key) if key in self._data else None

    def patterns(self, key: str) -> tuple[str, ...]:
        """A list of regular expressions that compile."""
        values = self.texts(key)
        for value in values:
            self._compile(key, value)
        return values

    def _compile(self, key: str, pattern: str) -> None:
        try:
            re.compile(pattern.replace("{document}", "document"))
        except re.error as error:
            self.fail(key, f"is not a regular expression: {error}")

    def table(self, key: str) -> Table:
        """A table, empty without the key."""
        value = self._get(key, {})
        if not isinstance(value, dict):
            self.fail(key, "must be a table")
        return Table(self._file, ".".join(part for part in (self._key, key) if part), value)

    def optional_table(self, key: str) -> Table | None:
        """A table, or `None` without the key."""
        self._known.add(key)
        return self.table(key) if key in self._data else None

    def tables(self, key: str) -> tuple[Table, ...]:
        """A list of tables, empty without the key."""
        value = self._get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fail(key, "must be a list of tables")
        return tuple(Table(self._file, f"{self._key}.{key}.{index}", item) for index, item in enumerate(value))

    def text_table(self, key: str) -> dict[str, str]:
        """A table of strings, empty without the key."""
        table = self.table(key)
        return {name: table.text(name) for name in table.keys}
