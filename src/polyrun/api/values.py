"""The values of a run: where they are kept, and those that come from outside."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack

from polyrun.api.reading import Input
from polyrun.document import Document
from polyrun.document.nearest import suggest
from polyrun.document.tree import Import
from polyrun.execute.handover import Handover
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.errors import DocumentError, UsageError
from polyrun.plan import Plan
from polyrun.plan.links import Link
from polyrun.sandbox.scratch import MEMORY
from polyrun.sandbox.scratch import scratch as make_scratch
from polyrun.values.store import Store, Stored


def check_given(document: Document, given: Collection[str]) -> None:
    """Refuse values from outside that no block asks for. Raises `UsageError`."""
    directives = [one for block in document.blocks for one in block.directives if isinstance(one, Import)]
    wanted = list(dict.fromkeys(item.name.text for one in directives for item in one.items if item.block is None))
    for name in given:
        if name not in wanted:
            listed = ", ".join(f"`{one}`" for one in wanted)[:200]
            hint = suggest(name, wanted) or (f"imported are {listed}" if wanted else None)
            raise UsageError(f"`--set {name}=…`: no block imports `{name}`", hint=hint)


def open_handover(
    given: Input, plan: Plan, values: Mapping[str, str], scratch: str, cleanup: AsyncExitStack
) -> Handover:
    """Make ready to pass the values of `plan`'s blocks; `cleanup` removes them again.

    They are kept in memory if that has room for what a block may write, else in `scratch`. `values` are those from
    outside (see `values.given`). Raises `DocumentError`, which points at its import, for one that cannot be used.
    """
    wanted = max(job.limits.disk_bytes for job in plan.jobs)
    folder = cleanup.enter_context(make_scratch(MEMORY)) if _has_room(MEMORY, wanted) else scratch
    kept = os.path.join(folder, "values")
    os.mkdir(kept, 0o700)
    store = Store(kept)
    links = [link for job in plan.jobs for link in job.links.imports if link.producer is None]
    return Handover(store, given.source, {link.name: _given(given, store, link, values[link.name]) for link in links})


def _given(given: Input, store: Store, link: Link, text: str) -> Stored:
    from polyrun.values.given import CannotRead, read_given

    try:
        return read_given(text, store.workshop(0))
    except CannotRead as error:
        message = f"`{link.name}`, which `--set` gives, cannot be used: {error}"
        problem = Diagnostic(Code.BAD_GIVEN_VALUE, Severity.ERROR, message, Label(link.span, "imported here"))
        raise DocumentError(given.source, (problem,)) from error


def _has_room(folder: str, wanted: int) -> bool:
    try:
        facts = os.statvfs(folder)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK) and facts.f_bavail * facts.f_frsize >= wanted
