"""The `docker` backend as the settings want it."""

from __future__ import annotations

from polyrun.config.settings import DockerSettings, Settings
from polyrun.model.errors import UsageError
from polyrun.sandbox.docker.options import DockerOptions, PoolSize

_CEILINGS = {"memory_bytes": "memory_bytes", "cpus": "cpus", "disk_bytes": "disk_bytes", "timeout_s": "wall_s"}
"""Fields of `DockerSettings` that bound fields of `Limits`."""


def docker_options(settings: Settings, *, stays: bool = False) -> DockerOptions:
    """What the `docker` backend is to be, for one run or for one that `stays`.

    Raises `UsageError` for what no container of PolyRun gets.
    """
    docker = settings.docker
    _refuse(docker)
    ceiling = {limit: value for name, limit in _CEILINGS.items() if (value := getattr(docker, name)) is not None}
    return DockerOptions(
        base=docker.base,
        runtime=docker.runtime,
        ceiling=ceiling,
        net=docker.allow_network,
        read_only_root=docker.read_only_root,
        remove=docker.cleanup,
        pool=PoolSize(minimum=int(stays), maximum=docker.warm),
    )


def _refuse(docker: DockerSettings) -> None:
    for asked, name in ((docker.allow_privileged, "allow_privileged"), (docker.allow_mounts, "allow_mounts")):
        if asked:
            raise UsageError(
                f"`docker_security_policies.{name}` is on, and no container of PolyRun is given that",
                hint="remove it, or set it to `false`",
            )
