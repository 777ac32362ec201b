"""Whatever the bytes of a file are, the answer is settings or a `ConfigError` with places in that file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrun.config.files import read_json, read_toml
from polyrun.config.kinds import Context
from polyrun.config.layers import read_layer
from polyrun.config.mission import MISSION_SETTINGS
from polyrun.config.resolve import merge, resolve
from polyrun.config.table import SETTINGS
from polyrun.model.errors import ConfigError

CONTEXT = Context(Path("/somewhere"))

odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["x" * 10_000, "10s", "512m", "50%", "~nobody-there/x", "\0", "docker", "auto"]),
    st.lists(st.one_of(st.text(max_size=3), st.integers()), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
mission_keys = st.sampled_from([row.key.split(".")[0] for row in MISSION_SETTINGS])
native_keys = st.sampled_from([row.key.replace("*", "java") for row in SETTINGS])
toml_words = st.sampled_from(["1", "-1", "nan", '"10s"', '"1g"', "true", "[]", '["a"]', "{}", "1979-05-27", "'''\n'''"])


@pytest.mark.parametrize("name", ["polyrun.toml", "pyproject.toml", "config.json"])
@given(data=st.one_of(st.binary(max_size=60), st.text(alphabet='[]{}=.,:"\\ab1\n#', max_size=60).map(str.encode)))
def test_any_bytes(name: str, data: bytes) -> None:
    understand(name, data)


@given(st.dictionaries(mission_keys, odd_values, max_size=4))
def test_any_values_of_known_json_keys(values: dict[str, object]) -> None:
    understand("config.json", json.dumps(values).encode())


@given(st.text(max_size=3))
def test_any_key_that_stands_twice(key: str) -> None:
    understand("config.json", f"{{{json.dumps(key)}: 1, {json.dumps(key)}: 1}}".encode())


@given(st.dictionaries(native_keys, toml_words, max_size=4))
def test_any_values_of_known_toml_keys(values: dict[str, str]) -> None:
    understand("polyrun.toml", "\n".join(f"{key} = {value}" for key, value in values.items()).encode())


def understand(name: str, data: bytes) -> None:
    read = read_json if name.endswith(".json") else read_toml
    try:
        file = read(Path("/somewhere") / name, data)
        settings = resolve(merge([read_layer(file, CONTEXT)]))
    except ConfigError as error:
        faults = error.diagnostics
    else:
        faults = ()
        assert settings.limits.wall_s > 0
        assert settings.limits.memory_bytes > 0
        assert 0 < (settings.docker.cpus or 1) <= 1024
    for fault in faults:
        assert 0 <= fault.primary.span.start <= fault.primary.span.end <= len(data)
        assert fault.message.isprintable()
        assert len(fault.message) < 300
