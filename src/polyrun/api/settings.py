"""Settings from files and flags."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Mapping

from polyrun.api.folders import user_folders
from polyrun.api.standing import beside, registry_for
from polyrun.config.places import is_bare
from polyrun.config.settings import Settings
from polyrun.model.syntax import LanguageSyntax


def load_settings(
    config: str | os.PathLike[str] | Mapping[str, object] | None = None,
    *,
    document: str | os.PathLike[str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    """The settings for `document`: the user's own file, the nearest file beside it, `config`, then `overrides`.

    `config` is the path of a `polyrun.toml`, a `pyproject.toml` or a `config.json`, or a mapping with the
    keys of a `config.json`. `overrides` are dotted keys of `polyrun.toml`, such as `{"limits.timeout": "10s"}`.
    A file found beside the document may only tighten.

    Raises `ConfigError` with positions for wrong files and `UsageError` for wrong overrides.
    """
    folder = os.path.dirname(os.path.abspath(document)) if document is not None else None
    own = user_folders().config
    if config is None and not overrides and is_bare(folder, own):
        return Settings()
    from pathlib import Path

    from polyrun.config.load import load

    return load(
        document_folder=Path(folder) if folder is not None else None,
        explicit=config if config is None or isinstance(config, Mapping) else Path(config),
        overrides=overrides,
        languages=_nameable(folder),
        user_folder=Path(own),
    )


def _nameable(folder: str | None) -> Mapping[str, LanguageSyntax]:
    """The languages a configuration may name: also those of the document's folder, which are not trusted yet."""
    names: Mapping[str, LanguageSyntax] = registry_for().syntax()
    if folder is None:
        return names
    names_here = os.listdir(beside(folder)) if os.path.isdir(beside(folder)) else ()
    stems = [name.removesuffix(".toml") for name in names_here if name.endswith(".toml")]
    own = {stem: LanguageSyntax(stem, ()) for stem in stems}
    return ChainMap(own, dict(names)) if own else names
