"""Reads what stands behind the colon of a directive."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from polyrun.document.collector import Collector, quote
from polyrun.document.nearest import suggest
from polyrun.document.tree import (
    Directive,
    Expect,
    Export,
    ExportedName,
    Import,
    ImportedName,
    Name,
    Requirement,
    Requires,
)
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Label
from polyrun.model.spans import Source, Span
from polyrun.model.values import Kind

DIRECTIVE_NAMES = ("import", "export", "requires", "expect")
LONGEST_DIRECTIVE = 64 * 1024
MAX_NAMES = 100_000

VALUE_TYPES = tuple(kind.value for kind in Kind)

# Compiled where they are used, as most documents have no directives; `re` keeps what it has compiled.
_PARTS = rb"(?:[^,()\[\]]|\([^()]*\)|\[[^\[\]]*\]|[()\[\]])+"
_IMPORT = (
    rb"(?:(?P<block>[A-Za-z_][A-Za-z0-9_-]*)\.)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    rb"(?:[ \t]*:[ \t]*(?P<type>(?P<head>[A-Za-z]+)(?:\([^()]*\))?))?"
    rb"(?:[ \t]+as[ \t]+(?P<alias>[A-Za-z_][A-Za-z0-9_]*))?"
)
_EXPORT = rb"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:[ \t]*:[ \t]*(?P<type>(?P<head>[A-Za-z]+)(?:\([^()]*\))?))?"
_REQUIREMENT = (
    rb"(?P<name>@?[A-Za-z0-9][A-Za-z0-9_./:-]*(?:\[[A-Za-z0-9_,. -]*\])?)[ \t]*(?P<constraint>(?:[<>=!~^@]|===)[^;]*)?"
)


class DirectiveReader:
    """Reads the directives of one document, at most 100,000 names and lines in all."""

    def __init__(self, source: Source, collector: Collector) -> None:
        self._source = source
        self._collector = collector
        self._left = MAX_NAMES

    def admit(self, count: int, span: Span) -> bool:
        """Make room for `count` lines or names at `span`, so that a document's tree stays in proportion to memory.

        Reports the first time that there is no room left.
        """
        if self._left >= count:
            self._left -= count
            return True
        if self._left >= 0:
            self._left = -1
            message = f"the document has more than {MAX_NAMES:,} names in directives"
            self._collector.error(Code.BAD_DIRECTIVE, message, span)
        return False

    def read(self, kind: str, text: Span, span: Span) -> Directive | None:
        """The directive `kind` whose text is at `text`; reports what is wrong in it and keeps the rest.

        `span` is the whole directive. Returns `None` when nothing of it can be used.
        """
        source, collector = self._source, self._collector
        if len(text) > LONGEST_DIRECTIVE:
            message = f"`#{kind}:` is longer than {LONGEST_DIRECTIVE // 1024} KiB"
            collector.error(Code.BAD_DIRECTIVE, message, Span(span.start, text.start))
            return None
        if kind == "expect":
            return Expect(source.text(text).removeprefix(" "), span)
        if not source.data[text.start : text.end].strip():
            hint = f"write `#{kind}: {'pandas>=2' if kind == 'requires' else 'rows, total'}`"
            collector.error(Code.BAD_DIRECTIVE, f"`#{kind}:` names nothing", span, hint=hint)
            return None
        parts = list(_parts(source.data, text))
        return self._named(kind, parts, span) if self.admit(len(parts), span) else None

    def _named(self, kind: str, parts: list[Span], span: Span) -> Directive:
        source, collector = self._source, self._collector
        if kind == "import":
            imported = (_imported(source, part, collector) for part in parts)
            return Import(tuple(_distinct_imports(imported, collector)), span)
        if kind == "export":
            exported = (_exported(source, part, collector) for part in parts)
            return Export(tuple(_distinct_exports(exported, collector)), span)
        return Requires(tuple(_requirements(source, parts, collector)), span)


def _parts(data: bytes, text: Span) -> Iterator[Span]:
    """The stretches between commas that stand outside brackets, without blanks around them; may be empty."""
    position = text.start
    while True:
        match = re.compile(_PARTS).match(data, position, text.end)
        end = match.end() if match else position
        start = position
        while start < end and data[start] in b" \t\r":
            start += 1
        stop = end
        while stop > start and data[stop - 1] in b" \t\r":
            stop -= 1
        yield Span(start, stop)
        if end >= text.end:
            return
        position = end + 1


def _name(match: re.Match[bytes], group: str) -> Name | None:
    if match[group] is None:
        return None
    return Name(match[group].decode(), Span(*match.span(group)))


def _imported(source: Source, part: Span, collector: Collector) -> ImportedName | None:
    match = re.compile(_IMPORT).fullmatch(source.data, part.start, part.end)
    if match is None:
        hint = "write `rows`, `load.rows`, `load.rows as r`, or `rows:str` to have it turned into text"
        _refuse("import", source, part, hint, collector)
        return None
    if not _is_type(match, collector):
        return None
    name = _name(match, "name")
    assert name is not None  # the pattern requires it
    return ImportedName(name, _name(match, "block"), _name(match, "alias"), part, _name(match, "type"))


def _is_type(match: re.Match[bytes], collector: Collector) -> bool:
    """Whether the type that stands behind the colon, if any, is one; reports it if not."""
    head = _name(match, "head")
    if head is None or head.text in VALUE_TYPES:
        return True
    hint = suggest(head.text, VALUE_TYPES) or f"the types are {', '.join(VALUE_TYPES)}"
    collector.error(Code.BAD_DIRECTIVE, f"there is no type {quote(head.text)}", head.span, hint=hint)
    return False


def _exported(source: Source, part: Span, collector: Collector) -> ExportedName | None:
    match = re.compile(_EXPORT).fullmatch(source.data, part.start, part.end)
    if match is None:
        _refuse("export", source, part, "write `total`, or `rows:table` to have the type checked", collector)
        return None
    if not _is_type(match, collector):
        return None
    name = _name(match, "name")
    assert name is not None  # the pattern requires it
    return ExportedName(name, _name(match, "type"), part)


def _requirements(source: Source, parts: list[Span], collector: Collector) -> Iterator[Requirement]:
    last: Requirement | None = None
    for part in parts:
        text = source.data[part.start : part.end]
        if last is not None and text[:1] in (b"<", b">", b"=", b"!", b"~"):
            # `pandas>=2,<3` is one requirement: a package's name never starts like that.
            span = Span(last.span.start, part.end)
            last = Requirement(last.name, f"{last.constraint},{text.decode(errors='replace')}", span)
            continue
        if last is not None:
            yield last
            last = None
        match = re.compile(_REQUIREMENT).fullmatch(source.data, part.start, part.end)
        if match is None:
            hint = "write a package and, if it matters, its version: `pandas>=2`, `left-pad@1`"
            _refuse("requires", source, part, hint, collector)
            continue
        name = _name(match, "name")
        assert name is not None  # the pattern requires it
        constraint = (match["constraint"] or b"").decode(errors="replace")
        last = Requirement(name, constraint, part)
    if last is not None:
        yield last


def _refuse(kind: str, source: Source, part: Span, hint: str, collector: Collector) -> None:
    if not len(part):
        # An empty stretch has no bytes to point at: show the comma before or after it.
        part = Span(max(part.start - 1, 0), part.start)
        collector.error(
            Code.BAD_DIRECTIVE, f"`#{kind}:` has an empty item", part, hint="separate items by single commas"
        )
        return
    message = f"{quote(source.text(part))} is not something to {kind.removesuffix('s')}"
    collector.error(Code.BAD_DIRECTIVE, message, part, hint=hint)


def _distinct_imports(items: Iterable[ImportedName | None], collector: Collector) -> Iterator[ImportedName]:
    seen: dict[str, Span] = {}
    for item in items:
        if item is None:
            continue
        if item.local in seen:
            _report_twice("imported", item.local, item.span, seen[item.local], collector)
            continue
        seen[item.local] = item.span
        yield item


def _distinct_exports(items: Iterable[ExportedName | None], collector: Collector) -> Iterator[ExportedName]:
    seen: dict[str, Span] = {}
    for item in items:
        if item is None:
            continue
        if item.name.text in seen:
            _report_twice("exported", item.name.text, item.span, seen[item.name.text], collector)
            continue
        seen[item.name.text] = item.span
        yield item


def _report_twice(verb: str, name: str, span: Span, first: Span, collector: Collector) -> None:
    also = Label(first, f"first {verb} here")
    collector.error(Code.BAD_DIRECTIVE, f"{quote(name)} is {verb} twice", span, f"{verb} again", also=also)
