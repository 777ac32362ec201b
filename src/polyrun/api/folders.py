"""Where PolyRun keeps things: a cache that may be deleted at any time, and the state that may not."""

from __future__ import annotations

import os
from pathlib import Path

from polyrun.model.frozen import frozen


@frozen
class Folders:
    """The user's folders for PolyRun, by the XDG base directory rules; none of them need exist."""

    cache: Path
    state: Path
    config: Path

    @property
    def logs(self) -> Path:
        """The default log folder."""
        return self.state / "runs"

    @property
    def toolchains(self) -> Path:
        """The file that remembers toolchains."""
        return self.cache / "toolchains.json"


def user_folders() -> Folders:
    """The folders of the calling user; without a usable home they lie in the temp folder, under the user's id."""
    import platformdirs

    try:
        found = [
            platformdirs.user_cache_path("polyrun"),
            platformdirs.user_state_path("polyrun"),
            platformdirs.user_config_path("polyrun"),
        ]
    except (OSError, RuntimeError, KeyError):
        found = []
    if not found or not all(path.is_absolute() for path in found):
        import tempfile

        root = Path(tempfile.gettempdir()) / f"polyrun-home-{os.getuid()}"
        found = [root / "cache", root / "state", root / "config"]
    return Folders(*found)
