"""Engines on another host, by TCP, by TLS and by SSH: nothing is shared with them but a connection."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import engine
import polyrun
from polyrun.model.events import Event, Output
from polyrun.sandbox.base import Capabilities, Unavailable
from polyrun.sandbox.docker import images
from polyrun.sandbox.docker.api import Endpoint, Engine
from polyrun.sandbox.docker.backend import Docker
from polyrun.sandbox.docker.options import DEFAULT_BASE
from polyrun.sandbox.docker.recipe import Recipe
from sandbox.engine_cases import check_document, ours, run, told
from sandbox.remote import Host, make_certificates, other_host
from sandbox.secure_shell import ssh_server

pytestmark = pytest.mark.docker

BUILT = """\
#lang:c name=beside
#include "beside.h"
int answer = BESIDE;
printf("%d\\n", answer);
#end

#lang:c name=alone
#export: answer
int answer = 43;
#end

#lang:bash name=told
#import: answer
echo "it is $answer"
#end
"""


@pytest.fixture(scope="session")
def socket() -> str:
    """Where the engine really listens."""
    where = urlsplit(engine.address())
    if where.scheme != "unix":
        pytest.skip("the tests' engine is on another host itself")
    return where.path


@pytest.fixture(scope="session")
def host(socket: str) -> Iterator[Host]:
    """Another host with the engine."""
    with tempfile.TemporaryDirectory(prefix="host-") as folder, other_host(socket, Path(folder) / "pem") as found:
        yield found


@pytest.fixture(autouse=True)
def nothing_left_in_the_engine(socket: str) -> Iterator[None]:
    yield
    assert ours(f"unix://{socket}") == []


@pytest.fixture
def by_tcp(host: Host, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DOCKER_HOST", host.plain)
    return host.plain


def test_a_document_with_values_and_files(tmp_path: Path, by_tcp: str) -> None:
    result = check_document(tmp_path)
    assert (result.sandbox, result.level) == ("docker", 3)
    assert any(by_tcp in note for note in _found(Endpoint(by_tcp)).notes)


@pytest.mark.usefixtures("by_tcp")
def test_builds_come_back_and_are_kept(tmp_path: Path) -> None:
    (tmp_path / "beside.h").write_text("#define BESIDE 42\n")
    for is_known in (False, True):
        result = run(tmp_path, BUILT)
        assert result.ok, told(result)
        assert result.block("beside").stdout == b"42\n"
        assert result.block("alone").build_cached is is_known
        assert result.block("told").stdout == b"it is 43\n"


async def test_no_folder_is_shared(tmp_path: Path, by_tcp: str, socket: str) -> None:
    (tmp_path / "document.mix").write_text("#lang:bash\necho waiting\nsleep 60\n#end\n")
    begun = asyncio.Event()

    def listen(event: Event) -> None:
        if isinstance(event, Output):
            begun.set()

    run_there = polyrun.arun(tmp_path / "document.mix", polyrun.Settings(sandbox="docker"), on_event=listen)
    running = asyncio.create_task(run_there)
    await asyncio.wait_for(begun.wait(), 30)
    containers = await asyncio.to_thread(ours, by_tcp)
    assert containers
    for identifier in containers:
        facts = await Engine(Endpoint(f"unix://{socket}")).get(f"/containers/{identifier}/json")
        assert not facts["HostConfig"]["Binds"]
        assert not [mount for mount in facts["Mounts"] if mount["Type"] != "tmpfs"]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_images_are_built_there(host: Host) -> None:
    """By TLS, with more than fits into any buffer on the way."""
    data = os.urandom(6 << 20)
    made = Recipe("remote", f"FROM {DEFAULT_BASE}\nCOPY starter/data /data\nRUN sha256sum /data\n", (("data", data),))
    lines: list[str] = []

    async def build() -> None:
        client = Engine(Endpoint(host.secured, str(host.certificates)))
        identifier = await images.build(client, made, lines.append)
        try:
            assert await images.find(client, made) == identifier
        finally:
            await client.delete(f"/images/{made.tag}")

    asyncio.run(build())
    assert any(hashlib.sha256(data).hexdigest() in line for line in lines), lines


def test_a_document_by_tls(tmp_path: Path, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host.secured)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(host.certificates))
    check_document(tmp_path)


def test_a_host_that_another_authority_vouches_for_is_refused(tmp_path: Path, host: Host) -> None:
    make_certificates(tmp_path / "other", "192.0.2.1")
    found = _refusal(Endpoint(host.secured, str(tmp_path / "other")))
    assert found.reason.startswith(f"`{host.secured}` is not who it should be: self-signed certificate")


def test_a_client_without_a_certificate_is_refused(tmp_path: Path, host: Host) -> None:
    shutil.copy(host.certificates / "ca.pem", tmp_path)
    reason = _refusal(Endpoint(host.secured, str(tmp_path))).reason
    assert "certificate required" in reason or reason.startswith("the engine closed the connection")


def test_certificates_that_are_not_there(tmp_path: Path, host: Host) -> None:
    reason = _refusal(Endpoint(host.secured, str(tmp_path))).reason
    assert reason.startswith(f"`{tmp_path}` has no certificates to use")
    assert reason.endswith(": no such file or directory")


def test_one_side_that_speaks_no_tls(host: Host) -> None:
    found = _refusal(Endpoint(host.plain, str(host.certificates)))
    assert found.reason == f"`{host.plain}`: tls: wrong version number"
    assert "the engine closed the connection" in _refusal(Endpoint(host.secured)).reason


@pytest.fixture
def by_ssh(socket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folder = tmp_path / "ssh"
    folder.mkdir()
    with ssh_server(f"unix://{socket}", folder) as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
        yield address


def test_a_document_by_ssh(tmp_path: Path, by_ssh: str) -> None:
    work = tmp_path / "work"
    work.mkdir()
    check_document(work)
    (tmp_path / "ssh" / "key").unlink()
    assert _refusal(Endpoint(by_ssh)).reason == "the engine closed the connection without an answer"


def _found(endpoint: Endpoint) -> Capabilities:
    found = asyncio.run(Docker(endpoint=endpoint).probe())
    assert isinstance(found, Capabilities), found
    return found


def _refusal(endpoint: Endpoint) -> Unavailable:
    found = asyncio.run(Docker(endpoint=endpoint).probe())
    assert isinstance(found, Unavailable), found
    return found
