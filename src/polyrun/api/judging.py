"""What the static analysis says of a plan's blocks: asked in a box, remembered, and turned into diagnostics."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TypeVar

from polyrun.api.folders import Folders, user_folders
from polyrun.config.settings import Settings
from polyrun.document import Block
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.errors import UsageError
from polyrun.model.frozen import replace
from polyrun.model.limits import GIB, Limits
from polyrun.model.outcomes import Outcome, Status
from polyrun.model.permissions import Permissions
from polyrun.model.spans import Source, Span
from polyrun.plan import Plan
from polyrun.policy.memory import Memory
from polyrun.policy.protocol import Answer, Piece, read_replies, request
from polyrun.policy.rules import Finding
from polyrun.sandbox.base import BoxSpec, Command, Sandbox, Workspace
from polyrun.sandbox.registry import choose
from polyrun.sandbox.scratch import scratch as make_scratch
from polyrun.sandbox.scratch import write_whole

MAX_CODE_BYTES = 1 << 20
"""Longer code is not analysed, which blocks it."""

_LIMITS = Limits(wall_s=10.0, cpu_s=10.0, memory_bytes=GIB, processes=16, output_bytes=1 << 24, flood_bytes=1 << 24)
_BYTES_PER_S = 200_000
_FAILURES = 3
_T = TypeVar("_T")
_GRANTED = {Code.NETWORK_USE: "net"}


def check_allowed(settings: Settings) -> None:
    """Refuse names in `settings.allow` that no code and no rule has, and rules that cannot be used.

    Raises `UsageError` and `BadRules`.
    """
    names = set(settings.allow) - {code for code in Code if code.startswith("PR7")}
    if not names and not settings.policy_rules:
        return
    from polyrun.policy.load_rules import load_rules  # most runs name none, and need not read them here

    unknown = sorted(names - {rule.name for rule in load_rules(settings.policy_rules)})
    if unknown:
        raise UsageError(
            f"`--allow {unknown[0]}`: there is no such code or rule", hint="`polyrun policy list` shows all of them"
        )


async def judged(plan: Plan, settings: Settings, folders: Folders, sandbox: Sandbox | None, scratch: str) -> Plan:
    """`plan` with the findings of each job; those that are errors block it. Call `check_allowed` before.

    The analyser runs in a box of `sandbox`, or where that shows not the host's programs in the safest that does.
    Raises `SandboxError`.
    """
    if settings.policy == "off":
        return plan
    pieces = {
        Piece(job.language.grammar, job.block.code): None for job in plan.jobs if job.language.grammar is not None
    }
    answers = await _answers(list(pieces), settings.policy_rules, folders, sandbox, scratch)
    jobs = []
    for job in plan.jobs:
        if job.language.grammar is not None:
            answer = answers[Piece(job.language.grammar, job.block.code)]
            found = _diagnostics(answer, job.block, plan.document.source, settings, job.permissions)
            job = replace(job, findings=tuple(found))  # noqa: PLW2901 - the same job, judged
        jobs.append(job)
    return replace(plan, jobs=tuple(jobs))


def judge(plan: Plan, settings: Settings) -> Plan:
    """Like `judged`, for those who run nothing, in the safest box that this host has.

    Raises what `check_allowed` does.
    """
    check_allowed(settings)
    folders = user_folders()

    async def ask() -> Plan:
        with make_scratch() as scratch:
            return await judged(plan, settings, folders, None, scratch)

    return _finished(ask)


def ask_afresh(pieces: list[Piece], rules: Sequence[str]) -> dict[Piece, Answer]:
    """An answer to each of `pieces` with the rules in `rules` besides the built-in ones, whatever is remembered."""
    folders = user_folders()

    async def ask() -> list[Answer]:
        with make_scratch() as scratch:
            return await _ask(pieces, rules, await _safest(folders), scratch)

    return dict(zip(pieces, _finished(ask), strict=True))


def _finished(work: Callable[[], Coroutine[None, None, _T]]) -> _T:
    """What `work` gives, wherever this is called from."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=1) as thread:  # a loop cannot wait for another one in its own thread
        return thread.submit(lambda: asyncio.run(work())).result()


async def _safest(folders: Folders) -> Sandbox:
    """The best of the sandboxes whose boxes show the host's programs. Raises `SandboxUnavailable`."""
    return (await choose("auto", ("bubblewrap", "local"), 0, cache_folder=folders.cache)).sandbox


async def _answers(
    pieces: list[Piece], rules: Sequence[str], folders: Folders, sandbox: Sandbox | None, scratch: str
) -> dict[Piece, Answer]:
    memory = Memory(os.path.join(folders.cache, "policy.json"), rules)
    answers = {piece: answer for piece in pieces if (answer := memory.recall(piece)) is not None}
    for piece in pieces:
        if len(piece.code) > MAX_CODE_BYTES:
            answers[piece] = Answer(failure="it is longer than 1 MiB")
    missing = [piece for piece in pieces if piece not in answers]
    if missing:
        if sandbox is None or not sandbox.shows_host:
            sandbox = await _safest(folders)
        for piece, answer in zip(missing, await _ask(missing, rules, sandbox, scratch), strict=True):
            answers[piece] = answer
            memory.keep(piece, answer)
        content = memory.content()
        with suppress(OSError):  # that it cannot be kept costs only time
            if content is not None:
                write_whole(os.path.join(folders.cache, "policy.json"), content)
    return answers


async def _ask(pieces: list[Piece], rules: Sequence[str], sandbox: Sandbox, scratch: str) -> list[Answer]:
    """An answer to each of `pieces`. One that the analyser does not survive is left out when it is asked again."""
    answers: list[Answer] = []
    for _ in range(_FAILURES):
        left = pieces[len(answers) :]
        output, outcome = await _run_analyser(request(rules, left), rules, sandbox, scratch)
        answers += read_replies(output)[: len(left)]
        if len(answers) == len(pieces):
            return answers
        answers.append(Answer(failure=f"the analyser {_ending(outcome)}"))
        if len(answers) == len(pieces):
            return answers
    return answers + [Answer(failure="the analyser failed too often")] * (len(pieces) - len(answers))


async def _run_analyser(asked: bytes, rules: Sequence[str], sandbox: Sandbox, scratch: str) -> tuple[bytes, Outcome]:
    seconds = _LIMITS.wall_s + len(asked) / _BYTES_PER_S
    output = bytearray()
    async with sandbox.open(_box(scratch, rules)) as box:
        outcome = await box.run(
            replace(_worker(), stdin=asked),
            replace(_LIMITS, wall_s=seconds, cpu_s=seconds),
            lambda stream, data: output.extend(data) if stream == "stdout" else None,
        )
    return bytes(output), outcome


def _box(scratch: str, rules: Sequence[str]) -> BoxSpec:
    """A box that shows Python's modules and the user's rules, and nothing of the document's folder."""
    folder = os.path.join(scratch, "analysis")
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    return BoxSpec(Workspace(folder), scratch, roots=(sys.prefix, sys.base_prefix, *_module_folders(), *rules))


def _worker() -> Command:
    """The analyser's command: this Python, without the time that `site` takes to find the same folders again."""
    argv = (os.path.realpath(sys.executable), "-S", "-s", "-P", "-m", "polyrun.policy.worker")
    env = {"PYTHONPATH": os.pathsep.join(_module_folders()), "PYTHONDONTWRITEBYTECODE": "1"}
    return Command(argv, env)


def _module_folders() -> list[str]:
    return [path for path in sys.path if os.path.isabs(path) and os.path.isdir(path) and path != "/"]


def _ending(outcome: Outcome) -> str:
    if outcome.status is Status.SIGNALLED:
        return f"was ended by {outcome.signal}"
    return outcome.reason or f"ended with exit code {outcome.exit_code}"


def _diagnostics(
    answer: Answer, block: Block, source: Source, settings: Settings, permissions: Permissions
) -> list[Diagnostic]:
    allowed = set(settings.allow)
    if answer.failure is not None:
        if Code.NOT_ANALYSED in allowed:
            return []
        hint: str | None = f"run it with `--allow {Code.NOT_ANALYSED}` if you know what it does"
        severity = Severity.ERROR if settings.policy == "block" else Severity.WARNING
        if answer.absent:
            severity, hint = Severity.NOTE, None
        message = f"this block could not be analysed: {answer.failure}"
        return [Diagnostic(Code.NOT_ANALYSED, severity, message, Label(block.header), hint=hint)]
    return [
        _diagnostic(finding, block, source, settings)
        for finding in answer.findings
        if not {finding.code, finding.rule} & allowed
        and not getattr(permissions, _GRANTED.get(finding.code, ""), False)
    ]


def _diagnostic(finding: Finding, block: Block, source: Source, settings: Settings) -> Diagnostic:
    severity = finding.severity
    if severity is Severity.ERROR and settings.policy == "warn":
        severity = Severity.WARNING
    hint = finding.remedy
    if severity is Severity.ERROR:
        hint += f"\nif you trust it, `--allow {finding.rule}` lets it run, `--allow {finding.code}` all of its kind"
    span = _span(finding, block, source)
    return Diagnostic(finding.code, severity, finding.message, Label(span, finding.reason), hint=hint)


def _span(finding: Finding, block: Block, source: Source) -> Span:
    """Where a finding is in the document; its code lies there line by line, but may have escapes less."""
    first = source.line_at(block.body.start)

    def offset(place: tuple[int, int]) -> int:
        line = source.line_span(min(first + place[0], source.line_count))
        return min(line.start + place[1], line.end)

    start = offset(finding.start)
    return Span(start, max(start, offset(finding.end)))
