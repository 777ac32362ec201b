"""Positions in a TOML file: a scan of its shape, in time linear in its size.

It trusts nothing and checks little, because `tomllib` reads the same text next and reports what is
wrong with it: at the first thing it cannot follow the scan just ends. What valid TOML is, it
follows to the end. Grammar: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress

from polyrun.config.locations import MAX_DEPTH, KeyPath, Locations, NestedTooDeeply

# Possessive quantifiers on characters only: on groups they match too little before Python 3.11.4 (gh-101955).
_BLANK = re.compile(r"[ \t]*")
_BLANK_LINES = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:[^"\\\n]++|\\.)*"')
_LITERAL = re.compile(r"'[^'\n]*'")
_LONG_BASIC = re.compile(r'"""(?:[^"\\]++|\\[\s\S]|"{1,2}(?!"))*"{3,5}')
_LONG_LITERAL = re.compile(r"'''(?:[^']++|'{1,2}(?!'))*'{3,5}")
_SCALAR = re.compile(r"[^,\]}#\r\n]*")


class _Stop(Exception):
    """The text is not TOML from here on."""


def locate_toml(text: str) -> Locations:
    """The positions in `text`; as far as it is TOML. Raises `NestedTooDeeply`."""
    scan = _Scan(text)
    with suppress(_Stop):  # `tomllib` says what is wrong
        scan.document()
    return scan.found


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found = Locations()
        self.lengths: dict[KeyPath, int] = {}  # of arrays of tables, so far

    def document(self) -> None:
        table: KeyPath = ()
        while True:
            self._skip(_BLANK_LINES)
            if self.at >= len(self.text):
                return
            if self.text.startswith("[[", self.at):
                table = self._header(2)
            elif self.text.startswith("[", self.at):
                table = self._header(1)
            else:
                self._pair(table, 0)

    def _header(self, brackets: int) -> KeyPath:
        self.at += brackets
        parts = self._key()
        self._expect("]" * brackets)
        path: KeyPath = ()
        for number, (name, where) in enumerate(parts, start=1):
            path = (*path, name)
            self.found.keys.setdefault(path, where)
            if path in self.lengths and (number < len(parts) or brackets == 1):
                path = (*path, self.lengths[path] - 1)
        if brackets == 2:
            index = self.lengths.get(path, 0)
            self.lengths[path] = index + 1
            path = (*path, index)
        return path

    def _pair(self, table: KeyPath, depth: int) -> None:
        path = table
        for name, where in self._key():
            path = (*path, name)
            self.found.keys.setdefault(path, where)
        self._expect("=")
        self._value(path, depth)

    def _key(self) -> list[tuple[str, tuple[int, int]]]:
        parts = []
        while True:
            self._skip(_BLANK)
            start = self.at
            char = self.text[start : start + 1]
            pattern = _BASIC if char == '"' else _LITERAL if char == "'" else _BARE_KEY
            raw = self._take(pattern)
            parts.append((_unquoted(raw) if char in ('"', "'") else raw, (start, self.at)))
            if len(parts) > MAX_DEPTH:
                raise NestedTooDeeply(start)
            self._skip(_BLANK)
            if self.text[self.at : self.at + 1] != ".":
                return parts
            self.at += 1

    def _value(self, path: KeyPath, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise NestedTooDeeply(self.at)
        self._skip(_BLANK)
        start = self.at
        first = self.text[start : start + 1]
        if first == "[":
            self._array(path, depth)
        elif first == "{":
            self._inline_table(path, depth)
        elif first == '"':
            self._take(_LONG_BASIC if self.text.startswith('"""', start) else _BASIC)
        elif first == "'":
            self._take(_LONG_LITERAL if self.text.startswith("'''", start) else _LITERAL)
        else:
            self.at = start + len(self._take(_SCALAR).rstrip())
        if self.at == start:
            raise _Stop
        self.found.values[path] = (start, self.at)

    def _array(self, path: KeyPath, depth: int) -> None:
        self.at += 1
        index = 0
        while True:
            self._skip(_BLANK_LINES)
            if self._end_of("]"):
                return
            self._value((*path, index), depth + 1)
            index += 1
            self._skip(_BLANK_LINES)
            if self._end_of("]"):
                return
            self._expect(",")

    def _inline_table(self, path: KeyPath, depth: int) -> None:
        self.at += 1
        self._skip(_BLANK_LINES)  # TOML 1.0 allows no newline here, 1.1 does: the parser decides
        while not self._end_of("}"):
            self._pair(path, depth + 1)
            self._skip(_BLANK_LINES)
            if self._end_of("}"):
                return
            self._expect(",")
            self._skip(_BLANK_LINES)

    def _end_of(self, bracket: str) -> bool:
        if self.text[self.at : self.at + 1] != bracket:
            return False
        self.at += 1
        return True

    def _expect(self, mark: str) -> None:
        self._skip(_BLANK)
        if not self.text.startswith(mark, self.at):
            raise _Stop
        self.at += len(mark)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _Stop
        self.at = match.end()
        return match[0]


def _unquoted(raw: str) -> str:
    """The key that a quoted key spells, read by the real parser."""
    try:
        return next(iter(tomllib.loads(f"{raw}=0")))
    except tomllib.TOMLDecodeError:
        raise _Stop from None
