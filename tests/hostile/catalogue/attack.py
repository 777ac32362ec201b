"""What one attack is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from polyrun.model.frozen import NOTHING, frozen
from polyrun.model.limits import MIB, Limits
from polyrun.model.outcomes import Status

SECRET = "open sesame"
"""What the planted file, variable, descriptor and sockets hold. No box may ever print it."""

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


def read(path):
    with open(path, "rb") as file:
        return file.read(4096).decode(errors="replace").strip()


def write(path, data=b"x"):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK, 0o644)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)
    return "written"


"""


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
class Attack:
    """One hostile program.

    `held` is what a box at level 2 shows, `held_without_cgroups` what it shows at level 1 and `held_in_container` what
    a container shows, level 3 (default: the same). With `exports` the box has a folder for what is handed out,
    `P["out"]`.
    `capable` are facts of the same program outside any box, run as an ordinary user with `bound` = `outside_bound`
    (programs that could harm the host stop there); `None` where outside says nothing or is not safe. `weakness`
    says in words what is *not* stopped, `weakness_without_cgroups` the same for level 1, `weakness_in_container` for
    level 3. `times` runs it in that many boxes one after the other, and only the last one's facts count.
    """

    rows: tuple[int, ...]
    name: str
    title: str
    program: str
    held: Expect
    language: Literal["python", "c"] = "python"
    limits: Limits = SMALL
    held_without_cgroups: Expect | None = None
    held_in_container: Expect | None = None
    capable: Mapping[str, str] | None = None
    outside_bound: int = 0
    weakness: str | None = None
    weakness_without_cgroups: str | None = None
    weakness_in_container: str | None = None
    exports: bool = False
    times: int = 1
