"""Configuration files written into a folder of their own, and their faults as short lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from polyrun.config.load import load
from polyrun.config.settings import Settings
from polyrun.model.errors import ConfigError
from unit.config.config_cases import LANGUAGES, faults_of


@pytest.fixture
def load_file(tmp_path: Path) -> Callable[..., Settings]:
    """`load_file(text, name)` gives the settings of one file as if given with `-c`."""

    def load_text(text: str | bytes, name: str = "polyrun.toml") -> Settings:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load(explicit=path, user_folder=tmp_path / "nothing", languages=LANGUAGES)

    return load_text


@pytest.fixture
def faults(load_file: Callable[..., Settings]) -> Callable[..., list[str]]:
    """`faults(text, name)` gives the faults of one file."""

    def faults_in(text: str | bytes, name: str = "polyrun.toml") -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load_file(text, name)
        return faults_of(caught.value)

    return faults_in
