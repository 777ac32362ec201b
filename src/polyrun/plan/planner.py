"""Document + languages + settings -> plan: the jobs, what each may use, and what each waits for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from polyrun.config.settings import Settings
from polyrun.document import Block, Document
from polyrun.languages import Language, Program, Registry, lower
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.events import BlockInfo
from polyrun.model.limits import Limits
from polyrun.model.permissions import Permissions


@dataclass(frozen=True, slots=True)
class Job:
    """One block made ready to execute.

    `after` are the 1-based indexes of the blocks that must succeed first. `refusal` is set when the
    block asks for something that only the user can grant; it is then reported as `blocked`.
    """

    block: Block
    info: BlockInfo
    language: Language
    program: Program
    limits: Limits
    build_limits: Limits
    permissions: Permissions
    after: tuple[int, ...] = ()
    refusal: Diagnostic | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The jobs of a run in document order. `diagnostics` are the plan's own; errors there forbid a run."""

    document: Document
    jobs: tuple[Job, ...]
    diagnostics: tuple[Diagnostic, ...]


def make_plan(document: Document, registry: Registry, settings: Settings, document_name: str) -> Plan:
    """Plan the blocks of `document` whose language is known; the others already have a diagnostic.

    `document_name` is the base name that errors of compilers and interpreters will show.
    """
    diagnostics: list[Diagnostic] = []
    after = {block.index: _after(block, document, diagnostics) for block in document.blocks}
    selected = _select(document, settings, after, diagnostics)
    jobs = []
    for block in document.blocks:
        language = registry.get(block.language_id) if block.language_id else None
        if language is None or block.index not in selected:
            continue
        if settings.supported_languages is not None and language.id not in settings.supported_languages:
            diagnostics.append(_not_allowed(block, language.id, settings.supported_languages))
            continue
        jobs.append(
            Job(
                block=block,
                info=BlockInfo(block.index, block.name, language.id, block.line),
                language=language,
                program=_with_args(lower(language, block.code, block.code_line, document_name), block.args),
                limits=_limits(block, language, settings),
                build_limits=settings.build_limits,
                permissions=_permissions(block, settings.permissions),
                after=after[block.index],
                refusal=_refusal(block, settings.permissions),
            )
        )
    return Plan(document, tuple(jobs), tuple(diagnostics))


def _with_args(program: Program, args: tuple[str, ...]) -> Program:
    return replace(program, run=replace(program.run, argv=program.run.argv + args)) if args else program


def _limits(block: Block, language: Language, settings: Settings) -> Limits:
    """Least to most specific: the defaults, the language's own, the user's for that language, the block's."""
    limits = replace(settings.limits, **language.limits)
    limits = replace(limits, **settings.language_limits.get(language.id, {}))
    wanted = {"wall_s": block.timeout_s, "cpu_s": block.cpu_s, "memory_bytes": block.memory_bytes, "cpus": block.cpus}
    return replace(limits, **{name: value for name, value in wanted.items() if value is not None})


def _permissions(block: Block, granted: Permissions) -> Permissions:
    """A block may give up what the user granted (`net=off`), never take more."""
    return replace(granted, net=False) if block.net is False else granted


def _refusal(block: Block, granted: Permissions) -> Diagnostic | None:
    """What the block asks for and the user has not granted, as a diagnostic that names the flags."""
    flags: list[str] = []
    if block.net and not granted.net:
        flags.append("--allow-net")
    flags += [f"--allow-env {name}" for name in block.env if name not in granted.env]
    flags += [f"--allow-read {path}" for path in block.read if not _covers(granted.read + granted.write, path)]
    flags += [f"--allow-write={path}" for path in block.write if not _covers(granted.write, path)]
    if not flags:
        return None
    return Diagnostic(
        Code.PERMISSION_NEEDED,
        Severity.ERROR,
        "the block asks for what only you can grant",
        Label(block.header, "asked for here"),
        hint=f"run again with `{' '.join(flags)}` if you trust this document",
    )


def _covers(granted: tuple[str, ...], path: str) -> bool:
    return any(path == root or path.startswith(root.rstrip("/") + "/") for root in granted)


def _after(block: Block, document: Document, diagnostics: list[Diagnostic]) -> tuple[int, ...]:
    """The indexes `after=` names; an unknown or a later block is an error, since blocks are never reordered."""
    found = []
    for name in block.after:
        target = next((other for other in document.blocks if other.name == name), None)
        if target is None:
            message, code = f"no block is called `{name}`", Code.UNKNOWN_BLOCK
            hint = "`after=` names blocks by their `name=` option"
        elif target.index >= block.index:
            message, code = f"`after={name}` names a block that does not stand earlier", Code.AFTER_LATER_BLOCK
            hint = "blocks run in document order: move the block, or drop the option"
        else:
            found.append(target.index)
            continue
        diagnostics.append(Diagnostic(code, Severity.ERROR, message, Label(block.header), hint=hint))
    return tuple(found)


def _select(
    document: Document, settings: Settings, after: dict[int, tuple[int, ...]], diagnostics: list[Diagnostic]
) -> frozenset[int]:
    """The indexes that `only` asks for, with all that they need."""
    if not settings.only:
        return frozenset(block.index for block in document.blocks)
    selected: set[int] = set()
    for wanted in settings.only:
        found = {b.index for b in document.blocks if wanted in (b.name, str(b.index)) or wanted in b.tags}
        if not found:
            whole = document.blocks[0].header if document.blocks else document.span
            names = ", ".join(f"`{b.name}`" for b in document.blocks if b.name)[:200]
            hint = f"the named blocks are {names}" if names else "give blocks a `name=`, or use their number"
            diagnostics.append(
                Diagnostic(
                    Code.UNKNOWN_BLOCK, Severity.ERROR, f"no block is called `{wanted}`", Label(whole), hint=hint
                )
            )
        selected |= found
    for index in sorted(selected, reverse=True):
        selected.update(_ancestors(index, after))
    return frozenset(selected)


def _ancestors(index: int, after: dict[int, tuple[int, ...]]) -> set[int]:
    found: set[int] = set()
    waiting = list(after[index])
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(after[one])
    return found


def _not_allowed(block: Block, language: str, allowed: tuple[str, ...]) -> Diagnostic:
    return Diagnostic(
        Code.LANGUAGE_NOT_ALLOWED,
        Severity.ERROR,
        f"the configuration does not allow `{language}`",
        Label(block.header),
        hint=f"allowed are {', '.join(f'`{name}`' for name in allowed)}",
    )
