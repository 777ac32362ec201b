"""What a box contains, as bubblewrap's arguments. Decides everything about visibility; starts nothing.

A box's root is an empty, read-only tmpfs. Into it go the system's programs and libraries (read-only), a
small `/etc` of our own, the toolchains' roots, the document's folder and what the user granted. Mounts are made
parents first, so that a folder inside another one is never hidden.
"""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Iterable, Mapping

from polyrun.model.errors import SandboxError
from polyrun.model.frozen import frozen
from polyrun.sandbox.base import BoxSpec, Command
from polyrun.sandbox.etc import Etc, guest_ids, net_folders

INNER = "/polyrun"
"""The folder in the box that holds `{source}`, `{build}` and the other placeholders."""

STDIN = f"{INNER}/stdin"

TMP = "/tmp"  # noqa: S108 - a private tmpfs in the box, never the host's
SHM = "/dev/shm"  # noqa: S108 - the same
PATH = "/usr/local/bin:/usr/bin:/bin"

_SYSTEM_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_FORBIDDEN = ("/etc", "/proc", "/sys", "/boot", "/dev", INNER)
_MASKED = (
    "kcore", "keys", "kpagecount", "kpageflags", "pagetypeinfo", "slabinfo", "timer_list", "vmallocinfo",
)  # fmt: skip
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_TMP_BYTES = 256 << 20
_SHM_BYTES = 64 << 20


@frozen
class Placing:
    """How one box is laid out: the arguments for bubblewrap, the values of the placeholders, two paths in the box."""

    arguments: tuple[str, ...]
    values: Mapping[str, str]
    home: str
    stdin: str = os.devnull


def check_workspace(folder: str) -> None:
    """Raises `SandboxError` for a folder that no box may show: the root and the system's own folders."""
    real = os.path.realpath(folder)
    inside = any(_within(real, bad) for bad in _FORBIDDEN)
    if real == "/" or (inside and not _within(real, SHM)):
        raise SandboxError(
            "preparing the workspace",
            f"a document in `{folder}` would show the system's own files to its blocks",
            hint="move the document into a folder of its own",
        )
    if not os.path.isdir(folder):
        raise SandboxError("preparing the workspace", f"`{folder}` is not a folder that can be read")


def place(
    spec: BoxSpec,
    files: Mapping[str, int],
    stdin: int | None,
    etc: Etc,
    command: Command,
    *,
    shown: Mapping[str, int],
    tmp_bytes: int,
    overlay: bool,
) -> Placing:
    """Lay out a box for `command`.

    `files` are descriptors of the program's files by name, `stdin` one of its input, `etc` what
    the box has as `/etc`, `shown` are descriptors of those of `binds` that exist, by path, `tmp_bytes` bounds
    `/tmp`, in bytes. With `overlay` false a workspace that wants an overlay is shown read-only instead.
    """
    folder = spec.workspace.folder
    values = {**command.words, "work": folder, "source": f"{INNER}/source"}
    mounts: list[tuple[str, list[str]]] = []
    tmp = tmp_of(folder)
    mounts.append((tmp, ["--perms", "1777", "--size", str(min(tmp_bytes, _TMP_BYTES)), "--tmpfs", tmp]))
    mounts.append(("/dev", _devices(spec.scratch)))
    for folders, how in ((spec.mounts, "--ro-bind"), (spec.outputs, "--bind")):
        for name, path in folders.items():
            values[name] = f"{INNER}/{name}"
            mounts.append((values[name], [how, path, values[name]]))
    if spec.build is not None:
        values["build"] = f"{INNER}/build"
        mounts.append(
            (values["build"], ["--bind" if command.writes_build else "--ro-bind", spec.build, values["build"]])
        )
    if _is_overlaid(spec, overlay=overlay):
        mounts.append((folder, _overlay(spec)))
    needed = {folder, *_visible_roots(spec)}
    for path, how in binds(spec, overlay=overlay).items():
        if path in shown:
            mounts.append((path, [f"{how}-fd", str(shown[path]), path]))
        elif path in needed:  # bubblewrap has the words for it
            mounts.append((path, [how, path, path]))
    mounts.sort(key=lambda mount: mount[0].rstrip("/").count("/"))
    arguments = [
        *_namespaces(net=spec.permissions.net),
        *_system(etc, net=spec.permissions.net),
        "--proc",
        "/proc",
        *_masks(),
    ]
    arguments += ["--dir", values["source"]]
    if stdin is not None:
        arguments += ["--perms", "0444", "--file", str(stdin), STDIN]
    for name, fd in files.items():  # copied into the root's tmpfs, which is read-only in the end
        arguments += ["--perms", "0444", "--file", str(fd), f"{values['source']}/{name}"]
    for _, words in mounts:
        arguments += words
    if _within(spec.scratch, folder):  # the run's own files lie in the document's folder: hide them
        arguments += ["--tmpfs", spec.scratch, "--remount-ro", spec.scratch]
    arguments += ["--remount-ro", "/", "--chdir", expand(command.cwd, values)]
    return Placing(tuple(arguments), values, tmp, os.devnull if stdin is None else STDIN)


def binds(spec: BoxSpec, *, overlay: bool) -> dict[str, str]:
    """The host's paths that a box shows under their own names, each with bubblewrap's word for how."""
    folder = spec.workspace.folder
    how = {} if _is_overlaid(spec, overlay=overlay) else {folder: "--bind" if _written_through(spec) else "--ro-bind"}
    how |= dict.fromkeys((*_visible_roots(spec), *spec.permissions.read), "--ro-bind")
    return how | dict.fromkeys(spec.permissions.write, "--bind")


def written(spec: BoxSpec) -> list[str]:
    """The host's paths that the box's programs can write to."""
    return [*spec.permissions.write, *([spec.workspace.folder] if _written_through(spec) else [])]


def tmp_of(folder: str) -> str:
    """Where boxes for the workspace `folder` have their own `/tmp`: elsewhere when the workspace holds that path."""
    return os.path.join(INNER, "tmp") if _within(TMP, folder) else TMP


def environment(
    command: Command,
    placing: Placing,
    host: Mapping[str, str],
    allowed: Iterable[str],
    *,
    path: str = PATH,
    user: str = "polyrun",
) -> dict[str, str]:
    """Every variable that the guest sees: a minimum, what the user allowed by name, what the command adds.

    `path` and `user` are for places that are not laid out here.
    """
    variables = {
        "PATH": path,
        "HOME": placing.home,
        "TMPDIR": placing.home,
        "USER": user,
        "LOGNAME": user,
        "LANG": "C.UTF-8",
    }
    for name in ("TZ", *allowed):
        if name in host:
            variables[name] = host[name]
    variables.update((name, expand(value, placing.values)) for name, value in command.env.items())
    return variables


def expand(text: str, values: Mapping[str, str]) -> str:
    """`text` with `{name}` replaced for every name in `values`, in one pass; other braces stay."""
    if "{" not in text:
        return text
    parts = text.split("{")
    done = [parts[0]]
    for part in parts[1:]:
        name, brace, rest = part.partition("}")
        done.append(values[name] + rest if brace and name in values else "{" + part)
    return "".join(done)


def _namespaces(*, net: bool) -> list[str]:
    uid, gid = guest_ids()
    return [
        "--unshare-all",
        *(["--share-net"] if net else []),
        *["--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--new-session", "--die-with-parent"],
        *["--uid", str(uid), "--gid", str(gid), "--hostname", "polyrun", "--clearenv"],
    ]


@functools.lru_cache(maxsize=8)
def _system(etc: Etc, *, net: bool) -> tuple[str, ...]:
    """The system as a box has it; looked at once a run."""
    words = [*system_folders(), "--ro-bind", etc.folder, "/etc"]
    if net and os.path.exists("/etc/resolv.conf"):
        words += ["--ro-bind", os.path.realpath("/etc/resolv.conf"), "/etc/resolv.conf"]
    for name in (*etc.shown, *(net_folders() if net else ())):
        words += ["--ro-bind", f"/etc/{name}", f"/etc/{name}"]
    return tuple(words)


def system_folders() -> list[str]:
    """Bubblewrap's arguments for the folders of the host that hold its programs, read-only."""
    words = ["--ro-bind", "/usr", "/usr"]
    for path in _SYSTEM_LINKS:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    for store in ("/nix/store", "/gnu/store"):
        if os.path.isdir(store):
            words += ["--ro-bind", store, store]
    return words


def _masks() -> list[str]:
    """Hide what tells about the host, and make all of `/proc` read-only.

    Root keeps its kernel-side uid in a box, which alone, without any capability, is enough to write to most of
    `/proc/sys`; bubblewrap covers that only when the folder itself is writable.
    """
    words = []
    for name in _MASKED:
        if os.access(f"/proc/{name}", os.R_OK):  # what the user cannot read the guest cannot either
            words += ["--ro-bind", os.devnull, f"/proc/{name}"]
    return [*words, "--remount-ro", "/proc"]


def make_devices(folder: str) -> None:
    """For root: device nodes of our own in `folder`, for boxes to show instead of the host's. Raises `OSError`."""
    os.mkdir(folder, 0o755)
    if os.statvfs(folder).f_flag & os.ST_NODEV:
        raise OSError(f"`{folder}` lies on a file system without device nodes; set `TMPDIR`, or do not run as root")
    for name in _DEVICES:
        path = os.path.join(folder, name)
        os.mknod(path, stat.S_IFCHR, os.stat(f"/dev/{name}").st_rdev)
        os.chmod(path, 0o666)  # noqa: S103 - as every `/dev` has them


def _devices(scratch: str) -> list[str]:
    """A small, read-only `/dev`: no limit would count what was written to it.

    Root would own the host's nodes in the box and could change their modes, so it gets copies.
    """
    words = ["--dev", "/dev", "--perms", "1777", "--size", str(_SHM_BYTES), "--tmpfs", SHM]
    if os.getuid() == 0:
        for name in _DEVICES:
            words += ["--dev-bind", os.path.join(scratch, "dev", name), f"/dev/{name}"]
    return [*words, "--remount-ro", "/dev"]


def _written_through(spec: BoxSpec) -> bool:
    return spec.workspace.overlay is None or spec.permissions.write_workspace


def _is_overlaid(spec: BoxSpec, *, overlay: bool) -> bool:
    return overlay and not _written_through(spec)


def _overlay(spec: BoxSpec) -> list[str]:
    folder, upper = spec.workspace.folder, spec.workspace.overlay
    assert upper is not None
    return ["--overlay-src", folder, "--overlay", os.path.join(upper, "upper"), os.path.join(upper, "work"), folder]


def _visible_roots(spec: BoxSpec) -> list[str]:
    """The toolchain roots that need a mount: not those that `/usr` or an overlaid workspace shows anyway."""
    written_through = _written_through(spec)
    roots = dict.fromkeys(spec.roots) | dict.fromkeys(map(os.path.realpath, spec.roots))
    return [
        root
        for root in roots
        if not _within(root, "/usr") and (written_through or not _within(root, spec.workspace.folder))
    ]


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
