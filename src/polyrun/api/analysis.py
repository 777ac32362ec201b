"""Asks the analyser: in a box of its own, for what is not remembered."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TypeVar

from polyrun.api.folders import Folders, user_folders
from polyrun.model.frozen import replace
from polyrun.model.limits import GIB, Limits
from polyrun.model.outcomes import Outcome, Status
from polyrun.policy.memory import Memory, module_folders
from polyrun.policy.protocol import Answer, Piece, read_replies, request
from polyrun.sandbox.base import BoxSpec, Command, Sandbox, Workspace
from polyrun.sandbox.registry import choose
from polyrun.sandbox.scratch import scratch as make_scratch
from polyrun.sandbox.scratch import write_whole

MAX_CODE_BYTES = 1 << 20
"""Longer code is not analysed."""

_LIMITS = Limits(wall_s=30.0, cpu_s=5.0, memory_bytes=GIB, processes=16, output_bytes=1 << 24, flood_bytes=1 << 24)
_BYTES_PER_S = 200_000
_FAILURES = 3
_AT_ONCE = 200
_T = TypeVar("_T")


async def answers_to(
    pieces: list[Piece], rules: Sequence[str], folders: Folders, sandbox: Sandbox | None, scratch: str
) -> dict[Piece, Answer]:
    """An answer to each of `pieces`, with the rules in the folders `rules` besides the built-in ones.

    The analyser runs in a box of `sandbox`, or where that shows not the host's programs in the safest that does; it has
    files below `scratch`. Raises `SandboxError`.
    """
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
    """An answer to each of `pieces`, some at a time, so that none is lost to the bounds of what others take."""
    answers: list[Answer] = []
    for start in range(0, len(pieces), _AT_ONCE):
        answers += await _ask_some(pieces[start : start + _AT_ONCE], rules, sandbox, scratch)
    return answers


async def _ask_some(pieces: list[Piece], rules: Sequence[str], sandbox: Sandbox, scratch: str) -> list[Answer]:
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
    seconds = len(asked) / _BYTES_PER_S
    output = bytearray()
    async with sandbox.open(_box(scratch, rules)) as box:
        outcome = await box.run(
            replace(_worker(), stdin=asked),
            replace(_LIMITS, wall_s=_LIMITS.wall_s + seconds, cpu_s=_LIMITS.cpu_s + seconds),
            lambda stream, data: output.extend(data) if stream == "stdout" else None,
        )
    return bytes(output), outcome


def _box(scratch: str, rules: Sequence[str]) -> BoxSpec:
    """A box that shows Python's modules and the user's rules, and nothing of the document's folder."""
    folder = os.path.join(scratch, "analysis")
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    return BoxSpec(Workspace(folder), scratch, roots=(sys.prefix, sys.base_prefix, *module_folders(), *rules))


def _worker() -> Command:
    """The analyser's command: this Python, without the time that `site` takes to find the same folders again."""
    argv = (os.path.realpath(sys.executable), "-S", "-s", "-P", "-m", "polyrun.policy.worker")
    env = {"PYTHONPATH": os.pathsep.join(module_folders()), "PYTHONDONTWRITEBYTECODE": "1"}
    return Command(argv, env)


def _ending(outcome: Outcome) -> str:
    if outcome.status is Status.SIGNALLED:
        return f"was ended by {outcome.signal}"
    return outcome.reason or f"ended with exit code {outcome.exit_code}"


def ask_afresh(pieces: list[Piece], rules: Sequence[str]) -> dict[Piece, Answer]:
    """An answer to each of `pieces` with the rules in `rules` besides the built-in ones, whatever is remembered."""
    folders = user_folders()

    async def ask() -> list[Answer]:
        with make_scratch() as scratch:
            return await _ask(pieces, rules, await _safest(folders), scratch)

    return dict(zip(pieces, finished(ask), strict=True))


def finished(work: Callable[[], Coroutine[None, None, _T]]) -> _T:
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
