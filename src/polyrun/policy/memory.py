"""Answers remembered between runs: the same code under the same rules is analysed once."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence

from polyrun import __version__
from polyrun.model.digest import sha256
from polyrun.policy.protocol import Answer, Piece, from_plain, to_plain

_MOST = 1000
_MAX_BYTES = 1 << 18
_PARSERS = ("ast_grep_py", "tree_sitter_perl")


class Memory:
    """The answers in the file at `path`. A damaged file counts as none; whoever can write it can forge answers."""

    def __init__(self, path: str, folders: Sequence[str]) -> None:
        self._path = path
        self._salt = "\0".join(_identity(folders))
        self._known: dict[str, object] = {}
        self._is_new = False
        try:
            with open(path, "rb") as file:
                known = json.loads(file.read(2 * _MAX_BYTES))
            self._known = known if isinstance(known, dict) else {}
        except (OSError, ValueError, RecursionError):
            pass

    def recall(self, piece: Piece) -> Answer | None:
        """What was answered to `piece` before."""
        plain = self._known.get(self._key(piece))
        try:
            return from_plain(plain) if isinstance(plain, dict) else None
        except (ValueError, KeyError, TypeError):
            return None

    def keep(self, piece: Piece, answer: Answer) -> None:
        """Remember an answer; a failure is no answer, since another time there may be more time."""
        if answer.failure is None:
            self._known[self._key(piece)] = to_plain(answer)
            self._is_new = True

    def content(self) -> bytes | None:
        """What the file should hold from now on, `None` if it is right as it is.

        That is the newest thousand answers, and no more than fit into 256 KiB: each run reads all of it.
        """
        if not self._is_new:
            return None
        kept: dict[str, object] = {}
        room = _MAX_BYTES
        for key, plain in list(self._known.items())[: -_MOST - 1 : -1]:
            room -= len(json.dumps(plain)) + len(key) + 8
            if room < 0:
                break
            kept[key] = plain
        return json.dumps(dict(reversed(kept.items()))).encode()

    def _key(self, piece: Piece) -> str:
        return sha256(f"{self._salt}\0{piece.grammar}\0".encode() + piece.code).hexdigest()


def module_folders() -> list[str]:
    """Where the analyser's process finds its modules: on this Python's path, without what a document could bring.

    Python puts the folder of a script, or the current one, first on the path; it stays out, unless it is Python's own.
    """
    trusted = tuple(os.path.join(os.path.realpath(prefix), "") for prefix in (sys.prefix, sys.base_prefix))
    own = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return [
        path
        for position, path in enumerate(sys.path)
        if os.path.isabs(path)
        and os.path.isdir(path)
        and path != "/"
        and (position > 0 or path == own or os.path.realpath(path).startswith(trusted))
    ]


def _identity(folders: Sequence[str]) -> Iterable[str]:
    """What tells one set of rules, analyser and parsers from another."""
    yield __version__
    here = os.path.dirname(__file__)
    parsers = (os.path.join(folder, name) for folder in module_folders() for name in _PARSERS)
    for folder in (here, *(os.path.join(here, name) for name in ("grammars", "rules")), *parsers, *folders):
        try:
            with os.scandir(folder) as listing:
                entries = sorted((entry.name, entry.stat()) for entry in listing if not entry.is_dir())
        except OSError:
            continue
        yield folder
        yield from (f"{name} {state.st_mtime_ns} {state.st_size}" for name, state in entries)
