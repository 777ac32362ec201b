"""What comes out of a container is read frame by frame, however it is cut, and nothing else is believed."""

from __future__ import annotations

import asyncio
import itertools
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrun.sandbox.docker.api import Hijacked
from polyrun.sandbox.docker.frames import Frame, FrameReader, Kind, StreamEnded, frame

FRAMES = (Frame(Kind.READY, b"a=1\n"), Frame(Kind.STDOUT, b"\0\xff\r\n"), Frame(Kind.STDERR, b""), Frame(Kind.END, b""))
INNER = b"".join(frame(one.kind, one.data) for one in FRAMES)


class Nowhere:
    """The end of a connection that nobody writes to."""

    def write(self, data: bytes, /) -> None:
        raise AssertionError(data)

    async def drain(self) -> None:
        raise AssertionError

    def close(self) -> None:
        raise AssertionError

    async def wait_closed(self) -> None:
        raise AssertionError


def outer(data: bytes, stream: int = 1) -> bytes:
    return struct.pack(">B3xI", stream, len(data)) + data


def reading(*pieces: bytes, beginning: bytes = b"", ends: bool = True) -> FrameReader:
    reader = asyncio.StreamReader()
    for piece in pieces:
        reader.feed_data(piece)
    if ends:
        reader.feed_eof()
    return FrameReader(Hijacked(reader, Nowhere(), beginning))


async def every(reader: FrameReader) -> list[Frame]:
    found: list[Frame] = []
    while not found or found[-1].kind is not Kind.END:
        found.append(await reader.next())
    return found


@pytest.mark.parametrize("at", range(len(outer(INNER)) + 1))
async def test_a_connection_may_be_cut_at_every_byte(at: int) -> None:
    whole = outer(INNER)
    reader = asyncio.StreamReader()
    frames = FrameReader(Hijacked(reader, Nowhere()))
    reader.feed_data(whole[:at])
    hearing = asyncio.create_task(every(frames))
    await asyncio.sleep(0)
    reader.feed_data(whole[at:])
    assert tuple(await hearing) == FRAMES


@pytest.mark.parametrize("at", range(len(INNER) + 1))
async def test_the_engine_may_wrap_what_it_passes_on_at_every_byte(at: int) -> None:
    assert tuple(await every(reading(outer(INNER[:at]) + outer(INNER[at:])))) == FRAMES


@pytest.mark.parametrize("at", [0, 3, 8, 11, len(outer(INNER))])
async def test_what_came_with_the_head_of_the_answer_comes_first(at: int) -> None:
    whole = outer(INNER)
    assert tuple(await every(reading(whole[at:], beginning=whole[:at]))) == FRAMES


@pytest.mark.parametrize("at", range(len(outer(INNER))))
async def test_an_end_in_the_middle_is_an_end(at: int) -> None:
    with pytest.raises(StreamEnded, match="ended the connection"):
        await every(reading(outer(INNER)[:at]))


async def test_an_empty_piece_says_nothing() -> None:
    assert tuple(await every(reading(outer(b"") + outer(INNER) + outer(b"")))) == FRAMES


@pytest.mark.parametrize("stream", [0, 2, 3, 255])
async def test_a_stream_that_is_not_the_starters_is_not_listened_to(stream: int) -> None:
    lie = outer(frame(Kind.USAGE, b"wait=0\n"), stream)
    assert tuple(await every(reading(lie, outer(INNER), lie))) == FRAMES


@pytest.mark.parametrize("kind", [b"?", b"\0", b"\xff", b"o"])
async def test_an_unknown_kind_is_refused(kind: bytes) -> None:
    with pytest.raises(StreamEnded, match="never says"):
        await reading(outer(kind + bytes(4))).next()


@pytest.mark.parametrize("length", [(1 << 20) + 1, 1 << 31, (1 << 32) - 1])
async def test_a_frame_that_is_too_long_is_refused_before_it_has_come(length: int) -> None:
    with pytest.raises(StreamEnded, match="never says"):
        await reading(outer(struct.pack(">cI", b"O", length)), ends=False).next()
    with pytest.raises(StreamEnded, match="no container's output"):
        await reading(struct.pack(">B3xI", 1, length), ends=False).next()


async def test_the_longest_frame_is_read() -> None:
    data = os.urandom(1 << 20)
    whole = frame(Kind.STDOUT, data)
    pieces = [outer(whole[at : at + 32768]) for at in range(0, len(whole), 32768)]
    assert (await reading(*pieces).next()).data == data


async def test_a_broken_connection_is_an_end() -> None:
    reader = asyncio.StreamReader()
    reader.set_exception(ConnectionResetError(104, "reset"))
    with pytest.raises(StreamEnded, match="the connection broke"):
        await FrameReader(Hijacked(reader, Nowhere())).next()


def test_facts_and_numbers() -> None:
    said = Frame(Kind.READY, b"one=1\nspace=/a 1\nspace=/b 2\nunknown=-1\nodd=\xb2\nword=x=y\n")
    assert said.facts()["space"] == ["/a 1", "/b 2"]
    assert said.facts()["word"] == ["x=y"]
    assert said.numbers() == {"one": 1}


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_whatever_comes_the_reader_ends(noise: bytes, cuts: list[int]) -> None:
    async def read() -> None:
        edges = sorted({0, len(noise), *(cut for cut in cuts if cut <= len(noise))})
        frames = reading(*(outer(noise[at:to]) for at, to in itertools.pairwise(edges)))
        for _ in range(len(noise) + 1):
            assert (await frames.next()).kind in Kind

    with pytest.raises(StreamEnded):
        asyncio.run(read())
