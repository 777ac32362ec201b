"""From bytes to a `Document`: the order in which everything is looked at."""

from __future__ import annotations

from collections.abc import Mapping

from polyrun.document.collector import Collector
from polyrun.document.encoding import BYTE_ORDER_MARK, check_bytes
from polyrun.document.mix import MixReader
from polyrun.document.options import Changes
from polyrun.document.tree import Block, Document, Expect, FrontMatter, Prose, Requires, Segment
from polyrun.model.codes import Code
from polyrun.model.spans import Source, Span
from polyrun.model.syntax import LanguageSyntax

MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
_FIRST_BYTES = 1


def parse(source: Source, languages: Mapping[str, LanguageSyntax], *, strict: bool = False) -> Document:
    """Read a `.mix` document. Never raises and never touches the disk: whatever is wrong becomes a diagnostic.

    `languages` maps ids and aliases, in lower case, to what the parser must know of each. With `strict`
    a block that is never closed is an error instead of a note. The segments of the result tile the source.
    """
    collector = Collector()
    if len(source.data) > MAX_DOCUMENT_BYTES:
        whole = Span(0, len(source.data))
        message = f"the document is larger than {MAX_DOCUMENT_BYTES // 1024 // 1024} MiB"
        collector.error(Code.TOO_LARGE, message, Span(0, _FIRST_BYTES), hint="keep data in files beside the document")
        return Document(source, (Prose(whole),), (), None, collector.finish())
    check_bytes(source, collector)
    segments: list[Segment] = []
    start = 0
    if source.data.startswith(BYTE_ORDER_MARK):
        start = len(BYTE_ORDER_MARK)
        segments.append(Prose(Span(0, start)))
    front_matter: FrontMatter | None = None
    changes: Mapping[str | None, Changes] = {}
    if source.data.startswith(b"---", start):
        # Imported only here, because it brings PyYAML, which takes longer to import than most documents to parse.
        from polyrun.document.frontmatter import read_front_matter

        front_matter, changes = read_front_matter(source, start, languages, collector)
    if front_matter is not None:
        segments.append(front_matter)
        start = front_matter.span.end
    reader = MixReader(source, languages, changes, collector, strict=strict)
    segments.extend(reader.segments(start))
    blocks = tuple(segment for segment in segments if isinstance(segment, Block))
    if not blocks:
        hint = "open one with `#lang:python`, and close it with `#end`"
        collector.error(Code.NO_BLOCKS, "the document has no blocks", Span(0, 0), hint=hint)
    _report_not_carried_out(blocks, collector)
    return Document(source, tuple(segments), blocks, front_matter, collector.finish())


def _report_not_carried_out(blocks: tuple[Block, ...], collector: Collector) -> None:
    """One warning for each kind of directive that is checked only, at its first use."""
    seen: set[str] = set()
    for block in blocks:
        for directive in block.directives:
            kind = type(directive).__name__.lower()
            if kind not in seen and isinstance(directive, Requires | Expect):
                seen.add(kind)
                message = f"`#{kind}:` is checked, but this version does not carry it out yet"
                collector.warning(Code.NOT_CARRIED_OUT, message, directive.span)


def print_document(document: Document) -> bytes:
    """The document as bytes, printed segment by segment; the same bytes that were parsed."""
    data = document.source.data
    pieces: list[bytes] = []
    for segment in document.segments:
        if isinstance(segment, Block):
            tail = segment.end.start if segment.end else segment.body.end
            pieces += [
                data[segment.span.start : segment.body.start],
                data[segment.body.start : segment.body.end],
                data[tail : segment.span.end],
            ]
        else:
            pieces.append(data[segment.span.start : segment.span.end])
    return b"".join(pieces)
