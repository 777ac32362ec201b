"""Values into a block and out of it: the folders it gets, and what becomes of what it left there.

What turns values into other types is loaded when one is to be turned, which most are not.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from polyrun.document.nearest import suggest
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.frozen import NOTHING, frozen
from polyrun.model.spans import Source
from polyrun.model.values import CONTAINERS, Holds, Kind, ValueInfo
from polyrun.plan import Job
from polyrun.plan.links import Link, Wanted
from polyrun.values.cbor import BadData
from polyrun.values.outbox import Content, Outbox
from polyrun.values.store import Store, Stored

if TYPE_CHECKING:
    from polyrun.values.fits import Misfit
    from polyrun.values.making import Workshop

_LISTED = 12
_LONGEST = 100
_NAMED = re.compile(r"^([\w.-]+)(?:\s*:\s*\w+(?:\([^()]*\))?)?")
"""What an import names, and the type it asks for."""


@frozen
class Kept:
    """A value of this run: where it is, the label of the block that made it, and its `#export:`."""

    stored: Stored
    producer: str | None = None
    export: Wanted | None = None


@frozen
class Prepared:
    """What a block with values gets: its inbox and outbox, what it imports, and files that give those their types.

    Or `problem`, why it cannot be started.
    """

    inbox: str | None = None
    outbox: Outbox | None = None
    imports: tuple[ValueInfo, ...] = ()
    files: Mapping[str, bytes] = NOTHING
    problem: Diagnostic | None = None


@frozen
class Taken:
    """What a block handed over, or `problem`, why nothing of it is taken."""

    exports: tuple[ValueInfo, ...] = ()
    problem: Diagnostic | None = None


class Handover:
    """The values of one run, on their way between its blocks. `given` are those from outside, by name."""

    def __init__(self, store: Store, source: Source, given: Mapping[str, Stored]) -> None:
        self._store = store
        self._source = source
        self._kept: dict[tuple[int | None, str], Kept] = {(None, name): Kept(value) for name, value in given.items()}

    def kept(self, index: int | None, name: str) -> Stored | None:
        """The value `name` that block `index` has exported, or that came from outside."""
        found = self._kept.get((index, name))
        return found.stored if found is not None else None

    def prepare(self, job: Job) -> Prepared:
        """Lay out what `job` imports, and a place for what it exports. Raises `OSError` when there is no room."""
        if not job.links:
            return Prepared()
        handing = job.language.values
        assert handing is not None
        imports: dict[str, Stored] = {}
        words: list[str] | None = [] if handing.wire == "shell" else None
        infos = []
        for link in job.links.imports:
            given = self._given(job, link, handing.holds, words)
            if isinstance(given, Diagnostic):
                return Prepared(problem=given)
            imports[link.local] = given
            infos.append(self._info(link.local, given, self._kept[link.producer, link.name]))
        exports = {export.name: export.type for export in job.links.exports}
        inbox = self._store.inbox(job.info.index, imports, exports, words)
        outbox = self._store.outbox(job.info.index, job.limits.disk_bytes)
        return Prepared(inbox, outbox, tuple(infos), _bindings(job, imports))

    def _given(self, job: Job, link: Link, holds: Holds, words: list[str] | None) -> Stored | Diagnostic:
        """The value that `link` names as `job` gets it, or why it cannot; a shell's form of it is added to `words`."""
        from polyrun.values.change import CannotConvert, as_wanted
        from polyrun.values.fits import misfit

        workshop = self._store.workshop(job.info.index)
        try:
            stored = as_wanted(self._kept[link.producer, link.name].stored, link.wanted, workshop)
        except CannotConvert as error:
            return self._refused(Code.TYPE_MISMATCH, job, link, str(error))
        problem = misfit(stored, holds)
        if problem is not None:
            return self._misfit(job, link, problem)
        try:
            if words is not None:
                words += _words(link.local, stored, workshop)
        except CannotConvert as error:
            return self._refused(Code.CANNOT_HOLD, job, link, str(error))
        return stored

    @staticmethod
    def get_ready() -> None:
        """Load what `take` needs, some milliseconds' work, for when there is nothing to do but wait for a block."""
        from polyrun.values import preview, survey  # noqa: F401

    async def take(self, job: Job, outbox: Outbox) -> Taken:
        """Look at what `job`, which has ended well, has left in its outbox, and keep it."""
        if not job.links.exports:
            return Taken()
        try:
            content = outbox.read() if outbox.is_small else await asyncio.to_thread(outbox.read)
            if content is None:
                return Taken(problem=self._missing(job, job.links.exports[0], None))
            return self._accept(job, outbox, content)
        except BadData as error:
            export = job.links.exports[0]
            message = f"what `{job.info.label}` exported cannot be used: {error}"
            return Taken(problem=self._at(Code.BAD_VALUE, export, message, job))
        except OSError as error:  # most likely the disk, or the memory that stands for it, is full
            export = job.links.exports[0]
            message = f"what `{job.info.label}` exported cannot be kept: {(error.strerror or str(error)).lower()}"
            return Taken(problem=self._at(Code.BAD_VALUE, export, message, job))

    def _accept(self, job: Job, outbox: Outbox, content: Content) -> Taken:
        stored = self._store.take(outbox, content)
        accepted: dict[str, Kept] = {}
        for export in job.links.exports:
            if export.name in content.refused:
                message = f"`{export.name}` cannot be exported: {content.refused[export.name]}"
                return Taken(problem=self._at(Code.UNSUPPORTED_VALUE, export, message, job))
            if export.name not in stored:
                return Taken(problem=self._missing(job, export, content))
            value = stored[export.name]
            if export.type is not None:
                from polyrun.values.change import CannotConvert, as_declared

                try:
                    value = as_declared(value, export.type, self._store.workshop(job.info.index))
                except CannotConvert as error:
                    message = f"`{export.name}` is declared as `{export.type}`: {error}"
                    return Taken(problem=self._at(Code.TYPE_MISMATCH, export, message, job))
            accepted[export.name] = Kept(value, job.info.label, export)
        self._kept.update({(job.info.index, name): kept for name, kept in accepted.items()})
        return Taken(tuple(self._info(name, kept.stored, kept) for name, kept in accepted.items()))

    def _info(self, name: str, stored: Stored, kept: Kept) -> ValueInfo:
        line = self._source.line_at(kept.export.span.start) if kept.export is not None else None
        return ValueInfo(name, stored.type, stored.size, stored.preview, kept.producer, line, stored.file)

    def _missing(self, job: Job, export: Wanted, content: Content | None) -> Diagnostic:
        if content is None:
            message = f"`{job.info.label}` ended before it handed over `{export.name}`"
            hint = "values are read when the block ends by itself, not when it leaves through `_exit` or a signal"
            return self._at(Code.EXPORT_MISSING, export, message, job, hint)
        message = f"`{job.info.label}` ended without `{export.name}`"
        there = sorted({name for name in (*content.values, *content.defined) if len(name) <= _LONGEST} - {export.name})
        close = suggest(export.name, there)
        if close is not None:
            hint = close
        elif there:
            more = f" and {len(there) - _LISTED} more" if len(there) > _LISTED else ""
            hint = "it has " + ", ".join(f"`{name}`" for name in there[:_LISTED]) + more
        else:
            hint = "it has set no variable that could be exported"
        return self._at(Code.EXPORT_MISSING, export, message, job, hint)

    def _misfit(self, job: Job, link: Link, problem: Misfit) -> Diagnostic:
        place = link.name + (problem.where if problem.where.startswith("[") else f".{problem.where}")
        message = f"{job.language.title} {problem.reason}" + (f" (in `{place}`)" if problem.where else "")
        hint = "turn it into something else in the block that makes it"
        if problem.ways:
            whole = self._kept[link.producer, link.name].stored.type.kind
            hint = "import it as " + " or ".join(self._way(link, way, whole) for way in problem.ways)
        return self._refused(Code.CANNOT_HOLD, job, link, message, hint)

    def _way(self, link: Link, way: str, whole: Kind | None) -> str:
        """The import `link` as it is written, but with the type `way` in it."""
        written = _NAMED.sub(rf"\1:{way}", self._source.text(link.span), count=1)
        return f"`#import: {written}`" + (" (JSON)" if way == "str" and whole in CONTAINERS else "")

    def _refused(self, code: Code, job: Job, link: Link, reason: str, hint: str | None = None) -> Diagnostic:
        """A diagnostic for an import that cannot be given to its block; it shows both ends of the way."""
        kept = self._kept[link.producer, link.name]
        value = ValueInfo(link.name, kept.stored.type, kept.stored.size)
        message = f"`{job.info.label}` cannot take `{link.name}` ({value}): {reason}"
        also = (Label(kept.export.span, "exported here"),) if kept.export is not None else ()
        return Diagnostic(code, Severity.ERROR, message, Label(link.span, "imported here"), also, hint)

    def _at(self, code: Code, export: Wanted, message: str, job: Job, hint: str | None = None) -> Diagnostic:
        also = (Label(job.block.header, "in this block"),)
        return Diagnostic(code, Severity.ERROR, message, Label(export.span), also, hint)


def _words(name: str, stored: Stored, workshop: Workshop) -> Iterator[str]:
    """`stored` for a shell; a language that has none need not load how."""
    from polyrun.values.shell_form import words

    return words(name, stored.encoded(), stored.read, workshop)


def _bindings(job: Job, imports: Mapping[str, Stored]) -> Mapping[str, bytes]:
    """The file that tells a language with types what the values are."""
    handing = job.language.values
    if handing is None or handing.bindings is None:
        return NOTHING
    from polyrun.values.bindings import bind
    from polyrun.values.fits import has_wide_numbers

    maps = {link.local for link in job.links.imports if (link.wanted or "").startswith("map")}
    types = {name: stored.type for name, stored in imports.items()}
    tells_wide = "wide" in handing.bindings.types
    made = bind(
        handing.bindings,
        types,
        exports=[export.name for export in job.links.exports],
        identifier=handing.identifier,
        reserved=handing.reserved,
        maps=maps,
        wide={name for name, stored in imports.items() if tells_wide and has_wide_numbers(stored)},
    )
    return {name: text.encode() for name, text in made.items()}
