"""What was found out about toolchains, kept in a JSON file between runs.

An entry is used only while everything it was derived from is the same: the specification, the program on `PATH`,
the file behind it, and for a version manager's shim also all that such a shim looks at.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence

from polyrun.languages.spec import Language, Toolchain
from polyrun.model.digest import sha256

_FORMAT = 1
_MAX_BYTES = 1 << 20
_MAX_ENTRIES = 200
_SHIM_FILES = (
    ".python-version",
    ".ruby-version",
    ".node-version",
    ".nvmrc",
    ".java-version",
    ".go-version",
    ".perl-version",
    ".php-version",
    ".lua-version",
    ".tool-versions",
    "mise.toml",
    "rust-toolchain",
    "rust-toolchain.toml",
)
_SHIM_SETTINGS = (
    ".pyenv/version",
    ".rbenv/version",
    ".phpenv/version",
    ".luaenv/version",
    ".rustup/settings.toml",
    ".tool-versions",
    ".config/mise/config.toml",
)
_SHIM_VARIABLES = ("_VERSION", "_TOOLCHAIN", "_ROOT", "_HOME", "_DIR")


def identity(language: Language, choices: Sequence[Mapping[str, str]]) -> str:
    """A digest of all that decides which toolchain comes of `choices`: of each, the path of every program."""
    facts: list[str] = [language.id, language.digest]
    for name, path in (program for choice in choices for program in sorted(choice.items())):
        real = os.path.realpath(path)
        facts += [name, path, real, _stamp(real)]
        if _is_shim(path, real):
            facts += _shim_facts()
    return sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()


def _stamp(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return "-"
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"


def _is_shim(path: str, real: str) -> bool:
    """Whether the program may choose another by where it is called: a script, or one binary behind many names."""
    if os.path.basename(path) not in os.path.basename(real):
        return True
    try:
        with open(real, "rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return True


def _shim_facts() -> Iterator[str]:
    folder = os.getcwd()
    yield folder
    yield os.environ.get("PATH", "")
    for name in sorted(os.environ):
        if name.endswith(_SHIM_VARIABLES):
            yield f"{name}={os.environ[name]}"
    parent = ""
    while parent != folder:
        parent, folder = folder, os.path.dirname(folder)
        for name in _SHIM_FILES:
            yield _stamp(os.path.join(parent, name))
    for name in _SHIM_SETTINGS:
        yield _stamp(os.path.join(os.path.expanduser("~"), name))


class Memory:
    """The entries of one JSON file, read when first asked for. Without a path nothing is remembered."""

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self._path = path

    def _entries(self) -> dict[str, object]:
        """What the file holds; nothing when it is missing, damaged or of another format."""
        if self._path is None:
            return {}
        try:
            with open(self._path, "rb") as file:
                content = json.loads(file.read(_MAX_BYTES))
        except (OSError, ValueError):
            return {}
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            return {}
        entries = content.get("toolchains")
        return entries if isinstance(entries, dict) else {}

    def recall(self, key: str, language: str) -> Toolchain | None:
        """The toolchain kept under `key`, if its programs are still the files they were."""
        entry = self._entries().get(key)
        try:
            match entry:
                case {
                    "version": str(version),
                    "programs": dict(programs),
                    "roots": list(roots),
                    "stamps": dict(stamps),
                }:
                    toolchain = Toolchain(language, version, {**programs}, tuple(roots))
                    texts = (*programs.values(), *roots)
                case _:
                    return None
        except (TypeError, ValueError):
            return None
        if not all(isinstance(text, str) for text in texts):
            return None
        same = all(stamps.get(path) == _stamp(path) for path in toolchain.programs.values())
        return toolchain if same and all(os.path.isdir(root) for root in toolchain.roots) else None

    def keep(self, key: str, toolchain: Toolchain) -> None:
        """Remember `toolchain` under `key`; silently not when the file cannot be written."""
        if self._path is None:
            return
        entries = self._entries()
        entries[key] = {
            "version": toolchain.version,
            "programs": dict(toolchain.programs),
            "roots": list(toolchain.roots),
            "stamps": {path: _stamp(path) for path in toolchain.programs.values()},
        }
        import tempfile  # slow to import, and a warm start does not get here

        newest = dict(list(entries.items())[-_MAX_ENTRIES:])
        try:
            parent, base = os.path.split(self._path)
            os.makedirs(parent, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=parent, prefix=f".{base}.")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump({"format": _FORMAT, "toolchains": newest}, file)
                os.replace(name, self._path)
            except OSError:
                os.unlink(name)
        except OSError:
            return
