"""YAML as plain nodes with positions, for text that may be hostile.

Nothing is constructed: no tags, no aliases (so no document grows when it is read), no duplicate keys,
bounded depth. Words mean what YAML 1.2's core schema says, so `no` is text and `10:30` is not a number.
"""

from __future__ import annotations

import math
import re
from itertools import accumulate

import yaml

from polyrun.model.frozen import frozen
from polyrun.model.spans import Span

MAX_DEPTH = 20

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | float | None] = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "false": False,
    ".inf": math.inf,
    "-.inf": -math.inf,
    ".nan": math.nan,
}


class YamlError(Exception):
    """The text is not the YAML we accept; the message is fit for the user and `span` says where."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


@frozen
class Scalar:
    """One value; `plain` means that it was written without quotes."""

    text: str
    plain: bool
    span: Span

    @property
    def value(self) -> bool | int | float | str | None:
        """What the word means by YAML 1.2's core schema; numbers of absurd length stay text."""
        if not self.plain:
            return self.text
        if self.text in _WORDS:
            return _WORDS[self.text]
        if _INT.fullmatch(self.text) and len(self.text) <= 1000:
            return int(self.text)
        return float(self.text) if _FLOAT.fullmatch(self.text) else self.text


@frozen
class Items:
    """A list."""

    items: tuple[Node, ...]
    span: Span


@frozen
class Table:
    """A mapping; no two keys are equal."""

    entries: tuple[tuple[Scalar, Node], ...]
    span: Span


Node = Scalar | Items | Table


class _Refused(yaml.MarkedYAMLError):
    """Something that YAML allows and we do not."""


class _Loader(yaml.SafeLoader):
    """Composes without resolving words, and refuses what can hide, repeat or nest without end."""

    depth = 0

    def resolve(self, kind: type[yaml.Node], value: object, implicit: object) -> str:  # noqa: ARG002 - PyYAML's signature
        """Every word is text; `Scalar.value` says what it means."""
        return "tag:yaml.org,2002:str"

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call] # the stubs leave it bare
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _Refused(problem="anchors and aliases are not accepted", problem_mark=event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise _Refused(problem="tags are not accepted", problem_mark=event.start_mark)
        if self.depth >= MAX_DEPTH:
            raise _Refused(problem="the values are nested too deeply", problem_mark=event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def compose(data: bytes, base: int) -> Node | None:
    """The one YAML document in `data`, whose first byte is at offset `base`; `None` when it is empty.

    Raises `YamlError`.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise YamlError("the bytes are not UTF-8", Span(base + error.start, base + error.start + 1)) from None
    places = _Places(text, base)
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(error.problem or str(error.context), places.at(mark.index if mark else 0)) from None
    except yaml.reader.ReaderError as error:
        raise YamlError("YAML does not allow this character", places.at(int(error.position))) from None
    return None if node is None else _node(node, places)


class _Places:
    """Turns PyYAML's character positions into byte offsets of the document."""

    def __init__(self, text: str, base: int) -> None:
        self._base = base
        self._length = len(text)
        self._bytes = None if text.isascii() else [0, *accumulate(len(character.encode()) for character in text)]

    def offset(self, index: int) -> int:
        index = min(index, self._length)
        return self._base + (index if self._bytes is None else self._bytes[index])

    def at(self, index: int) -> Span:
        return Span(self.offset(index), self.offset(index + 1))

    def span(self, node: yaml.Node) -> Span:
        return Span(self.offset(node.start_mark.index), self.offset(node.end_mark.index))


def _node(node: yaml.Node, places: _Places) -> Node:
    span = places.span(node)
    if isinstance(node, yaml.ScalarNode):
        return Scalar(node.value, node.style is None, span)
    if isinstance(node, yaml.SequenceNode):
        return Items(tuple(_node(item, places) for item in node.value), span)
    entries: dict[str, tuple[Scalar, Node]] = {}
    for key_node, value_node in node.value:
        key = _node(key_node, places)
        if not isinstance(key, Scalar):
            raise YamlError("a key must be a word", key.span)
        if key.text in entries:
            raise YamlError(f"the key `{key.text}` is given twice", key.span)
        entries[key.text] = (key, _node(value_node, places))
    return Table(tuple(entries.values()), span)
