"""Where each key and value of a configuration file stands; `tomllib` and `json` do not tell."""

from __future__ import annotations

from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]
"""The way to a value from the root: table keys and list indexes."""

MAX_DEPTH = 32
"""How deep tables, lists and dotted keys may nest. `tomllib` needs cubic time for long dotted keys."""


class NestedTooDeeply(ValueError):
    """Something nests deeper than `MAX_DEPTH`; `offset` is the character where it does."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"is nested more than {MAX_DEPTH} deep")
        self.offset = offset


@dataclass(slots=True)
class Locations:
    """Half-open ranges of *characters*. A key is where it is first written, a value where it is given.

    A table that only headers or dotted keys create has a key and no value. `repeated` are the
    keys that stand more than once in one JSON object, where they stand again.
    """

    keys: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    values: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    repeated: list[tuple[KeyPath, tuple[int, int]]] = field(default_factory=list)

    def key(self, path: KeyPath) -> tuple[int, int]:
        """The range of the key at `path`, or of the closest thing around it."""
        while path:
            if path in self.keys:
                return self.keys[path]
            if path in self.values:
                return self.values[path]
            path = path[:-1]
        return (0, 0)

    def value(self, path: KeyPath) -> tuple[int, int]:
        """The range of the value at `path`, or of its key when it has none of its own."""
        return self.values.get(path) or self.key(path)
