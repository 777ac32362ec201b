"""A relay between PolyRun and its engine, by which a test breaks connections."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Relay:
    """Listens on `address` and passes everything on.

    The answer to the next request whose first line holds `breaks` does not arrive: the connection is reset. With
    `stalls` nothing is passed on any more, in either direction.
    """

    def __init__(self, engine: str) -> None:
        self.address = ""
        self.breaks: bytes | None = None
        self.stalls = False
        self._engine = urlsplit(engine)
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None] | None] = set()

    def reset(self) -> None:
        """Reset every connection there is."""
        for writer in self._open:
            _reset(writer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on."""
        self._tasks.add(asyncio.current_task())
        self._open.add(writer)
        if self._engine.scheme == "unix":
            back, forth = await asyncio.open_unix_connection(self._engine.path)
        else:
            back, forth = await asyncio.open_connection(self._engine.hostname, self._engine.port)
        try:
            head = await reader.read(65536)
            forth.write(head)
            breaks = self.breaks is not None and self.breaks in head.split(b"\r\n")[0]
            answer = self._lose(back, writer) if breaks else self._pass(back, writer)
            ways = [asyncio.create_task(self._pass(reader, forth)), asyncio.create_task(answer)]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            self._open.discard(writer)
            for end in (writer, forth):
                end.close()

    async def _lose(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        self.breaks = None
        await source.read(65536)  # the engine has done it, and nobody hears of that
        _reset(target)

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                while self.stalls:  # noqa: ASYNC110 - a test that waits a little longer loses nothing
                    await asyncio.sleep(0.02)
                target.write(data)
                await target.drain()

    async def finish(self) -> None:
        """Wait for the end of every connection."""
        self.stalls = False
        self.reset()
        await asyncio.gather(*filter(None, self._tasks), return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def relayed(engine: str) -> AsyncIterator[Relay]:
    """A relay to the engine at that address."""
    relay = Relay(engine)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    relay.address = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield relay
    finally:
        server.close()
        await relay.finish()
