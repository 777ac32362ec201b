"""The Engine API of Docker, and of Podman's compatible socket, as far as PolyRun uses it.

One connection for each request: to a socket it costs 0.1 ms, and an engine that went away is seen at once. The HTTP
is h11's. Nothing an engine answers is trusted in size.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

import h11

from polyrun.model.frozen import NOTHING, frozen

DEFAULT_SOCKETS = ("/run/docker.sock", "/var/run/docker.sock")

_VERSION = "1.40"  # Docker 19.03; what PolyRun sends means the same in every later one
_LEAST = re.compile(r"[Mm]inimum supported API version is (\d+\.\d+)")
_PIECE = 1 << 16
_MAX_ANSWER = 16 << 20
_LONGEST_MESSAGE = 500
_CONNECT_S = 10.0
_ANSWER_S = 60.0
_CLOSE_S = 2.0


class EngineError(Exception):
    """The engine answered with an error: the HTTP `status`, and the engine's own message as text."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class EngineGone(Exception):
    """No engine answers; the message says why, for the user."""


class Writer(Protocol):
    """What a program's end of a stream takes; `asyncio.StreamWriter` is one."""

    def write(self, data: bytes, /) -> None: ...  # noqa: D102
    async def drain(self) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102
    async def wait_closed(self) -> None: ...  # noqa: D102


@frozen
class Endpoint:
    """Where an engine listens: `unix:///path`, `tcp://host:port` (with `tls`, a folder of PEM files) or `ssh://host`."""

    url: str
    tls: str | None = None

    @classmethod
    def of_environment(cls, environ: Mapping[str, str] | None = None) -> Endpoint:
        """As Docker's own command finds it: `DOCKER_HOST`, `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`."""
        environ = os.environ if environ is None else environ
        url = environ.get("DOCKER_HOST") or "unix://" + next(
            (path for path in DEFAULT_SOCKETS if os.path.exists(path)), DEFAULT_SOCKETS[-1]
        )
        folder = environ.get("DOCKER_CERT_PATH") or os.path.expanduser("~/.docker")
        return cls(url, folder if environ.get("DOCKER_TLS_VERIFY") else None)

    @property
    def is_local(self) -> bool:
        """Whether the engine runs on this host, as far as the address tells."""
        return urlsplit(self.url).scheme == "unix"


@frozen
class Hijacked:
    """A connection that has become a plain stream in both directions; `beginning` came with the answer's head."""

    reader: asyncio.StreamReader
    writer: Writer
    beginning: bytes = b""

    async def close(self) -> None:
        """Close the connection, and wait until it is."""
        await _close(self.writer)


class Engine:
    """One engine. Every method raises `EngineGone` when nobody answers and `EngineError` for a refusal."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._version = _VERSION

    async def get(self, path: str, query: Mapping[str, Any] = NOTHING) -> Any:
        """The JSON that `GET path` answers."""
        return await self._json("GET", path, query, None)

    async def post(self, path: str, query: Mapping[str, Any] = NOTHING, body: Any = None) -> Any:
        """The JSON that `POST path` answers to the JSON `body`; `None` if it answers nothing."""
        return await self._json("POST", path, query, body)

    async def delete(self, path: str, query: Mapping[str, Any] = NOTHING) -> Any:
        """The JSON that `DELETE path` answers; `None` if it answers nothing."""
        return await self._json("DELETE", path, query, None)

    async def progress(
        self, path: str, query: Mapping[str, Any], body: bytes, *, kind: str = "application/x-tar", silence_s: float
    ) -> AsyncIterator[Mapping[str, Any]]:
        """`POST body` and yield the JSON lines of the answer as they come, at most `silence_s` seconds apart."""
        async with self._exchange("POST", path, query, body, kind) as exchange:
            async for line in exchange.lines(silence_s):
                yield line

    async def events(self, query: Mapping[str, Any], *, silence_s: float) -> AsyncIterator[Mapping[str, Any]]:
        """What happens in the engine, also what it still knows to have happened; it does not end by itself."""
        async with self._exchange("GET", "/events", query, b"", "application/json") as exchange:
            async for line in exchange.lines(silence_s):
                yield line

    async def hijack(self, path: str, query: Mapping[str, Any]) -> Hijacked:
        """`POST path` and turn the connection into a plain stream, which the caller must close."""
        async with AsyncExitStack() as undo:
            reader, writer = await self._connect()
            undo.push_async_callback(_close, writer)
            exchange = _Exchange(reader, writer)
            await exchange.ask("POST", self._target(path, query), b"", "text/plain", upgrade=True)
            beginning = await exchange.switched()
            undo.pop_all()
            return Hijacked(reader, writer, beginning)

    async def _json(self, method: str, path: str, query: Mapping[str, Any], body: Any) -> Any:
        sent = b"" if body is None else json.dumps(body).encode()
        try:
            whole = await self._answer(method, path, query, sent)
        except EngineError as error:
            least = _LEAST.search(str(error)) if error.status == 400 else None
            if least is None or least[1] == self._version:
                raise
            self._version = least[1]  # an engine that no longer speaks the old one says which it does
            whole = await self._answer(method, path, query, sent)
        return _parsed(whole) if whole.strip() else None

    async def _answer(self, method: str, path: str, query: Mapping[str, Any], sent: bytes) -> bytes:
        async with self._exchange(method, path, query, sent, "application/json") as exchange:
            await exchange.head()
            return await exchange.rest()

    @asynccontextmanager
    async def _exchange(
        self, method: str, path: str, query: Mapping[str, Any], body: bytes, kind: str
    ) -> AsyncIterator[_Exchange]:
        reader, writer = await self._connect()
        exchange = _Exchange(reader, writer)
        try:
            await exchange.ask(method, self._target(path, query), body, kind)
            yield exchange
        finally:
            await _close(writer)

    def _target(self, path: str, query: Mapping[str, Any]) -> str:
        words = {name: value if isinstance(value, str | int) else json.dumps(value) for name, value in query.items()}
        return f"/v{self._version}{quote(path, safe='/:@')}" + (f"?{urlencode(words)}" if words else "")

    async def _connect(self) -> tuple[asyncio.StreamReader, Writer]:
        try:
            where = urlsplit(self.endpoint.url)
            where.port  # noqa: B018 - for the error that it may give
        except ValueError as error:
            raise EngineGone(f"`{self.endpoint.url}` is no address of an engine: {error}") from error
        try:
            if where.scheme == "unix":
                async with asyncio.timeout(_CONNECT_S):  # `wait_for` of Python 3.11 may lose a cancellation
                    return await asyncio.open_unix_connection(where.path)
            if where.scheme in {"tcp", "http", "https"} and where.hostname:
                context = self._tls() if self.endpoint.tls is not None or where.scheme == "https" else None
                port = where.port or (2376 if context else 2375)
                async with asyncio.timeout(_CONNECT_S):
                    return await asyncio.open_connection(where.hostname, port, ssl=context)
            if where.scheme == "ssh" and where.hostname:
                return await self._ssh()
        except PermissionError as error:
            raise EngineGone(f"permission denied on `{where.path}`") from error
        except FileNotFoundError as error:
            raise EngineGone(f"there is no socket `{error.filename or where.path}`") from error
        except TimeoutError as error:
            raise EngineGone(f"`{self.endpoint.url}` does not answer within {_CONNECT_S:g} s") from error
        except ssl.SSLCertVerificationError as error:
            raise EngineGone(f"`{self.endpoint.url}` is not who it should be: {_said(error)}") from error
        except OSError as error:
            raise EngineGone(f"`{self.endpoint.url}`: {_said(error)}") from error
        raise EngineGone(f"`{self.endpoint.url}` is no address of an engine (`unix://`, `tcp://` or `ssh://`)")

    def _tls(self) -> ssl.SSLContext:
        folder = self.endpoint.tls or ""
        authority, certificate, key = (os.path.join(folder, name) for name in ("ca.pem", "cert.pem", "key.pem"))
        try:
            context = ssl.create_default_context(cafile=authority if folder else None)
            if folder and os.path.exists(certificate):
                context.load_cert_chain(certificate, key)
        except OSError as error:
            wanted = "`ca.pem`, and for a client's own `cert.pem` and `key.pem`"
            raise EngineGone(f"`{folder}` has no certificates to use ({wanted}): {_said(error)}") from error
        return context

    async def _ssh(self) -> tuple[asyncio.StreamReader, Writer]:
        """A connection through `ssh HOST docker system dial-stdio`, as Docker's own command makes it."""
        where = urlsplit(self.endpoint.url)
        program = shutil.which("ssh")
        if program is None:
            raise EngineGone("there is no `ssh` program")
        words = [program, "-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={_CONNECT_S:.0f}"]
        words += ["-l", where.username] if where.username else []
        words += ["-p", str(where.port)] if where.port else []
        process = await asyncio.create_subprocess_exec(
            *words, "--", where.hostname or "", "docker", "system", "dial-stdio",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        return process.stdout, _SshWriter(process, process.stdin)


class _SshWriter:
    """The writing end of an `ssh` process; closing it ends the process."""

    def __init__(self, process: asyncio.subprocess.Process, stdin: asyncio.StreamWriter) -> None:
        self._process = process
        self._stdin = stdin

    def write(self, data: bytes) -> None:
        self._stdin.write(data)

    async def drain(self) -> None:
        await self._stdin.drain()

    def close(self) -> None:
        self._stdin.close()
        if self._process.returncode is None:
            self._process.terminate()

    async def wait_closed(self) -> None:
        await self._process.wait()


class _Exchange:
    """One request and its answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_ANSWER)
        self._ended = False

    async def ask(self, method: str, target: str, body: bytes, kind: str, *, upgrade: bool = False) -> None:
        headers = [("Host", "docker"), ("Content-Length", str(len(body))), ("Content-Type", kind)]
        headers += [("Connection", "Upgrade"), ("Upgrade", "tcp")] if upgrade else [("Connection", "close")]
        self._send(h11.Request(method=method, target=target, headers=headers))
        if body:
            self._send(h11.Data(data=body))
        self._send(h11.EndOfMessage())
        try:
            await self._writer.drain()
        except OSError as error:
            raise EngineGone(f"the engine closed the connection: {_said(error)}") from error

    async def head(self) -> None:
        """Wait for the answer's head. Raises `EngineError` for a refusal."""
        event = await self._event(_ANSWER_S)
        while isinstance(event, h11.InformationalResponse):
            event = await self._event(_ANSWER_S)
        assert isinstance(event, h11.Response)
        if event.status_code >= 300:
            raise EngineError(event.status_code, _message(await self.rest(), event.status_code))

    async def switched(self) -> bytes:
        """Wait until the connection is a plain stream; what has come on it already."""
        event = await self._event(_ANSWER_S)
        if isinstance(event, h11.Response) and event.status_code >= 300:
            raise EngineError(event.status_code, _message(await self.rest(), event.status_code))
        return self._http.trailing_data[0]

    async def data(self, silence_s: float) -> bytes:
        """The next piece of the answer's body; nothing at its end."""
        event = await self._event(silence_s)
        return bytes(event.data) if isinstance(event, h11.Data) else b""

    async def lines(self, silence_s: float) -> AsyncIterator[Mapping[str, Any]]:
        """The body as JSON, one object a line."""
        await self.head()
        rest = b""
        while data := await self.data(silence_s):
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > _MAX_ANSWER:
                raise EngineError(500, "a line of progress without end")
            for line in lines:
                if line.strip():
                    yield _parsed(line)
        if rest.strip():
            yield _parsed(rest)

    async def rest(self) -> bytes:
        whole = bytearray()
        while data := await self.data(_ANSWER_S):
            whole += data
            if len(whole) > _MAX_ANSWER:
                raise EngineError(500, f"an answer of more than {_MAX_ANSWER >> 20} MiB")
        return bytes(whole)

    def _send(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)

    async def _event(self, patience_s: float) -> h11.Event:
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                if self._ended:
                    raise EngineGone("the engine closed the connection in the middle of an answer") from error
                raise EngineGone(f"what answers does not speak HTTP: {error}") from error
            if event is h11.NEED_DATA:
                try:
                    async with asyncio.timeout(patience_s):
                        data = await self._reader.read(_PIECE)
                except TimeoutError as error:
                    raise EngineGone(f"the engine was silent for {patience_s:g} s") from error
                except OSError as error:
                    raise EngineGone(f"the connection broke: {_said(error)}") from error
                if not data and self._http.their_state is h11.SEND_RESPONSE:
                    raise EngineGone("the engine closed the connection without an answer")
                self._ended = not data
                self._http.receive_data(data)
            elif isinstance(event, h11.Event):
                return event
            else:
                raise EngineGone("the engine does not let the connection become a stream")


async def _close(writer: Writer) -> None:
    """Close a connection and wait for it a little: an event loop that ends before complains, and forgets processes."""
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_CLOSE_S):
            await writer.wait_closed()


def _said(error: OSError) -> str:
    """What an error says, without OpenSSL's names for places in its own code."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError) and error.reason:
        return f"tls: {error.reason.lower().replace('_', ' ')}"
    return (error.strerror or str(error)).lower()


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EngineGone(f"what answers does not speak JSON: {error}") from error


def _message(body: bytes, status: int) -> str:
    try:
        text = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        text = body[:_LONGEST_MESSAGE].decode(errors="replace")
    text = text.strip() or f"HTTP status {status}"
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]} …"
