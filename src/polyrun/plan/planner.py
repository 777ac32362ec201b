"""Document + languages + settings -> plan: the jobs, what each may use, and what each waits for."""

from __future__ import annotations

import os

from polyrun.config.settings import DOCUMENT_CEILING, Settings
from polyrun.document import Block, Document
from polyrun.languages import Language, Names, Program, Registry, lower
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.events import BlockInfo
from polyrun.model.frozen import frozen, replace
from polyrun.model.limits import Limits
from polyrun.model.permissions import Permissions
from polyrun.model.spans import Span
from polyrun.plan.links import Linker, Links


@frozen
class Job:
    """One block made ready to execute.

    `after` are the 1-based indexes of the blocks that must succeed first. `refusal` is set when the
    block asks for something that only the user can grant; it is then reported as `blocked`. `links` are the values it
    takes and hands over. `findings` are what the static analysis says of its code; an error among them blocks it.
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
    links: Links = Links()
    findings: tuple[Diagnostic, ...] = ()


@frozen
class Plan:
    """The jobs of a run in document order. `diagnostics` are the plan's own; errors there forbid a run."""

    document: Document
    jobs: tuple[Job, ...]
    diagnostics: tuple[Diagnostic, ...]


def make_plan(document: Document, registry: Registry, settings: Settings, folder: str) -> Plan:
    """Plan the blocks of `document` whose language is known; the others already have a diagnostic.

    `folder` is the document's folder (absolute): what relative paths in options are relative to.
    """
    diagnostics: list[Diagnostic] = []
    linker = Linker(document, settings.given)
    languages = {b.index: language for b in document.blocks if (language := _language(b, registry)) is not None}
    links = linker.link(languages)
    diagnostics += linker.diagnostics
    after = {block.index: _after(block, document, diagnostics) for block in document.blocks}
    after = {index: tuple(sorted({*named, *links[index].needs})) for index, named in after.items()}
    selected = _select(document, settings, after, diagnostics)
    jobs = []
    for block in document.blocks:
        language = languages.get(block.index)
        if language is None or block.index not in selected:
            continue
        if settings.supported_languages is not None and language.id not in settings.supported_languages:
            diagnostics.append(_not_allowed(block, language.id, settings.supported_languages))
            continue
        limits, excess = _limits(block, language, settings)
        jobs.append(
            Job(
                block=block,
                info=_info(block, language),
                language=language,
                program=_program(block, language, document.source.name, links[block.index]),
                limits=limits,
                build_limits=settings.build_limits,
                permissions=_permissions(block, settings.permissions),
                after=after[block.index],
                refusal=_refusal(block, settings.permissions, folder, excess),
                links=links[block.index],
            )
        )
    return Plan(document, tuple(jobs), tuple(diagnostics))


def _info(block: Block, language: Language) -> BlockInfo:
    return BlockInfo(block.index, block.name.text if block.name else None, language.id, block.line, block.body)


def _language(block: Block, registry: Registry) -> Language | None:
    return registry.get(block.language_id) if block.language_id else None


def _program(block: Block, language: Language, document: str, links: Links) -> Program:
    names = Names(tuple(link.local for link in links.imports), tuple(export.name for export in links.exports))
    program = lower(language, block.code, block.code_line, document, names)
    if not block.options.args:
        return program
    return replace(program, run=replace(program.run, argv=program.run.argv + block.options.args))


def _limits(block: Block, language: Language, settings: Settings) -> tuple[Limits, list[str]]:
    """The limits of a block, and the flags the user would have to give for what it asks beyond the ceiling.

    Least to most specific: the defaults, the language's own, what the user chose, the user's for that
    language, the block's. What the user chose is a ceiling for the block.
    """
    own = {name: value for name, value in language.limits.items() if name not in settings.chosen_limits}
    chosen = settings.language_limits.get(language.id, {})
    limits = settings.limits.updated(own).updated(chosen)
    options = block.options
    wanted = {
        "wall_s": (options.timeout_s, "--timeout"),
        "cpu_s": (options.cpu_s, "--cpu"),
        "memory_bytes": (options.memory_bytes, "--memory"),
        "cpus": (options.cpus, "--cpus"),
    }
    excess = []
    for name, (value, flag) in wanted.items():
        if value is None:
            continue
        if name in settings.chosen_limits or name in chosen:
            limits = limits.updated({name: min(value, getattr(limits, name))})
        elif value > max(getattr(DOCUMENT_CEILING, name), getattr(limits, name) or 0):
            option = options.option({"wall_s": "timeout", "memory_bytes": "memory"}.get(name, "cpu"))
            excess.append(f"{flag} {option.value if option else value}")
        else:
            limits = limits.updated({name: value})
    return limits, excess


def _permissions(block: Block, granted: Permissions) -> Permissions:
    """A block may give up what the user granted (`net=off`), never take more."""
    return replace(granted, net=False) if block.options.net is False else granted


def _refusal(block: Block, granted: Permissions, folder: str, flags: list[str]) -> Diagnostic | None:
    """What the block asks for and the user has not granted, as a diagnostic that names the flags."""
    options = block.options
    if options.net and not granted.net:
        flags.append("--allow-net")
    flags += [f"--allow-env {name}" for name in options.env if name not in granted.env]
    flags += [f"--allow-read {p}" for p in options.read if not _covers(granted.read + granted.write, folder, p)]
    flags += [f"--allow-write={p}" for p in options.write if not _covers(granted.write, folder, p)]
    if not flags:
        return None
    return Diagnostic(
        Code.PERMISSION_NEEDED,
        Severity.ERROR,
        "the block asks for what only you can grant",
        Label(block.header, "asked for here"),
        hint=f"run again with `{' '.join(flags)}` if you trust this document",
    )


def _covers(granted: tuple[str, ...], folder: str, path: str) -> bool:
    """Whether `path`, relative to `folder`, lies in one of the `granted` absolute paths."""
    wanted = os.path.normpath(os.path.join(folder, path))
    return any(wanted == root or wanted.startswith(root.rstrip("/") + "/") for root in granted)


def _after(block: Block, document: Document, diagnostics: list[Diagnostic]) -> tuple[int, ...]:
    """The indexes `after=` names; an unknown or a later block is an error, since blocks are never reordered."""
    found = []
    for name in block.options.after:
        target = next((other for other in document.blocks if other.name and other.name.text == name.text), None)
        if target is None:
            message, code = f"no block is called `{name.text}`", Code.UNKNOWN_BLOCK
            hint = "`after=` names blocks by their `name=` option"
        elif target.index >= block.index:
            message, code = f"`after={name.text}` names a block that does not stand earlier", Code.AFTER_LATER_BLOCK
            hint = "blocks run in document order: move the block, or drop the option"
        else:
            found.append(target.index)
            continue
        diagnostics.append(Diagnostic(code, Severity.ERROR, message, Label(name.span), hint=hint))
    return tuple(found)


def _select(
    document: Document, settings: Settings, after: dict[int, tuple[int, ...]], diagnostics: list[Diagnostic]
) -> frozenset[int]:
    """The indexes that `only` asks for by name, number or tag, with all that they need."""
    if not settings.only:
        return frozenset(block.index for block in document.blocks)
    selected: set[int] = set()
    for wanted in settings.only:
        found = {
            block.index
            for block in document.blocks
            if wanted == str(block.index) or wanted in block.options.tags or (block.name and block.name.text == wanted)
        }
        if not found:
            names = ", ".join(f"`{block.name.text}`" for block in document.blocks if block.name)[:200]
            hint = f"the named blocks are {names}" if names else "give blocks a `name=`, or use their number"
            where = Label(document.blocks[0].header if document.blocks else Span(0, 0))
            message = f"`--only {wanted}`: no block has this name, number or tag"
            diagnostics.append(Diagnostic(Code.UNKNOWN_BLOCK, Severity.ERROR, message, where, hint=hint))
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
