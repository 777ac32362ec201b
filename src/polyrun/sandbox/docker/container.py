"""One container from its creation to its removal. It runs one command, and no second one ever."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine, Iterable
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from polyrun.model.errors import SandboxError
from polyrun.sandbox.docker.api import Engine, EngineError, EngineGone, Hijacked
from polyrun.sandbox.docker.frames import PIECE, Frame, FrameReader, Kind, StreamEnded, frame
from polyrun.sandbox.docker.hardening import LABEL_DEADLINE, LABEL_KEPT, LABEL_OWNER, Wanted, body, check
from polyrun.sandbox.identity import new_name

_T = TypeVar("_T")

_START_S = 60.0
_NEWS_S = 1.0
_NAME_PREFIX = "polyrun-"


class Container:
    """A container whose starter waits for a job. Make one with `start`."""

    def __init__(self, engine: Engine, wanted: Wanted, identifier: str, attached: Hijacked) -> None:
        self.wanted = wanted
        self.id = identifier
        self.machine = ""
        self.started = time.monotonic()
        self._engine = engine
        self._attached = attached
        self._frames = FrameReader(attached)
        self._removed = False

    @classmethod
    async def start(cls, engine: Engine, wanted: Wanted, lifetime_s: float) -> Container:
        """Create and start a container and see that it is what was asked for.

        It counts as left behind after `lifetime_s` seconds. Raises `SandboxError`; nothing is left then.
        """
        owner = LABEL_OWNER if wanted.remove else LABEL_KEPT
        labels = {owner: new_name(), LABEL_DEADLINE: str(int(time.time() + lifetime_s))}
        name = _NAME_PREFIX + os.urandom(6).hex()
        async with AsyncExitStack() as undo:
            undo.push_async_callback(_remove, engine, name)  # also when the engine's answer to its making is lost
            try:
                made = await _to_its_end(engine.post("/containers/create", {"name": name}, body(wanted, labels)))
            except (EngineError, EngineGone) as error:
                raise SandboxError("creating a container", str(error)) from error
            try:
                where = f"/containers/{made['Id']}"
                attached = await engine.hijack(f"{where}/attach", {"stream": 1, "stdin": 1, "stdout": 1})
                undo.push_async_callback(attached.close)
                container = cls(engine, wanted, made["Id"], attached)
                await engine.post(f"{where}/start")
                async with asyncio.timeout(_START_S):
                    said = await container.next()
            except (EngineError, EngineGone, StreamEnded) as error:
                raise SandboxError("starting a container", str(error)) from error
            except TimeoutError as error:
                raise SandboxError("starting a container", f"it took more than {_START_S:g} s") from error
            if said.kind is not Kind.READY:
                raise SandboxError("starting a container", said.data.decode(errors="replace"))
            container.machine = said.facts().get("machine", [""])[0]
            check(wanted, said.facts())
            undo.pop_all()
        return container

    @property
    def is_there(self) -> bool:
        """Whether it still waits, as far as its connection tells."""
        return not self._removed and not self._attached.reader.at_eof()

    async def give(self, pieces: Iterable[bytes]) -> None:
        """Send the job, a tar stream. Raises `StreamEnded` when the container is gone, `OSError` for a bad file."""
        writer = self._attached.writer
        try:
            for piece in pieces:
                for at in range(0, len(piece), PIECE):
                    writer.write(frame(Kind.JOB, piece[at : at + PIECE]))
                await writer.drain()
        except (ConnectionError, BrokenPipeError) as error:
            raise StreamEnded("the container or its engine ended the connection") from error

    def stop(self) -> None:
        """Tell the starter to kill the program."""
        self._attached.writer.write(frame(Kind.STOP))

    async def next(self) -> Frame:
        """What the starter says next. Raises `StreamEnded`."""
        return await self._frames.next()

    async def was_out_of_memory(self) -> bool:
        """Whether the kernel killed it, starter and all, for its use of memory; as far as the engine still knows."""
        try:
            facts = await self._engine.get(f"/containers/{self.id}/json")
            if facts.get("State", {}).get("OOMKilled"):
                return True
        except EngineGone:
            return False
        except EngineError:  # it was removed at its end
            pass
        wanted = {"since": "1", "filters": {"container": [self.id], "event": ["oom"]}}
        try:
            async with asyncio.timeout(_NEWS_S):
                async for _event in self._engine.events(wanted, silence_s=_NEWS_S):
                    return True
        except (EngineError, EngineGone, TimeoutError):
            pass
        return False

    def hang_up(self) -> None:
        """Close the connection."""
        self._attached.writer.close()

    async def remove(self) -> None:
        """Kill what is left of it and remove it; harmless when done before, or when the engine is gone."""
        if not self._removed:
            self._removed = True
            self.hang_up()
            if self.wanted.remove:
                await _remove(self._engine, self.id)
            await self._attached.close()


async def _to_its_end(request: Coroutine[Any, Any, _T]) -> _T:
    """What `request` gives. A cancellation waits for it first: the engine does what it was told all the same."""
    doing = asyncio.ensure_future(request)
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        raise


async def _remove(engine: Engine, identifier: str) -> None:
    """Remove a container, whatever it does. One that the engine is removing already is waited for.

    Podman answers 500 when the container ends by itself at the same moment ("container state improper").
    """
    for _ in range(50):
        try:
            await engine.delete(f"/containers/{identifier}", {"force": 1, "v": 1})
        except EngineGone:
            return
        except EngineError as error:
            if error.status not in {409, 500}:  # 409: its removal is in progress
                return
            await asyncio.sleep(0.1)
        else:
            return
