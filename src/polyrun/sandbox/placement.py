"""Where control groups are: the mounts of their file systems, and the groups that a process is in.

See proc(5) and cgroups(7) for the two texts this is read from.
"""

from __future__ import annotations

import os


def mounts(mountinfo: str) -> dict[str, tuple[str, str]]:
    """Controller (or `unified`) → (root of the mount within the hierarchy, mount point)."""
    found: dict[str, tuple[str, str]] = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields, kind = left.split(" "), right.split(" ")
        if kind[0] == "cgroup2":
            found.setdefault("unified", (_unescape(fields[3]), _unescape(fields[4])))
        elif kind[0] == "cgroup":
            for option in kind[2].split(","):
                found.setdefault(option, (_unescape(fields[3]), _unescape(fields[4])))
    return found


def _unescape(field: str) -> str:
    for code, text in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, text)
    return field


def memberships(membership: str) -> dict[str, str]:
    """Controller (or `unified`) → the path of this process's group within the hierarchy."""
    found = {}
    for line in membership.splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            found["unified"] = path
        else:
            found.update(dict.fromkeys(controllers.split(","), path))
    return found


def groups_of(pid: int) -> dict[str, str]:
    """Controller (or `unified`) → the name of the group that the process is in."""
    with open(f"/proc/{pid}/cgroup", "rb", buffering=0) as file:
        found = memberships(file.read().decode())
    return {name: os.path.basename(path) for name, path in found.items()}


def own_folder(mount: tuple[str, str] | None, group: str | None) -> str | None:
    """The folder of `group` below `mount`, an item of `mounts`; `None` when it cannot be seen there."""
    if mount is None or group is None:
        return None
    root, point = mount
    if root != "/":
        if group != root and not group.startswith(root + "/"):
            return None
        group = group[len(root) :] or "/"
    folder = os.path.normpath(point + group)
    return folder if os.path.isdir(folder) else None
