"""From the last words of a failed program to the flag that would have allowed what it wanted.

Messages are the program's own, so a hint says "if" or names a fact of this host. Whether a path or a variable exists on
the host is looked up here, for the user's eyes, after the program has ended: no block of the document can learn it.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator

from polyrun.execute.offers import may_offer, within
from polyrun.model.frozen import frozen
from polyrun.model.outcomes import Feature
from polyrun.model.permissions import Permissions

_MAX_LINES = 40
_MAX_LINE = 1000
_MAX_CODE = 64 * 1024
_MAX_PATHS = 16


@frozen
class Denial:
    """Messages of runtimes, libraries and tools that a denial may be behind. `words` are regular expressions."""

    feature: Feature
    grant: str
    words: tuple[str, ...]


_DENIALS = (
    Denial(
        Feature.NETWORK,
        "net",
        (
            r"network is unreachable|no route to host|temporary failure in name resolution|name or service not known",
            r"\b(?:ENETUNREACH|EHOSTUNREACH|EAI_AGAIN|EAI_NONAME|ENOTFOUND|gaierror|getaddrinfo)\b",
            r"\b(?:UnknownHostException|SocketError)\b|failed to lookup address",
            r"(?:could not|couldn't|cannot|unable to) resolve (?:host|proxy|address)|bad hostname|getaddresses",
            r"\bdial (?:tcp|udp)\d?: lookup |\blookup \S+(?: on \S+)?: (?:no such host|server misbehaving)",
            r"could not establish connection|failed to download extension",
            r"(?:127\.0\.0\.1|localhost|::1)\b.*(?:connection refused|ECONNREFUSED)",
            r"(?:connection refused|ECONNREFUSED).*(?:127\.0\.0\.1|localhost|::1)\b",
        ),
    ),
    Denial(
        Feature.FILES,
        "write",
        (r"read-only file ?system|\bEROFS\b",),  # "permission denied" is what a failed read says, too
    ),
    Denial(Feature.FILES, "workspace", ("value too large for defined data type",)),  # see docs/sandbox.md, "Writing"
    Denial(
        Feature.FILES,
        "read",
        (
            r"no such file or directory|\b(?:ENOENT|NoSuchFileException|FileNotFoundException|NotFound)\b",
            r"no files found that match|does not exist|cannot open",
        ),
    ),
    Denial(
        Feature.ENVIRONMENT,
        "env",
        (
            r"KeyError|key not found|unbound variable|parameter (?:null or )?not set|\bNotPresent\b",
            r"\bnot (?:set|defined|found|given|present)\b|\b(?:unset|missing|required|undefined)\b",
        ),
    ),
)

_QUOTED = re.compile(r"""(["'`‘“])((?:/|\.\./)[^"'`’”\n]{1,300})["'`’”]""")
_BARE = re.compile(r"""(?:^|[\s(=:@<>])((?:/|\.\./)[^\s"'`:,;()<>|*?]{1,300})""", re.MULTILINE)
_NAME = re.compile(r"\b[A-Za-z_][A-Za-z0-9_]{1,127}\b")
_CAUTION = "only for a document you trust"
_SHOWN = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_GIVEN = frozenset({"PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "LANG", "TZ", "PWD", "SHLVL", "OLDPWD", "_"})


def advice(said: bytes, code: bytes, enforced: frozenset[Feature], permissions: Permissions, folder: str) -> str | None:
    """What would let the program have what it was denied, if its last words `said` look like a denial.

    `code` is the block's, in which what the message leaves out is looked for, `folder` the document's.
    """
    lines = [line[:_MAX_LINE] for line in said.decode("utf-8", "replace").splitlines()[-_MAX_LINES:]]
    text = code[:_MAX_CODE].decode("utf-8", "replace")
    for denial in _DENIALS:
        if denial.feature not in enforced or (denial.grant == "net" and permissions.net):
            continue
        words = re.compile("|".join(denial.words), re.IGNORECASE)
        told = "\n".join(line for line in lines if words.search(line))
        hint = _hint(denial.grant, told, text, permissions, folder) if told else None
        if hint is not None:
            return hint
    return None


def _hint(grant: str, told: str, code: str, permissions: Permissions, folder: str) -> str | None:
    match grant:
        case "net":
            return _if_denied("--allow-net")
        case "workspace":
            return _if_denied("--allow-write")
        case "write":
            return _writing(told, code, folder)
        case "read":
            return _reading(told, code, permissions, folder)
        case _:
            return _variable(told, code, permissions)


def _if_denied(flag: str) -> str:
    return f"if it was the sandbox that denied this, `{flag}` allows it; {_CAUTION}"


def _writing(told: str, code: str, folder: str) -> str:
    """A path is named that exists; else the folder in which it was to be made."""
    for path in _paths(told, code, folder):
        place = next((one for one in (path, os.path.dirname(path)) if may_offer(one, folder)), None)
        if place is not None:
            return _if_denied(_flag("write", place))
    return _if_denied("--allow-write=PATH")


def _reading(told: str, code: str, permissions: Permissions, folder: str) -> str | None:
    """A path is named that exists; else the folder in which it would be, which may be why it could not be made."""
    for path in _paths(told, code, folder):
        if any(within(path, shown) for shown in (*_SHOWN, *permissions.read, *permissions.write)):
            continue
        above = os.path.dirname(path)
        places = (path,) if above in ("/", "/tmp") else (path, above)  # noqa: S108 - there is one in every box
        place = next((one for one in places if may_offer(one, folder)), None)
        if place is not None:
            flag = _flag("read", place)
            return f"`{place}` exists on this host but is not shown in the sandbox; `{flag}` shows it, {_CAUTION}"
    return None


def _variable(told: str, code: str, permissions: Permissions) -> str | None:
    """A variable that the message names, or the code where the message names none."""
    used = set(_NAME.findall(code))
    for text in (told, code) if "NotPresent" in told else (told,):
        for name in dict.fromkeys(_NAME.findall(text)):
            if name in os.environ and name in used and name not in _GIVEN and name not in permissions.env:
                what = f"`{name}` is set on this host but not in the sandbox"
                return f"{what}; `--allow-env={name}` passes it on, {_CAUTION}"
    return None


def _paths(told: str, code: str, folder: str) -> Iterator[str]:
    """Absolute paths outside of the document's folder that the message names; those in the code if there are none."""
    for text in (told, code):
        quoted = [match[2] for match in _QUOTED.finditer(text)]
        found = dict.fromkeys([*quoted, *(match[1].rstrip(".") for match in _BARE.finditer(text))])
        paths = [os.path.normpath(os.path.join(folder, name)) for name in list(found)[:_MAX_PATHS] if "\0" not in name]
        outside = [path for path in paths if not within(path, folder)]
        yield from outside
        if paths:
            return


def _flag(grant: str, path: str) -> str:
    return f"--allow-{grant}={shlex.quote(path)}"
