"""Descriptors for a process to inherit, and waiting on them without blocking the loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from typing import Self

from polyrun.model.errors import SandboxError
from polyrun.sandbox import pidfd


class Descriptors:
    """Descriptors that live until a process has inherited them; `passed` are those above 2."""

    def __init__(self) -> None:
        self.passed: list[int] = []
        self._own: list[int] = []

    def text(self, name: str, data: bytes) -> int:
        """A descriptor to read `data` from, for the process to inherit."""
        fd = self._keep(os.memfd_create(name, os.MFD_CLOEXEC))
        _write_all(fd, data)
        os.lseek(fd, 0, os.SEEK_SET)
        self.passed.append(fd)
        return fd

    def path(self, fd: int) -> int:
        """`fd` itself, for the process to inherit; from now on it is closed here."""
        self.passed.append(self._keep(fd))
        return fd

    def words(self, name: str, words: Iterable[str]) -> int:
        """A descriptor to read `words` from, each ended by a NUL, as `bwrap --args` wants them.

        Raises `SandboxError` for a word with a NUL: what follows it would be taken for the next option.
        """
        listed = list(words)
        joined = "\0".join(listed)
        if joined.count("\0") != len(listed) - 1 or not joined.isascii():
            return self.text(name, b"".join(word + b"\0" for word in encoded(listed)))
        return self.text(name, joined.encode() + b"\0")

    def _keep(self, fd: int) -> int:
        self._own.append(fd)
        return fd

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for fd in self._own:
            os.close(fd)


def encoded(words: Iterable[str]) -> list[bytes]:
    """`words` as the kernel gets them. Raises `SandboxError` for one that no program can be given."""
    found = []
    for word in words:
        try:
            data = os.fsencode(word)
        except UnicodeEncodeError as error:
            raise SandboxError("starting a program", f"{word!r} is not text that can be encoded") from error
        if b"\0" in data:
            raise SandboxError("starting a program", f"{word!r} holds a NUL, which no argument or variable can")
        found.append(data)
    return found


async def readable(fd: int, timeout_s: float) -> bool:
    """Wait until `fd` is readable (a pidfd is when its process has ended), at most `timeout_s` seconds."""
    if pidfd.wait_gone(fd, 0):
        return True
    loop = asyncio.get_running_loop()
    seen: asyncio.Future[bool] = loop.create_future()  # `asyncio.wait_for` would cost a task each time

    def settle(answer: bool) -> None:  # noqa: FBT001 - called by the loop
        if not seen.done():
            seen.set_result(answer)

    loop.add_reader(fd, settle, True)  # noqa: FBT003 - the loop passes it on
    timer = loop.call_later(timeout_s, settle, False)  # noqa: FBT003
    try:
        return await seen
    finally:
        timer.cancel()
        loop.remove_reader(fd)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
