"""From a failed job to the line of the document that explains it."""

from __future__ import annotations

import re

from polyrun.document import Document
from polyrun.execute.steps import Performed
from polyrun.languages import locate
from polyrun.languages.printed import in_short_lines
from polyrun.languages.spec import ToolchainMissing
from polyrun.languages.stack import frames_in
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.limits import Usage, format_bytes
from polyrun.model.outcomes import Status
from polyrun.model.results import StepResult
from polyrun.model.spans import Source, Span
from polyrun.plan import Job
from polyrun.plan.links import exported_by, forgotten

_TAIL = 64 * 1024
_MAX_FRAMES = 3

_CODES = {
    Status.NONZERO_EXIT: Code.NONZERO_EXIT,
    Status.SIGNALLED: Code.SIGNALLED,
    Status.BUILD_FAILED: Code.BUILD_FAILED,
    Status.TIME_LIMIT: Code.TIME_LIMIT,
    Status.MEMORY_LIMIT: Code.MEMORY_LIMIT,
    Status.PROCESS_LIMIT: Code.PROCESS_LIMIT,
    Status.OUTPUT_LIMIT: Code.OUTPUT_LIMIT,
    Status.DISK_LIMIT: Code.DISK_LIMIT,
}


def explain_failure(
    job: Job, document: Document, folder: str, status: Status, performed: Performed
) -> Diagnostic | None:
    """The diagnostic for a job whose last step ended as `status`; `None` for statuses that are no fault of it.

    `folder` is the one that the program saw as the document's.

    Points at the line that the program's own error message names, else at the block's header.
    """
    code = _CODES.get(status)
    if code is None:
        return None
    step = performed.result
    tail = step.stderr.tail(_TAIL)
    if status is Status.BUILD_FAILED and not tail:
        tail = step.stdout.tail(_TAIL)
    source = document.source
    location = locate(job.language, tail, source.name)
    block = job.block
    lines = range(block.code_line, block.code_line + _line_count(block.code))
    frames = _frames(job, status, step, source, lines)
    if frames:
        late = job.language.stack is not None and job.language.stack.late
        label = Label(
            _at(source, frames[0], None), f"was here{' or just before' if late else ''} when the time ran out"
        )
        context = [Label(_at(source, line, None), "called from here") for line in frames[1:]]
        context = sorted([Label(block.header, "in this block"), *context], key=lambda one: one.span.start)
    elif location and location.line in lines:
        label = Label(_at(source, location.line, location.column), location.message or "here")
        context = [Label(block.header, "in this block")]
    else:
        label, context = Label(block.header, ""), []
    return Diagnostic(
        code,
        Severity.ERROR,
        _message(job, status, step),
        label,
        tuple(context),
        _not_handed_over(job, document, tail) or _hint(job, status, performed, tail, folder),
    )


def missing_toolchain(job: Job, missing: ToolchainMissing) -> Diagnostic:
    """The diagnostic for a language that cannot run on this host, with the ways to install it."""
    return Diagnostic(
        Code.TOOLCHAIN_MISSING,
        Severity.ERROR,
        f"no toolchain for `{missing.language}`: {missing.reason}",
        Label(job.block.header, ""),
        hint=", or ".join(f"`{hint}`" for hint in missing.hints) or None,
    )


def _frames(job: Job, status: Status, step: StepResult, source: Source, lines: range) -> list[int]:
    """The lines that were being executed when time ran out, innermost first, each once; at most three."""
    stack = job.language.stack
    if status is not Status.TIME_LIMIT or stack is None:
        return []
    return list(dict.fromkeys(frames_in(stack, step.outcome.stack, source.name, lines)))[:_MAX_FRAMES]


def _line_count(code: bytes) -> int:
    return code.count(b"\n") + 1


def _at(source: Source, line: int, column: int | None) -> Span:
    """The word at `column` of `line`; the text of the line where there is none, or where tabs make columns doubtful."""
    span = source.line_span(line)
    text = source.data[span.start : span.end]
    if column is not None and b"\t" not in text:
        start = len(text.decode("utf-8", "replace")[: column - 1].encode())
        word = re.compile(rb"\w+|\S").match(text, start)
        if word is not None:
            return Span(span.start + start, span.start + word.end())
    indent = len(text) - len(text.lstrip())
    return Span(span.start + indent, max(span.start + indent, span.start + len(text.rstrip())))


def _message(job: Job, status: Status, step: StepResult) -> str:
    outcome = step.outcome
    who = f"`{job.info.label}` ({job.language.id})"
    match status:
        case Status.NONZERO_EXIT:
            return f"{who} exited with code {outcome.exit_code}"
        case Status.SIGNALLED:
            return f"{who} was ended by {outcome.signal}"
        case Status.BUILD_FAILED:
            detail = outcome.reason or (f"exit code {outcome.exit_code}" if outcome.signal is None else outcome.signal)
            return f"{who} did not build ({detail})"
        case _:
            return f"{who} hit a limit: {outcome.reason or status.value.replace('_', ' ')}"


def _hint(job: Job, status: Status, performed: Performed, tail: bytes, folder: str) -> str | None:
    if status is Status.TIME_LIMIT:
        return _time_hint(job, performed.result.outcome.usage)
    if status is Status.MEMORY_LIMIT:
        return f"give it more {_where(job, 'memory')} (now {format_bytes(job.limits.memory_bytes)})"
    if status in (Status.NONZERO_EXIT, Status.SIGNALLED, Status.BUILD_FAILED) and tail:
        from polyrun.execute.denials import advice  # only a failure needs it

        return advice(tail, job.block.code, performed.enforced, job.permissions, folder)
    return None


def _not_handed_over(job: Job, document: Document, tail: bytes) -> str | None:
    """What to do when the message is about a variable that an earlier block has: no block sees another's variables."""
    handing = job.language.values
    text = in_short_lines(tail)
    for pattern in handing.undefined if handing is not None else ():
        found = re.search(pattern, text, re.MULTILINE)
        if found is None:
            continue
        name = found["name"]
        exporter = exported_by(document, job.block, name)
        if exporter is not None:
            return f"`{name}` is exported by {exporter.label}; add `#import: {name}` to this block"
        setter = forgotten(document, job.block, name)
        if setter is not None:
            return (
                f"`{name}` was set in {setter.label} but not exported; "
                f"add `#export: {name}` there and `#import: {name}` here"
            )
    return None


def _time_hint(job: Job, usage: Usage) -> str:
    """Which of the three clocks it was, and how to give more."""
    limits = job.limits
    if usage.cpu_s is not None and usage.cpu_s >= limits.cpu_s:
        return f"give it more processor time {_where(job, 'cpu')} (now {limits.cpu_s:g}s), or less to do"
    if usage.wall_s < limits.wall_s:
        return "give the whole run more with `--total-timeout`"
    return f"give it more {_where(job, 'timeout')} (now {limits.wall_s:g}s), or less to do"


def _where(job: Job, option: str) -> str:
    """Where a limit is raised: a flag does not lift what the block itself asks for."""
    if job.block.options.option(option) is not None:
        return f"by its option `{option}=`"
    return f"with `--{option}`, or `{option}=` on the block"
