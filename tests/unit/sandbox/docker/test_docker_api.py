"""The engine's API against a real server: answers of every shape, and engines that do not behave."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from polyrun.sandbox.base import Capabilities, Unavailable
from polyrun.sandbox.docker import api
from polyrun.sandbox.docker.api import DEFAULT_SOCKETS, Endpoint, Engine, EngineError, EngineGone
from polyrun.sandbox.docker.backend import Docker
from polyrun.sandbox.docker.options import DockerOptions
from unit.sandbox.docker.engine_server import chunked, plain, serving
from unit.sandbox.docker.surroundings import as_user, users_folder

VERSION = {"ApiVersion": "1.41"}
INFO = {"ServerVersion": "20.10", "Runtimes": {"runc": {}, "runsc": {}}, "DefaultRuntime": "runc"}


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (plain({"a": [1, "ü"]}), {"a": [1, "ü"]}),
        (chunked(b'{"a":', b" [1]", b"}\n"), {"a": [1]}),
        (plain(b"", "204 No Content"), None),
        (plain(b" \n"), None),
        (chunked(), None),
        (b'HTTP/1.1 200 OK\r\n\r\n{"until": "the end"}', {"until": "the end"}),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + plain([1]), [1]),
    ],
)
async def test_answers_of_every_shape(answer: bytes, value: Any) -> None:
    async with serving(answer) as server:
        assert await server.engine.get("/things") == value
        assert await server.engine.post("/things", body={"x": 1}) == value
        assert await server.engine.delete("/things") == value
    methods = [head.split(b" ")[0] for head, _ in server.asked]
    assert methods == [b"GET", b"POST", b"DELETE"]
    assert [body for _, body in server.asked] == [b"", b'{"x": 1}', b""]


async def test_what_is_asked_is_quoted() -> None:
    async with serving(plain(1)) as server:
        await server.engine.get("/images/a b?c#d\r\nX: y", {"filters": {"label": ["ü&="]}, "n": 1, "t": "a b"})
    target = server.asked[0][0].split(b" ")[1].decode()
    assert target.startswith("/v1.40/images/a%20b%3Fc%23d%0D%0AX:%20y?")
    assert target.endswith("filters=%7B%22label%22%3A+%5B%22%5Cu00fc%26%3D%22%5D%7D&n=1&t=a+b")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (plain({"message": " no such image \n"}, "404 Not Found"), "no such image"),
        (chunked(b'{"message": "x"}', status="404 Not Found"), "x"),
        (plain(b"<html>proxy</html>", "404 Not Found"), "<html>proxy</html>"),
        (plain({"error": "other words"}, "404 Not Found"), '{"error": "other words"}'),
        (plain([1], "404 Not Found"), "[1]"),
        (plain(b"", "404 Not Found"), "HTTP status 404"),
        (plain(b"\xff" * 1000, "404 Not Found"), "\ufffd" * 500),
    ],
)
async def test_a_refusal_has_the_engines_words(answer: bytes, message: str) -> None:
    async with serving(answer) as server:
        for ask in (server.engine.get("/x"), server.engine.hijack("/x", {}), anext(progress(server.engine))):
            with pytest.raises(EngineError) as caught:
                await ask
            assert (caught.value.status, str(caught.value)) == (404, message)


def progress(engine: Engine, silence_s: float = 5.0) -> Any:
    return engine.progress("/build", {}, b"context", silence_s=silence_s)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "closed the connection"),
        (plain(b'{"a": ', length=100), "in the middle of an answer"),
        (chunked(b'{"a": ', ends=False), "in the middle of an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not speak HTTP"),
        (bytes(100), "does not speak HTTP"),
        (plain(b"{"), "does not speak JSON"),
        (plain(b"\xff"), "does not speak JSON"),
        (plain(b"[" * 200_000), "does not speak JSON"),
    ],
)
async def test_an_answer_that_is_none(answer: bytes, message: str) -> None:
    async with serving(answer) as server:
        with pytest.raises(EngineGone, match=message):
            await server.engine.get("/x")


async def test_silence_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_ANSWER_S", 0.1)

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(silent) as server:
        for ask in (server.engine.get("/x"), server.engine.hijack("/x", {}), anext(progress(server.engine, 0.1))):
            with pytest.raises(EngineGone, match=r"silent for 0\.1 s"):
                await ask


async def test_a_huge_answer_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_MAX_ANSWER", 1 << 20)
    ended = asyncio.Event()

    async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(bytes(1 << 16))
                await writer.drain()
        finally:
            ended.set()

    async with serving(endless) as server:
        with pytest.raises(EngineError, match="more than 1 MiB"):
            await server.engine.get("/x")
        await asyncio.wait_for(ended.wait(), 5)
        with pytest.raises(EngineError, match="without end"):
            await anext(progress(server.engine))


async def test_a_head_without_end_is_no_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_MAX_ANSWER", 1 << 16)
    async with serving(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000) as server:
        with pytest.raises(EngineGone, match="does not speak HTTP"):
            await server.engine.get("/x")


async def test_progress_comes_line_by_line_however_it_is_cut() -> None:
    answer = chunked(b'{"stream": "one"}\r\n{"str', b'eam": "two"}\n\n', b'{"error": "three"}')
    async with serving(answer) as server:
        assert [event async for event in progress(server.engine)] == [
            {"stream": "one"}, {"stream": "two"}, {"error": "three"},
        ]  # fmt: skip
        assert server.asked[0][1] == b"context"
        assert b"application/x-tar" in server.asked[0][0]


async def test_progress_that_is_no_json_is_told() -> None:
    async with serving(chunked(b"what?\n")) as server:
        with pytest.raises(EngineGone, match="JSON"):
            await anext(progress(server.engine))


@pytest.mark.parametrize("head", [b"101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp", b"200 OK"])
async def test_a_connection_becomes_a_stream(head: bytes) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 " + head + b"\r\n\r\nearly")
        writer.write(await reader.readexactly(5))

    async with serving(echo) as server:
        stream = await server.engine.hijack("/containers/x/attach", {"stdin": 1})
        stream.writer.write(b"hello")
        await stream.writer.drain()
        assert stream.beginning + await asyncio.wait_for(stream.reader.read(), 5) == b"earlyhello"
        stream.writer.close()
    assert b"upgrade: tcp" in server.asked[0][0].lower()


async def test_a_connection_that_ends_instead_of_becoming_a_stream() -> None:
    async with serving(b"") as server:
        with pytest.raises(EngineGone, match="without an answer"):
            await server.engine.hijack("/x", {})


async def test_the_connection_of_a_cancelled_question_is_closed() -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        ended.set()

    async with serving(silent) as server:
        asking = asyncio.create_task(server.engine.get("/x"))
        await asked.wait()
        asking.cancel()
        await asyncio.wait_for(ended.wait(), 5)
        assert asking.cancelled()


class Sink:
    """The end of a connection on which nobody waits for what is written."""

    def write(self, data: bytes, /) -> None:
        assert data

    async def drain(self) -> None:
        await asyncio.sleep(0)

    def close(self) -> None:
        raise AssertionError

    async def wait_closed(self) -> None:
        raise AssertionError


@pytest.mark.parametrize("steps", range(5))
async def test_a_cancellation_that_comes_together_with_an_answer_is_not_lost(steps: int) -> None:
    reader = asyncio.StreamReader()
    exchange = api._Exchange(reader, Sink())
    await exchange.ask("GET", "/x", b"", "text/plain")

    async def whole() -> bytes:
        await exchange.head()
        return await exchange.rest()

    asking = asyncio.create_task(whole())
    for _ in range(3):
        await asyncio.sleep(0)
    reader.feed_data(plain(b"half", length=8))
    for _ in range(steps):
        await asyncio.sleep(0)
    asking.cancel()
    done, _ = await asyncio.wait({asking}, timeout=1)
    assert done, "it waits for the other half"
    assert asking.cancelled()


# ---- nobody there ----


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("unix:///nowhere/docker.sock", "there is no socket `/nowhere/docker.sock`"),
        ("unix:///etc/passwd", "connection refused"),
        ("unix:///" + "n" * 200, "too long"),
        ("tcp://127.0.0.1:1", "`tcp://127.0.0.1:1`: "),
        ("ftp://host", "is no address of an engine"),
        ("docker.sock", "is no address of an engine"),
        ("tcp://", "is no address of an engine"),
        ("tcp://host:99999", "is no address of an engine"),
        ("tcp://[::1", "is no address of an engine"),
    ],
)
async def test_nobody_there(url: str, message: str) -> None:
    with pytest.raises(EngineGone) as caught:
        await Engine(Endpoint(url)).get("/version")
    assert message in str(caught.value)
    probed = await Docker(endpoint=Endpoint(url)).probe()
    assert isinstance(probed, Unavailable)
    assert message in probed.reason


async def test_a_socket_that_nobody_listens_on(tmp_path: Path) -> None:
    path = str(tmp_path / "docker.sock")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path)
        probed = await Docker(endpoint=Endpoint(f"unix://{path}")).probe()
    assert isinstance(probed, Unavailable)
    assert "connection refused" in probed.reason
    assert probed.hint == "start Docker, or set `DOCKER_HOST`"


_IMPORTS = """
import asyncio
from polyrun.sandbox.docker.backend import Docker
"""
_ASK = """
found = asyncio.run(Docker().probe())
print(found.reason, found.hint, sep="|")
"""


def test_a_socket_that_the_user_may_not_open() -> None:
    with users_folder() as (home, _give):
        path = str(home / "docker.sock")
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path)
            one.listen()
            os.chmod(path, 0)
            reason, hint = as_user(_IMPORTS, _ASK, DOCKER_HOST=f"unix://{path}").strip().split("|")
    assert reason == f"permission denied on `{path}`"
    assert "group `docker`" in hint


def test_the_environment_names_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Endpoint.of_environment({"DOCKER_HOST": "tcp://h:1"}) == Endpoint("tcp://h:1")
    assert not Endpoint("tcp://h:1").is_local
    tls = {"DOCKER_HOST": "tcp://h:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certs"}
    assert Endpoint.of_environment(tls).tls == "/certs"
    usual = Endpoint.of_environment({})
    assert usual.url.removeprefix("unix://") in DEFAULT_SOCKETS
    assert usual.is_local
    monkeypatch.setenv("DOCKER_HOST", "unix:///x")
    assert Endpoint.of_environment().url == "unix:///x"


# ---- what a probe makes of it ----


async def test_an_engine_that_will_do() -> None:
    async with serving(plain(VERSION), plain(INFO)) as server:
        found = await Docker(endpoint=server.engine.endpoint).probe()
    assert isinstance(found, Capabilities)
    assert found.level == 3
    assert found.notes == (f"engine: 20.10 at unix://{server.path}", "runtime: runc")


async def test_a_runtime_with_a_kernel_of_its_own_is_a_level_more() -> None:
    async with serving(plain(VERSION), plain(INFO)) as server:
        found = await Docker(DockerOptions(runtime="runsc"), server.engine.endpoint).probe()
    assert isinstance(found, Capabilities)
    assert found.level == 4


@pytest.mark.parametrize(
    ("version", "info", "reason"),
    [
        ({"ApiVersion": "1.39"}, INFO, "the engine is too old: it speaks API 1.39, and 1.40 is needed"),
        ({"ApiVersion": "1.9"}, INFO, "the engine is too old: it speaks API 1.9, and 1.40 is needed"),
        ({}, INFO, "the engine is too old: it speaks API 0, and 1.40 is needed"),
        ([], INFO, "what answers is no engine of containers"),
        ("1.40", INFO, "what answers is no engine of containers"),
        (VERSION, None, "what answers is no engine of containers"),
        (VERSION, INFO | {"Runtimes": {"runc": {}}}, "the engine has no runtime `runsc`"),
        (VERSION, INFO | {"Runtimes": None}, "the engine has no runtime `runsc`"),
    ],
)
async def test_an_engine_that_will_not_do(version: Any, info: Any, reason: str) -> None:
    async with serving(plain(json.dumps(version).encode()), plain(json.dumps(info).encode())) as server:
        found = await Docker(DockerOptions(runtime="runsc"), server.engine.endpoint).probe()
    assert isinstance(found, Unavailable)
    assert found.reason == reason


async def test_an_engine_that_refuses() -> None:
    async with serving(plain({"message": "authorization denied"}, "403 Forbidden")) as server:
        found = await Docker(endpoint=server.engine.endpoint).probe()
    assert isinstance(found, Unavailable)
    assert found.reason == "the engine refuses: authorization denied"


async def test_a_later_version_is_new_enough() -> None:
    async with serving(plain({"ApiVersion": "2.0"}), plain(INFO)) as server:
        assert isinstance(await Docker(endpoint=server.engine.endpoint).probe(), Capabilities)
