"""A small HTTP server on a unix socket, which answers exactly what a test wants, byte for byte."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from polyrun.sandbox.docker.api import Endpoint, Engine

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """`asked` are the heads and bodies of the requests so far."""

    engine: Engine
    path: str
    asked: list[tuple[bytes, bytes]] = field(default_factory=list)


@asynccontextmanager
async def serving(*answers: bytes | Answer) -> AsyncIterator[Server]:
    """Answer the requests in turn, the last answer for all that follow; the connection is closed after each."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "engine.sock")
        server = Server(Engine(Endpoint(f"unix://{path}")), path)
        going_on: set[asyncio.Task[Any] | None] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            going_on.add(asyncio.current_task())
            answer = answers[min(len(server.asked), len(answers) - 1)]
            with suppress(OSError, asyncio.IncompleteReadError):
                server.asked.append(await _request(reader))
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(reader, writer)
            writer.close()

        listening = await asyncio.start_unix_server(serve, path)
        try:
            yield server
        finally:
            listening.close()
            async with asyncio.timeout(5):  # a client that keeps its end open fails the test
                await asyncio.gather(*filter(None, going_on))


async def _request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return head, await reader.readexactly(length)


def plain(body: bytes | Any, status: str = "200 OK", length: int | None = None) -> bytes:
    """An answer with a `Content-Length`; what is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    length = len(data) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n".encode() + data


def chunked(*pieces: bytes, status: str = "200 OK", ends: bool = True) -> bytes:
    """An answer in chunks."""
    head = f"HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + (b"0\r\n\r\n" if ends else b"")
