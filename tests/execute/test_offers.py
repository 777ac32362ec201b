"""What a hint may offer, however much a document asks for it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from polyrun.execute import offers
from polyrun.execute.denials import advice
from polyrun.execute.offers import may_offer
from polyrun.model.outcomes import Feature
from polyrun.model.permissions import Permissions

EVERYTHING = frozenset(Feature)


def hint(said: str, code: str = "") -> str:
    return advice(said.encode(), code.encode(), EVERYTHING, Permissions(), "/document") or ""


def test_regular_files_and_folders_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, pipe = tmp_path / "file", tmp_path / "pipe"
    file.touch()
    os.mkfifo(pipe)
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert may_offer(str(file), "/document")
        assert may_offer(str(tmp_path), "/document")
        for refused in (pipe, tmp_path / "socket", tmp_path / "absent", file / "below"):
            assert not may_offer(str(refused), "/document")


def test_keys_and_what_holds_them_are_not_offered_by_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home" / "me"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_ed25519").touch()
    (home / "data").mkdir()
    monkeypatch.setenv("HOME", str(home))
    (tmp_path / "harmless").symlink_to(home / ".ssh")
    (tmp_path / "mine").symlink_to("home/me")
    (tmp_path / "circle").symlink_to("circle")
    assert may_offer(str(home / "data"), "/document")
    assert may_offer(f"{tmp_path}/mine/data", "/document")
    refused = ["home", "home/me", "home/me/.ssh/id_ed25519", "harmless", "harmless/id_ed25519", "mine", "circle"]
    for name in refused:
        assert not may_offer(f"{tmp_path}/{name}", "/document"), name
        assert not {str(tmp_path / name), "data"} & set(hint(f"cannot open '{tmp_path}/{name}'").split("`"))


@pytest.mark.parametrize("place", ["/root", "/run", "/proc/self", "/sys", "/dev/shm", "/etc/hostname", "/net/host/x"])
def test_some_places_are_never_offered(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert not may_offer(place, "/document")
    (tmp_path / "link").symlink_to(place)
    assert not may_offer(f"{tmp_path}/link", "/document")


def test_the_users_own_home_may_be_below_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/root")
    assert offers._is_open_to_hints("/root/data")
    assert not offers._is_open_to_hints("/root")


def test_a_far_file_system_is_not_even_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "_FAR", ("proc",))  # a mount that every Linux has
    assert offers._is_far("/proc/self", "/document")
    assert not offers._is_far("/proc/self", "/proc/document")
    assert not offers._is_far("/usr", "/document")


@pytest.mark.parametrize("said", ["open {}: permission denied", "'{}': no such file or directory", "EACCES: {}"])
def test_a_failed_read_never_has_writing_offered(said: str, tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    for name in ("there", "absent"):
        assert "write" not in hint(said.format(tmp_path / name))


def test_every_hint_says_for_whom_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYRUN_TEST_TOKEN", "s3cret")
    hints = {
        "--allow-net": hint("network is unreachable"),
        f"--allow-write={tmp_path}": hint(f"'{tmp_path}/new': read-only file system"),
        "--allow-write": hint("value too large for defined data type"),
        f"--allow-read={tmp_path}": hint(f"cannot open '{tmp_path}'"),
        "--allow-env=POLYRUN_TEST_TOKEN": hint("POLYRUN_TEST_TOKEN is not set", "POLYRUN_TEST_TOKEN"),
    }
    for flag, said in hints.items():
        assert f"`{flag}`" in said
        assert said.endswith("only for a document you trust")
