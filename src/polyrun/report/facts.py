"""Results as plain data for machine-readable reports, and the one way such data becomes bytes."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence

from polyrun.model.diagnostics import Diagnostic
from polyrun.model.outcomes import Status
from polyrun.model.results import BlockResult, RunResult, StepResult
from polyrun.model.spans import Source
from polyrun.model.values import Kind, ValueInfo
from polyrun.report.diagnostics import to_json

Facts = dict[str, object]

# Legal in JSON, but they act on terminals, reverse the reading order or are no characters at all.
_UNSAFE = "[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"


def encode(value: object) -> bytes:
    """`value` as one line of strict JSON in UTF-8, without a line end.

    Control characters, bidirectional controls and line separators are written as escapes; lone surrogates (from
    file names that are not UTF-8) become U+FFFD. Raises `ValueError` for a number that JSON lacks.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))
    if not text.isascii() or "\x7f" in text:
        text = re.sub(_UNSAFE, _escape, text)
    return text.encode()


def _escape(match: re.Match[str]) -> str:
    number = ord(match[0])
    return "\ufffd" if 0xD800 <= number <= 0xDFFF else f"\\u{number:04x}"


def number(value: float | None) -> float | None:
    """Seconds to the microsecond; `None` for what JSON cannot say."""
    return None if value is None or not math.isfinite(value) else round(value, 6)


def diagnostics(source: Source | None, found: Sequence[Diagnostic]) -> list[Facts]:
    """Diagnostics as `report.diagnostics.to_json` gives them; nothing without the source they point into."""
    return list(to_json(source, found)) if source is not None else []


def problem(source: Source | None, block: BlockResult) -> Facts | None:
    """A block's problem, if it has one that can be shown."""
    return next(iter(diagnostics(source, [block.problem])), None) if block.problem is not None else None


def measures(step: StepResult) -> Facts:
    """How one step ended and what it used."""
    outcome = step.outcome
    return {
        "status": outcome.status.value,
        "exit_code": outcome.exit_code,
        "signal": outcome.signal,
        "truncated": step.stdout.truncated or step.stderr.truncated,
        "wall_s": number(outcome.usage.wall_s),
        "cpu_s": number(outcome.usage.cpu_s),
        "memory_bytes": outcome.usage.memory_bytes,
        "disk_bytes": outcome.usage.disk_bytes,
        "output_bytes": outcome.usage.output_bytes,
        "reason": outcome.reason,
    }


def value(info: ValueInfo) -> Facts:
    """What is said of a value."""
    kind = info.type
    facts: Facts = {"type": str(kind), "bytes": info.bytes, "preview": info.preview}
    if kind.shape is not None:
        facts["shape"] = list(kind.shape)
    if kind.rows is not None:
        facts["rows"] = kind.rows
        facts["columns"] = {column.name: column.type for column in kind.columns or ()}
    if kind.kind in _COUNTED and kind.count is not None:
        facts["count"] = kind.count
    if kind.media is not None:
        facts["media"] = kind.media
    return facts | {"producer": info.producer, "line": info.line}


_COUNTED = (Kind.LIST, Kind.MAP)


def block_head(block: BlockResult) -> Facts:
    """What stands before a block's output."""
    return {
        "index": block.index,
        "name": block.name,
        "language": block.language,
        "line": block.line,
        "status": block.status.value,
        "exit_code": block.exit_code,
        "signal": block.signal,
    }


def block_tail(block: BlockResult, source: Source | None) -> Facts:
    """What stands after a block's output and its build."""
    usage = block.usage
    return {
        "wall_s": number(usage.wall_s),
        "cpu_s": number(usage.cpu_s),
        "memory_bytes": usage.memory_bytes,
        "processes": usage.processes,
        "disk_bytes": usage.disk_bytes,
        "output_bytes": usage.output_bytes,
        "sandbox": block.sandbox,
        "enforced": list(block.enforced),
        "cache": "hit" if block.build_cached else "miss",
        "toolchain": block.toolchain,
        "imports": {one.name: value(one) for one in block.imports},
        "exports": {one.name: value(one) for one in block.exports},
        "findings": diagnostics(source, block.findings),
        "allowed_to_fail": block.allowed_to_fail,
        "reason": block.reason,
        "problem": problem(source, block),
    }


def run_tail(result: RunResult) -> Facts:
    """What is known of a run besides its name, its end and its blocks."""
    return {
        "sandbox": result.sandbox,
        "level": result.level,
        "artifacts": list(result.artifacts),
        "artifacts_dir": result.artifacts_dir,
        "log": result.log_path,
        "notes": list(result.notes),
        "values": {name: json.loads(text) for name, text in result.values.items()},
        "saved": list(result.saved),
        "report": result.report,
        "audit_head": result.audit_head,
    }


def tally(blocks: Sequence[BlockResult]) -> Facts:
    """How many blocks ended in which status."""
    counts = {status.value: sum(block.status is status for block in blocks) for status in Status}
    return {status: count for status, count in counts.items() if count}
