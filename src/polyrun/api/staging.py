"""Runs the self-test's documents as any document is run, in folders of their own, and tells what came of it."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterable, Sequence
from glob import glob

from polyrun.api.audit import audit_folder, audit_verify
from polyrun.api.folders import Folders, other_folders
from polyrun.api.running import arun
from polyrun.api.settings import load_settings
from polyrun.api.standing import check
from polyrun.config.settings import Settings
from polyrun.model.errors import ConfigError, DocumentError, SandboxUnavailable
from polyrun.model.frozen import replace
from polyrun.model.limits import MIB
from polyrun.model.outcomes import Status
from polyrun.model.results import RunResult
from polyrun.report.neutral import safe_line
from polyrun.sandbox.disk import remove_tree
from polyrun.sandbox.ground.baits import SECRET
from polyrun.sandbox.ground.throwaway import Told
from polyrun.selftest.arena import apart
from polyrun.selftest.catalogue.documents import FORGED, FORGED_RECORD, HARMLESS, NASTY, DocumentAttack, Trial
from polyrun.selftest.observed import Observed
from polyrun.selftest.programs import CannotRun
from polyrun.selftest.proof import lacking

_SAID = 1000


class Stage:
    """Runs documents in the sandbox that `settings` name; `folder` is for its files."""

    def __init__(self, folder: str, settings: Settings) -> None:
        self._folder = folder
        self._settings = settings
        self._count = 0

    async def run(self, attack: DocumentAttack) -> Observed:
        """Run the hostile documents. Raises `CannotRun`, and `SandboxError` when a sandbox breaks."""
        started, peak = time.monotonic(), _peak()
        facts, left = await self._all(attack.trials)
        facts["memory"] = f"{(_peak() - peak) // MIB} MiB more"
        told = "".join(f"{name}: {value}\n" for name, value in facts.items())
        seconds = time.monotonic() - started
        return Observed(Status.OK.value, 0, None, None, seconds, told, "", len(told), left=left)

    async def missing(self, attack: DocumentAttack) -> tuple[str, ...]:
        """What the honest documents did not show, one line each. Raises what `run` raises."""
        facts, _ = await self._all(attack.honest)
        return lacking(attack, Told(0, "", "", 0, facts))

    async def _all(self, trials: Sequence[Trial]) -> tuple[dict[str, str], list[str]]:
        """What is told of `trials`, and what they have left behind."""
        self._count += 1
        base = os.path.join(self._folder, f"documents-{self._count}")
        facts: dict[str, str] = {}
        left: list[str] = []
        try:
            for number, trial in enumerate(trials):
                place = _Place(os.path.join(base, str(number)), os.path.join(base, "cache"), self._settings)
                facts |= await place.told(trial)
                left += place.left()
        except SandboxUnavailable as error:  # it is there, but has no image for one of the languages
            raise CannotRun(str(error)) from error
        finally:
            await apart(lambda: remove_tree(base))
        return facts, left


class _Place:
    """Folders for one trial: the document's, and a user's, whose cache is shared with other trials."""

    def __init__(self, base: str, cache: str, settings: Settings) -> None:
        self._base = base
        self._folders = Folders(cache, os.path.join(base, "state"), os.path.join(base, "config"))
        self._settings = settings
        self._path = ""
        self._secret = os.path.join(base, "secret")
        self._config = os.path.join(base, "polyrun.toml")
        os.makedirs(base)
        _write(self._secret, SECRET)

    async def told(self, trial: Trial) -> dict[str, str]:
        """The facts."""
        if trial.how == "naive":
            self._write_document(f"{NASTY}.mix", "")
            path = os.path.join(self._base, "naive")
            _write(path, f"{os.path.basename(self._path)} is run\n")
            return {trial.name: _compared([path], 1)}
        if trial.how == "logs":
            return {trial.name: await self._logs(trial)}
        self._write_document("document.mix", trial.document.replace("{secret}", repr(self._secret)))
        with other_folders(self._folders):
            try:
                answer, says = await self._once(trial)
            except (DocumentError, ConfigError) as error:
                answer, says = f"refused {_codes(one.code for one in error.diagnostics)}{self._ran()}", str(error)
        return {trial.name: answer, f"{trial.name} says": safe_line(says)[: 2 * _SAID]}

    async def _once(self, trial: Trial) -> tuple[str, str]:
        settings = replace(self._settings, policy=trial.policy)
        if trial.config is not None:
            _write(self._config, trial.config)
            read = load_settings(self._config)
            settings = replace(settings, limits=read.limits, chosen_limits=read.chosen_limits)
        if trial.how == "check":
            found = await apart(lambda: check(self._path, settings))
            return "ok" if found.ok else "refused", _codes(one.code for one in found.diagnostics)
        return _outcome(await arun(self._path, settings))

    def _ran(self) -> str:
        return " ran" if os.path.exists(self._folders.state) else ""

    async def _logs(self, trial: Trial) -> str:
        """How the logs of a run with hostile text differ from those of a run with harmless text."""
        found: list[list[list[str]]] = []
        intact = True
        for text in (HARMLESS, NASTY):
            folders = replace(self._folders, state=os.path.join(self._base, f"state-{len(found)}"))
            code = trial.document.replace("{argument}", f"'{_escaped(text)}'").replace("{text}", ascii(text))
            self._write_document(f"{text}.mix", code)
            with other_folders(folders):
                result = await arun(self._path, self._settings)
                if not result.ok or result.block(1).stdout.decode() != 2 * text:
                    return "the document did not run"
                intact = intact and audit_verify(self._settings).ok
                audit = audit_folder(self._settings, folders)
            paths = (f"{folders.logs}/*.log", f"{folders.logs}/*.jsonl", f"{audit}/*.jsonl")
            found.append([glob(path) for path in paths])
            os.remove(self._path)
        names = ("log", "events", "audit")
        told = [
            f"{name} {_compared(nasty, len(_lines(harmless)))}"
            for name, harmless, nasty in zip(names, *found, strict=True)
        ]
        return " ".join([*told, "intact" if intact else "broken"])

    def left(self) -> list[str]:
        """What is in the document's folder besides the document."""
        work = os.path.join(self._base, "work")
        own = os.path.basename(self._path)
        return [f"in the document's folder: {safe_line(name)}" for name in os.listdir(work) if name != own]

    def _write_document(self, name: str, text: str) -> None:
        self._path = os.path.join(self._base, "work", name)
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        _write(self._path, text)


def _outcome(result: RunResult) -> tuple[str, str]:
    """The blocks' statuses with the codes of what is wrong with them; what that says, and what they printed."""
    words, said = [], []
    for block in result.blocks:
        words.append(block.status.value)
        if block.status is Status.TOOLCHAIN_MISSING:
            raise CannotRun(f"no {block.language}")
        if block.problem is not None and block.status is not Status.SKIPPED:
            words.append(block.problem.code)
            said.append(block.problem.message)
        said += [stream.decode(errors="replace").strip() for stream in (block.stdout, block.stderr[-_SAID:]) if stream]
    return " ".join(words), " ".join(said)


def _codes(codes: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(codes))


def _compared(paths: Sequence[str], wanted: int) -> str:
    """How many lines more than `wanted` there are in the files, wherever a reader may see an end, and forged ones."""
    found = _lines(paths)
    forged = [line for line in found if line.startswith((FORGED, FORGED_RECORD))]
    return f"{len(found) - wanted} more {len(forged)} forged" if found else "nothing was written"


def _lines(paths: Sequence[str]) -> list[str]:
    found = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            found += file.read().splitlines()
    return found


def _escaped(text: str) -> str:
    """`text` as an option of a block is written."""
    return "".join(one if one.isalnum() else f"\\u{ord(one):04x}" for one in text)


def _peak() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
