"""Where runs keep their files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from polyrun.sandbox.scratch import temp_folder


@pytest.mark.parametrize(
    "variables", [{}, {"TMPDIR": "a"}, {"TMPDIR": "missing", "TEMP": "b"}, {"TMP": "a", "TMPDIR": ""}]
)
def test_the_temp_folder_is_the_one_of_every_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        value = variables.get(name)
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, str(tmp_path / value) if value else "")
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert temp_folder() == tempfile.gettempdir()
