"""The `/etc` of boxes: name tables of our own, and what loaders and toolchains read of the host's.

Nothing secret is copied: the host's users, keys and host names stay outside. One made folder serves all boxes, since
each mount more makes every box slower. It is kept between runs under a digest of what it was made from.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress

from polyrun.model.digest import sha256
from polyrun.model.frozen import frozen
from polyrun.sandbox import disk

HOST = "/etc"
GUEST_ID = 1000
"""The uid and gid that root has in the box, so that programs see an ordinary user."""

_FORMAT = 1
_FILES = (
    "ld.so.cache", "ld.so.conf", "localtime", "timezone", "os-release", "protocols", "services", "mime.types", "magic",
    "locale.alias", "host.conf", "gai.conf", "ssl/openssl.cnf", "pki/tls/openssl.cnf", "debian_version",
)  # fmt: skip
_FOLDERS = (
    "alternatives", "perl", "R", "octave.conf.d", "php", "mono", "dotnet", "java", "jvm", "ghc", "fonts", "texmf",
)  # fmt: skip
_NET_FOLDERS = ("ssl/certs", "pki/tls/certs", "pki/ca-trust", "crypto-policies")
_MAX_FILE = 8 << 20
_MAX_FOLDER_BYTES = 8 << 20
_MAX_FOLDER_ENTRIES = 2000
_PREFIX = "etc-"
_DAY_S = 24 * 3600.0
_KEPT_S = 30 * _DAY_S


@frozen
class Etc:
    """A host `folder` to show as `/etc`, and the paths below `/etc` of folders that are to be shown on top of it."""

    folder: str
    shown: tuple[str, ...] = ()


def guest_ids() -> tuple[int, int]:
    """The uid and gid that the guest sees: the invoking user's own, or `GUEST_ID` for root."""
    return os.getuid() or GUEST_ID, os.getgid() or GUEST_ID


def net_folders(host: str = HOST) -> list[str]:
    """Paths below `/etc` of what only a box with a network needs: certificates."""
    return [name for name in _NET_FOLDERS if os.path.isdir(f"{host}/{name}")]


def prepare(cache: str | None, scratch: str, host: str = HOST) -> Etc:
    """The `/etc` of this host's boxes: kept in the folder `cache`, or made in `scratch` if that cannot be written.

    Raises `OSError` when neither can be. A kept one is looked for by everything that went into it, so that what
    changes on the host is seen in the next run.
    """
    entries, shown = _survey(host)
    if cache is not None:
        kept = os.path.join(cache, _PREFIX + _digest(host, entries, shown))
        if _is_there(kept):
            return Etc(kept, shown)
        part = f"{kept}.{os.getpid()}"
        try:
            os.makedirs(cache, mode=0o700, exist_ok=True)
            _forget_old(cache)
            _fill(part, host, entries, shown)
            os.rename(part, kept)
        except OSError:
            _remove(part)
        if _is_there(kept):
            return Etc(kept, shown)
    folder = os.path.join(scratch, "etc")
    if not os.path.isdir(folder):  # else another run had its turn in between
        _fill(folder, host, entries, shown)
    return Etc(folder, shown)


_Entry = tuple[str, str]
"""A path below `/etc`, and what tells whether it has changed.

That is the state of a folder or a file; of a link only that it is one, since to make another changes its folder.
"""
_LINK = "link"


def _survey(host: str) -> tuple[list[_Entry], tuple[str, ...]]:
    """What is to be copied, parents first, and which folders are too large for that."""
    entries: list[_Entry] = []
    shown = []
    for name in _FILES:
        with suppress(OSError):
            state = os.stat(f"{host}/{name}")
            if state.st_size <= _MAX_FILE:
                entries.append((name, _stamp(state)))
    java = [name for name in os.listdir(host) if name.startswith("java-")]
    for name in (*_FOLDERS, *sorted(java)):
        found: list[_Entry] = []
        try:
            size = _gather(host, name, found)
        except OSError:  # it is not there, or not for this user to see
            continue
        if len(found) > _MAX_FOLDER_ENTRIES or size > _MAX_FOLDER_BYTES:
            shown.append(name)
        else:
            entries += found
    return entries, tuple(shown)


def _gather(host: str, folder: str, found: list[_Entry]) -> int:
    """Add `folder` and everything in it to `found`, up to one more than may be copied; the bytes of its files."""
    found.append((folder, _stamp(os.stat(f"{host}/{folder}"))))
    size = 0
    with os.scandir(f"{host}/{folder}") as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    for entry in entries:
        path = f"{folder}/{entry.name}"
        if len(found) > _MAX_FOLDER_ENTRIES:
            break
        if entry.is_symlink():
            found.append((path, _LINK))
        elif entry.is_dir():
            with suppress(OSError):
                size += _gather(host, path, found)
        else:
            state = entry.stat()
            size += state.st_size
            found.append((path, _stamp(state)))
    return size


def _stamp(state: os.stat_result) -> str:
    return f"{state.st_mode}:{state.st_size}:{state.st_mtime_ns}:{state.st_ino}"


def _digest(host: str, entries: list[_Entry], shown: tuple[str, ...]) -> str:
    facts = [f"{_FORMAT} {guest_ids()} {shown} {net_folders(host)}", *("\0".join(entry) for entry in entries)]
    return sha256("\n".join(facts).encode("utf-8", "surrogateescape")).hexdigest()[:20]


def _is_there(folder: str) -> bool:
    """Whether a kept one is there; it then counts as used today."""
    try:
        state = os.lstat(folder)
    except OSError:
        return False
    if time.time() - state.st_mtime > _DAY_S:
        with suppress(OSError):
            os.utime(folder)
    return stat.S_ISDIR(state.st_mode) and state.st_uid == os.getuid()


def _forget_old(cache: str) -> None:
    """Remove those that nobody has used for a month; no run takes that long."""
    for name in os.listdir(cache):
        path = os.path.join(cache, name)
        if name.startswith(_PREFIX) and time.time() - os.lstat(path).st_mtime > _KEPT_S:
            _remove(path)


def _remove(folder: str) -> None:
    with suppress(OSError):
        disk.remove_tree(folder)


def _fill(folder: str, host: str, entries: list[_Entry], shown: tuple[str, ...]) -> None:
    uid, gid = guest_ids()
    texts = {
        "passwd": f"root:x:0:0:root:/:/bin/sh\npolyrun:x:{uid}:{gid}:polyrun:/tmp:/bin/sh\n"
        "nobody:x:65534:65534:nobody:/:/bin/sh\n",
        "group": f"root:x:0:\npolyrun:x:{gid}:\nnogroup:x:65534:\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
        "resolv.conf": "",
        "hosts": "127.0.0.1 localhost polyrun\n::1 localhost polyrun\n",
        "hostname": "polyrun\n",
    }
    os.mkdir(folder, 0o755)
    for name, text in texts.items():
        _put(os.path.join(folder, name), text.encode())
    for path, _ in entries:
        with suppress(FileNotFoundError, PermissionError):  # gone meanwhile, or not for this user to read
            _copy(f"{host}/{path}", os.path.join(folder, path), follow=path in _FILES)
    for name in (*shown, *net_folders(host)):
        os.makedirs(os.path.join(folder, name), exist_ok=True)


def _copy(source: str, target: str, *, follow: bool) -> None:
    """Copy a folder without what is in it, a link as it is unless `follow`, or a file."""
    mode = os.stat(source, follow_symlinks=follow).st_mode
    if stat.S_ISDIR(mode):
        os.makedirs(target, exist_ok=True)
    elif stat.S_ISLNK(mode):
        os.symlink(os.readlink(source), target)
    elif stat.S_ISREG(mode):
        with open(source, "rb") as file:
            data = file.read(2 * _MAX_FILE)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        _put(target, data)


def _put(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, 0o444)
