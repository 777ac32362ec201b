"""What the user lets a document reach beyond its own folder; in Deno's words."""

from __future__ import annotations

from polyrun.model.frozen import frozen


@frozen
class Permissions:
    """Grants, all empty by default; only the user gives them, never the document.

    `read` and `write` are absolute paths. `write_workspace` lets writes reach the document's own
    folder instead of the overlay. `env` are names of variables passed through from the host.
    """

    net: bool = False
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    write_workspace: bool = False
    env: tuple[str, ...] = ()
