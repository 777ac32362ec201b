"""Reads the YAML head of a document: the format version, parameters and defaults.

Imported only for a document that has one, because importing PyYAML takes longer than parsing most documents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from polyrun.document.collector import Collector, quote
from polyrun.document.nearest import suggest
from polyrun.document.options import DEFAULT_NAMES, OPTION_NAMES, Changes, read_option
from polyrun.document.tree import Default, FrontMatter, Name, Option, Param, Plain
from polyrun.document.yaml_nodes import Items, Node, Scalar, Table, YamlError, compose
from polyrun.model.codes import Code
from polyrun.model.spans import Source, Span
from polyrun.model.syntax import LanguageSyntax

MAX_FRONT_MATTER = 64 * 1024
FORMAT_VERSION = 1

_FENCE = re.compile(rb"---[ \t]*\r?\n")
_END = re.compile(rb"(?:(?<=\n)|\n)(?:---[ \t]*(?:\r?\n|\r?\Z)|(?P<block>\#lang:))")
_PARAM = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYS = ("polyrun", "params", "defaults")


def read_front_matter(
    source: Source, start: int, languages: Mapping[str, LanguageSyntax], collector: Collector
) -> tuple[FrontMatter | None, Mapping[str | None, Changes]]:
    """The front matter that starts at `start` and the changes its defaults make, by language id (`None`: every block).

    Without one, or when it is never closed (reported), `None` and no changes.
    """
    opening = _FENCE.match(source.data, start)
    if opening is None:
        return None, {}
    closing = _END.search(source.data, opening.end(), opening.end() + MAX_FRONT_MATTER)
    fence = Span(start, start + 3)
    if closing is None or closing["block"]:
        too_long = closing is None and len(source.data) > opening.end() + MAX_FRONT_MATTER
        message = f"front matter is never closed{' within 64 KiB' if too_long else ''}"
        hint = "end it with a line `---`; for a rule across the page write `***`"
        collector.error(Code.BAD_FRONT_MATTER, message, fence, "opened here", hint=hint)
        return None, {}
    reader = _Reader(languages, collector)
    reader.read(source.data[opening.end() : closing.start()], opening.end(), fence)
    front_matter = FrontMatter(Span(start, closing.end()), tuple(reader.params), tuple(reader.defaults))
    return front_matter, reader.changes


class _Reader:
    """Gathers what one front matter says; everything refused is reported and left out."""

    def __init__(self, languages: Mapping[str, LanguageSyntax], collector: Collector) -> None:
        self._languages = languages
        self._collector = collector
        self.params: list[Param] = []
        self.defaults: list[Default] = []
        self.changes: dict[str | None, dict[str, Any]] = {}

    def read(self, data: bytes, base: int, fence: Span) -> None:
        try:
            root = compose(data, base)
        except YamlError as error:
            self._error(f"the front matter is not valid: {error}", error.span)
            return
        if root is None:
            return
        if not isinstance(root, Table):
            self._error("the front matter must be `key: value` lines", fence)
            return
        for key, node in root.entries:
            if key.text == "polyrun":
                self._version(node)
            elif key.text == "params":
                self._params(key, node)
            elif key.text == "defaults":
                self._defaults(key, node)
            else:
                hint = suggest(key.text, _KEYS) or "the keys are `polyrun`, `params` and `defaults`"
                self._error(f"the front matter has no key {quote(key.text)}", key.span, hint)

    def _error(self, message: str, span: Span, hint: str | None = None) -> None:
        self._collector.error(Code.BAD_FRONT_MATTER, message, span, hint=hint)

    def _version(self, node: Node) -> None:
        if getattr(node, "value", None) != FORMAT_VERSION or getattr(node, "value", None) is True:
            hint = f"this version of PolyRun reads `polyrun: {FORMAT_VERSION}`"
            self._error("the format version is not one that is known here", node.span, hint)

    def _table(self, key: Scalar, node: Node) -> Table | None:
        """`node` as a table, `None` when it is empty or (reported) something else."""
        if isinstance(node, Table):
            return node
        if not isinstance(node, Scalar) or node.value is not None:
            self._error(f"`{key.text}` must hold `key: value` lines", node.span)
        return None

    def _params(self, key: Scalar, node: Node) -> None:
        table = self._table(key, node)
        for name, value in table.entries if table else ():
            if not _PARAM.fullmatch(name.text):
                hint = "use a letter or `_`, then letters, digits or `_`"
                self._error(f"{quote(name.text)} is not the name of a parameter", name.span, hint)
                continue
            self.params.append(Param(Name(name.text, name.span), _plain(value)))
        if self.params:
            message = "`params` are checked, but this version does not hand them to blocks yet"
            self._collector.warning(Code.NOT_CARRIED_OUT, message, key.span)

    def _defaults(self, key: Scalar, node: Node) -> None:
        table = self._table(key, node)
        for name, value in table.entries if table else ():
            if not isinstance(value, Table) or name.text in OPTION_NAMES:
                self._default(None, name, value)
                continue
            language = self._languages.get(name.text.lower())
            if language is None:
                message = f"there is no language {quote(name.text)}"
                hint = suggest(name.text, self._languages)
                self._collector.error(Code.UNKNOWN_LANGUAGE, message, name.span, hint=hint)
                continue
            for option, option_value in value.entries:
                self._default(language.id, option, option_value)

    def _default(self, language: str | None, key: Scalar, node: Node) -> None:
        option = _option(key, node)
        if option is None:
            self._error(f"`{key.text}` must be one value or a list of values", node.span)
            return
        if key.text in OPTION_NAMES and key.text not in DEFAULT_NAMES:
            self._error(f"`{key.text}` belongs to a single block and cannot be a default", key.span)
            return
        change = read_option(option, DEFAULT_NAMES, self._collector)
        if change is not None:
            self.defaults.append(Default(language, option))
            self.changes.setdefault(language, {}).update(change)


def _option(key: Scalar, node: Node) -> Option | None:
    name = Name(key.text, key.span)
    span = Span(key.span.start, max(key.span.end, node.span.end))
    if isinstance(node, Scalar):
        return Option(name, node.text, span, node.span if len(node.span) else key.span)
    if isinstance(node, Items) and all(isinstance(item, Scalar) and "\0" not in item.text for item in node.items):
        items = tuple(item.text for item in node.items if isinstance(item, Scalar))
        return Option(name, None, span, node.span, items)
    return None


def _plain(node: Node) -> Plain:
    if isinstance(node, Table):
        return {key.text: _plain(value) for key, value in node.entries}
    if isinstance(node, Items):
        return tuple(_plain(item) for item in node.items)
    return node.value
