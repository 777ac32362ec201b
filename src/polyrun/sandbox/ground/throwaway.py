"""A host to throw away: namespaces in which a program is root and meets no defence, and nothing of the user's exists.

It is what shows that an attack is one. Of the real host it has the programs below `/usr`, read-only; everything else
is made afresh in memory of a bounded size: no network but a loopback of its own, no process, file, device, key or
control group of the host, and no capability outside its own user namespace. All of it goes with its first process.

Root there made the read-only mounts and so can undo that, and root's number needs no capability to open what belongs to
root. What keeps a program off the real host's files is therefore the user that it is outside: never root. Root starts
all of this as `_NOBODY`, who can read nothing of ours, so every file is handed over as a descriptor.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from polyrun.model.errors import SandboxError
from polyrun.model.frozen import NOTHING, frozen
from polyrun.model.limits import GIB, MIB, Limits
from polyrun.sandbox import cgroups, layout, pidfd
from polyrun.sandbox.base import Unavailable
from polyrun.sandbox.bubblewrap import Bubblewrap
from polyrun.sandbox.descriptors import readable
from polyrun.sandbox.registry import bubblewrap

_STAGE = "making a host to throw away"
_DEADLINE_S = 30.0
_LIMITS = Limits(memory_bytes=2 * GIB, processes=500)
_TMPFS_BYTES = 512 * MIB
_MOST_BYTES = 4 * MIB
_NOBODY = 65534
_WAIT = 'read -r _ && exec "$@" </dev/null'
"""A shell's program: become what it is told as soon as a line comes in."""
_CARELESS = "/srv/careless"
PROGRAMS = "/srv/programs"
"""Where a throw-away host shows the folder of the programs it is given."""

_KNOBS = ("sys", "irq", "bus", "fs", "acpi", "scsi")
_STAND_INS = ("kcore", "kallsyms", "slabinfo", "iomem", "timer_list", "sysrq-trigger")
_SYMBOL = "ffffffff81000000 T _text\n"


@frozen
class Wanted:
    """A program for a throw-away host.

    `argv` may hold `{argument}` (the JSON object of `argument` and of what was planted) and `{planted}`, a folder.
    With `arguments` it is started by a shell that is given these as they are. It is run `times` times.
    """

    argv: tuple[str, ...]
    argument: Mapping[str, Any]
    arguments: tuple[str, ...] = ()
    times: int = 1


@frozen
class Told:
    """What came of it: exit code (negative for a signal), streams as Latin-1 text cut at 64 KiB, bytes, facts."""

    code: int
    stdout: str
    stderr: str
    printed: int
    facts: Mapping[str, str] = NOTHING


class ThrowAway:
    """Makes such hosts. `python` is an interpreter below `/usr` or below one of `roots`, which are shown too."""

    def __init__(self, backend: Bubblewrap, python: str, roots: Sequence[str] = ()) -> None:
        self._program = backend.program
        self._hierarchy = backend.hierarchy
        self._python = python
        self._roots = tuple(roots)

    @classmethod
    def here(cls, python: str, roots: Sequence[str] = ()) -> ThrowAway | Unavailable:
        """One for this host, or why there is none; whether it works is seen when it is used."""
        backend = bubblewrap()
        if isinstance(backend, Unavailable):
            return backend
        assert isinstance(backend, Bubblewrap)
        return cls(backend, python, roots)

    async def run(self, wanted: Wanted, programs: str) -> Told:
        """Run a program of the folder `programs`, which holds nothing but files.

        Raises `SandboxError` when no such host can be made, or when it does not end.
        """
        with ExitStack() as stack:
            group = self._hierarchy.create(_LIMITS) if self._hierarchy is not None else None
            if group is not None:
                stack.callback(group.remove)
            out, err = (_memory(name, stack) for name in ("out", "err"))
            process = self._start(_Handed(stack), wanted, programs, group, (out, err))
            fd = os.pidfd_open(process.pid)
            stack.callback(os.close, fd)
            try:
                ended = await readable(fd, _DEADLINE_S)
            finally:
                pidfd.kill(fd)
                process.wait()
            if not ended:
                raise SandboxError(_STAGE, f"a program on it did not end within {_DEADLINE_S:g} s")
            return _told(_content(out), _content(err))

    def _start(
        self,
        handed: _Handed,
        wanted: Wanted,
        programs: str,
        group: cgroups.Group | None,
        streams: tuple[int, int],
    ) -> subprocess.Popen[bytes]:
        try:
            argv = [handed.program(self._program), *self._arguments(handed, wanted, programs), "--"]
            argv += [self._python, "-B", f"{_CARELESS}/careless.py", f"{_CARELESS}/wanted.json"]
            process = subprocess.Popen(
                ["/bin/sh", "-c", _WAIT, "polyrun", *argv],
                stdin=subprocess.PIPE,
                stdout=streams[0],
                stderr=streams[1],
                pass_fds=handed.fds,
                env={"PATH": layout.PATH},
                cwd="/",
                start_new_session=True,
                **_unprivileged(),
            )
        except OSError as error:
            raise SandboxError(_STAGE, str(error)) from error
        try:
            with process.stdin as begin:  # type: ignore[union-attr]
                for path in group.joins if group is not None else ():
                    with open(path, "w", encoding="ascii") as file:
                        file.write(str(process.pid))
                begin.write(b"\n")
        except OSError as error:
            process.kill()
            process.wait()
            raise SandboxError(_STAGE, str(error)) from error
        return process

    def _arguments(self, handed: _Handed, wanted: Wanted, programs: str) -> list[str]:
        size = ["--size", str(_TMPFS_BYTES)]
        words = ["--unshare-all", "--unshare-user", "--uid", "0", "--gid", "0", "--cap-add", "ALL"]
        words += ["--hostname", "throw-away", "--die-with-parent", "--new-session", "--clearenv"]
        for name, value in (("PATH", layout.PATH), ("HOME", "/root"), ("TMPDIR", layout.TMP), ("LANG", "C.UTF-8")):
            words += ["--setenv", name, value]
        words += [*size, "--tmpfs", "/", *layout.system_folders()]
        for path in ("/etc/ld.so.cache", "/etc/alternatives"):
            words += ["--ro-bind-try", path, path]
        for root in self._roots:
            words += ["--ro-bind", root, root]
        words += ["--proc", "/proc"]
        for name in _KNOBS:  # only says what a host should look like: whoever is root here can mount it writable again
            words += ["--ro-bind-try", f"/proc/{name}", f"/proc/{name}"]
        for name in _STAND_INS:
            if os.path.exists(f"/proc/{name}"):
                words += ["--bind-data", handed.data(_SYMBOL.encode()), f"/proc/{name}"]
        words += ["--dev", "/dev"]
        for path in (layout.SHM, layout.TMP):
            words += ["--perms", "1777", *size, "--tmpfs", path]
        words += ["--dir", _CARELESS, "--dir", PROGRAMS]
        here = os.path.dirname(os.path.abspath(__file__))
        for name in ("baits.py", "careless.py"):
            words += ["--file", handed.file(os.path.join(here, name)), f"{_CARELESS}/{name}"]
        words += ["--file", handed.data(_json(wanted)), f"{_CARELESS}/wanted.json"]
        for name in sorted(os.listdir(programs)):
            words += ["--perms", "0755", "--file", handed.file(os.path.join(programs, name)), f"{PROGRAMS}/{name}"]
        return [*words, "--chdir", "/"]


class _Handed:
    """Open files for whoever may not open them itself; closed with `stack`."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.fds: list[int] = []

    def file(self, path: str) -> str:
        """The number of a descriptor from which `path` can be read."""
        return self._add(os.open(path, os.O_RDONLY | os.O_CLOEXEC))

    def data(self, data: bytes) -> str:
        """The number of a descriptor from which `data` can be read."""
        fd = os.memfd_create("data", os.MFD_CLOEXEC)
        number = self._add(fd)
        os.write(fd, data)
        os.lseek(fd, 0, os.SEEK_SET)
        return number

    def program(self, path: str) -> str:
        """A path at which the program at `path` can be started, though its folders be closed."""
        return f"/proc/self/fd/{self.file(path)}"

    def _add(self, fd: int) -> str:
        self._stack.callback(os.close, fd)
        self.fds.append(fd)
        return str(fd)


def _unprivileged() -> dict[str, Any]:
    """What makes a process that root starts somebody else's."""
    if os.geteuid() != 0:
        return {}
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": ()}


def _memory(name: str, stack: ExitStack) -> int:
    """A file in memory, closed with `stack`."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC)
    stack.callback(os.close, fd)
    return fd


def _content(fd: int) -> bytes:
    return os.pread(fd, _MOST_BYTES, 0)


def _json(wanted: Wanted) -> bytes:
    facts = {
        "argv": wanted.argv,
        "argument": dict(wanted.argument),
        "arguments": wanted.arguments,
        "times": wanted.times,
    }
    return json.dumps(facts).encode()


def _told(out: bytes, err: bytes) -> Told:
    try:
        said = json.loads(out)
        return Told(said["code"], said["stdout"], said["stderr"], said["bytes"], said["facts"])
    except (ValueError, KeyError) as error:
        words = err.decode(errors="replace").strip().removeprefix("bwrap: ").splitlines()
        raise SandboxError(_STAGE, words[-1] if words else "it ended without a word") from error
