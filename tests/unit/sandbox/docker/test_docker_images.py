"""Images as the engine tells of them: found, built, listed, removed."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest

from polyrun.model.errors import SandboxError
from polyrun.model.requirements import Requirements
from polyrun.sandbox.docker import images
from polyrun.sandbox.docker.api import EngineError, EngineGone
from polyrun.sandbox.docker.images import BuildFailed, Image
from polyrun.sandbox.docker.recipe import recipe
from unit.sandbox.docker.engine_server import chunked, plain, serving

MADE = recipe(Requirements("python", {"debian": ("python3",)}), "debian:bookworm-slim")
NONE = plain({"message": "No such image"}, "404 Not Found")
THERE = plain({"Id": "sha256:abc"})


def lines(*events: dict[str, Any]) -> bytes:
    return chunked(b"".join(json.dumps(event).encode() + b"\r\n" for event in events))


async def test_finding() -> None:
    async with serving(THERE, NONE, plain({"message": "no disk"}, "500 Oops")) as server:
        assert await images.find(server.engine, MADE) == "sha256:abc"
        assert await images.find(server.engine, MADE) is None
        with pytest.raises(EngineError, match="no disk"):
            await images.find(server.engine, MADE)
    assert server.asked[0][0].startswith(f"GET /v1.40/images/{MADE.tag}/json ".encode())


async def test_building(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror/simple")
    printed: list[str] = []
    progress = lines({"stream": "Step 1/2 : FROM x\n"}, {"stream": "\x1b[31mred\x1b[0m\n\n"}, {"aux": {"ID": "1"}})
    async with serving(progress, THERE) as server:
        assert await images.build(server.engine, MADE, printed.append) == "sha256:abc"
    assert printed == ["Step 1/2 : FROM x", "red"]
    head, context = server.asked[0]
    assert b"mirror" in head
    with tarfile.open(fileobj=io.BytesIO(context)) as archive:
        assert {"Dockerfile", "starter/starter.c", "ca.crt"} <= set(archive.getnames())


async def test_a_build_that_fails_tells_what_it_printed_last() -> None:
    said = [{"stream": f"line {number}\n"} for number in range(40)]
    async with serving(lines(*said, {"error": "The command returned 100\n"})) as server:
        with pytest.raises(BuildFailed, match=f"`{MADE.tag}`: The command returned 100") as caught:
            await images.build(server.engine, MADE, lambda _line: None)
    assert caught.value.printed == tuple(f"line {number}" for number in range(25, 40))


async def test_a_build_that_makes_nothing_is_a_failure() -> None:
    async with serving(lines({"stream": "done\n"}), NONE) as server:
        with pytest.raises(SandboxError, match="the engine made no"):
            await images.build(server.engine, MADE, lambda _line: None)


async def test_a_build_whose_engine_goes_is_told() -> None:
    async with serving(chunked(b'{"stream": "x"}\n', ends=False)) as server:
        with pytest.raises(EngineGone, match="in the middle of an answer"):
            await images.build(server.engine, MADE, lambda _line: None)


async def test_listing() -> None:
    labels = {"polyrun.recipe": "x", "polyrun.name": "python"}
    found = [
        {"Id": "4", "RepoTags": ["other:latest"], "Labels": labels, "Size": 4},
        {"Id": "3", "RepoTags": None, "Labels": labels},
        {"Id": "2", "RepoTags": ["polyrun/python:000000000000"], "Labels": labels, "Size": 2},
        {"Id": "1", "RepoTags": [f"localhost/{MADE.tag}"], "Labels": labels, "Size": 1},
    ]
    async with serving(plain(found), plain([])) as server:
        listed = await images.listed(server.engine, [MADE])
        assert await images.listed(server.engine) == []
    assert {one.id: one for one in listed} == {
        "1": Image("1", "python", f"localhost/{MADE.tag}", 1, is_current=True),
        "2": Image("2", "python", "polyrun/python:000000000000", 2, is_current=False),
        "3": Image("3", "python", "<none>:<none>", 0, is_current=False),
    }
    assert [one.name for one in listed] == ["python", "python", "python"]


async def test_removing() -> None:
    found = [Image("1", "a", "polyrun/a:1", 0), Image("sha256:2", "b", "<none>:<none>", 0), Image("3", "c", "c:3", 0)]
    answers = (plain([]), NONE, plain({"message": "in use"}, "409 Conflict"))
    async with serving(*answers) as server:
        assert await images.remove(server.engine, found) == ["`c:3`: in use"]
    asked = [head.split(b" ")[1] for head, _ in server.asked]
    assert asked == [b"/v1.40/images/polyrun/a:1", b"/v1.40/images/sha256:2", b"/v1.40/images/c:3"]
