"""What one attack is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from polyrun.model.frozen import NOTHING, frozen
from polyrun.model.limits import MIB, Limits
from polyrun.model.outcomes import Status
from polyrun.sandbox.ground.baits import SECRET

__all__ = ["BEGUN", "C_PRELUDE", "PRELUDE", "SECRET", "SHELL_PRELUDE", "SMALL", "Attack", "Expect", "Promise"]

SMALL = Limits(
    wall_s=5.0,
    cpu_s=5.0,
    memory_bytes=128 * MIB,
    processes=32,
    open_files=128,
    output_bytes=64 * 1024,
    flood_bytes=4 * MIB,
    disk_bytes=16 * MIB,
)

PRELUDE = """\
import ctypes, errno, json, os, signal, socket, stat, sys, time
P = json.loads(sys.argv[1])
NR = P["numbers"]
libc = ctypes.CDLL(None, use_errno=True)


def tell(name, value):
    os.write(1, f"{name}: {value}\\n".encode(errors="backslashreplace"))


def attempt(name, action):
    try:
        tell(name, action())
    except OSError as error:
        tell(name, errno.errorcode.get(error.errno, type(error).__name__))
    except Exception as error:
        tell(name, type(error).__name__)


def call(name, *args):
    done = libc.syscall(ctypes.c_long(NR[name]), *(ctypes.c_long(a) if isinstance(a, int) else a for a in args))
    if done == -1:
        raise OSError(ctypes.get_errno(), name)
    return done


def must_be_apart():
    for name, inode in P["namespaces"].items():
        if os.stat("/proc/self/ns/" + name).st_ino == inode:
            tell("in the host's own namespace", name)
            os._exit(90)


def must_not_be_the_hosts(*paths):
    for path in paths:
        if os.path.exists(path) and [os.stat(path).st_dev, os.stat(path).st_ino] == P["folders"].get(path):
            tell("the host's own folder", path)
            os._exit(90)


def read(path):
    with open(path, "rb") as file:
        return file.read(4096).decode(errors="replace").strip()


def open_only(path):
    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))  # that it may be written to is enough to know
    return "opened"


def write(path, data=b"x"):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK, 0o644)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)
    return "written"


tell("begun", "yes")
"""


C_PRELUDE = """\
extern long write(int, const void *, unsigned long);
__attribute__((constructor)) static void polyrun_begun(void) { (void)!write(1, "begun: yes\\n", 11); }
#line 1
"""

SHELL_PRELUDE = 'echo "begun: yes"\n'

BEGUN = "begun"
"""What every program tells first: without it nobody knows whether anything was tried."""


@frozen
class Expect:
    """What must be observed: one of `status`, and for each fact a pattern its whole value matches.

    `exit_code` and `signal` are checked when given. `seconds` bounds the whole call from outside. `reason` is a
    pattern to be found in the outcome's reason. `kept` are the artifacts the collector keeps, `refused` those it
    must not keep, with a pattern of the reason. `handed` are the paths in the folder of exports, for an attack that
    has one.
    """

    status: tuple[Status, ...] = (Status.OK,)
    facts: Mapping[str, str] = NOTHING
    exit_code: int | None = None
    signal: str | None = None
    reason: str | None = None
    seconds: float = 8.0
    kept: tuple[str, ...] | None = None
    refused: Mapping[str, str] = NOTHING
    handed: tuple[str, ...] | None = None


@frozen
class Promise:
    """What a box at one level must show, and in words what it does *not* stop, if that is known."""

    expect: Expect
    weakness: str | None = None


@frozen
class Attack:
    """One hostile program.

    **Program.** Python behind `PRELUDE`, C, or a script for `/bin/sh` that gets `$1` a C compiler, `$2` the planted
    folder and `$3` the bound. What could harm a host whose sandbox does not hold comes after `must_be_apart()`: on the
    host itself the program ends there, and so does not keep the promise; `must_not_be_the_hosts` does the same for
    folders that a box may leak. `arguments` are further words on the command
    line, in which `{planted}` is filled in; with `exports` the box has a folder for what is handed out, `P["out"]`;
    with `build` a build folder, `P["build"]`, which the program may write to (`"writes"`) or must not (`"reads"`).
    `times` runs it in that many boxes one after the other, and only the last one's facts count. With `cancelled` the
    run is cancelled as soon as this text was printed. `alone` keeps other attacks from running beside it, because it
    minds the clock or the processors.

    The first that a program tells is that it has `BEGUN`, or nothing counts as held; `mute` says why one cannot.

    **Promise.** `held` is what a box at level 2 shows, `held_without_cgroups` what it shows at level 1 and
    `held_in_container` what a container shows, level 3 and 4 (default: the same). `weakness` says in words what is
    *not* stopped, `weakness_without_cgroups` the same for level 1, `weakness_in_container` for containers.

    **Proof.** `capable` are facts of the same program where nothing stops it, on a throw-away host (see
    `sandbox.ground`), run with `bound` = `outside_bound`, at which it stops by itself. Where that cannot be seen,
    `not_shown` says why. An attack has one or the other.
    """

    rows: tuple[int, ...]
    name: str
    title: str
    program: str
    held: Expect
    language: Literal["python", "c", "shell"] = "python"
    limits: Limits = SMALL
    held_without_cgroups: Expect | None = None
    held_in_container: Expect | None = None
    capable: Mapping[str, str] | None = None
    outside_bound: float = 1
    not_shown: str | None = None
    mute: str | None = None
    weakness: str | None = None
    weakness_without_cgroups: str | None = None
    weakness_in_container: str | None = None
    exports: bool = False
    build: Literal["writes", "reads"] | None = None
    arguments: tuple[str, ...] = ()
    times: int = 1
    cancelled: str | None = None
    alone: bool = False

    def promise(self, level: int) -> Promise:
        """What a box at `level` (1 to 4) promises."""
        if level >= 3:
            return Promise(self.held_in_container or self.held, self.weakness_in_container or self.weakness)
        if level < 2:
            return Promise(self.held_without_cgroups or self.held, self.weakness_without_cgroups or self.weakness)
        return Promise(self.held, self.weakness)
