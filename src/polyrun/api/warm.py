"""A long-lived process that runs many documents: its sandbox stays, and with it the containers that wait."""

from __future__ import annotations

import os
from typing import Self

from polyrun.api.reading import Input
from polyrun.api.running import arun
from polyrun.config.settings import Settings
from polyrun.execute.emitter import Listener
from polyrun.model.results import RunResult
from polyrun.model.spans import Source
from polyrun.sandbox.base import Sandbox


class Warm:
    """Runs documents one after the other or side by side, on one event loop, with one set of `settings`.

    With the `docker` sandbox one container of each kind that was used waits for the next use (`docker.warm` bounds how
    many there are in all), so that a block starts in milliseconds. Other sandboxes gain nothing. Use it as an
    asynchronous context manager: on leaving, every container that waits is removed.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        self._kept: dict[str, Sandbox] = {}

    async def run(
        self,
        document: str | os.PathLike[str] | Source | Input,
        *,
        on_event: Listener | None = None,
        folder: str | os.PathLike[str] | None = None,
    ) -> RunResult:
        """Like `arun`, which it raises like, too."""
        return await arun(document, self._settings, on_event=on_event, folder=folder, kept=self._kept)

    async def close(self) -> None:
        """Remove what waits."""
        while self._kept:
            await self._kept.popitem()[1].close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
