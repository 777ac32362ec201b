"""What a run hands to its caller: exported values as JSON (`settings.get`) and as files (`settings.save_to`)."""

from __future__ import annotations

import os
from collections.abc import Iterator

from polyrun.config.settings import Settings
from polyrun.document.nearest import suggest
from polyrun.execute.engine import Kept
from polyrun.execute.handover import Handover
from polyrun.model.errors import UsageError
from polyrun.model.frozen import replace
from polyrun.plan import Job, Plan
from polyrun.values.change import CannotConvert, as_json
from polyrun.values.saving import TABLES, save
from polyrun.values.store import Stored


def check_wanted(plan: Plan, settings: Settings) -> None:
    """Refuse to hand out what no block of `plan` exports, before anything runs. Raises `UsageError`."""
    known = [name for job in plan.jobs for name in _names(job)]
    for wanted in settings.get:
        if not any(_is_called(job, name, wanted) for job in plan.jobs for name in _names(job)):
            listed = ", ".join(f"`{name}`" for name in dict.fromkeys(known))[:200]
            hint = suggest(wanted, known) or (f"exported are {listed}" if known else None)
            raise UsageError(f"`--get {wanted}`: no block that runs exports it", hint=hint)
    if settings.save_to is not None and not known:
        raise UsageError("`--save`: no block that runs exports anything", hint="add `#export: NAME` to a block")
    if settings.save_tables not in TABLES:
        raise UsageError(f"tables cannot be saved as `{settings.save_tables}`", hint=f"known are {', '.join(TABLES)}")


def hand_out(plan: Plan, settings: Settings, handover: Handover, kept: Kept) -> Kept:
    """`kept` with what `settings` ask for. What cannot be handed out is a note, and makes the run fail."""
    found = list(_kept(plan, handover))
    notes: list[str] = []
    values: dict[str, str] = {}
    for wanted in settings.get:
        chosen = [value for job, name, value in found if _is_called(job, name, wanted)]
        try:
            values[wanted] = as_json(chosen[-1])
        except IndexError:
            notes.append(f"`{wanted}` was not exported")
        except CannotConvert as error:
            notes.append(f"`{wanted}` cannot be printed: {error}; `--save` writes it to a file")
    saved: list[str] = []
    if settings.save_to is not None:
        folder = os.fspath(settings.save_to)
        for name, value in {name: value for _, name, value in found}.items():
            try:
                os.makedirs(folder, exist_ok=True)
                saved.append(save(value, folder, name, settings.save_tables))
            except (CannotConvert, OSError) as error:
                reason = error.strerror if isinstance(error, OSError) else None
                notes.append(f"`{name}` is not saved: {reason or error}")
    return replace(kept, values=values, saved=tuple(saved), notes=(*kept.notes, *notes), lacking=bool(notes))


def _kept(plan: Plan, handover: Handover) -> Iterator[tuple[Job, str, Stored]]:
    """The values that blocks have exported, in the order of the document."""
    for job in plan.jobs:
        for name in _names(job):
            value = handover.kept(job.info.index, name)
            if value is not None:
                yield job, name, value


def _names(job: Job) -> list[str]:
    return [export.name for export in job.links.exports]


def _is_called(job: Job, name: str, wanted: str) -> bool:
    """Whether `wanted` is `NAME` or `BLOCK.NAME` of an export."""
    return wanted in {name, f"{job.info.name}.{name}"}
