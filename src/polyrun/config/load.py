"""Find the configuration files, read them, and combine them with the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from polyrun.config import files
from polyrun.config.files import ConfigFile
from polyrun.config.kinds import BadValue, Context
from polyrun.config.layers import Layer, overrides_layer, read_layer
from polyrun.config.places import FILE_NAME, PROJECT_FILE_NAME, around, is_under
from polyrun.config.resolve import merge, refuse_loosening, resolve
from polyrun.config.settings import Settings
from polyrun.model.errors import UsageError
from polyrun.model.frozen import replace
from polyrun.model.syntax import LanguageSyntax


def load(
    *,
    document_folder: Path | None = None,
    explicit: Path | Mapping[str, object] | None = None,
    overrides: Mapping[str, object] | None = None,
    languages: Mapping[str, LanguageSyntax] | None = None,
    user_folder: Path | None = None,
) -> Settings:
    """Everything the user has set, later sources winning over earlier ones, key by key.

    1. the defaults; 2. `polyrun.toml` in `user_folder` (`None` looks for none);
    3. the nearest `polyrun.toml`, or `pyproject.toml` with `[tool.polyrun]`, from `document_folder`
    upwards (`None` looks for none); 4. the `explicit` file: `polyrun.toml`, `pyproject.toml` or the
    mission's `config.json`, or the keys of the latter as a mapping; 5. `overrides`: dotted keys of
    `polyrun.toml` with values as a file would hold them (`{"limits.timeout": "10s"}`), relative paths
    starting at the working folder.

    A file found in 3. came with the document, so it may only tighten, unless its folder is trusted.
    `languages` (names and aliases in lower case) lets language names be checked; `None` accepts any.

    Raises `ConfigError` with every fault of the first file that has one, and `UsageError` for a bad override.
    """
    user = _read_if_there(user_folder / FILE_NAME) if user_folder is not None else None
    given = _read_explicit(explicit) if explicit is not None else None
    known = [file for file in (user, given) if file is not None]
    found = _discover(document_folder, known) if document_folder is not None else None

    user_layer, found_layer, given_layer = (
        read_layer(file, Context(file.path.parent, languages)) if file is not None else Layer()
        for file in (user, found, given)
    )
    flags = _overrides(overrides or {}, languages)
    if found is not None:
        trusted = merge((user_layer, given_layer, flags))
        if not is_under(str(found.path), trusted.get("trusted_folders", ())):
            refuse_loosening(found, found_layer, resolve(user_layer.values), merge((given_layer, flags)))
    settings = resolve(merge((user_layer, found_layer, given_layer, flags)))
    return replace(settings, sources=tuple(file.path for file in (user, found, given) if file and file.on_disk))


def _read_if_there(path: Path) -> ConfigFile | None:
    """The file at `path`; `None` when it is absent, or out of sight in a folder that is closed to us."""
    try:
        os.stat(path)
    except (OSError, ValueError):
        return None
    try:
        data = files.read_bytes(path, regular=True)
    except OSError as error:
        raise files.unreadable(path, error) from None
    if path.name == PROJECT_FILE_NAME and b"polyrun" not in data:
        return None  # somebody else's file, which need not even be valid
    return files.read_toml(path, data)


def _read_explicit(given: Path | Mapping[str, object]) -> ConfigFile:
    if isinstance(given, Mapping):
        return files.from_mapping(given, Path.cwd())
    try:
        path = Path(os.path.abspath(given))
        data = files.read_bytes(path, regular=False)
    except (OSError, ValueError) as error:
        raise files.unreadable(given, error if isinstance(error, OSError) else OSError(str(error))) from None
    looks_like_json = path.suffix != ".toml" and data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
    if path.suffix == ".json" or looks_like_json:
        return files.read_json(path, data)
    file = files.read_toml(path, data)
    if not file.present:
        raise files.without_settings(file)
    return file


def _discover(folder: Path, known: list[ConfigFile]) -> ConfigFile | None:
    """The nearest configuration from `folder` upwards that is not one of `known`, which are trusted already."""
    for place in around(str(folder)):
        file = _read_if_there(Path(place))
        if file is None or not file.present:
            continue
        same = False
        with suppress(OSError):
            same = any(os.path.samefile(file.path, other.path) for other in known)
        return None if same else file
    return None


def _overrides(overrides: Mapping[str, object], languages: Mapping[str, LanguageSyntax] | None) -> Layer:
    layer = Layer()
    if not overrides:
        return layer
    try:
        for key, target, value in overrides_layer(overrides, Context(Path.cwd(), languages)):
            layer.values[target] = value
            layer.keys[target] = key
    except BadValue as error:
        raise UsageError(str(error), hint=error.hint) from None
    return layer
