"""What is kept of specifications between runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from polyrun.languages import Registry
from polyrun.languages.parsed import Parsed
from polyrun.model.errors import LanguageError

PLACE = Path("toy.toml")


def test_text_is_parsed_once(tmp_path: Path) -> None:
    parsed = Parsed(tmp_path)
    assert parsed.head(PLACE, b"a = 1") == {"a": 1}
    assert parsed.whole(PLACE, b"b = ['x']") == {"b": ["x"]}
    parsed.keep()
    kept = {path.name for path in tmp_path.iterdir()}
    assert len(kept) == 2
    assert "heads.json" in kept
    again = Parsed(tmp_path)
    assert (again.head(PLACE, b"a = 1"), again.whole(PLACE, b"b = ['x']")) == ({"a": 1}, {"b": ["x"]})
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_changed_text_is_another_text(tmp_path: Path) -> None:
    Parsed(tmp_path).whole(PLACE, b"a = 1")
    assert Parsed(tmp_path).whole(PLACE, b"a = 2") == {"a": 2}


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff", b'"text"'])
def test_damage_costs_time_only(tmp_path: Path, damage: bytes) -> None:
    parsed = Parsed(tmp_path)
    parsed.head(PLACE, b"a = 1")
    parsed.whole(PLACE, b"a = 1")
    parsed.keep()
    for path in tmp_path.iterdir():
        path.write_bytes(damage)
    again = Parsed(tmp_path)
    assert (again.head(PLACE, b"a = 1"), again.whole(PLACE, b"a = 1")) == ({"a": 1}, {"a": 1})


@pytest.mark.parametrize("folder", [None, Path("/proc/nowhere"), Path("/dev/null/x")])
def test_without_a_folder_text_is_only_parsed(folder: Path | None) -> None:
    parsed = Parsed(folder)
    assert parsed.head(PLACE, b"a = 1") == parsed.whole(PLACE, b"a = 1")
    parsed.keep()


def test_what_json_lacks_is_not_kept(tmp_path: Path) -> None:
    assert list(Parsed(tmp_path).whole(PLACE, b"a = 2026-01-01")) == ["a"]
    assert list(tmp_path.iterdir()) == []


def test_a_fault_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(LanguageError, match=r"`toy.toml` is not valid TOML"):
        Parsed(tmp_path).whole(PLACE, b"a = ")


def test_languages_from_memory_are_the_same(tmp_path: Path) -> None:
    plain = Registry.load()
    Registry.load(cache=tmp_path).get("rust")
    for name in (remembered := Registry.load(cache=tmp_path)).ids:
        assert remembered.get(name) == plain.get(name)
        assert remembered.syntax_of(name) == plain.syntax_of(name)


def test_known_languages_need_no_toml(tmp_path: Path) -> None:
    """What the memory is for: `tomllib` takes longer to import than the rest of a start."""
    import subprocess

    code = (
        "import sys, pathlib; from polyrun.languages import Registry; "
        "Registry.load(cache=pathlib.Path(sys.argv[1])).get('python'); print('tomllib' in sys.modules)"
    )
    said = [subprocess.check_output([sys.executable, "-c", code, tmp_path], text=True) for _ in range(2)]
    assert said == ["True\n", "False\n"]
