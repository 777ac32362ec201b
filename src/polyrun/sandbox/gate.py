"""Holding a program back until its limits are in force.

The first thing that runs in a box is a shell with a fixed text: it says that it is there, waits
for permission and then becomes the program. The kernel attaches the shell's pid, as seen from the
host, to its word (`SCM_CREDENTIALS`, unix(7)), so PolyRun knows the exact process to limit and watch
without a race, and without trusting anything that the box says. When PolyRun dies, the shell reads end of
file and exits: the program never starts.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from types import TracebackType
from typing import Self

from polyrun.sandbox.descriptors import encoded

_CREDENTIALS = struct.Struct("=iII")


_TEXT = 'echo >&0; read -r _ || exit 125; stdin=$1; shift; exec "$@" <"$stdin"'


class Gate:
    """One gate: the host's end of a socket pair whose other end, `fd`, becomes the box's descriptor 0."""

    def __init__(self) -> None:
        self._host, self._guest = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._host.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._host.setblocking(False)  # noqa: FBT003 - the standard library's signature

    @property
    def fd(self) -> int:
        """The descriptor that the box must have as its standard input."""
        return self._guest.fileno()

    def fileno(self) -> int:
        """The host's end, to wait on."""
        return self._host.fileno()

    @staticmethod
    def argv(argv: tuple[str, ...], stdin: str) -> list[bytes]:
        """`argv` behind the gate, with the file `stdin` as its standard input.

        The gate itself is on descriptor 0 until then: shells need not know descriptors above 9. The shell's text is
        fixed, what varies comes as its arguments. Raises `SandboxError` for a word that no program can be given.
        """
        return encoded(("/bin/sh", "-c", _TEXT, "polyrun", stdin, *argv))

    def spawned(self) -> None:
        """Drop the guest's end, so that the death of all guests can be seen."""
        self._guest.close()

    def arrived(self) -> int | None:
        """The host's pid of the process that waits at the gate; `None` when it died before. Call it when readable."""
        data, ancillary, _flags, _address = self._host.recvmsg(1, socket.CMSG_SPACE(_CREDENTIALS.size))
        if not data:
            return None
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                pid, _uid, _gid = _CREDENTIALS.unpack(payload[: _CREDENTIALS.size])
                return int(pid)
        return None

    def release(self) -> None:
        """Let the program start and close the gate behind it."""
        with contextlib.suppress(OSError):  # it was killed in the meantime; the watcher will say so
            self._host.send(b"\n")
        self._host.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._host.close()
        self._guest.close()
