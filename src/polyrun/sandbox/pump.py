"""Moving what a program prints to its sink, as it comes, to the very end, in bounded memory."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import sys
import termios
from collections.abc import Callable
from typing import Literal

from polyrun.sandbox.base import OutputSink

_PIECE = 1 << 16
_PIECES_A_TURN = 16  # the loop must also hear timers while a program floods
_PIPE_SIZE = 1 << 20
_MAX_ASIDE = 1 << 17


class Pump:
    """The host's ends of a program's stdout and stderr.

    `on_flood` is called once, when a stream has brought more than `flood_bytes`.
    """

    def __init__(self, sink: OutputSink, flood_bytes: int, on_flood: Callable[[], None] | None = None) -> None:
        self._sink = sink
        self._flood_bytes = flood_bytes
        self.on_flood = on_flood
        self._loop = asyncio.get_running_loop()
        self._host: dict[Literal["stdout", "stderr"], int] = {}
        self._guest: dict[Literal["stdout", "stderr"], int] = {}
        self._total = {"stdout": 0, "stderr": 0}
        self._ended = asyncio.Event()
        self._muted = False
        self._aside: dict[str, bytearray] | None = None
        self.aside_bytes = 0
        streams: tuple[Literal["stdout", "stderr"], ...] = ("stdout", "stderr")
        for stream in streams:
            self._host[stream], self._guest[stream] = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(self._host[stream], False)

    @property
    def stdout(self) -> int:
        """The descriptor for the program's stdout."""
        return self._guest["stdout"]

    @property
    def stderr(self) -> int:
        """The descriptor for the program's stderr."""
        return self._guest["stderr"]

    def start(self) -> None:
        """Begin to read; call it once the program has inherited its ends."""
        self._close_guest_ends()
        for stream, fd in self._host.items():
            with contextlib.suppress(OSError):  # over the user's pipe allowance; the default size works too
                fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
            self._loop.add_reader(fd, self._on_readable, stream)

    @property
    def total_bytes(self) -> int:
        """What both streams have brought, without what was set aside."""
        return sum(self._total.values())

    def mute(self) -> None:
        """From now on read and throw away."""
        self._muted = True

    def set_aside(self) -> None:
        """From now on keep what comes apart, for `aside`; what is in the pipes by now still goes to the sink.

        `aside_bytes` counts what has come since.
        """
        for stream, fd in list(self._host.items()):
            waiting = int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), sys.byteorder)
            while waiting > 0 and stream in self._host:
                waiting -= self._read(stream, fd, min(waiting, _PIECE))
        self._aside = {"stdout": bytearray(), "stderr": bytearray()}

    def aside(self) -> bytes:
        """What has come since `set_aside`, stderr first: at most the first 128 KiB of each stream."""
        parts = [bytes(self._aside[stream]) for stream in ("stderr", "stdout")] if self._aside else []
        return b"\n\n".join(part for part in parts if part)

    async def drained(self, timeout_s: float) -> bool:
        """Wait until both streams have ended, at most `timeout_s` seconds; whether they have."""
        if not self._host:
            return True
        try:
            await asyncio.wait_for(self._ended.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    def take(self) -> bytes:
        """Both streams' bytes that are there now, for a program that is dead and never got its sink."""
        parts = []
        for fd in self._host.values():
            try:
                parts.append(os.read(fd, _PIECE))
            except BlockingIOError:
                continue
        return b"".join(parts)

    def close(self) -> None:
        """Stop reading and close all ends; harmless when done before."""
        self._close_guest_ends()
        for stream in list(self._host):
            self._end(stream)

    def _close_guest_ends(self) -> None:
        while self._guest:
            os.close(self._guest.popitem()[1])

    def _on_readable(self, stream: Literal["stdout", "stderr"]) -> None:
        fd = self._host[stream]
        for _ in range(_PIECES_A_TURN):
            try:
                if self._read(stream, fd, _PIECE) == 0:
                    return
            except BlockingIOError:
                return

    def _read(self, stream: Literal["stdout", "stderr"], fd: int, at_most: int) -> int:
        """Take one piece and pass it on; its size, which is 0 at the end. Raises `BlockingIOError`."""
        data = os.read(fd, at_most)
        if not data:
            self._end(stream)
        elif self._aside is not None:
            room = _MAX_ASIDE - len(self._aside[stream])
            self._aside[stream] += data[:room]
            self.aside_bytes += len(data)
        else:
            self._pass_on(stream, data)
        return len(data)

    def _pass_on(self, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        before = self._total[stream]
        self._total[stream] = before + len(data)
        if not self._muted:
            self._sink(stream, data)
        if before <= self._flood_bytes < self._total[stream]:
            self.mute()  # a program can print a lot until its end takes effect
            if self.on_flood is not None:
                self.on_flood()

    def _end(self, stream: Literal["stdout", "stderr"]) -> None:
        fd = self._host.pop(stream)
        self._loop.remove_reader(fd)
        os.close(fd)
        if not self._host:
            self._ended.set()
