"""Where configuration files may stand. Imports nothing heavy: most runs have none, and need not pay for reading one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

FILE_NAME = "polyrun.toml"
PROJECT_FILE_NAME = "pyproject.toml"


def around(folder: str) -> Iterator[str]:
    """The paths to try for a document in `folder`, nearest first, up to the root."""
    here = os.path.abspath(folder)
    while True:
        yield os.path.join(here, FILE_NAME)
        yield os.path.join(here, PROJECT_FILE_NAME)
        above = os.path.dirname(here)
        if above == here:
            return
        here = above


def is_under(path: str, folders: Iterable[str]) -> bool:
    """Whether the real place of `path` is one of `folders` or lies in one; links do not lead out of doubt."""
    real = os.path.realpath(path)
    return any(os.path.commonpath([real, os.path.realpath(folder)]) == os.path.realpath(folder) for folder in folders)


def is_bare(document_folder: str | None, user_folder: str) -> bool:
    """Whether there is no file at any place where a configuration could be."""
    if os.path.lexists(os.path.join(user_folder, FILE_NAME)):
        return False
    return document_folder is None or not any(map(os.path.lexists, around(document_folder)))
