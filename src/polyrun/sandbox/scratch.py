"""Where a run keeps its files, and clearing away what a killed PolyRun left behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator, Mapping

from polyrun.model.errors import SandboxError
from polyrun.model.frozen import frozen
from polyrun.sandbox import cgroups, disk, identity, pidfd

MEMORY = "/dev/shm"  # noqa: S108 - a folder below it is made afresh, private, and never guessed
"""Where files live in memory (tmpfs(5))."""

_LOCK = "lock"
_GRACE_S = 60.0
_END_S = 5.0
_TEMP = ("/tmp", "/var/tmp", "/usr/tmp")  # noqa: S108 - what is made there has names that cannot be guessed
_SPARE = ("/var/tmp", "/run")  # noqa: S108 - a name below them is made afresh, private, and never guessed


@frozen
class Reaped:
    """What was left behind and removed (or would be): paths of folders and control groups, process ids."""

    folders: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    processes: tuple[int, ...] = ()
    troubles: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.folders or self.groups or self.processes)


@contextlib.contextmanager
def scratch(parent: str | None = None) -> Iterator[str]:
    """A private folder (mode 0700) for one run below `parent`, removed at the end.

    Without a `parent` it lies in the temp folder; for root, whose boxes need device nodes of their own, in `/var/tmp`
    or `/run` where the file system of the temp folder does not allow them (systemd's `/tmp`).

    Its lock is held meanwhile, so that no other PolyRun takes it for left behind. Raises `SandboxError`.
    """
    folder = os.path.join(os.path.realpath(parent or _parent()), identity.new_name())
    try:
        os.mkdir(folder, 0o700)
        lock = os.open(os.path.join(folder, _LOCK), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SandboxError("preparing the run's folder", str(error)) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(lock)
        disk.remove_tree(folder)


def forgotten() -> Iterator[str]:
    """The folders that this very process has made with `scratch`, and whose use is over."""
    for parent in dict.fromkeys(os.path.realpath(each) for each in (temp_folder(), _parent(), MEMORY)):
        for name in filter(identity.is_own, _listed(parent)):
            path = os.path.join(parent, name)
            if _is_ours(path) and _lock_is_free(path, without=False):
                yield path


def temp_folder() -> str:
    """The folder for temporary files, as `tempfile.gettempdir` says it, whose import costs more than a box.

    Raises `SandboxError` when there is none that can be written.
    """
    variables = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    for folder in (*variables, *_TEMP, os.getcwd()):
        if folder and os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):
            return os.path.abspath(folder)
    raise SandboxError("preparing the run's folder", "there is no folder for temporary files that can be written")


def _parent() -> str:
    usual = temp_folder()
    if os.getuid() == 0:
        for folder in (usual, *_SPARE):
            with contextlib.suppress(OSError):
                if not os.statvfs(folder).f_flag & os.ST_NODEV:
                    return folder
    return usual


def write_files(folder: str, files: Mapping[str, bytes]) -> None:
    """Create `folder` with `files` in it, read-only.

    Raises `SandboxError` for a name that is not a plain relative one, else `OSError`.
    """
    os.mkdir(folder, 0o755)
    for name, data in files.items():
        check_name(name)
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "xb") as file:
            file.write(data)
        os.chmod(path, 0o444)


def check_name(name: str) -> None:
    """Raises `SandboxError` unless `name` is a plain relative file name."""
    if "\0" in name or any(part in {"", ".", ".."} for part in name.split("/")):
        raise SandboxError("preparing a box", f"`{name}` is not a plain relative file name")


def reap(*more: str, thorough: bool = True, dry_run: bool = False) -> Reaped:
    """Remove processes, control groups and folders of PolyRuns of this user that are gone.

    Looks in the temp folder, in `MEMORY` and in the folders `more`. Unless `thorough`, the look at every process of the
    host is spared when no folder or group is left: whoever leaves a process leaves its run's folder too.
    With `dry_run` only list them. What cannot be removed is told in `troubles`, never raised.
    """
    parents = dict.fromkeys(os.path.realpath(parent) for parent in (*{temp_folder(), _parent(), MEMORY}, *more))
    folders = [folder for parent in parents for folder in _dead_folders(parent)]
    groups = list(cgroups.dead_groups())
    search = bool(thorough or folders or groups)
    processes = set(_dead_processes()) if search else set()
    troubles: list[str] = []
    if not dry_run:
        if search:
            processes = _end_all(processes, troubles)
            # A child that was just forked held its folder's lock until it became another program.
            folders = [folder for parent in parents for folder in _dead_folders(parent)]
        for group in groups:
            try:
                cgroups.remove_dead(group)
            except (OSError, SandboxError) as error:
                troubles.append(f"`{group}`: {error}")
        for folder in folders:
            try:
                disk.remove_tree(folder)
            except OSError as error:
                troubles.append(f"`{folder}`: {error}")
    return Reaped(tuple(folders), tuple(groups), tuple(sorted(processes)), tuple(troubles))


def _dead_folders(parent: str) -> Iterator[str]:
    for name in _listed(parent):
        path = os.path.join(parent, name)
        if identity.is_orphan(name):
            dead = _is_ours(path) and _lock_is_free(path, without=_is_old(path))
        else:  # of another pid namespace only the lock can tell, once there was time enough to take it
            dead = identity.is_foreign(name) and _is_ours(path) and _is_old(path) and _lock_is_free(path, without=False)
        if dead:
            yield path


def _is_ours(path: str) -> bool:
    try:
        facts = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and stat.S_IMODE(facts.st_mode) == 0o700


def _is_old(path: str) -> bool:
    try:
        return time.time() - os.lstat(path).st_mtime >= _GRACE_S
    except OSError:
        return False


def _lock_is_free(folder: str, *, without: bool) -> bool:
    """Whether nobody holds the folder; `without` is the answer for one that has no lock."""
    try:
        lock = os.open(os.path.join(folder, _LOCK), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return without
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


def _dead_processes() -> Iterator[int]:
    prefix = f"{identity.MARK}=".encode()
    for name in _listed("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                environment = file.read()
        except OSError:
            continue
        for variable in environment.split(b"\0"):
            if variable.startswith(prefix) and identity.is_orphan(variable[len(prefix) :].decode(errors="replace")):
                yield int(name)
                break


def _end_all(found: set[int], troubles: list[str]) -> set[int]:
    """Kill `found` and what they have started since, until two looks in a row find nobody; returns all that were found.

    A process that forks while it is looked for, or that is seen in the middle of an `execve`, with its environment
    empty for a moment, is met in a later round.
    """
    ended: set[int] = set()
    deadline = time.monotonic() + _END_S
    quiet = 0
    while quiet < 2 and time.monotonic() < deadline:
        held = [fd for pid in found if (fd := pidfd.open_or_none(pid)) is not None]
        for fd in held:
            with contextlib.suppress(PermissionError):
                pidfd.kill(fd)
        for fd in held:
            pidfd.wait_gone(fd, 1.0)
            os.close(fd)
        ended |= found
        time.sleep(0.005)  # a process on its way through `execve` has an environment again by then
        found = set(_dead_processes())
        quiet = 0 if found else quiet + 1
    troubles.extend(f"process {pid} outlived SIGKILL" for pid in sorted(found))
    return ended


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def write_whole(path: str, data: bytes) -> None:
    """Make `data` the content of the file `path`, and its folder if need be, whole or not at all. Raises `OSError`."""
    part = f"{path}.{os.getpid()}"
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    try:
        with open(part, "wb") as file:
            file.write(data)
        os.replace(part, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
