"""What the shell offers after TAB; finds nothing rather than failing."""

from __future__ import annotations

from polyrun.model.errors import PolyRunError


def block_names(file: str, incomplete: str) -> list[str]:
    """The names of the blocks in document `file` that continue `incomplete`, a list with commas."""
    from polyrun import api

    head, comma, last = incomplete.rpartition(",")
    try:
        blocks = api.check(file).document.blocks if file and file != "-" else ()
    except (PolyRunError, OSError):
        return []
    names = [block.name.text for block in blocks if block.name is not None]
    return [f"{head}{comma}{name}" for name in names if name.startswith(last)]


def language_names(incomplete: str) -> list[str]:
    """The ids of the known languages that begin with `incomplete`."""
    from polyrun.languages import Registry

    try:
        return [name for name in Registry.load().ids if name.startswith(incomplete)]
    except (PolyRunError, OSError):
        return []
