from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

from polyrun.report.channel import Channel
from polyrun.report.look import Look


def test_writes_arrive_whole_even_when_the_pipe_is_full_and_not_blocking() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    data = os.urandom(1 << 20)
    received = bytearray()

    def read() -> None:
        while piece := os.read(reader, 1 << 16):
            received.extend(piece)

    thread = threading.Thread(target=read)
    thread.start()
    channel = Channel(writer)
    channel.write(data)
    os.close(writer)
    thread.join()
    os.close(reader)
    assert bytes(received) == data
    assert not channel.broken


def test_a_reader_that_goes_away_is_remembered_and_not_raised() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    channel = Channel(writer)
    channel.write(b"x")
    channel.write(b"y")
    os.close(writer)
    assert channel.reader_gone


def test_a_full_disk_is_no_reader_gone() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    channel = Channel(descriptor)
    channel.write(b"x")
    os.close(descriptor)
    assert channel.failure is not None
    assert channel.failure.errno == errno.ENOSPC
    assert not channel.reader_gone


def test_characters_the_encoding_lacks_become_escapes(tmp_path: Path) -> None:
    with open(tmp_path / "out", "wb") as file:
        Channel(file.fileno(), encoding="ascii").text("é…\n")
    assert (tmp_path / "out").read_bytes() == b"\\xe9\\u2026\n"


def test_one_file_under_two_descriptors_is_one_place(tmp_path: Path) -> None:
    with open(tmp_path / "a", "wb") as one, open(tmp_path / "a", "wb") as same, open(tmp_path / "b", "wb") as other:
        assert Channel(one.fileno()).shares(Channel(same.fileno()))
        assert not Channel(one.fileno()).shares(Channel(other.fileno()))


def test_the_look_follows_the_terminal_and_the_environment() -> None:
    leader, follower = os.openpty()
    channel = Channel(follower)
    ascii_only = Channel(follower, encoding="ascii")
    with open(os.devnull, "wb") as file:
        plain = Channel(file.fileno())
        assert Look.of(channel, {"TERM": "xterm"}).colour
        assert Look.of(channel, {"TERM": "xterm"}).live
        assert not Look.of(channel, {"TERM": "xterm", "NO_COLOR": "1"}).colour
        assert Look.of(channel, {"TERM": "xterm", "NO_COLOR": ""}).colour
        assert not Look.of(channel, {"TERM": "dumb"}).live
        assert not Look.of(plain, {"TERM": "xterm"}).colour
        assert not Look.of(plain, {"TERM": "xterm"}).live
        assert Look.of(plain, {"FORCE_COLOR": "1"}).colour
        assert not Look.of(plain, {"FORCE_COLOR": "1", "NO_COLOR": "1"}).colour
        assert not Look.of(ascii_only, {}).unicode
    os.close(leader)
    os.close(follower)
