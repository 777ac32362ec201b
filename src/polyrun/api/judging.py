"""What the static analysis says of a plan's blocks, as diagnostics, and what the user makes of it."""

from __future__ import annotations

from polyrun.api.analysis import answers_to, finished
from polyrun.api.folders import Folders, user_folders
from polyrun.config.settings import Settings
from polyrun.document import Block
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.errors import UsageError
from polyrun.model.frozen import replace
from polyrun.model.permissions import Permissions
from polyrun.model.spans import Source, Span
from polyrun.plan import Plan
from polyrun.policy.protocol import Answer, Piece
from polyrun.policy.rules import Finding
from polyrun.sandbox.base import Sandbox
from polyrun.sandbox.scratch import scratch as make_scratch

ALLOWED = "you have allowed it"
"""The hint of a finding that the user lets pass: it is a note then."""

_NOTHING_GRANTED = Permissions()
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
    pieces = {
        Piece(job.language.grammar, job.block.code): None for job in plan.jobs if job.language.grammar is not None
    }
    if not pieces:
        return plan
    answers = await answers_to(list(pieces), settings.policy_rules, folders, sandbox, scratch)
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

    return finished(ask)


def _diagnostics(
    answer: Answer, block: Block, source: Source, settings: Settings, permissions: Permissions
) -> list[Diagnostic]:
    if answer.failure is not None:
        return [_allowing(_not_analysed(answer, block), str(Code.NOT_ANALYSED), settings)]
    return [
        _allowing(_diagnostic(finding, block, source), finding.rule, settings, permissions)
        for finding in answer.findings
    ]


def _not_analysed(answer: Answer, block: Block) -> Diagnostic:
    """What is said of a block that could not be read; that there is no grammar for it here is no fault of it."""
    severity = Severity.NOTE if answer.absent else Severity.ERROR
    message = f"this block could not be analysed: {answer.failure}"
    hint = None if answer.absent else f"if you know what it does, `--allow {Code.NOT_ANALYSED}` lets it run"
    return Diagnostic(Code.NOT_ANALYSED, severity, message, Label(block.header), hint=hint)


def _diagnostic(finding: Finding, block: Block, source: Source) -> Diagnostic:
    hint = finding.remedy
    if finding.severity is Severity.ERROR:
        hint += f"\nif you trust it, `--allow {finding.rule}` lets it run, `--allow {finding.code}` all of its kind"
    label = Label(_span(finding, block, source), finding.reason)
    return Diagnostic(finding.code, finding.severity, finding.message, label, hint=hint)


def _allowing(
    found: Diagnostic, rule: str, settings: Settings, permissions: Permissions = _NOTHING_GRANTED
) -> Diagnostic:
    """`found` as what the user makes of it: a note if it is allowed, a warning if nothing is to be blocked."""
    granted = found.code in _GRANTED and getattr(permissions, _GRANTED[found.code])
    if {rule, found.code} & set(settings.allow) or (granted and found.severity is not Severity.ERROR):
        return replace(found, severity=Severity.NOTE, hint=ALLOWED)
    if found.severity is Severity.ERROR and settings.policy == "warn":
        return replace(found, severity=Severity.WARNING, hint=(found.hint or "").split("\n")[0] or None)
    return found


def _span(finding: Finding, block: Block, source: Source) -> Span:
    """Where a finding is in the document; its code lies there line by line, but may have escapes less."""
    first = source.line_at(block.body.start)

    def offset(place: tuple[int, int]) -> int:
        line = source.line_span(min(first + place[0], source.line_count))
        return min(line.start + place[1], line.end)

    start = offset(finding.start)
    return Span(start, max(start, offset(finding.end)))
