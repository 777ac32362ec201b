"""From a path to a parsed and planned document."""

from __future__ import annotations

import os
import stat

from polyrun.config.settings import Settings
from polyrun.document import MAX_DOCUMENT_BYTES, Document, parse
from polyrun.languages import Registry
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity, has_errors
from polyrun.model.errors import DocumentError, DocumentUnreadable
from polyrun.model.frozen import frozen, replace
from polyrun.model.limits import format_bytes
from polyrun.model.spans import Source
from polyrun.plan import Plan, make_plan


@frozen
class Input:
    """A document's bytes, the folder its blocks work in (absolute), and its file's state when it was read.

    With `is_code` the document is one piece of code that PolyRun put a header on, whose lines count from 1.
    """

    source: Source
    folder: str
    path: str | None = None
    stamp: tuple[int, int] | None = None
    is_code: bool = False

    def changed(self) -> bool:
        """Whether the file was changed or removed since it was read."""
        if self.path is None or self.stamp is None:
            return False
        try:
            return _stamp(os.stat(self.path)) != self.stamp
        except OSError:
            return True


@frozen
class CheckResult:
    """What `check` found: all diagnostics in document order; nothing was run.

    `findings` are those of them that the static analysis made.
    """

    source: Source
    document: Document
    diagnostics: tuple[Diagnostic, ...]
    findings: tuple[Diagnostic, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the document can be run, and all of its blocks."""
        return not has_errors(self.diagnostics)

    @property
    def refused(self) -> bool:
        """Whether only the policy keeps blocks of it from being run."""
        findings = {id(one) for one in self.findings}
        return has_errors(self.findings) and not has_errors([d for d in self.diagnostics if id(d) not in findings])


def read_document(path: str | os.PathLike[str]) -> Input:
    """Read the document at `path`: a regular file or a pipe, of at most 64 MiB.

    Raises `DocumentUnreadable` with a reason and, where there is one, a way out.
    """
    name = os.fspath(path)
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        raise DocumentUnreadable(name, "there is no such file", hint=_nearest(name)) from None
    except (OSError, ValueError) as error:
        raise DocumentUnreadable(name, _reason(error)) from error
    state = os.fstat(descriptor)
    if stat.S_ISDIR(state.st_mode):  # Python refuses to make a file object of one
        os.close(descriptor)
        raise DocumentUnreadable(name, "it is a folder", hint="name a `.mix` file inside it")
    with os.fdopen(descriptor, "rb") as file:
        if not (stat.S_ISREG(state.st_mode) or stat.S_ISFIFO(state.st_mode)):
            raise DocumentUnreadable(name, "it is neither a file nor a pipe")
        try:
            data = file.read(MAX_DOCUMENT_BYTES + 1)
        except OSError as error:
            raise DocumentUnreadable(name, _reason(error)) from error
    if len(data) > MAX_DOCUMENT_BYTES:
        limit = format_bytes(MAX_DOCUMENT_BYTES)
        raise DocumentUnreadable(
            name, f"it is larger than {limit}", hint="keep data in files beside the document and read them in a block"
        )
    absolute = os.path.abspath(name)
    folder = os.path.realpath(os.path.dirname(absolute)) if stat.S_ISREG(state.st_mode) else os.getcwd()
    return Input(Source(data, os.path.basename(absolute)), folder, absolute, _stamp(state))


def as_input(document: str | os.PathLike[str] | Source | Input, folder: str | os.PathLike[str] | None = None) -> Input:
    """A path is read; a `Source` is taken as it is and works in `folder`, by default the current one."""
    if isinstance(document, Input):
        return document
    if isinstance(document, Source):
        return Input(document, os.path.realpath(folder or os.getcwd()))
    return read_document(document)


def analyse(given: Input, registry: Registry, settings: Settings) -> tuple[Document, Plan, tuple[Diagnostic, ...]]:
    """Parse and plan; the diagnostics of both, in document order."""
    document = parse(given.source, registry.syntax(), strict=settings.strict)
    if given.is_code:
        document = replace(document, blocks=tuple(replace(one, code_line=one.code_line - 1) for one in document.blocks))
    plan = make_plan(document, registry, settings, given.folder)
    found = [*document.diagnostics, *plan.diagnostics, *_untrusted(given, document)]
    return document, plan, tuple(sorted(found, key=lambda one: (one.primary.span.start, one.code)))


def _untrusted(given: Input, document: Document) -> list[Diagnostic]:
    """One remark when an unknown language has a specification beside the document, which is not used unless trusted."""
    for block in document.blocks:
        if block.language_id is None and block.language.text.isidentifier():
            path = os.path.join(given.folder, ".polyrun", "languages", f"{block.language.text}.toml")
            if os.path.lexists(path):
                message = (
                    f"`.polyrun/languages/{block.language.text}.toml` is not used, because its folder is not trusted"
                )
                hint = "read it, then list the folder in `trust.folders` of your own `polyrun.toml`"
                label = Label(block.language.span)
                return [Diagnostic(Code.LANGUAGES_NOT_TRUSTED, Severity.NOTE, message, label, hint=hint)]
    return []


def runnable(given: Input, registry: Registry, settings: Settings) -> tuple[Plan, tuple[Diagnostic, ...]]:
    """The plan and the diagnostics of a document without errors. Raises `DocumentError` for any other."""
    _, plan, diagnostics = analyse(given, registry, settings)
    if has_errors(diagnostics):
        raise DocumentError(given.source, diagnostics)
    return plan, diagnostics


def _stamp(state: os.stat_result) -> tuple[int, int]:
    return state.st_mtime_ns, state.st_size


def _reason(error: OSError | ValueError) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text[:1].lower() + text[1:]


def _nearest(name: str) -> str | None:
    """A file beside `name` that may have been meant."""
    from difflib import get_close_matches

    folder, base = os.path.split(name)
    try:
        with os.scandir(folder or os.curdir) as listing:
            names = [entry.name for entry in listing if entry.is_file()][:1000]
    except OSError:
        return None
    close = get_close_matches(base, names, n=1)
    return f"did you mean `{os.path.join(folder, close[0])}`?" if close else None
