"""The one table of native settings: name, kind, where it goes, who may loosen it, what it does.

Parsing, "did you mean", trust and the reference page `docs/configuration.md` all come from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polyrun.config import kinds
from polyrun.config.kinds import Kind
from polyrun.model.frozen import frozen

BACKENDS = ("docker", "bubblewrap", "local")

ANY_LANGUAGE = "*"
"""Stands for a language's name in the keys of `languages.*`."""


@frozen
class Trust:
    """What a file that came with a document may do to a setting.

    `allows` tells whether its second argument asks for nothing that the first, the user's own value,
    does not give already; `words` say the same to people.
    """

    words: str
    allows: Callable[[Any, Any], bool]


LOWER = Trust("may lower it", lambda own, wanted: own is None or wanted <= own)
LIKE_A_BLOCK = Trust("may set what a block may", LOWER.allows)
RAISE = Trust("may raise it", lambda own, wanted: wanted >= own)
TURN_ON = Trust("may turn it on", lambda own, wanted: wanted >= own)
TURN_OFF = Trust("may turn it off", lambda own, wanted: wanted <= own)
SHORTEN = Trust("may shorten it", lambda own, wanted: own is None or set(wanted) <= set(own))
_MODES = ("off", "warn", "block")
TIGHTEN = Trust("may tighten it", lambda own, wanted: _MODES.index(wanted) >= _MODES.index(own))
REFUSE = Trust("may set `refuse`", lambda own, wanted: wanted in (own, "refuse"))
FREE = Trust("may set it", lambda _own, _wanted: True)
REFUSED = Trust("refused", lambda _own, _wanted: False)


@frozen
class Setting:
    """One setting.

    `key` is its dotted name in `polyrun.toml`; `target` is the dotted field of `Settings` it fills.
    `trust` decides what a file that came with a document may do to it.
    """

    key: str
    kind: Kind
    target: str
    trust: Trust
    doc: str


_LIMITS: tuple[tuple[str, Kind, str, str], ...] = (
    ("timeout", kinds.DURATION, "wall_s", "wall time of one step"),
    ("cpu", kinds.DURATION, "cpu_s", "processor time of one step, of its whole process tree; follows a longer timeout"),
    ("memory", kinds.MEMORY, "memory_bytes", "memory of one step, of its whole process tree"),
    ("processes", kinds.count(1, 1 << 22), "processes", "processes and threads at one time"),
    ("open-files", kinds.count(1, 1 << 20), "open_files", "open files of one process"),
    ("output", kinds.SIZE, "output_bytes", "what is kept of each output stream; the rest is drained and marked"),
    ("flood", kinds.SIZE, "flood_bytes", "what a stream may print at all before the step is ended"),
    ("disk", kinds.SIZE, "disk_bytes", "what may be written"),
    ("cpus", kinds.CPUS, "cpus", "share of processors; unset leaves it to the machine"),
)


ASKABLE = ("wall_s", "cpu_s", "memory_bytes", "cpus")
"""The limits of its own run that a block may set."""


def _limits(section: str, target: str, *, askable: tuple[str, ...] = ASKABLE) -> tuple[Setting, ...]:
    return tuple(
        Setting(f"{section}.{name}", kind, f"{target}.{field}", LIKE_A_BLOCK if field in askable else LOWER, doc)
        for name, kind, field, doc in _LIMITS
    )


SETTINGS: tuple[Setting, ...] = (
    *_limits("limits", "limits"),
    *_limits("build", "build_limits", askable=()),
    *_limits(f"languages.{ANY_LANGUAGE}", f"language_limits.{ANY_LANGUAGE}"),
    Setting("run.total-timeout", kinds.DURATION, "run_wall_s", LOWER, "wall time of the whole run"),
    Setting("run.fail-fast", kinds.FLAG, "fail_fast", FREE, "stop at the first block that fails"),
    Setting("run.strict", kinds.FLAG, "strict", TURN_ON, "treat notes about the document's form as errors"),
    Setting("run.languages", kinds.LANGUAGES, "supported_languages", SHORTEN, "the only languages a document may use"),
    Setting(
        "sandbox.backend",
        kinds.choice("auto", "require", *BACKENDS),
        "sandbox",
        REFUSED,
        "`auto` takes the first usable of the chain, `require` its first or none, a name that one or none",
    ),
    Setting("sandbox.chain", kinds.some_of(*BACKENDS), "chain", REFUSED, "what `auto` tries, in this order"),
    Setting("sandbox.minimum", kinds.count(0, 4), "minimum", RAISE, "the lowest level that `auto` accepts"),
    Setting("sandbox.docker.base", kinds.IMAGE, "docker.base", REFUSED, "the image that others are built on"),
    Setting("sandbox.docker.runtime", kinds.RUNTIME, "docker.runtime", REFUSED, "the engine's runtime, as `runsc`"),
    Setting("sandbox.docker.warm", kinds.count(0, 64), "docker.warm", LOWER, "containers that wait for blocks"),
    Setting("permissions.net", kinds.FLAG, "permissions.net", TURN_OFF, "let blocks use the network"),
    Setting("permissions.read", kinds.PATHS, "permissions.read", SHORTEN, "folders and files that blocks may read"),
    Setting("permissions.write", kinds.PATHS, "permissions.write", SHORTEN, "folders and files that blocks may change"),
    Setting(
        "permissions.write-workspace",
        kinds.FLAG,
        "permissions.write_workspace",
        TURN_OFF,
        "let writes reach the document's own folder instead of an overlay",
    ),
    Setting("permissions.env", kinds.ENV_NAMES, "permissions.env", SHORTEN, "variables that blocks may see"),
    Setting("log.dir", kinds.PATH, "log_dir", REFUSED, "the log folder; unset is your state folder"),
    Setting(
        "log.file",
        kinds.PATH,
        "log_file",
        REFUSED,
        "the file for the human log; unset is a new file of each run in `log.dir`",
    ),
    Setting("log.level", kinds.LOG_LEVEL, "log_level", FREE, "what the log holds"),
    Setting("log.keep", kinds.FLAG, "keep_logs", TURN_ON, "write logs and history at all"),
    Setting("audit.keep", kinds.FLAG, "audit.keep", TURN_ON, "write the [audit log](audit.md) at all"),
    Setting("audit.dir", kinds.PATH, "audit.dir", REFUSED, "its folder; unset is `audit` in your state folder"),
    Setting(
        "audit.key-file",
        kinds.PATH,
        "audit.key_file",
        REFUSED,
        "the file with the key that records are sealed with; unset seals them with none",
    ),
    Setting("audit.max-size", kinds.FILE_SIZE, "audit.max_bytes", REFUSED, "where a file is full and the next begun"),
    Setting(
        "audit.keep-files",
        kinds.count(1, 1 << 20),
        "audit.keep_files",
        REFUSED,
        "how many full files stay; unset keeps all",
    ),
    Setting(
        "audit.on-failure",
        kinds.choice("warn", "refuse"),
        "audit.on_failure",
        REFUSE,
        "what a log that cannot be written leads to: a warning, or no block is started any more",
    ),
    Setting(
        "audit.sync",
        kinds.FLAG,
        "audit.sync",
        TURN_ON,
        "let the end of every run wait for the disk, not only what tells of something denied or found",
    ),
    Setting(
        "policy.mode",
        kinds.choice("block", "warn", "off"),
        "policy",
        TIGHTEN,
        "what dangerous code in a block leads to: it is not run, or a warning; `off` does not look",
    ),
    Setting("policy.allow", kinds.NAMES, "allow", SHORTEN, "codes and rules that the static analysis passes over"),
    Setting("policy.rules", kinds.PATHS, "policy_rules", REFUSED, "folders with rules of your own"),
    Setting(
        "trust.folders",
        kinds.PATHS,
        "trusted_folders",
        REFUSED,
        "folders whose own `polyrun.toml` and `pyproject.toml` may set everything",
    ),
)

BY_KEY = {setting.key: setting for setting in SETTINGS}
"""Every setting by its dotted name."""
