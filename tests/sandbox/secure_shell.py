"""An SSH server of the tests' own, on a private port, which lets in one key and knows where the engine is."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_SERVER = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/key.pub
SetEnv DOCKER_HOST={engine}
PasswordAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PidFile none
"""
_CLIENT = """\
IdentityFile {folder}/key
IdentitiesOnly yes
UserKnownHostsFile {folder}/known
GlobalKnownHostsFile none
"""
_RUN = "/run/sshd"
"""Where a server is without rights until it knows its client; Debian's service makes it when it starts."""


@contextmanager
def ssh_server(engine: str, folder: Path) -> Iterator[str]:
    """The address of `engine` by SSH. `folder` gets a program `ssh` that has the key: `ssh` itself asks no `HOME`."""
    if os.getuid() != 0:
        pytest.skip("only root can start an SSH server that lets root in")
    sshd, ssh = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin"), shutil.which("ssh")
    if sshd is None or ssh is None or shutil.which("docker") is None:
        pytest.skip("there is no sshd, no ssh or no docker; in CI `scripts/with_engine.sh` installs them")
    for name in ("host", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    port = _free_port()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    (folder / "server").write_text(_SERVER.format(port=port, folder=folder, engine=engine))
    (folder / "client").write_text(_CLIENT.format(folder=folder))
    program = folder / "ssh"
    program.write_text(f'#!/bin/sh\nexec {ssh} -F {folder}/client "$@"\n')
    program.chmod(0o755)
    os.makedirs(_RUN, mode=0o755, exist_ok=True)
    log = folder / "log"
    with open(log, "wb") as output:
        server = subprocess.Popen([sshd, "-D", "-e", "-f", folder / "server"], stdin=subprocess.DEVNULL, stderr=output)
    try:
        _wait(server, port, log)
        yield f"ssh://root@127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"sshd does not listen\n{log.read_text()}")
