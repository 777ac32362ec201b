"""The `/etc` that boxes are shown: what is in it, and when it is made anew."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from polyrun.sandbox import etc


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """An `/etc` like a host's."""
    folder = tmp_path / "host"
    files = {
        "passwd": "alice:x:1001:1001::/home/alice:/bin/sh\n",
        "shadow": "root:secret:\n",
        "hostname": "the-real-one\n",
        "localtime": "zone",
        "fonts/conf.d/10.conf": "font",
        "java-17/security/java.security": "policy",
        "ssl/certs/ca.pem": "certificate",
        "ssh/ssh_host_key": "key",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "alternatives").mkdir()
    (folder / "alternatives/awk").symlink_to("/usr/bin/mawk")
    return folder


def _tree(folder: str) -> set[str]:
    found = set()
    for root, folders, files in os.walk(folder):
        found |= {os.path.relpath(os.path.join(root, name), folder) for name in (*folders, *files)}
    return found


def test_it_has_what_toolchains_read_and_nothing_of_the_host(host: Path, tmp_path: Path) -> None:
    made = etc.prepare(None, str(tmp_path), str(host))
    tree = _tree(made.folder)
    assert {"localtime", "fonts/conf.d/10.conf", "java-17/security/java.security", "alternatives/awk"} <= tree
    assert not any(name.startswith(("shadow", "ssh")) for name in tree)
    assert "ssl/certs" in tree, "a place to show certificates at"
    assert "ssl/certs/ca.pem" not in tree, "which only a box with a network needs"
    assert os.readlink(f"{made.folder}/alternatives/awk") == "/usr/bin/mawk"
    assert "alice" not in Path(made.folder, "passwd").read_text()
    assert Path(made.folder, "hostname").read_text() == "polyrun\n"
    assert made.shown == ()


def test_it_is_made_once_and_again_when_the_host_has_changed(host: Path, tmp_path: Path) -> None:
    cache, scratch = tmp_path / "cache", tmp_path / "scratch"
    scratch.mkdir()
    first = etc.prepare(str(cache), str(scratch), str(host))
    assert etc.prepare(str(cache), str(scratch), str(host)) == first
    assert os.listdir(cache) == [os.path.basename(first.folder)]
    (host / "fonts/conf.d/10.conf").write_text("another font")
    second = etc.prepare(str(cache), str(scratch), str(host))
    assert second.folder != first.folder
    assert Path(second.folder, "fonts/conf.d/10.conf").read_text() == "another font"
    assert os.listdir(scratch) == []


def test_what_nobody_used_for_a_month_goes_when_another_is_made(host: Path, tmp_path: Path) -> None:
    old, recent = tmp_path / "cache/etc-old", tmp_path / "cache/etc-recent"
    for folder, days in ((old, 40), (recent, 20)):
        (folder / "fonts").mkdir(parents=True)
        then = time.time() - days * 24 * 3600
        os.utime(folder, (then, then))
    etc.prepare(str(tmp_path / "cache"), str(tmp_path), str(host))
    assert not old.exists()
    assert recent.exists()


def test_one_in_use_counts_as_used_today(host: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    made = etc.prepare(cache, str(tmp_path), str(host))
    then = time.time() - 29 * 24 * 3600
    os.utime(made.folder, (then, then))
    assert etc.prepare(cache, str(tmp_path), str(host)) == made
    assert os.stat(made.folder).st_mtime > time.time() - 3600


@pytest.mark.parametrize("cache", ["/proc/nowhere", "/dev/null/cache"])
def test_without_a_cache_it_lasts_as_long_as_the_run(host: Path, tmp_path: Path, cache: str) -> None:
    made = etc.prepare(cache, str(tmp_path), str(host))
    assert made.folder == str(tmp_path / "etc")
    assert Path(made.folder, "localtime").read_text() == "zone"


def test_a_folder_too_large_to_copy_is_to_be_shown(host: Path, tmp_path: Path) -> None:
    (host / "R").mkdir()
    for number in range(2001):
        (host / f"R/{number}").touch()
    made = etc.prepare(None, str(tmp_path), str(host))
    assert made.shown == ("R",)
    assert os.listdir(f"{made.folder}/R") == []
