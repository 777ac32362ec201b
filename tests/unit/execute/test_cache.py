"""The build cache: complete entries or none, and never the reason that a run fails."""

from __future__ import annotations

import os
from pathlib import Path

from polyrun.execute.cache import BuildCache


def make(folder: Path, size: int = 10) -> str:
    folder.mkdir(parents=True)
    (folder / "main").write_bytes(b"x" * size)
    return str(folder)


def test_an_entry_is_found_until_it_is_cleared(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache")
    assert cache.lookup("abc") is None
    kept = cache.store("abc", make(tmp_path / "work"))
    assert cache.lookup("abc") == kept
    assert (Path(kept) / "main").stat().st_size == 10
    assert not (tmp_path / "work").exists()
    assert cache.clear() == 0, "it is in use"
    cache.release("abc")
    assert cache.clear() == 10
    assert cache.lookup("abc") is None


def test_the_first_of_two_equal_builds_stays(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache")
    first = cache.store("abc", make(tmp_path / "one", 1))
    second = cache.store("abc", make(tmp_path / "two", 2))
    assert second == first
    assert (Path(first) / "main").stat().st_size == 1
    cache.close()


def test_a_cache_that_cannot_be_written_leaves_the_build_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    cache = BuildCache(tmp_path / "cache")
    folder = make(tmp_path / "work")
    assert cache.store("abc", folder) == folder
    assert cache.lookup("abc") is None
    assert cache.clear() == 0


def test_pruning_removes_the_least_recently_used(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache", max_bytes=25)
    for age, name in ((5000, "old"), (4000, "middle"), (0, "new")):
        entry = cache.store(name, make(tmp_path / name))
        os.utime(entry, (os.stat(entry).st_mtime - age,) * 2)
        cache.release(name)
    cache.prune()
    assert cache.lookup("old") is None
    assert cache.lookup("middle") is not None
    assert cache.lookup("new") is not None
    cache.close()


def test_what_another_run_uses_is_neither_pruned_nor_cleared(tmp_path: Path) -> None:
    busy, other = BuildCache(tmp_path / "cache"), BuildCache(tmp_path / "cache", max_bytes=1)
    kept = busy.store("abc", make(tmp_path / "work"))
    other.prune()
    assert other.clear() == 0
    assert (Path(kept) / "main").exists()
    busy.close()
    other.prune()
    assert not Path(kept).exists()
    assert os.listdir(tmp_path / "cache" / "builds") == []
