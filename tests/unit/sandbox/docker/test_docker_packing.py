"""A job as a tar stream: what any other program reads from it is what was to be sent."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from polyrun.sandbox.docker.packing import Entry, folder, size_of, stream, text, texts, tree

FILE = stat.S_IFREG | 0o644


def packed(entries: Iterable[Entry]) -> bytes:
    pieces = list(stream(entries))
    assert max(map(len, pieces)) <= 65536
    whole = b"".join(pieces)
    assert len(whole) % 512 == 0
    assert whole.endswith(bytes(1024))
    return whole


def unpacked(entries: Iterable[Entry]) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    found = {}
    data = io.BytesIO(packed(entries))
    with tarfile.open(fileobj=data, mode="r:", errors="surrogateescape") as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isreg() else None
            found[member.name] = member, file.read() if file else b""
    return found


def from_disk(path: Path, size: int, *, may_be_gone: bool = False) -> Entry:
    return Entry("work/it", FILE, size, origin=(str(path.parent), path.name), may_be_gone=may_be_gone)


def test_files_folders_and_links_arrive() -> None:
    found = unpacked(
        [
            folder("a"),
            text("a/b", b"hello"),
            Entry("a/c", stat.S_IFLNK | 0o777, target="../somewhere"),
            Entry("a/d", stat.S_IFREG | 0o751, 1, b"x", mtime=1_700_000_000),
            Entry("a/old", FILE, 0, b"", mtime=-5),
        ]
    )
    assert list(found) == ["a", "a/b", "a/c", "a/d", "a/old"]
    assert found["a"][0].isdir()
    assert found["a"][0].mode == 0o755
    assert (found["a/b"][0].mode, found["a/b"][1]) == (0o444, b"hello")
    assert (found["a/c"][0].issym(), found["a/c"][0].linkname) == (True, "../somewhere")
    assert (found["a/d"][0].mode, found["a/d"][0].mtime) == (0o751, 1_700_000_000)
    assert found["a/old"][0].mtime == 0


@pytest.mark.parametrize("length", [99, 100, 101, 511, 512, 513, 3000])
def test_long_names_and_targets(length: int) -> None:
    name = "/".join(["n" * 99] * (length // 100) + ["n" * max(1, length % 100)])
    found = unpacked([folder(name), text(f"{name}/f", b"1"), Entry("l", stat.S_IFLNK | 0o777, target="t" * length)])
    assert set(found) == {name, f"{name}/f", "l"}
    assert found["l"][0].linkname == "t" * length


def test_names_that_are_no_text_pass_unchanged() -> None:
    name = os.fsdecode(b"work/\xff\xfe \n\t")
    assert list(unpacked([text(name, b"")])) == [name]


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 65535, 65536, 65537, 300_000])
def test_contents_of_every_length(size: int, tmp_path: Path) -> None:
    data = os.urandom(size)
    (tmp_path / "it").write_bytes(data)
    found = unpacked([text("a", data), from_disk(tmp_path / "it", size), text("z", b"end")])
    assert [content for _, content in found.values()] == [data, data, b"end"]


def test_a_file_that_grows_or_shrinks_meanwhile_keeps_the_length_that_was_said(tmp_path: Path) -> None:
    (tmp_path / "grown").write_bytes(b"g" * 1000)
    (tmp_path / "shrunk").write_bytes(b"s" * 10)
    found = unpacked([from_disk(tmp_path / "grown", 600)])
    assert found["work/it"][1] == b"g" * 600
    found = unpacked([from_disk(tmp_path / "shrunk", 100_000), text("z", b"end")])
    assert found["work/it"][1] == b"s" * 10 + bytes(99_990)
    assert found["z"][1] == b"end"


@pytest.mark.parametrize("kind", ["gone", "folder", "link", "pipe"])
def test_what_is_no_file_any_more_is_left_out_or_told(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "it"
    make: dict[str, Callable[[], object]] = {
        "gone": lambda: None,
        "folder": path.mkdir,
        "link": lambda: path.symlink_to("/etc/passwd"),
        "pipe": lambda: os.mkfifo(path),
    }
    make[kind]()
    assert list(unpacked([from_disk(path, 5, may_be_gone=True), text("z", b"")])) == ["z"]
    with pytest.raises(OSError, match=r"."):
        packed([from_disk(path, 5)])


def test_no_descriptor_stays_open_when_reading_stops_in_the_middle(tmp_path: Path) -> None:
    (tmp_path / "it").write_bytes(bytes(200_000))
    before = os.listdir("/proc/self/fd")
    pieces = stream([from_disk(tmp_path / "it", 200_000)])
    next(pieces)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert os.listdir("/proc/self/fd") == before


def test_texts_bring_the_folders_between() -> None:
    entries = list(texts("source", [("a/b/c", b"1"), ("a/b/d", b"2"), ("e", b"3")]))
    assert [entry.path for entry in entries] == [
        "source", "source/a", "source/a/b", "source/a/b/c", "source/a/b/d", "source/e",
    ]  # fmt: skip


def test_a_tree_is_sent_to_be_read_and_its_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "run").write_bytes(b"#!")
    (tmp_path / "bin" / "run").chmod(0o700)
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    found = unpacked(tree("build", str(tmp_path)))
    assert set(found) == {"build", "build/bin", "build/bin/run", "build/link"}
    assert (found["build/link"][0].type, found["build/link"][0].linkname) == (tarfile.SYMTYPE, "/etc/passwd")
    assert found["build/bin/run"][0].mode == 0o544
    assert found["build/bin/run"][1] == b"#!"


def test_a_tree_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(tree("build", str(tmp_path / "none")))


def test_sizes_are_counted_in_whole_pages() -> None:
    assert size_of([]) == 0
    assert size_of([folder("a"), text("b", b""), text("c", b"1"), text("d", bytes(4097))]) == 4 * 4096 + 3 * 4096


def test_links_in_a_folder_are_sent_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/x.so.1").write_bytes(b"elf")
    (tmp_path / "lib64").symlink_to("lib")
    (tmp_path / "lib/x.so").symlink_to("x.so.1")
    found = {entry.path: (stat.S_IFMT(entry.mode), entry.target) for entry in tree("build", str(tmp_path))}
    assert found["build/lib64"] == (stat.S_IFLNK, "lib")
    assert found["build/lib/x.so"] == (stat.S_IFLNK, "x.so.1")
    assert found["build/lib/x.so.1"] == (stat.S_IFREG, "")
