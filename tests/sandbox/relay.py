"""A program of its own that stands for another host: it takes connections by TCP and hands them to an engine's socket.

`relay.py ADDRESS SOCKET CERTIFICATES` prints two ports when it listens: a plain one, and one that speaks TLS with
clients whose certificate its authority has signed. It ends with its standard input, so that it outlives nobody.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from contextlib import suppress

_PIECE = 1 << 16


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(_PIECE):
            target.write(data)
            await target.drain()
    target.close()


async def _main(address: str, socket: str, certificates: str) -> None:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine_reader, engine_writer = await asyncio.open_unix_connection(socket)
        await asyncio.gather(_pump(reader, engine_writer), _pump(engine_reader, writer))

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=f"{certificates}/ca.pem")
    context.load_cert_chain(f"{certificates}/server.pem", f"{certificates}/server-key.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    plain = await asyncio.start_server(relay, address, 0)
    secured = await asyncio.start_server(relay, address, 0, ssl=context)
    ports = (str(server.sockets[0].getsockname()[1]) for server in (plain, secured))
    sys.stdout.write(" ".join(ports) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:4]))
