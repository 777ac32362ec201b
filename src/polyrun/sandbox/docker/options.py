"""How the `docker` backend is set up. Imported before anybody knows whether it is wanted, so it imports little."""

from __future__ import annotations

import os
from collections.abc import Mapping

from polyrun.model.frozen import NOTHING, frozen

DEFAULT_BASE = "debian:bookworm-slim"


@frozen
class PoolSize:
    """How many containers wait: at least `minimum` of each kind that was used, at most `maximum` in all.

    One that has waited `idle_s` seconds is removed, unless it is among the `minimum`; one that is `age_s` old is
    replaced. At most `starting` are started at the same time in the background, by default one for each processor.
    """

    minimum: int = 0
    maximum: int = 8
    idle_s: float = 60.0
    age_s: float = 600.0
    starting: int = max(2, os.cpu_count() or 1)


@frozen
class DockerOptions:
    """What containers are made of and what they may use.

    `base` is the image that others are built on (a Debian or Ubuntu), `runtime` one that the engine knows (`runsc`),
    `None` its default. `ceiling` bounds fields of a command's `Limits`. `net` gives every container a network,
    `read_only_root` is off for none but the bold, and without `remove` a container stays, stopped, for a look.
    """

    base: str = DEFAULT_BASE
    runtime: str | None = None
    ceiling: Mapping[str, float | int] = NOTHING
    net: bool = False
    read_only_root: bool = True
    remove: bool = True
    pool: PoolSize = PoolSize()


DEFAULTS = DockerOptions()
