"""Which block gets which value from where: `#import:` and `#export:` become links, or diagnostics.

Blocks are never reordered, so a value comes from an earlier block: the one that is named, or the latest that exports
it. What the user gives from outside comes before both.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from polyrun.document import Block, Document
from polyrun.document.nearest import suggest
from polyrun.document.tree import Export, Import, ImportedName
from polyrun.languages import Language
from polyrun.languages.handing import Handing
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.frozen import frozen
from polyrun.model.spans import Span

_LISTED = 12


@frozen
class Link:
    """One import: the variable `local` gets the value `name` of the block with the index `producer`.

    `producer` is `None` for a value from outside. `wanted` is what the value is to be turned into, as written; `None`
    takes it as it is.
    """

    local: str
    name: str
    producer: int | None
    wanted: str | None
    span: Span


@frozen
class Wanted:
    """One export: its name, its declared type as written or `None`, and where it stands."""

    name: str
    type: str | None
    span: Span


@frozen
class Links:
    """The values that one block takes and hands over."""

    imports: tuple[Link, ...] = ()
    exports: tuple[Wanted, ...] = ()

    @property
    def needs(self) -> tuple[int, ...]:
        """The indexes of the blocks that it takes values from."""
        return tuple(sorted({link.producer for link in self.imports if link.producer is not None}))

    def __bool__(self) -> bool:
        return bool(self.imports or self.exports)


class Linker:
    """Links the blocks of one document; `given` are the names of values from outside."""

    def __init__(self, document: Document, given: Collection[str]) -> None:
        self._document = document
        self._given = given
        self._latest: dict[str, int] = {}
        self._exports: dict[int, set[str]] = {}
        self.diagnostics: list[Diagnostic] = []

    def link(self, languages: Mapping[int, Language]) -> dict[int, Links]:
        """The links of every block, by its index; `languages` are those of the blocks whose language is known."""
        found = {}
        for block in self._document.blocks:
            language = languages.get(block.index)
            if not block.directives or language is None:
                found[block.index] = Links()
                continue
            imports = tuple(self._imports(block, language))
            exports = tuple(self._exported(block, language))
            found[block.index] = Links(imports, exports)
            self._exports[block.index] = {one.name for one in exports}
            self._latest.update(dict.fromkeys(self._exports[block.index], block.index))
        return found

    def _imports(self, block: Block, language: Language) -> Iterator[Link]:
        for item in (item for one in block.directives if isinstance(one, Import) for item in one.items):
            if not self._speaks(language, item.span) or not self._legal(language, item):
                continue
            producer = self._producer(block, item)
            if producer is not None or (item.block is None and item.name.text in self._given):
                wanted = item.type.text if item.type is not None else None
                yield Link(item.local, item.name.text, producer, wanted, item.span)

    def _producer(self, block: Block, item: ImportedName) -> int | None:
        """The index of the block that `item` comes from; `None` when that is outside, or nowhere (reported)."""
        name = item.name.text
        if item.block is None:
            if name in self._given:
                return None
            if name not in self._latest:
                self._unknown(block, item)
            return self._latest.get(name)
        target = next((b for b in self._document.blocks if b.name and b.name.text == item.block.text), None)
        if target is None:
            hint = "a name before the dot is that of a block, given by its `name=` option"
            self._error(Code.UNKNOWN_BLOCK, f"no block is called `{item.block.text}`", item.block.span, hint)
        elif target.index >= block.index:
            self._later(block, item, target)
        elif name not in self._exports.get(target.index, ()):
            self._unknown(block, item, target)
        else:
            return target.index
        return None

    def _later(self, block: Block, item: ImportedName, source: Block) -> None:
        """The value comes from a block that stands later, or from the block itself."""
        if source is block:
            message = f"`{block.label}` imports `{item.name.text}` from itself"
        elif any(self._takes(source, name) for name in _exported_names(block)):
            message = f"`{block.label}` and `{source.label}` import from each other"
        else:
            message = f"`{item.name.text}` comes from `{source.label}`, which stands later"
        hint = "blocks run in document order: move the block that exports above the one that imports"
        self._error(Code.IMPORT_FROM_LATER, message, item.span, hint)

    @staticmethod
    def _takes(block: Block, name: str) -> bool:
        return any(item.name.text == name for one in block.directives if isinstance(one, Import) for item in one.items)

    def _unknown(self, block: Block, item: ImportedName, source: Block | None = None) -> None:
        name = item.name.text
        if source is None:
            later = next((b for b in self._document.blocks[block.index - 1 :] if name in _exported_names(b)), None)
            if later is not None:
                self._later(block, item, later)
                return
        where = f"`{source.label}` does not export" if source is not None else "no earlier block exports"
        known = self._exports.get(source.index, set()) if source is not None else self._latest.keys()
        setter = forgotten(self._document, block, name)
        if setter is not None:
            hint = f"`{name}` is set in `{setter.label}` but not exported; add `#export: {name}` there"
        elif (close := suggest(name, known)) is not None:
            hint = close
        elif known:
            listed = ", ".join(f"`{one}`" for one in sorted(known)[:_LISTED])
            hint = f"exported are {listed}" + (f" and {len(known) - _LISTED} more" if len(known) > _LISTED else "")
        else:
            hint = f"add `#export: {name}` to the block that makes it, or give it with `--set {name}=…`"
        self._error(Code.UNKNOWN_IMPORT, f"{where} `{name}`", item.name.span, hint)

    def _exported(self, block: Block, language: Language) -> Iterator[Wanted]:
        items = [item for one in block.directives if isinstance(one, Export) for item in one.items]
        mentions = _Mentions(block.code if items else b"")
        for item in items:
            if not self._speaks(language, item.span):
                continue
            if language.values is not None and language.values.named and item.name.text not in mentions:
                hint = "an export is the name of a variable of the block"
                self._error(
                    Code.EXPORT_NOT_IN_CODE, f"`{item.name.text}` does not occur in the block", item.name.span, hint
                )
                continue
            yield Wanted(item.name.text, item.type.text if item.type is not None else None, item.span)

    def _speaks(self, language: Language, span: Span) -> bool:
        """Whether blocks of `language` can pass values at all; reports it if not."""
        if language.values is None:
            hint = "its specification has no `[values]`; pass a file instead"
            self._error(Code.NO_VALUES_HERE, f"blocks of `{language.id}` cannot import or export values", span, hint)
        return language.values is not None

    def _legal(self, language: Language, item: ImportedName) -> bool:
        """Whether the language can have a variable of that name; reports it if not."""
        handing = language.values
        assert handing is not None
        if re.fullmatch(handing.identifier, item.local) and item.local not in handing.reserved:
            return True
        hint = f"give it another name here: `#import: {item.name.text} as {_other_name(item.local, handing)}`"
        message = f"`{item.local}` cannot be the name of a variable in {language.title}"
        self._error(Code.ILLEGAL_NAME, message, (item.alias or item.name).span, hint)
        return False

    def _error(self, code: Code, message: str, span: Span, hint: str | None) -> None:
        self.diagnostics.append(Diagnostic(code, Severity.ERROR, message, Label(span), hint=hint))


def unused(document: Document, links: Mapping[int, Links]) -> list[Diagnostic]:
    """A note for each export that no block imports."""
    used = {(link.producer, link.name) for one in links.values() for link in one.imports}
    return [
        Diagnostic(
            Code.UNUSED_EXPORT,
            Severity.NOTE,
            f"no block imports `{export.name}`",
            Label(export.span),
            hint=f"`polyrun run … --get {export.name}` prints it; otherwise remove it",
        )
        for block in document.blocks
        for export in links.get(block.index, Links()).exports
        if (block.index, export.name) not in used
    ]


def forgotten(document: Document, block: Block, name: str) -> Block | None:
    """The latest block before `block` that sets a variable called `name` without exporting it."""
    pattern = re.compile(_ASSIGNED.format(name=re.escape(name)).encode(), re.MULTILINE)
    for other in reversed(document.blocks[: block.index - 1]):
        if pattern.search(other.code) and name not in _exported_names(other):
            return other
    return None


def exported_by(document: Document, block: Block, name: str) -> Block | None:
    """The latest block before `block` that exports `name`."""
    earlier = reversed(document.blocks[: block.index - 1])
    return next((other for other in earlier if name in _exported_names(other)), None)


_WORD = re.compile(rb"\w+")
_ASSIGNED = (
    r"(?:^|[\s;(,{{$@%*&])\b{name}\b(?:\[[^\]\n]*\]|:\s*[\w\[\]., ]+)?\s*(?::=|=(?![=~>])|<-)"
    r"|\b(?:fn|def|function)\s+{name}\b"
)


def _exported_names(block: Block) -> set[str]:
    return {item.name.text for one in block.directives if isinstance(one, Export) for item in one.items}


class _Mentions:
    """The names that stand in the code of a block, on other lines than those of directives."""

    def __init__(self, code: bytes) -> None:
        self._lines = [line for line in code.split(b"\n") if b"#export:" not in line]
        self._words = set(_WORD.findall(b"\n".join(self._lines)))

    def __contains__(self, name: str) -> bool:
        data = name.encode()
        if _WORD.fullmatch(data):
            return data in self._words
        apart = re.compile(rb"(?<!\w)" + re.escape(data) + rb"(?!\w)")
        return any(apart.search(line) for line in self._lines)


def _other_name(name: str, handing: Handing) -> str:
    for candidate in (f"{name}_value", f"the_{name}", f"{name}Value", f"x{name}"):
        if re.fullmatch(handing.identifier, candidate) and candidate not in handing.reserved:
            return candidate
    return "x"
