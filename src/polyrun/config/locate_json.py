"""Positions in a JSON file, and keys that stand twice: a walk over its tokens without recursion.

Like its TOML sibling it ends at the first thing it cannot follow, since `json` reads the same text
next and says what is wrong. Grammar: RFC 8259.
"""

from __future__ import annotations

import json
import re

from polyrun.config.locations import MAX_DEPTH, KeyPath, Locations, NestedTooDeeply

_TOKEN = re.compile(r'[ \t\r\n]*(?:([{}\[\],:])|("(?:[^"\\]++|\\.)*")|([^\s{}\[\],:"]+))')


def locate_json(text: str) -> Locations:
    """The positions in `text`, as far as it is JSON. Raises `NestedTooDeeply`."""
    walk = _Walk()
    at = 0
    while (match := _TOKEN.match(text, at)) is not None and not walk.ended:
        at = match.end()
        walk.token(match[match.lastindex or 0], (match.start(match.lastindex or 0), at))
    return walk.found


class _Walk:
    """Open containers as (path, where it starts, next list index or `None` for an object)."""

    def __init__(self) -> None:
        self.found = Locations()
        self.open: list[tuple[KeyPath, int]] = []
        self.index: list[int | None] = []
        self.key: str | None = None
        self.ended = False

    def token(self, text: str, where: tuple[int, int]) -> None:
        """Take the next token; a string, number or word stands for itself."""
        if text in ("{", "["):
            if len(self.open) >= MAX_DEPTH:
                raise NestedTooDeeply(where[0])
            self.open.append((self._path(), where[0]))
            self.index.append(None if text == "{" else 0)
            self.key = None
        elif text in ("}", "]"):
            self._close(where)
        elif text == ",":
            self._next()
        elif text != ":":
            self._scalar(text, where)

    def _path(self) -> KeyPath:
        if not self.open:
            return ()
        index = self.index[-1]
        return (*self.open[-1][0], index if index is not None else self.key or "")

    def _close(self, where: tuple[int, int]) -> None:
        if not self.open:
            self.ended = True
            return
        path, start = self.open.pop()
        self.index.pop()
        self.found.values[path] = (start, where[1])

    def _next(self) -> None:
        if not self.open:
            self.ended = True
        elif (index := self.index[-1]) is not None:
            self.index[-1] = index + 1
        else:
            self.key = None

    def _scalar(self, token: str, where: tuple[int, int]) -> None:
        if self.open and self.index[-1] is None and self.key is None:
            self._object_key(token, where)
        else:
            self.found.values[self._path()] = where

    def _object_key(self, token: str, where: tuple[int, int]) -> None:
        try:
            key = json.loads(token)
        except ValueError:
            key = None
        if not isinstance(key, str):
            self.ended = True
            return
        self.key = key
        path = self._path()
        if path in self.found.keys:
            self.found.repeated.append((path, where))
        self.found.keys.setdefault(path, where)
