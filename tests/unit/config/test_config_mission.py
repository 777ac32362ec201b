from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from polyrun.config.load import load
from polyrun.config.mission import MISSION_SETTINGS
from polyrun.config.settings import DockerSettings, Settings
from polyrun.model.errors import ConfigError, UsageError
from polyrun.model.frozen import replace
from polyrun.model.limits import GIB, MIB
from unit.config.config_cases import LANGUAGES, faults_of

Load = Callable[..., Settings]
Faults = Callable[..., list[str]]

EVERYTHING = {
    "timeout_seconds": 45,
    "log_level": "DEBUG",
    "log_file": "logs/run.log",
    "output_directory": "out",
    "supported_languages": ["Py", "java", "cobol"],
    "docker_enabled": True,
    "docker_memory_limit": "256m",
    "docker_cpu_quota": 0.25,
    "docker_disk_quota": "2g",
    "docker_execution_timeout": 20,
    "docker_cleanup": False,
    "docker_security_policies": {
        "allow_privileged": True,
        "allow_network": True,
        "allow_mounts": True,
        "read_only_root": False,
    },
}


def test_every_key_arrives(load_file: Load, tmp_path: Path) -> None:
    got = load_file(json.dumps(EVERYTHING), "config.json")

    assert got.limits.wall_s == 45.0
    assert got.log_level == "DEBUG"
    assert (got.log_file, got.log_dir) == (tmp_path / "logs/run.log", tmp_path / "out")
    assert got.supported_languages == ("python", "java", "cobol")
    assert got.chain == ("docker", "bubblewrap", "local")
    assert got.docker == DockerSettings(
        memory_bytes=256 * MIB,
        cpus=0.25,
        disk_bytes=2 * GIB,
        timeout_s=20.0,
        cleanup=False,
        allow_privileged=True,
        allow_network=True,
        allow_mounts=True,
        read_only_root=False,
    )


def test_the_example_above_has_every_key() -> None:
    policies = EVERYTHING["docker_security_policies"]
    assert isinstance(policies, dict)
    flat = {key for key in EVERYTHING if key != "docker_security_policies"}
    assert flat | {f"docker_security_policies.{key}" for key in policies} == {row.key for row in MISSION_SETTINGS}


def test_the_same_keys_as_a_mapping(load_file: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    from_file = load_file(json.dumps(EVERYTHING), "config.json")
    given = {**EVERYTHING, "output_directory": Path("out")}
    assert load(explicit=given, user_folder=tmp_path / "nothing", languages=LANGUAGES) == replace(from_file, sources=())


@pytest.mark.parametrize("given", [{"log_file": object()}, {"a": b""}])
def test_a_mapping_that_json_cannot_hold(given: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        load(explicit=given)


def test_a_wrong_mapping_shows_its_place_as_json() -> None:
    with pytest.raises(ConfigError) as caught:
        load(explicit={"timeout_seconds": -1})
    assert faults_of(caught.value) == ["2:22 PR802 -1"]


def test_docker_grants_do_not_reach_other_sandboxes(load_file: Load) -> None:
    got = load_file('{"docker_security_policies": {"allow_network": true}}', "config.json")
    assert not got.permissions.net


def test_without_docker_there_is_no_fallback(load_file: Load) -> None:
    assert load_file('{"docker_enabled": false}', "config.json").chain == ("bubblewrap",)


def test_the_chain_alone_does_not_lower_the_minimum(load_file: Load) -> None:
    assert load_file('{"docker_enabled": true}', "config.json").minimum == 1


@pytest.mark.parametrize(
    ("quota", "cpus"), [("0.5", 0.5), ('"50%"', 0.5), ("50000", 0.5), ("100000", 1.0), ("2", 2.0), ('"1.5"', 1.5)]
)
def test_processor_quotas_in_every_notation(load_file: Load, quota: str, cpus: float) -> None:
    assert load_file(f'{{"docker_cpu_quota": {quota}}}', "config.json").docker.cpus == cpus


@pytest.mark.parametrize(
    "pair",
    [
        '"docker_cpu_quota": 0',
        '"docker_cpu_quota": -1',
        '"docker_cpu_quota": "half"',
        '"docker_cpu_quota": NaN',
        '"docker_cpu_quota": 1e308',
        '"docker_cpu_quota": 1e999',
        '"docker_memory_limit": "0m"',
        '"docker_memory_limit": 1.5',
        '"docker_disk_quota": "many"',
        '"timeout_seconds": "soon"',
        '"timeout_seconds": true',
        '"log_level": "LOUD"',
        '"log_file": ""',
        '"log_file": "a\\u0000b"',
        '"log_file": "\\ud800"',
        '"supported_languages": []',
        '"supported_languages": "python"',
        '"docker_enabled": "yes"',
        '"docker_security_policies": true',
    ],
)
def test_wrong_values_are_found_where_they_stand(faults: Faults, pair: str) -> None:
    (fault,) = faults("{\n  " + pair + "\n}", "config.json")
    assert fault == f"2:{pair.index(': ') + 5} PR802 {pair.partition(': ')[2]}"


def test_null_leaves_a_setting_alone(load_file: Load) -> None:
    assert load_file('{"log_file": null, "timeout_seconds": null}', "config.json").log_file is None


def test_unknown_keys_nested_and_not(faults: Faults) -> None:
    text = '{"timeout_second": 3,\n "docker_security_policies": {"alow_network": true}}'
    assert faults(text, "config.json") == ['1:2 PR801 "timeout_second"', '2:31 PR801 "alow_network"']


def test_a_key_that_stands_twice(faults: Faults) -> None:
    assert faults('{"log_level": "INFO",\n "log_level": "DEBUG"}', "c.json") == ['2:2 PR803 "log_level"']


def test_json_is_recognised_without_its_suffix(load_file: Load) -> None:
    assert load_file(' \n{"timeout_seconds": 2}', "settings").limits.wall_s == 2.0


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1:1 PR803 "),
        ("[]", "1:1 PR803 []"),
        ("3", "1:1 PR803 3"),
        ('{"a" 1}', "1:6 PR803 1"),
        ('{"a": ', "1:7 PR803 "),
        ('{\n"a": 1\n"b": 2}', '3:1 PR803 "'),
        (b'{\n "a": "\xff"}', "2:8 PR803 \ufffd"),
        ("[" * 100_000, "1:33 PR803 ["),
        ('{"a":' * 100_000, "1:161 PR803 {"),
        ('{"timeout_seconds": ' + "9" * 5000 + "}", "1:1 PR803 "),
    ],
)
def test_what_is_not_json(faults: Faults, text: str | bytes, fault: str) -> None:
    assert faults(text, "config.json") == [fault]
