"""What a box on the isolating backend shows, hides and keeps."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from polyrun.model.errors import SandboxError
from polyrun.model.limits import MIB
from polyrun.model.outcomes import Feature
from polyrun.model.permissions import Permissions
from polyrun.sandbox.artifacts import Caps, changed_files, collect
from polyrun.sandbox.base import Workspace

Bench = Any


async def test_writes_land_in_the_overlay_and_the_next_box_sees_them(isolating: Bench) -> None:
    (isolating.work / "old").write_text("old")
    (isolating.work / "gone").write_text("gone")
    await isolating.sh("cat old; echo new >new; echo changed >old; rm gone; mkdir -p a/b; echo deep >a/b/c")
    assert sorted(os.listdir(isolating.work)) == ["gone", "old"]
    assert (isolating.work / "old").read_text() == "old"
    assert (await isolating.sh("cat old new a/b/c; ls")).text == "changed\nnew\ndeep\na\nnew\nold\n"
    workspace = isolating.spec().workspace
    changes = changed_files(workspace)
    assert (changes.files, changes.deleted, changes.not_kept) == (("a/b/c", "new", "old"), ("gone",), ())
    kept = isolating.scratch / "kept"
    assert collect(workspace, str(kept)) == changes
    assert (kept / "a/b/c").read_text() == "deep\n"


async def test_only_regular_files_within_bounds_are_kept(isolating: Bench) -> None:
    await isolating.sh(
        "ln -s /etc/passwd link; ln -s / folder; mkfifo pipe; truncate -s 500M sparse; echo fine >fine;"
        "echo run >run; chmod 755 run; d=x; for i in 1 2 3 4 5 6; do mkdir -p $d; d=$d/x; done; echo deep >x/x/x/x/file"
    )
    kept = isolating.scratch / "kept"
    changes = collect(isolating.spec().workspace, str(kept), Caps(depth=3, total_bytes=100 * MIB))
    assert changes.files == ("fine", "run")
    assert dict(changes.not_kept) == {
        "link": "a symbolic link",
        "folder": "a symbolic link",
        "pipe": "not a regular file",
        "sparse": "over the size that is kept",
        "x/x/x/x/": "too deep",
    }
    assert sorted(os.listdir(kept)) == ["fine", "run"]
    assert stat.S_IMODE((kept / "run").stat().st_mode) & 0o111


async def test_leftovers_of_any_shape_are_removed(isolating: Bench) -> None:
    await isolating.perl(
        'for (1..1000) { mkdir "d" or die; chdir "d" or die } open F, ">", "deep"; close F; chdir "..";'
        'chmod 0, "d"; mkdir "/tmp/x"; chmod 0, "/tmp/x";'
    )
    await isolating.sh("mkdir -p locked/in; echo x >locked/in/f; chmod 000 locked/in locked; touch 'a\nb' '-rf'")
    # the fixture removes the scratch folder and the leak check looks


async def test_write_through_when_allowed(isolating: Bench) -> None:
    ran = await isolating.sh("echo through >it", spec=isolating.writable())
    assert ran.status == "ok"
    assert (isolating.work / "it").read_text() == "through\n"


async def test_extra_paths(isolating: Bench, tmp_path: Path) -> None:
    for name in ("seen", "hidden", "written"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    grants = Permissions(read=(str(tmp_path / "seen"),), write=(str(tmp_path / "written"),))
    script = f"cd {tmp_path}; cat */file; echo x >seen/file; echo more >>written/file"
    ran = await isolating.sh(script, spec=isolating.spec(permissions=grants))
    assert ran.text == "seenwritten"
    assert b"Read-only" in ran.stderr
    assert (tmp_path / "written/file").read_text() == "writtenmore\n"


@pytest.mark.parametrize("later", ["read", "write", "workspace"])
async def test_a_block_cannot_swap_a_grant_for_the_hosts_files(isolating: Bench, tmp_path: Path, later: str) -> None:
    outer, inner, secret = tmp_path / "outer", tmp_path / "outer/inner", tmp_path / "secret"
    inner.mkdir(parents=True)
    secret.mkdir()
    (secret / "file").write_text("secret")
    grants = Permissions(write=(str(outer),))
    assert (await isolating.sh(f"rm -r {inner}; ln -s {secret} {inner}", spec=isolating.spec(permissions=grants))).ok
    spec = {
        "read": isolating.spec(permissions=Permissions(write=(str(outer),), read=(str(inner),))),
        "write": isolating.spec(permissions=Permissions(write=(str(inner),))),
        "workspace": isolating.spec(workspace=Workspace(str(inner), str(isolating.overlay))),
    }[later]
    with pytest.raises(SandboxError, match="symbolic link"):
        await isolating.sh(f"cat {inner}/file {secret}/file", spec=spec)


async def test_a_block_cannot_swap_a_toolchain_for_the_hosts_files(isolating: Bench, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    root = isolating.work / "venv"
    assert (await isolating.sh(f"ln -s {tmp_path}/secret {root}", spec=isolating.writable())).ok
    with pytest.raises(SandboxError, match="symbolic link"):
        await isolating.sh(
            "true", spec=isolating.spec(permissions=Permissions(write_workspace=True), roots=(str(root),))
        )


async def test_links_that_no_block_made_are_followed(isolating: Bench, tmp_path: Path) -> None:
    (tmp_path / "real/in").mkdir(parents=True)
    (tmp_path / "real/in/file").write_text("real")
    (tmp_path / "near").symlink_to("./real/../real/in")
    (tmp_path / "far").symlink_to(tmp_path / "near")
    grants = Permissions(read=(str(tmp_path / "far"),), write=(str(tmp_path / "near"),))
    ran = await isolating.sh(
        f"cat {tmp_path}/far/file; echo x >{tmp_path}/near/new; ls /proc/self/fd",
        spec=isolating.spec(permissions=grants),
    )
    assert ran.text.split() == ["real0", "1", "2", "3"], "nothing of what was opened is left in the box"
    assert (tmp_path / "real/in/new").read_text() == "x\n"


@pytest.mark.parametrize("path", ["/x", "/usr/x", "/etc/x", "/polyrun/x", "/polyrun/source/x"])
async def test_the_system_is_read_only(isolating: Bench, path: str) -> None:
    ran = await isolating.sh(f": >{path}", spec=isolating.spec(files={"main": b""}))
    assert ran.status == "nonzero_exit"


async def test_the_kernels_settings_are_read_only(isolating: Bench) -> None:
    """Root's uid alone would be enough to change them, without any capability."""
    ran = await isolating.sh("for file in $(find /proc/sys -type f); do [ -w $file ] && echo $file; done; echo done")
    assert ran.stdout == b"done\n"


async def test_the_hosts_devices_are_out_of_reach(isolating: Bench) -> None:
    """Root owns the host's nodes, so a box must not hold them: a `chmod` would reach the host."""
    before = _node("/dev/zero")
    await isolating.sh("chmod 666 /dev/zero; chown 1000 /dev/zero; rm -f /dev/zero")
    assert _node("/dev/zero") == before


def _node(path: str) -> tuple[int, int, int]:
    facts = os.stat(path)
    return facts.st_mode, facts.st_uid, facts.st_ctime_ns


_HIDDEN = ["/root", "/home", "/var", "/run", "/etc/shadow", "/etc/ssh", "/sys", "/boot", "/etc/ssl/private"]


@pytest.mark.parametrize("path", _HIDDEN)
async def test_the_host_is_not_visible(isolating: Bench, path: str) -> None:
    ran = await isolating.sh(f"[ -e {path} ] && ls -A {path} | grep -v work")
    assert ran.stdout == b""


async def test_privileges_are_gone(isolating: Bench) -> None:
    ran = await isolating.sh("grep -E '^(Cap(Eff|Prm|Bnd|Inh|Amb)|NoNewPrivs|Seccomp):' /proc/self/status; id -u")
    facts = dict(line.split(":\t") for line in ran.text.splitlines()[:-1])
    assert {value for key, value in facts.items() if key.startswith("Cap")} == {"0000000000000000"}
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
    assert ran.text.splitlines()[-1] == str(os.getuid() or 1000)


async def test_no_network_not_even_the_hosts_loopback(isolating: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = "print IO::Socket::INET->new(PeerAddr => shift, Timeout => 3) ? 'open' : 'closed'"
        address = f"127.0.0.1:{port}"
        assert (await isolating.perl(f"use IO::Socket::INET; {script}", address)).stdout == b"closed"
        opened = isolating.spec(permissions=Permissions(net=True))
        assert (await isolating.perl(f"use IO::Socket::INET; {script}", address, spec=opened)).stdout == b"open"
        async with isolating.sandbox.open(opened) as box:
            assert Feature.NETWORK not in box.enforced


async def test_no_other_process_is_visible(isolating: Bench) -> None:
    ran = await isolating.sh("ls -d /proc/[0-9]* | wc -l")
    assert int(ran.text) <= 4


@pytest.mark.parametrize("folder", ["/", "/etc", "/proc", "/sys/kernel", "/dev", "/nowhere/at/all"])
async def test_folders_no_box_may_show(isolating: Bench, folder: str) -> None:
    spec = isolating.spec(workspace=Workspace(folder, str(isolating.overlay)))
    with pytest.raises(SandboxError):
        await isolating.sh("true", spec=spec)


@pytest.mark.parametrize("folder", ["/tmp", "/usr/share", "/dev/shm", "{above}"])
async def test_unusual_folders(isolating: Bench, folder: str) -> None:
    where = folder.format(above=isolating.scratch.parent)
    spec = isolating.spec(workspace=Workspace(where, str(isolating.overlay)))
    ran = await isolating.sh("pwd; echo x >polyrun-test-file && cat polyrun-test-file; ls -A $0", spec=spec)
    assert ran.text.splitlines()[:2] == [where, "x"], ran.stderr
    assert "polyrun-test-file" not in os.listdir(where)
    hidden = await isolating.sh(f"ls -A {isolating.scratch} 2>/dev/null", spec=spec)
    assert hidden.stdout == b""


async def test_a_private_folder_of_the_user(isolating: Bench) -> None:
    isolating.work.chmod(0o700)
    (isolating.work / "private").write_text("mine")
    (isolating.work / "private").chmod(0o600)
    assert (await isolating.sh("cat private; echo x >new && cat new")).stdout == b"minex\n"
