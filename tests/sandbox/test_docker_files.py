"""The document's folder in containers: what lies beside arrives, what a block did to it is there for the next one."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import stat
import subprocess
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import engine
from polyrun.model.errors import SandboxError
from polyrun.model.limits import MIB
from polyrun.sandbox.artifacts import changed_files, collect
from polyrun.sandbox.docker.backend import Docker
from sandbox.docker_bench import LIMITS, Bench, benched, needs

pytestmark = pytest.mark.docker

MAKE = r"""
for each in 1 2 3 4 5 6 7 8 9; do mkdir -p $each/dir/sub $each/other; echo a >$each/dir/a; echo b >$each/dir/sub/b
echo a >$each/other/a; echo x >$each/file; done
"""
CHANGE = r"""
(cd 1 && rm -r dir && echo new >new)
(cd 2 && mv dir moved)
(cd 3 && mv dir swap && mv other dir && mv swap other)
(cd 4 && rm -r dir && mkdir dir && echo c >dir/c)
(cd 5 && rm -r dir && echo now a file >dir && rm file && mkdir file && echo in >file/in)
(cd 6 && mv dir/sub . && mv file dir/ && ln -s ../file dir/link && ln -s nowhere dangling)
(cd 7 && rm -r dir && mv other dir && chmod 755 file)
(cd 8 && printf 'a\nb\0\xff' >"$(printf 'odd \377\n name')" && : >dir/a && mkdir -p deep/er/still)
"""
AGAIN = r"""
(cd 1 && mkdir dir && echo again >dir/again)
(cd 2 && mv moved dir)
(cd 3 && rm -r dir other)
(cd 4 && rm -r dir && ln -s other dir)
(cd 5 && rm dir && mkdir dir && echo d >dir/d && rm -r file && echo x >file)
(cd 6 && rm -r sub && mkdir sub && rm dangling)
(cd 7 && rm -r dir && mkdir -p dir/sub)
"""


@pytest.fixture(autouse=True)
def _engine(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.use(monkeypatch)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with benched(Docker(), tmp_path) as made:
        yield made


def tree(folder: str | Path) -> dict[str, str | bytes]:
    """What there is, as far as a run keeps it."""
    found: dict[str, str | bytes] = {}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            if path.is_symlink():
                found[str(path.relative_to(folder))] = "-> " + os.readlink(path)
            elif path.is_dir():
                found[str(path.relative_to(folder))] = "folder"
            else:
                executable = b"x" if path.stat().st_mode & stat.S_IXUSR else b"-"
                found[str(path.relative_to(folder))] = executable + path.read_bytes()
    return found


def here(folder: Path, script: str) -> dict[str, str | bytes]:
    """What the script makes of a folder without any container."""
    subprocess.run(["bash", "-euc", script], cwd=folder, check=True)
    return tree(folder)


async def seen(bench: Bench) -> dict[str, str | bytes]:
    """What the next block sees: a container packs its folder, as it finds it."""
    ran = await bench.sh("tar -C {work} -c .")
    assert ran.status == "ok", ran.stderr
    folder = bench.work.parent / "seen"
    folder.mkdir()
    try:
        with tarfile.open(fileobj=io.BytesIO(ran.stdout), errors="surrogateescape") as archive:
            archive.extractall(folder, filter="fully_trusted")
        return tree(folder)
    finally:
        shutil.rmtree(folder)


async def test_each_block_sees_what_those_before_it_did(bench: Bench, tmp_path: Path) -> None:
    """The same as if they had run in one folder, which stays untouched."""
    copy = tmp_path / "copy"
    copy.mkdir()
    here(bench.work, MAKE)
    before = here(copy, MAKE)
    assert await seen(bench) == before
    for script in (CHANGE, AGAIN):
        ran = await bench.sh(f"set -eu; {script}")
        assert (ran.status, ran.stderr) == ("ok", b"")
        assert await seen(bench) == here(copy, script)
    assert tree(bench.work) == before


async def test_writing_through_makes_the_folder_what_the_block_made_it(bench: Bench, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    here(bench.work, MAKE)
    here(copy, MAKE)
    bench.overlay = None
    for script in (CHANGE, AGAIN):
        ran = await bench.sh(f"set -eu; {script}", spec=bench.writable())
        assert (ran.status, ran.stderr) == ("ok", b"")
        assert tree(bench.work) == here(copy, script)


async def test_what_changed_is_told_and_kept(bench: Bench, tmp_path: Path) -> None:
    for name in ("kept", "changed", "deleted"):
        (bench.work / name).write_text(name)
    (bench.work / "folder").mkdir()
    (bench.work / "folder" / "in").write_text("x")
    ran = await bench.sh(
        "echo new >new; echo more >>changed; rm -r deleted folder; mkfifo pipe; touch -d 2001-01-01 old"
    )
    assert ran.status == "ok"
    workspace = bench.spec().workspace
    changes = changed_files(workspace)
    assert (changes.files, changes.deleted) == (("changed", "new", "old"), ("deleted", "folder"))
    collect(workspace, str(tmp_path / "kept"))
    assert (tmp_path / "kept" / "changed").read_text() == "changedmore\n"
    assert sorted(os.listdir(bench.work)) == ["changed", "deleted", "folder", "kept"]


async def test_without_an_overlay_nothing_comes_back(bench: Bench) -> None:
    (bench.work / "it").write_text("as it was")
    bench.overlay = None
    assert (await bench.sh("echo no >it; echo no >new; rm -f it; ls -A")).text == "new\n"
    assert tree(bench.work) == {"it": b"-as it was"}


async def test_what_a_program_wrote_before_its_limit_is_kept(bench: Bench) -> None:
    ran = await bench.sh("echo early >early; sleep 30", limits=LIMITS.updated({"wall_s": 0.5}))
    assert ran.status == "time_limit"
    assert (await seen(bench)) == {"early": b"-early\n"}


async def test_a_link_out_of_the_folder_shows_the_containers_own_files(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret of the host")
    (bench.work / "link").symlink_to(tmp_path / "secret")
    (bench.work / "up").symlink_to("../..")
    ran = await bench.sh("cat link; ls up")
    assert b"secret" not in ran.stdout
    assert "polyrun" in ran.text.split()
    await bench.sh("rm up; ln -s / up; ln -sf ../secret link; echo overwritten >link; ls -A")
    assert (tmp_path / "secret").read_text() == "secret of the host"


async def test_a_link_that_a_block_left_is_not_followed_on_the_host(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("outside")
    (bench.work / "folder").mkdir()
    bench.overlay = None
    for script in (
        f"rmdir folder; ln -s {tmp_path}/outside folder",
        "rm folder; mkdir folder; echo inside >folder/file",
        f"rm -r folder; ln -s {tmp_path}/outside folder",
        "rm -f folder/file; rm -rf folder/; rm -r folder",
    ):
        assert (await bench.sh(script, spec=bench.writable())).outcome.signal is None
    assert tree(tmp_path / "outside") == {"file": b"-outside"}
    assert tree(bench.work) == {}


async def test_too_much_is_left_out_and_told_once(bench: Bench) -> None:
    with (bench.work / "large").open("wb") as file:
        file.truncate(65 * MIB)
    (bench.work / "small").write_text("s")
    for _ in range(2):
        assert (await bench.sh("ls -A")).text == "small\n"
    (note,) = bench.sandbox.notes
    assert note.endswith("blocks do not see `large`")


async def test_what_was_not_sent_is_not_removed(bench: Bench) -> None:
    (bench.work / "folder").mkdir()
    with (bench.work / "folder" / "large").open("wb") as file:
        file.truncate(65 * MIB)
    (bench.work / "folder" / "small").write_text("s")
    assert (await bench.sh("rm -r folder", spec=bench.writable())).status == "ok"
    assert os.listdir(bench.work / "folder") == ["large"]
    with pytest.raises(SandboxError, match="not empty"):
        await bench.sh("rmdir folder; echo x >folder", spec=bench.writable())
    assert os.listdir(bench.work / "folder") == ["large"]


async def test_files_that_come_and_go_meanwhile_do_no_harm(bench: Bench) -> None:
    """As beside an editor that saves, or a build."""
    (bench.work / "stays").write_text("s")

    async def restless() -> None:
        while True:
            for number in range(50):
                (bench.work / f"n{number}").write_bytes(bytes(5000))
            await asyncio.sleep(0.005)
            for number in range(50):
                (bench.work / f"n{number}").unlink()

    task = asyncio.create_task(restless())
    try:
        for _ in range(3):
            ran = await bench.sh("cat stays")
            assert (ran.status, ran.text) == ("ok", "s")
    finally:
        task.cancel()


async def test_a_build_comes_back_and_can_only_be_read_then(bench: Bench, tmp_path: Path) -> None:
    build = tmp_path / "build"
    build.mkdir()
    (build / "old").write_text("old")
    spec = bench.spec(build=str(build))
    script = (
        "cd {build}; mkdir bin; printf '#!/bin/sh\necho built\n' >bin/it; chmod +x bin/it; ln -s it bin/link; : >empty"
    )
    assert (await bench.sh(script, spec=spec, writes_build=True)).status == "ok"
    assert sorted(tree(build)) == ["bin", "bin/it", "bin/link", "empty", "old"]
    assert os.access(build / "bin" / "it", os.X_OK)
    again = await bench.sh("{build}/bin/it; cat {build}/old; echo no >{build}/old", spec=spec)
    assert (again.status, again.text) == ("nonzero_exit", "built\nold")
    assert (build / "old").read_text() == "old"


async def test_outputs_come_back_and_only_outputs(bench: Bench, tmp_path: Path) -> None:
    for name in ("out", "guest"):
        (tmp_path / name).mkdir()
    spec = bench.spec(outputs={"out": str(tmp_path / "out")}, mounts={"guest": str(tmp_path / "guest")})
    script = "mkdir {out}/d; echo 1 >{out}/d/f; echo 2 >{guest}/f; echo 3 >{source}/f; echo 4 >/tmp/f; ln -s / {out}/l"
    assert (await bench.sh(script, spec=spec)).status == "ok"
    assert tree(tmp_path / "out") == {"d": "folder", "d/f": b"-1\n", "l": "-> /"}
    assert tree(tmp_path / "guest") == {}


async def test_no_more_comes_back_than_the_limit_of_the_disk(bench: Bench) -> None:
    """A file that claims to be larger than it is takes no room, and is not let out."""
    limits = LIMITS.updated({"disk_bytes": 4 * MIB})
    ran = await bench.sh("truncate -s 3M a; truncate -s 3M b; echo c >c", limits=limits)
    assert ran.status == "ok"
    found = await seen(bench)
    assert len(found) == 2
    assert found["c"] == b"-c\n"
    assert sum(map(len, found.values())) < 4 * MIB


async def test_paths_as_long_as_they_may_be_arrive(bench: Bench) -> None:
    parts = ["n" * 250] * 15
    (bench.work / Path(*parts)).mkdir(parents=True)
    (bench.work / Path(*parts) / ("f" * 235)).write_text("deep")
    (bench.work / "link").symlink_to("t" * 4095)
    ran = await bench.sh("readlink link | wc -c; find . -type f -exec cat {} + ; find . -type f -exec rm {} +")
    assert (ran.status, ran.text) == ("ok", "4096\ndeep"), ran.stderr
    assert (await bench.sh("find . -type f")).text == ""


async def test_deep_folders_come_back_as_far_as_they_are_looked_into(bench: Bench) -> None:
    ran = await bench.sh("for i in {1..200}; do mkdir d && cd d && echo $i >f || exit; done")
    assert (ran.status, ran.stderr) == ("ok", b"")
    assert (await bench.sh("find . -name f | wc -l")).text == "128\n"


async def test_what_is_written_through_a_mapping_comes_back(bench: Bench) -> None:
    """A page that was read first can be written without a fault, which is when the kernel would stamp the file."""
    (bench.work / "mapped").write_bytes(bytes(200_000))
    (bench.work / "read").write_bytes(bytes(200_000))
    script = (
        "import mmap; f = open('mapped', 'r+b'); m = mmap.mmap(f.fileno(), 0); m[70_000]; m[70_000] = 7; m.close();"
        "g = open('read', 'r+b'); r = mmap.mmap(g.fileno(), 0); print(r[70_000])"
    )
    ran = await bench.run("/usr/bin/python3", "-c", script, spec=bench.spec(requirements=needs("python")))
    assert (ran.status, ran.text) == ("ok", "0\n"), ran.stderr
    assert set(changed_files(bench.spec().workspace).files) == {"mapped"}
    assert (await bench.sh("od -An -tu1 -j70000 -N1 mapped")).text.split() == ["7"]
