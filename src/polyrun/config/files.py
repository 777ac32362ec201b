"""Reading one configuration file: bounded, positioned, never guessed at."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from polyrun.config.kinds import printable
from polyrun.config.locations import KeyPath, Locations, NestedTooDeeply
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.errors import ConfigError, UsageError
from polyrun.model.frozen import frozen, replace
from polyrun.model.limits import MIB
from polyrun.model.spans import Source, Span

MAX_FILE_BYTES = MIB
_BOM = b"\xef\xbb\xbf"
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@frozen
class ConfigFile:
    """A file that was read and understood: its bytes, its `tree`, and where everything in it stands.

    `root` is the path of the table that holds PolyRun's settings, `()` or `("tool", "polyrun")`.
    `mission` tells the old `config.json` form from the native one. `present` is false for a
    `pyproject.toml` that has no such table, `on_disk` for what was given as a mapping.
    """

    path: Path
    source: Source
    tree: dict[str, Any]
    locations: Locations
    root: KeyPath = ()
    mission: bool = False
    present: bool = True
    on_disk: bool = True

    def key_span(self, path: KeyPath) -> Span:
        """The bytes of the key at `path`, counted from PolyRun's own table."""
        return _bytes_of(self.source, self.locations.key(self.root + path))

    def value_span(self, path: KeyPath) -> Span:
        """The bytes of the value at `path`, counted from PolyRun's own table."""
        return _bytes_of(self.source, self.locations.value(self.root + path))


def read_bytes(path: Path, *, regular: bool) -> bytes:
    """At most `MAX_FILE_BYTES` of `path`. Raises `OSError`, also for anything larger.

    With `regular`, pipes and devices are refused without waiting for them: a found file may be anybody's.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (os.O_NONBLOCK if regular else 0))
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        if regular and not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(MAX_FILE_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > MAX_FILE_BYTES:
        raise OSError(errno.EFBIG, "it is larger than 1 MiB")
    return data


def unreadable(path: Path, error: OSError) -> ConfigError:
    """The error for a file that cannot be read at all."""
    return _failure(Source(b"", str(path)), f"cannot be read: {(error.strerror or str(error)).lower()}", Span(0, 0))


def without_settings(file: ConfigFile) -> ConfigError:
    """The error for a `pyproject.toml` that was given and says nothing to PolyRun."""
    return _failure(file.source, "has no `[tool.polyrun]` table", Span(0, 0))


def read_toml(path: Path, data: bytes) -> ConfigFile:
    """Understand `data` as `polyrun.toml`, or as `pyproject.toml` when that is its name. Raises `ConfigError`."""
    import tomllib

    from polyrun.config.locate_toml import locate_toml

    source = Source(data, str(path))
    text = _text(source)
    locations = _guarded(source, text, locate_toml)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _toml_failure(source, text, error) from None
    except (ValueError, RecursionError) as error:
        raise _failure(source, f"is not valid TOML: {error}", Span(0, 0)) from None
    if path.name != "pyproject.toml":
        return ConfigFile(path, source, tree, locations)
    tool = tree.get("tool", {})
    own = tool.get("polyrun") if isinstance(tool, dict) else None
    if own is not None and not isinstance(own, dict):
        span = _bytes_of(source, locations.value(("tool", "polyrun")))
        raise _failure(source, "must hold a table, `[tool.polyrun]`", span)
    return ConfigFile(path, source, own or {}, locations, root=("tool", "polyrun"), present=own is not None)


def read_json(path: Path, data: bytes) -> ConfigFile:
    """Understand `data` as the mission's `config.json`. Raises `ConfigError`, also for a key that stands twice."""
    import json

    from polyrun.config.locate_json import locate_json

    source = Source(data, str(path))
    text = _text(source)
    locations = _guarded(source, text, locate_json)
    try:
        tree = json.loads(text)
    except json.JSONDecodeError as error:
        span = _bytes_of(source, (error.pos, min(error.pos + 1, len(text))))
        raise _failure(source, f"is not valid JSON: {_lower_first(error.msg)}", span) from None
    except (ValueError, RecursionError) as error:
        raise _failure(source, f"is not valid JSON: {error}", Span(0, 0)) from None
    if not isinstance(tree, dict):
        raise _failure(source, "must hold one JSON object", _bytes_of(source, locations.value(())))
    if locations.repeated:
        raise ConfigError(source, tuple(_repeated(source, locations, *one) for one in locations.repeated[:20]))
    return ConfigFile(path, source, tree, locations, mission=True)


def from_mapping(given: Mapping[str, object], folder: Path) -> ConfigFile:
    """The keys of `config.json` as a mapping, written out as that file so that faults have a place in it.

    Relative paths start at `folder`. Raises `ConfigError`, and `UsageError` for what JSON cannot hold.
    """
    import json

    try:
        data = json.dumps(given, indent=2, ensure_ascii=False, default=os.fspath).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the configuration cannot be written as JSON: {error}") from None
    return replace(read_json(folder / "config", data), on_disk=False)


def _repeated(source: Source, locations: Locations, path: KeyPath, where: tuple[int, int]) -> Diagnostic:
    return Diagnostic(
        Code.BAD_CONFIGURATION_FILE,
        Severity.ERROR,
        f"`{printable(str(path[-1]))}` stands twice in one object",
        Label(_bytes_of(source, where), "again here"),
        (Label(_bytes_of(source, locations.key(path)), "first here"),),
        hint="keep one of them",
    )


def _text(source: Source) -> str:
    try:
        return source.data.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        bom = len(_BOM) if source.data.startswith(_BOM) else 0
        span = Span(bom + error.start, bom + error.end)
        raise _failure(source, "is not valid UTF-8", span, hint="save the file as UTF-8") from None


def _guarded(source: Source, text: str, locate: Callable[[str], Locations]) -> Locations:
    try:
        return locate(text)
    except NestedTooDeeply as error:
        raise _failure(source, str(error), _bytes_of(source, (error.offset, error.offset + 1))) from None


def _toml_failure(source: Source, text: str, error: Exception) -> ConfigError:
    message = str(error)
    place = _TOML_PLACE.search(message)
    offset = len(text)
    if place is not None and place[1] is not None:
        offset = _offset(text, int(place[1]), int(place[2]))
    reason = _lower_first(message[: place.start()] if place else message)
    hint = None if place is None or place[1] else "the file ends too early"
    return _failure(source, f"is not valid TOML: {reason}", _bytes_of(source, (offset, offset + 1)), hint=hint)


def _offset(text: str, line: int, column: int) -> int:
    """The character at 1-based `line` and `column`; `tomllib` counts with CRLF as one character."""
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return min(start + column - 1, len(text))


def _failure(source: Source, message: str, span: Span, *, hint: str | None = None) -> ConfigError:
    return ConfigError(
        source,
        (Diagnostic(Code.BAD_CONFIGURATION_FILE, Severity.ERROR, f"the file {message}", Label(span), hint=hint),),
    )


def _bytes_of(source: Source, characters: tuple[int, int]) -> Span:
    bom = len(_BOM) if source.data.startswith(_BOM) else 0
    text = source.data[bom:].decode("utf-8")
    start = bom + len(text[: characters[0]].encode())
    return Span(start, start + len(text[characters[0] : characters[1]].encode()))


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
