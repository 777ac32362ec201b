"""The text of specifications as plain data, parsed once and then kept as JSON.

Kept under a digest of the text, so that nothing in it can be out of date. `tomllib` is imported only for text that was
never seen before: that and parsing take longer than everything else a run does with its languages.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress

from polyrun.model.digest import sha256
from polyrun.model.errors import LanguageError

_MAX_BYTES = 4 << 20
_HEADS = "heads.json"

_Data = dict[str, object]


class Parsed:
    """Parses TOML, and remembers what came of it in `folder`. Without a folder, or one that is not ours, only parses.

    A file that is missing, damaged or cannot be written costs time and nothing else.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self._folder = folder
        self._heads: dict[str, object] = self._load(_HEADS)
        self._new_heads: dict[str, object] = {}

    def head(self, path: str | os.PathLike[str], data: bytes) -> _Data:
        """The TOML `data` from the beginning of the file at `path`. Raises `LanguageError`."""
        digest = sha256(data).hexdigest()
        known = self._heads.get(digest)
        if isinstance(known, dict):
            return known
        parsed = self._new_heads[digest] = _parse(path, data)
        return parsed

    def whole(self, path: str | os.PathLike[str], data: bytes) -> _Data:
        """The TOML `data` of the file at `path`. Raises `LanguageError`."""
        name = f"{sha256(data).hexdigest()}.json"
        known = self._load(name)
        if known:
            return known
        parsed = _parse(path, data)
        self._store(name, parsed)
        return parsed

    def keep(self) -> None:
        """Remember the heads that were read."""
        if self._new_heads:
            self._store(_HEADS, {**self._heads, **self._new_heads})
            self._new_heads = {}

    def _load(self, name: str) -> _Data:
        if self._folder is None:
            return {}
        with suppress(OSError, ValueError, RecursionError), open(os.path.join(self._folder, name), "rb") as file:
            found = json.loads(file.read(_MAX_BYTES))
            if isinstance(found, dict):
                return found
        return {}

    def _store(self, name: str, data: _Data) -> None:
        if self._folder is None:
            return
        part = os.path.join(self._folder, f".{name}.{os.getpid()}")
        with suppress(OSError, TypeError):  # a date, which JSON lacks and no specification holds
            text = json.dumps(data)
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            try:
                with open(part, "w", encoding="utf-8") as file:
                    file.write(text)
                os.replace(part, os.path.join(self._folder, name))
            except OSError:
                os.unlink(part)


def _parse(path: str | os.PathLike[str], data: bytes) -> _Data:
    import tomllib

    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LanguageError(f"`{path}` is not valid TOML: {error}") from error
