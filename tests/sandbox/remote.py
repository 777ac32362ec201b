"""Another host, as far as a network goes: a namespace behind a pair of virtual cables, with a relay in it.

The relay holds the namespace: when it ends, and it ends with the tests, the kernel takes the namespace and the cables.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_RELAY = Path(__file__).with_name("relay.py")
_INSIDE = 'echo ready; read -r _; ip address add "$1/30" dev far; ip link set far up; shift; exec "$@"'
_DAYS = ("-days", "2")


@dataclass(frozen=True)
class Host:
    """How to reach the engine there: in the clear, and by TLS with the certificates in a folder."""

    plain: str
    secured: str
    certificates: Path


@contextmanager
def other_host(socket: str, folder: Path) -> Iterator[Host]:
    """A host that hands every connection to the engine at `socket`; `folder` is for its certificates."""
    if os.getuid() != 0:
        pytest.skip("only root can make a network namespace with a cable to it")
    missing = [program for program in ("ip", "unshare", "openssl") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"there is no {' and no '.join(missing)}, see `scripts/with_engine.sh`")
    pid = os.getpid()
    cable, net = f"polyrun{pid}", f"198.18.{pid >> 6 & 0xFF}.{pid << 2 & 0xFF}"  # RFC 2544: nobody's, for tests
    near, far = (net[: net.rindex(".") + 1] + str(int(net.rpartition(".")[2]) + at) for at in (1, 2))
    make_certificates(folder, far)
    relay = [sys.executable, str(_RELAY), far, socket, str(folder)]
    words = ["unshare", "--net", "--", "sh", "-euc", _INSIDE, "sh", far, *relay]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as there:
        assert there.stdin is not None
        assert there.stdout is not None
        try:
            assert there.stdout.readline() == "ready\n"
            _ip("link", "add", cable, "type", "veth", "peer", "name", "far", "netns", str(there.pid))
            _ip("address", "add", f"{near}/30", "dev", cable)
            _ip("link", "set", cable, "up")
            print(file=there.stdin, flush=True)
            plain, secured = there.stdout.readline().split()
            yield Host(f"tcp://{far}:{plain}", f"tcp://{far}:{secured}", folder)
            _ip("link", "delete", cable)
        finally:
            there.kill()
    assert not Path(f"/sys/class/net/{cable}").exists()


def make_certificates(folder: Path, address: str) -> None:
    """An authority in `folder`, and what it has signed for a server at `address` and for a client."""
    folder.mkdir()
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(folder, "req", "-x509", *key, *_DAYS, "-subj", "/CN=authority", "-keyout", "ca-key.pem", "-out", "ca.pem")
    for name, stem in (("server", "server"), ("", "client")):
        certificate, private = (f"{name}.pem", f"{name}-key.pem") if name else ("cert.pem", "key.pem")
        request = ("-subj", f"/CN={stem}", "-addext", f"subjectAltName=IP:{address}")
        _openssl(folder, "req", *key, *request, "-keyout", private, "-out", f"{stem}.csr")
        signing = ("-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-copy_extensions", "copy")
        _openssl(folder, "x509", "-req", "-in", f"{stem}.csr", *signing, *_DAYS, "-out", certificate)


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
