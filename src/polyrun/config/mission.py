"""The keys of the mission's `config.json`, an older and flatter form that stays honoured."""

from __future__ import annotations

from polyrun.config import kinds
from polyrun.config.kinds import Context, Kind
from polyrun.model.frozen import frozen

WITH_DOCKER = ("docker", "bubblewrap", "local")
WITHOUT_DOCKER = ("bubblewrap",)


@frozen
class MissionSetting:
    """One key of `config.json` (dotted where objects nest), and the field of `Settings` it fills."""

    key: str
    kind: Kind
    target: str
    doc: str


def _read_chain(value: object, context: Context) -> tuple[str, ...]:
    return WITH_DOCKER if kinds.FLAG.read(value, context) else WITHOUT_DOCKER


def _read_known_languages(value: object, context: Context) -> tuple[str, ...]:
    """Old files list languages that this version may not have; a document that uses one is told so then."""
    names = kinds.LANGUAGES.read(value, Context(context.folder))
    known = context.languages or {}
    return tuple(dict.fromkeys(known[name].id if name in known else name for name in names))


_DOCKER_POLICY = "docker_security_policies"

MISSION_SETTINGS: tuple[MissionSetting, ...] = (
    MissionSetting("timeout_seconds", kinds.DURATION, "limits.wall_s", "as `limits.timeout`"),
    MissionSetting("log_level", kinds.LOG_LEVEL, "log_level", "as `log.level`"),
    MissionSetting("log_file", kinds.PATH, "log_file", "as `log.file`"),
    MissionSetting("output_directory", kinds.PATH, "log_dir", "as `log.dir`"),
    MissionSetting(
        "supported_languages",
        Kind(kinds.LANGUAGES.words, _read_known_languages),
        "supported_languages",
        "as `run.languages`; a language that PolyRun does not know is accepted here",
    ),
    MissionSetting(
        "docker_enabled",
        Kind(kinds.FLAG.words, _read_chain),
        "chain",
        f"`true`: `sandbox.chain` is {', '.join(WITH_DOCKER)}; `false`: {', '.join(WITHOUT_DOCKER)}",
    ),
    MissionSetting("docker_memory_limit", kinds.SIZE, "docker.memory_bytes", "the most memory of a container"),
    MissionSetting("docker_cpu_quota", kinds.DOCKER_CPUS, "docker.cpus", "the most processors of a container"),
    MissionSetting("docker_disk_quota", kinds.SIZE, "docker.disk_bytes", "what a container may write at most"),
    MissionSetting("docker_execution_timeout", kinds.DURATION, "docker.timeout_s", "the most wall time of a step"),
    MissionSetting("docker_cleanup", kinds.FLAG, "docker.cleanup", "`false` leaves containers, stopped, for a look"),
    MissionSetting(
        f"{_DOCKER_POLICY}.allow_privileged",
        kinds.FLAG,
        "docker.allow_privileged",
        "nothing but `false`",
    ),
    MissionSetting(f"{_DOCKER_POLICY}.allow_network", kinds.FLAG, "docker.allow_network", "give containers a network"),
    MissionSetting(
        f"{_DOCKER_POLICY}.allow_mounts",
        kinds.FLAG,
        "docker.allow_mounts",
        "nothing but `false`",
    ),
    MissionSetting(
        f"{_DOCKER_POLICY}.read_only_root", kinds.FLAG, "docker.read_only_root", "make the container's root read-only"
    ),
)
