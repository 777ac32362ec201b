from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from polyrun.config.load import load
from polyrun.config.settings import AuditSettings, Settings
from polyrun.config.table import SETTINGS
from polyrun.model.errors import ConfigError
from polyrun.model.limits import GIB, MIB

Load = Callable[..., Settings]
Faults = Callable[..., list[str]]

EVERYTHING = """
[limits]
timeout = "10s"
cpu = 2.5
memory = "256m"
processes = 10
open-files = 20
output = 4096
flood = "2m"
disk = "3m"
cpus = "150%"

[build]
timeout = "1m"

[languages.py]
memory = "1g"

[run]
total-timeout = "5m"
fail-fast = true
strict = true
languages = ["python", "Py", "java"]

[sandbox]
backend = "bubblewrap"
chain = ["docker", "bubblewrap"]
minimum = 2

[permissions]
net = true
read = ["data", "/srv"]
write = ["out"]
write-workspace = true
env = ["TOKEN"]

[log]
dir = "logs"
file = "run.log"
level = "debug"
keep = false

[audit]
keep = false
dir = "audit"
key-file = "audit.key"
max-size = "2m"
keep-files = 7
on-failure = "refuse"
sync = true

[policy]
mode = "warn"
allow = ["PR704", "PR704", "python/eval"]
rules = ["rules"]

[trust]
folders = ["work"]
"""


def test_every_setting_arrives_in_its_unit(load_file: Load, tmp_path: Path) -> None:
    got = load_file(EVERYTHING)

    assert (got.limits.wall_s, got.limits.cpu_s, got.limits.memory_bytes) == (10.0, 2.5, 256 * MIB)
    assert (got.limits.processes, got.limits.open_files, got.limits.cpus) == (10, 20, 1.5)
    assert (got.limits.output_bytes, got.limits.flood_bytes, got.limits.disk_bytes) == (4096, 2 * MIB, 3 * MIB)
    assert got.build_limits.wall_s == 60.0
    assert got.build_limits.memory_bytes == Settings().build_limits.memory_bytes
    assert got.language_limits == {"python": {"memory_bytes": GIB}}
    assert (got.run_wall_s, got.fail_fast, got.strict) == (300.0, True, True)
    assert got.supported_languages == ("python", "java")
    assert (got.sandbox, got.chain, got.minimum) == ("bubblewrap", ("docker", "bubblewrap"), 2)
    assert got.permissions.net
    assert got.permissions.write_workspace
    assert got.permissions.read == (str(tmp_path / "data"), "/srv")
    assert got.permissions.write == (str(tmp_path / "out"),)
    assert got.permissions.env == ("TOKEN",)
    assert (got.log_dir, got.log_file) == (tmp_path / "logs", tmp_path / "run.log")
    assert (got.log_level, got.keep_logs) == ("DEBUG", False)
    assert got.audit == AuditSettings(
        keep=False,
        dir=tmp_path / "audit",
        key_file=tmp_path / "audit.key",
        max_bytes=2 * MIB,
        keep_files=7,
        on_failure="refuse",
        sync=True,
    )
    assert (got.policy, got.allow) == ("warn", ("PR704", "python/eval"))
    assert got.policy_rules == (str(tmp_path / "rules"),)
    assert got.trusted_folders == (str(tmp_path / "work"),)
    assert got.sources == (tmp_path / "polyrun.toml",)


def test_the_example_above_uses_every_section() -> None:
    sections = {setting.key.partition(".")[0] for setting in SETTINGS}
    assert all(f"[{section}" in EVERYTHING for section in sections)


def test_chosen_limits_are_those_that_were_set(load_file: Load) -> None:
    assert load_file('[limits]\nmemory = "1g"').chosen_limits == {"memory_bytes"}
    assert load_file("").chosen_limits == frozenset()


@pytest.mark.parametrize(
    ("text", "cpu_s"),
    [
        ("[limits]\ntimeout = 90", 90.0),
        ("[limits]\ntimeout = 90\ncpu = 5", 5.0),
        ("[limits]\ntimeout = 5", 30.0),
    ],
)
def test_processor_time_follows_a_longer_timeout(load_file: Load, text: str, cpu_s: float) -> None:
    assert load_file(text).limits.cpu_s == cpu_s


def test_processor_time_of_a_language_follows_its_timeout(load_file: Load) -> None:
    got = load_file('[languages.java]\ntimeout = "2m"')
    assert got.language_limits == {"java": {"wall_s": 120.0, "cpu_s": 120.0}}


def test_pyproject_form(load_file: Load) -> None:
    got = load_file('[project]\nname = "x"\n[tool.polyrun.limits]\ntimeout = 3\n', "pyproject.toml")
    assert got.limits.wall_s == 3.0


def test_pyproject_positions_count_from_its_own_start(faults: Faults) -> None:
    text = '[project]\nname = "x"\n[tool.polyrun]\nlimits.timeout = 0\n'
    assert faults(text, "pyproject.toml") == ["4:18 PR802 0"]


def test_pyproject_without_our_table_says_so(faults: Faults) -> None:
    assert faults('[project]\nname = "x"\n', "pyproject.toml") == ["1:1 PR803 "]


def test_many_faults_in_one_pass_in_file_order(faults: Faults) -> None:
    text = """\
[limits]
timeout = 0
memory = "abc"   # a comment
cpu = nan
processes = -1
timout = "3s"
open-files = 1e3
[languages."py"]
memory.x = 3
[permisions]
net = true
[sandbox]
chain = ["docker", "kvm"]
minimum = true
[log]
level = ""
"""
    assert faults(text) == [
        "2:11 PR802 0",
        '3:10 PR802 "abc"',
        "4:7 PR802 nan",
        "5:13 PR802 -1",
        "6:1 PR801 timout",
        "7:14 PR802 1e3",
        "9:1 PR802 memory",
        "10:2 PR801 permisions",
        '13:9 PR802 ["docker", "kvm"]',
        "14:11 PR802 true",
        '16:9 PR802 ""',
    ]


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1e308", '"abc"', '""', "true", "[]", "{}", '"1e9999s"'])
@pytest.mark.parametrize("key", ["timeout", "memory", "cpus", "processes"])
def test_impossible_limits_are_refused(faults: Faults, key: str, value: str) -> None:
    (fault,) = faults(f"[limits]\n{key} = {value}\n")
    assert fault.startswith(f"2:{len(key) + 4} PR802")


def test_a_size_too_long_to_be_a_float_is_refused(faults: Faults) -> None:
    (fault,) = faults(f'[limits]\nmemory = "{"9" * 400}"\n')
    assert fault.startswith("2:10 PR802")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[limits]\ntimout = 3", "did you mean `timeout`?"),
        ("[limit]\ntimeout = 3", "did you mean `limits`?"),
        ("[languages.pyton]\nmemory = 3", "did you mean `python`?"),
        ('[run]\nlanguages = ["jvaa"]', "did you mean `java`?"),
        ("[log]\nzzz = 3", "`log` knows `dir`, `file`, `level`, `keep`"),
    ],
)
def test_hints(load_file: Load, text: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file(text)
    (only,) = caught.value.diagnostics
    assert only.hint == hint


@pytest.mark.parametrize("value", ['"1023k"', "0", "true", '"many"'])
def test_a_file_of_the_audit_log_has_a_least_size(faults: Faults, value: str) -> None:
    assert faults(f"[audit]\nmax-size = {value}\n") == [f"2:12 PR802 {value}"]


def test_one_language_under_two_names_is_a_contradiction(faults: Faults) -> None:
    assert faults("[languages.python]\ncpu = 1\n[languages.py]\ncpu = 2\n") == ["4:7 PR802 2"]


def test_the_star_of_the_table_is_no_language(faults: Faults) -> None:
    assert faults('[languages."*"]\ncpu = 1\n') == ['1:12 PR801 "*"']


def test_control_characters_of_a_key_do_not_reach_the_message(load_file: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file('"\\u001b[2Jx" = 1')
    assert "\x1b" not in caught.value.diagnostics[0].message


def test_faults_are_bounded(faults: Faults) -> None:
    assert len(faults("\n".join(f"k{n} = 1" for n in range(5000)))) == 100


@pytest.mark.parametrize(
    "text", ["[limits]\r\ntimeout = 0\r\n", "\ufeff[limits]\ntimeout = 0\n", "# Grüße\n#\n[limits]\ntimeout = 0\n"]
)
def test_newlines_marks_and_letters_do_not_shift_positions(faults: Faults, text: str) -> None:
    (fault,) = faults(text)
    assert fault.split()[1:] == ["PR802", "0"]
    assert fault.startswith(f"{text[: text.index('= 0')].count(chr(10)) + 1}:11")


def test_overrides_win_and_take_the_same_notation(tmp_path: Path) -> None:
    path = tmp_path / "polyrun.toml"
    path.write_text("[limits]\ntimeout = 5\nmemory = 10000000\n")
    got = load(
        explicit=path,
        user_folder=tmp_path / "nothing",
        overrides={"limits.timeout": "7s", "permissions.net": True, "languages.java.memory": "1g"},
    )
    assert (got.limits.wall_s, got.limits.memory_bytes) == (7.0, 10_000_000)
    assert got.permissions.net
    assert got.language_limits == {"java": {"memory_bytes": GIB}}
