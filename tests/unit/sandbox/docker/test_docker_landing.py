"""What a container sends back lands where it belongs, and nowhere else, whatever it says."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from polyrun.sandbox.artifacts import changed_files
from polyrun.sandbox.base import Workspace
from polyrun.sandbox.docker.workspace import Landing, gather
from unit.sandbox.docker.surroundings import as_user, is_whiteout, snapshot, users_folder, whiteout


class Place:
    """A document's folder, an overlay above it, and something outside that nobody may touch."""

    def __init__(self, top: Path) -> None:
        self.folder, self.overlay, self.outside = top / "document", top / "overlay", top / "outside"
        self.upper, self.build = self.overlay / "upper", top / "build"
        for path in (self.folder, self.upper, self.outside, self.build):
            path.mkdir(parents=True)
        (self.outside / "file").write_text("outside")
        (self.outside / "sub").mkdir()
        self.workspace = Workspace(str(self.folder), str(self.overlay))

    def landing(self, *, through: bool = False) -> Landing:
        if through:
            return Landing({"work": str(self.folder), "build": str(self.build)}, None)
        return Landing({"work": str(self.upper), "build": str(self.build)}, str(self.folder))

    def seen(self) -> set[str]:
        """What the next block sees."""
        return {entry.path.removeprefix("work/") for entry in gather(self.workspace).entries[1:]}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def put(landing: Landing, path: str, data: bytes = b"new", mode: int = 0o644) -> None:
    landing.file(path, mode, len(data))
    for at in range(0, len(data), 4):
        landing.data(data[at : at + 4])
    landing.close()


def test_files_folders_and_links_land(place: Place) -> None:
    landing = place.landing()
    put(landing, "work/a/b/c", b"some content", 0o755)
    put(landing, "work/empty", b"")
    landing.folder("work/d")
    landing.link("work/l", "/etc/passwd")
    put(landing, "build/bin/it", b"built", 0o555)
    assert (place.upper / "a/b/c").read_bytes() == b"some content"
    assert stat.S_IMODE((place.upper / "a/b/c").stat().st_mode) & 0o700 == 0o700
    assert (place.upper / "empty").read_bytes() == b""
    assert (place.upper / "d").is_dir()
    assert os.readlink(place.upper / "l") == "/etc/passwd"
    assert (place.build / "bin/it").read_bytes() == b"built"
    assert os.listdir(place.folder) == []


def test_no_special_mode_is_taken_over(place: Place) -> None:
    put(place.landing(), "work/it", mode=0o6777)
    assert stat.S_IMODE((place.upper / "it").stat().st_mode) & 0o7000 == 0


@pytest.mark.parametrize(
    "path",
    [
        "", "work", "work/", "/work/a", "elsewhere/a", "work/../a", "work/a/..", "work/./a", "work//a", "work/a/",
        "../work/a", "work/a\0b", "work/" + "n" * 256, "work/" + "ü" * 128, "build/../work/a", "work/\ud800",
    ],
)  # fmt: skip
def test_a_path_that_is_not_plain_is_refused(place: Place, path: str) -> None:
    landing = place.landing()
    acts: list[Callable[[], object]] = [
        lambda: landing.file(path, 0o644, 1),
        lambda: landing.folder(path),
        lambda: landing.link(path, "x"),
        lambda: landing.gone(path),
    ]
    for act in acts:
        with pytest.raises(ValueError, match=r"no place for a file|encode"):
            act()
    assert os.listdir(place.upper) == []


def test_a_file_that_does_not_come_whole_leaves_everything_as_it_was(place: Place) -> None:
    for through, root in ((False, place.upper), (True, place.folder)):
        (root / "it").write_text("as it was")
        landing = place.landing(through=through)
        landing.file("work/it", 0o644, 10)
        landing.data(b"half ")
        landing.close()
        assert (root / "it").read_text() == "as it was"
        landing.file("work/it", 0o644, 10)
        landing.data(b"half ")
        put(landing, "work/other")
        assert sorted(os.listdir(root)) == ["it", "other"]


def test_a_file_is_no_longer_than_was_said(place: Place) -> None:
    landing = place.landing()
    landing.file("work/it", 0o644, 3)
    with pytest.raises(ValueError, match="longer"):
        landing.data(b"1234")
    landing.close()
    landing.data(b"of nothing")
    assert os.listdir(place.upper) == []


def test_a_full_disk_is_told_and_leaves_what_was_there(place: Place) -> None:
    """A limit on file sizes stands for a full disk."""
    (place.folder / "it").write_text("as it was")
    landing = place.landing(through=True)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    landing.file("work/it", 0o644, 100_000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError, match="large"):
            landing.data(bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        landing.close()
    assert (place.folder / "it").read_text() == "as it was"
    assert os.listdir(place.folder) == ["it"]


def test_kinds_change_and_change_back(place: Place) -> None:
    landing = place.landing()
    for through in (False, True):
        landing = place.landing(through=through)
        root = place.folder if through else place.upper
        put(landing, "work/it")
        landing.folder("work/it")
        assert (root / "it").is_dir()
        put(landing, "work/it", b"again")
        assert (root / "it").read_bytes() == b"again"
        landing.link("work/it", "target")
        assert os.readlink(root / "it") == "target"
        put(landing, "work/it/inner")
        assert (root / "it/inner").read_bytes() == b"new"
        landing.gone("work/it/inner")
        landing.gone("work/it")
        assert os.listdir(root) == []


@pytest.mark.parametrize("through", [False, True])
@pytest.mark.parametrize(
    "act",
    [
        lambda landing: put(landing, "work/link"),
        lambda landing: put(landing, "work/link/file"),
        lambda landing: put(landing, "work/link/sub/new"),
        lambda landing: landing.folder("work/link"),
        lambda landing: landing.folder("work/link/sub"),
        lambda landing: landing.link("work/link/file", "x"),
        lambda landing: landing.gone("work/link/file"),
        lambda landing: landing.gone("work/link"),
        lambda landing: landing.gone("work/to-file"),
        lambda landing: put(landing, "work/to-file", b""),
        lambda landing: put(landing, "work/to-file/x"),
    ],
)
def test_a_planted_link_is_never_followed(place: Place, act: Callable[[Landing], None], through: bool) -> None:
    for root in (place.folder, place.upper):
        (root / "link").symlink_to(place.outside)
        (root / "to-file").symlink_to(place.outside / "file")
    before = snapshot(place.outside)
    act(place.landing(through=through))
    assert snapshot(place.outside) == before


def test_what_is_gone_leaves_a_whiteout_only_above_something(place: Place) -> None:
    (place.folder / "lower").write_text("l")
    (place.upper / "upper").write_text("u")
    landing = place.landing()
    for name in ("lower", "upper", "never", "never/inside"):
        landing.gone(f"work/{name}")
    assert os.listdir(place.upper) == ["lower"]
    assert is_whiteout(place.upper / "lower")
    assert changed_files(place.workspace).deleted == ("lower",)
    put(landing, "work/lower", b"back")
    assert (place.upper / "lower").read_bytes() == b"back"
    assert changed_files(place.workspace).deleted == ()


def test_what_is_gone_from_a_build_is_only_gone(place: Place) -> None:
    (place.build / "it").write_text("x")
    (place.folder / "it").write_text("x")
    place.landing().gone("build/it")
    assert os.listdir(place.build) == []
    assert os.listdir(place.upper) == []


@pytest.mark.parametrize("order", [1, -1])
def test_a_deleted_folder_is_deleted(place: Place, order: int) -> None:
    (place.folder / "sub" / "deep").mkdir(parents=True)
    (place.folder / "sub" / "deep" / "file").write_text("l")
    (place.upper / "sub").mkdir()
    (place.upper / "sub" / "changed").write_text("u")
    landing = place.landing()
    for path in sorted(("work/sub", "work/sub/deep", "work/sub/deep/file", "work/sub/changed"))[::order]:
        landing.gone(path)
    assert os.listdir(place.upper) == ["sub"]
    assert is_whiteout(place.upper / "sub")
    assert place.seen() == set()
    assert changed_files(place.workspace).deleted == ("sub",)


@pytest.mark.parametrize("before", ["whiteout", "file", "link"])
def test_a_folder_made_anew_shows_nothing_of_the_one_it_hides(place: Place, before: str) -> None:
    """One block deletes the folder or puts something else there, the next one makes a folder of that name."""
    (place.folder / "sub" / "deep").mkdir(parents=True)
    (place.folder / "sub" / "deep" / "file").write_text("l")
    (place.folder / "sub" / "old").write_text("l")
    top = place.upper / "sub"
    make: dict[str, Callable[[], object]] = {
        "whiteout": lambda: whiteout(top), "file": top.touch, "link": lambda: top.symlink_to("x"),
    }  # fmt: skip
    make[before]()
    landing = place.landing()
    landing.folder("work/sub")
    put(landing, "work/sub/new")
    assert place.seen() == {"sub", "sub/new"}
    assert changed_files(place.workspace).deleted == ("sub/deep", "sub/old")
    put(landing, "work/sub/old", b"back")
    assert place.seen() == {"sub", "sub/new", "sub/old"}


def test_a_changed_file_does_not_hide_its_neighbours(place: Place) -> None:
    (place.folder / "sub").mkdir()
    (place.folder / "sub" / "old").write_text("l")
    put(place.landing(), "work/sub/new")
    assert place.seen() == {"sub", "sub/new", "sub/old"}


def test_the_user_loses_nothing_that_was_not_sent(place: Place) -> None:
    """Writing through: a program removes a folder, having seen nothing of what was too large to be sent."""
    (place.folder / "sub").mkdir()
    (place.folder / "sub" / "large").write_text("not sent")
    (place.folder / "sub" / "small").write_text("sent")
    landing = place.landing(through=True)
    landing.gone("work/sub/small")
    landing.gone("work/sub")
    assert os.listdir(place.folder / "sub") == ["large"]
    acts: list[Callable[[], object]] = [lambda: put(landing, "work/sub"), lambda: landing.link("work/sub", "x")]
    for act in acts:
        with pytest.raises(OSError, match="not empty"):
            act()
        landing.close()
    assert (place.folder / "sub" / "large").read_text() == "not sent"
    assert os.listdir(place.folder) == ["sub"]


def test_no_folder_is_replaced_because_it_cannot_be_looked_at(place: Place) -> None:
    """Out of descriptors, nobody can tell what a name stands for."""
    (place.folder / "sub").mkdir()
    (place.folder / "sub" / "file").write_text("x")
    landing = place.landing(through=True)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, before[1]))
    try:
        with pytest.raises(OSError, match="open files"):
            landing.folder("work/sub")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert (place.folder / "sub" / "file").read_text() == "x"


_IMPORTS = """
import sys
from polyrun.sandbox.docker.workspace import Landing
"""
_LAND = """
landing = Landing({"work": sys.argv[1]}, None)
landing.folder("work/private")
landing.file("work/private/new", 0o644, 1)
landing.data(b"x")
landing.close()
"""


def test_a_folder_that_cannot_be_read_is_not_replaced() -> None:
    with users_folder() as (home, give):
        private = home / "private"
        private.mkdir()
        (private / "own").write_text("own")
        give(private)
        private.chmod(0o300)
        as_user(_IMPORTS, _LAND, str(home))
        private.chmod(0o700)
        assert sorted(os.listdir(private)) == ["new", "own"]


_PARTS = st.sampled_from(["a", "b", "link", "up", "..", ".", "", "work", "outside", "\0", "\udcff", "n" * 256])
_PATHS = st.one_of(st.lists(_PARTS, max_size=5).map("/".join), st.text(max_size=20)).flatmap(
    lambda path: st.sampled_from([path, f"work/{path}", f"build/{path}"])
)
_ACTS = st.one_of(
    st.tuples(st.just("file"), _PATHS, st.binary(max_size=5)),
    st.tuples(st.just("half"), _PATHS, st.just(b"")),
    st.tuples(st.just("folder"), _PATHS, st.just(b"")),
    st.tuples(st.just("gone"), _PATHS, st.just(b"")),
    st.tuples(st.just("link"), _PATHS, st.sampled_from([b"../../outside", b"/", b"..", b"a"])),
)


@settings(max_examples=60)
@given(acts=st.lists(_ACTS, max_size=12), through=st.booleans())
@example(acts=[("link", "work/a", b"../../outside"), ("file", "work/a/file", b"x")], through=False)
@example(acts=[("link", "work/a", b"../outside"), ("gone", "work/a/file", b"")], through=True)
@example(acts=[("folder", "work/a/b", b""), ("link", "work/a", b".."), ("file", "work/a/outside", b"x")], through=False)
def test_whatever_is_said_nothing_outside_is_touched(acts: list[tuple[str, str, bytes]], through: bool) -> None:
    top = Path(tempfile.mkdtemp())
    try:
        place = Place(top)
        for root in (place.folder, place.upper, place.build):
            (root / "link").symlink_to(place.outside)
            (root / "up").symlink_to("..")
        roots = {place.folder} if through else {place.upper}
        apart = [path for path in (place.outside, place.folder, place.upper) if path not in roots]
        watched = [(kept, snapshot(kept)) for kept in apart]
        names = sorted(os.listdir(top))
        landing = place.landing(through=through)
        for kind, path, data in acts:
            with suppress(ValueError, OSError):
                perform(landing, kind, path, data)
        landing.close()
        assert sorted(os.listdir(top)) == names
        for kept, before in watched:
            assert snapshot(kept) == before
        left = [name for name in snapshot(top) if ".polyrun-" in name]
        assert left == []
    finally:
        shutil.rmtree(top)


def perform(landing: Landing, kind: str, path: str, data: bytes) -> None:
    match kind:
        case "file":
            put(landing, path, data)
        case "half":
            landing.file(path, 0o644, 10)
            landing.data(b"half")
        case "folder":
            landing.folder(path)
        case "link":
            landing.link(path, data.decode())
        case _:
            landing.gone(path)


def test_a_file_that_the_container_never_saw_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "large").write_text("the user's own")
    (tmp_path / "seen").write_text("old")
    landing = Landing({"work": str(tmp_path)}, None, {"work", "work/seen"})
    for name in ("large", "seen", "new"):
        landing.file(f"work/{name}", 0o644, 3)
        landing.data(b"new")
    landing.link("work/large", "elsewhere")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "large": "the user's own",
        "seen": "new",
        "new": "new",
    }
    assert [path for path, _why in landing.refused] == ["work/large", "work/large"]
