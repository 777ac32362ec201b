"""What the records of a run say. Names and messages come from documents, so each has a bound here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from polyrun.model.diagnostics import Diagnostic, Severity
from polyrun.model.digest import sha256
from polyrun.model.frozen import as_dict, frozen
from polyrun.model.limits import Limits
from polyrun.model.outcomes import Status
from polyrun.model.permissions import Permissions
from polyrun.model.results import BlockResult, RunResult
from polyrun.model.spans import Source
from polyrun.report.facts import Facts, number

_NAME = 500
_PATH = 4096
_TEXT = 400
_LISTED = 16
_WORST_FIRST = tuple(Severity)
_GRANT = "`--allow-"  # how the hint for something that the sandbox may have denied names the flag


@frozen
class Allowed:
    """What one block was given: the SHA-256 of its code (hexadecimal), its limits and its permissions."""

    code_sha256: str
    limits: Limits
    permissions: Permissions


@frozen
class AuditedRun:
    """What is known of a run before it begins.

    `document_sha256` is hexadecimal, `uid` the user's number. `policy` is what the static analysis was for (`block`,
    `warn`, `off`), `passed` the codes and rules that it was to let pass.
    """

    run_id: str
    source: Source
    document_sha256: str
    folder: str
    sandbox: str
    level: int
    downgrades: tuple[str, ...]
    blocks: Mapping[int, Allowed]
    policy: str
    passed: tuple[str, ...]
    uid: int
    version: str


def run_begins(run: AuditedRun) -> Facts:
    """The first record of a run."""
    facts: Facts = {"kind": "run", **_document(run), "blocks": len(run.blocks)}
    return facts | {
        **_sandbox(run),
        "policy": run.policy,
        "allow": _texts(run.passed),
        "allow_total": len(run.passed),
        "allow_sha256": _digest(run.passed),
        "uid": run.uid,
        "polyrun": run.version,
    }


def block_ended(run: AuditedRun, block: BlockResult) -> Facts:
    """The record of one block, also of one that was not run."""
    usage, allowed = block.usage, run.blocks[block.index]
    return {
        "kind": "block",
        **_document(run),
        "block": block.index,
        "name": _short(block.name, _NAME),
        "line": block.line,
        "language": block.language,
        "toolchain": _short(block.toolchain, _TEXT),
        "code_sha256": allowed.code_sha256,
        **_sandbox(run),
        "ran": block.sandbox is not None,
        "limits": as_dict(allowed.limits),
        "permissions": _permissions(allowed.permissions),
        "enforced": list(block.enforced),
        "status": block.status.value,
        "exit_code": block.exit_code,
        "signal": block.signal,
        "usage": {
            "wall_s": number(usage.wall_s),
            "cpu_s": number(usage.cpu_s),
            "memory_bytes": usage.memory_bytes,
            "processes": usage.processes,
            "disk_bytes": usage.disk_bytes,
            "output_bytes": usage.output_bytes,
        },
        "findings": [_finding(run.source, one) for one in _worst(block.findings)],
        "findings_total": len(block.findings),
        "denials": denials(block),
        "reason": _short(block.reason, _TEXT),
    }


def denials(block: BlockResult) -> list[Facts]:
    """What was refused to `block`: before it ran (by `policy`), or, as its own message lets guess, by the `sandbox`."""
    problem = block.problem
    hint = problem.hint if problem is not None else None
    if block.status is Status.BLOCKED:
        code = problem.code.value if problem is not None else None
        reason = block.reason or (problem.message if problem is not None else None)
        return [{"by": "policy", "code": code, "message": _short(reason, _TEXT), "hint": _short(hint, _TEXT)}]
    if problem is not None and hint is not None and _GRANT in hint:
        return [{"by": "sandbox", "code": None, "message": _short(problem.message, _TEXT), "hint": _short(hint, _TEXT)}]
    return []


def security_event(run: AuditedRun, kind: str, message: str) -> Facts:
    """The record of something that happened to the isolation while blocks ran."""
    return {"kind": "security", **_document(run), "event": kind, "message": _short(message, _TEXT)}


def run_ended(run: AuditedRun, result: RunResult) -> Facts:
    """The last record of a run. A run without one was killed, or is still going on."""
    ended: Facts = {"status": result.status, "exit_code": result.exit_code, "wall_s": number(result.wall_s)}
    return {"kind": "end", **_document(run), **ended}


def _document(run: AuditedRun) -> Facts:
    return {
        "run_id": run.run_id,
        "document": _short(run.source.name, _NAME),
        "folder": _short(run.folder, _PATH),
        "document_sha256": run.document_sha256,
    }


def _sandbox(run: AuditedRun) -> Facts:
    return {"sandbox": run.sandbox, "level": run.level, "downgrades": _texts(run.downgrades)}


def _permissions(granted: Permissions) -> Facts:
    return {
        "net": granted.net,
        "read": _texts(granted.read),
        "write": _texts(granted.write),
        "write_workspace": granted.write_workspace,
        "env": _texts(granted.env),
        "total": len(granted.read) + len(granted.write) + len(granted.env),
        "sha256": _digest((*granted.read, "", *granted.write, "", *granted.env)),
    }


def _digest(texts: Sequence[str]) -> str:
    """The SHA-256 of all of `texts`, each with a zero byte behind it, however many of them are listed."""
    return sha256(b"".join(text.encode("utf-8", "surrogatepass") + b"\0" for text in texts)).hexdigest()


def _worst(findings: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Those that are listed: the worst ones, and among the equally bad the first."""
    return sorted(findings, key=lambda one: _WORST_FIRST.index(one.severity))[:_LISTED]


def _finding(source: Source, found: Diagnostic) -> Facts:
    message = _short(found.message, _TEXT)
    return {"code": found.code.value, "severity": found.severity.value, "line": found.line(source), "message": message}


def _texts(texts: Sequence[str]) -> list[str | None]:
    return [_short(text, _TEXT) for text in texts[:_LISTED]]


def _short(text: str | None, most: int) -> str | None:
    """`text`, or its beginning with a mark."""
    return text if text is None or len(text) <= most else text[: most - 1] + "…"
