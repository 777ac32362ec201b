"""Which places of this host a hint may offer to a document that asked for them.

A document chooses the paths in its messages, and its reader may follow a hint without a thought. So keys are never
offered, nor a folder that holds them, and looking a path up never mounts a file system or waits for another host.
"""

from __future__ import annotations

import os
import stat
import time
from functools import lru_cache

_KEYS = frozenset(
    {
        *(".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".netrc", ".pgpass", ".pypirc"),
        *(".git-credentials", ".npmrc", ".vault-token", "gcloud", "keyrings", "shadow", ".mozilla"),
    }
)
"""Names of files and folders that hold keys and passwords, in whatever home they are."""

_NEVER = {
    "/root": "the administrator's home, unless it is the user's own",
    "/run": "sockets of services: what can talk to them is not confined any more",
    "/var/run": "another name of `/run`",
    "/proc": "processes of the host",
    "/sys": "devices of the host",
    "/dev": "devices of the host",
    "/boot": "no data for documents",
    "/etc": "accounts, and what services are told in confidence",
    "/net": "looking there mounts file systems of other hosts",
    "/misc": "looking there mounts file systems",
    "/afs": "looking there asks other hosts",
    "/polyrun": "a name inside of boxes only",
}
"""Places that are not offered, and why."""

_FAR = ("autofs", "nfs", "cifs", "smb", "fuse", "9p", "afs", "ceph", "glusterfs", "lustre")
_MOST_LINKS = 8
_FRESH_S = 10.0  # so long the list of mounts is kept, as one message may name many paths


def may_offer(path: str, folder: str) -> bool:
    """Whether `path`, absolute and normal, is a regular file or a folder that is there and that a hint may name.

    `folder` is the document's: another host's file system counts only if the document is in it, too.
    """
    for _ in range(_MOST_LINKS):
        if not _is_open_to_hints(path) or _is_far(path, folder):
            return False
        mode, link = _look(path)
        if link is None:
            return stat.S_ISREG(mode) or stat.S_ISDIR(mode)
        path = link
    return False


def _is_open_to_hints(path: str) -> bool:
    home = os.path.expanduser("~")
    if _KEYS.intersection(path.split("/")) or within(home, path):
        return False
    return not any(within(path, place) for place in _NEVER if not (place == "/root" and within(home, place)))


def _look(path: str) -> tuple[int, str | None]:
    """The mode of `path`, 0 if it is not there; or where it leads by the first link in it, which is not followed."""
    parts = path.split("/")
    mode = 0
    for count in range(2, len(parts) + 1):
        above = "/".join(parts[:count])
        try:
            mode = os.lstat(above).st_mode
            if stat.S_ISLNK(mode):
                target = os.path.join(os.path.dirname(above), os.readlink(above), *parts[count:])
                return 0, os.path.normpath(target)
        except (OSError, ValueError):
            return 0, None
    return mode, None


def _is_far(path: str, folder: str) -> bool:
    """Whether looking at `path` may mount something or ask another host, unlike looking at `folder`."""
    mounts = _mounts(int(time.monotonic() / _FRESH_S))
    place = max((point for point in mounts if within(path, point)), key=len, default="/")
    own = max((point for point in mounts if within(folder, point)), key=len, default="/")
    return place != own and mounts.get(place, "").startswith(_FAR)


@lru_cache(maxsize=1)
def _mounts(_when: int) -> dict[str, str]:
    """The types of the file systems by mount point, in the layout of proc_pid_mountinfo(5)."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            lines = [line.split(" ") for line in file]
    except OSError:
        return {}
    found = {}
    for fields in lines:
        point = fields[4].replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
        found[point] = fields[fields.index("-") + 1]
    return found


def within(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies in it, going by their names."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
