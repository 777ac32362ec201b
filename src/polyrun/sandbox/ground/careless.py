"""A host without any care, played inside a throw-away host: it lays baits, runs a program, and tells what came of it.

A script, `careless.py JSON`, for whatever Python the host has (3.9 or later). It is root of a namespace in which there
is nothing of the user's. What would be dangerous to touch on a real host (devices, knobs of the kernel, control
groups, shadow passwords) is stood in for by plain files, and 192.0.2.1 stands for the internet.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from typing import IO, Any

try:  # beside this file on a throw-away host
    from baits import Baits  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    from polyrun.sandbox.ground.baits import Baits

_WORK, _OUT, _BUILD, _SOURCE = "/srv/work", "/srv/out", "/srv/build", "/srv/source"
_SHARED = ("/var/tmp",)  # noqa: S108 - of a host of our own
_FOLDERS = (
    _WORK, _OUT, _BUILD, _SOURCE, "/home/somebody", "/root/.ssh", "/var/log", *_SHARED, "/boot", "/run/lock",
    "/dev/net", "/sys/kernel", "/sys/power", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/polyrun/source",
)  # fmt: skip
_STAND_INS = (
    "/etc/shadow", "/etc/machine-id", "/root/.ssh/id", "/var/log/syslog", "/boot/vmlinuz", "/run/docker.sock",
    *(f"/dev/{name}" for name in ("mem", "kmem", "port", "kmsg", "kvm", "fuse", "vda", "sda", "loop-control")),
    "/dev/net/tun", "/dev/uinput", "/dev/hwrng", "/sys/kernel/uevent_helper", "/sys/power/state",
    "/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/cgroup.procs",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/pids/cgroup.procs",
)  # fmt: skip
_INTERNET = (("192.0.2.1", 443), ("169.254.169.254", 80))
_NEIGHBOURS = 6
_KEPT_BYTES = 65536
_LATE_S = 3.0
_HELD_S = 2.5
_PROCESSES = 400
_CPU_S = 20
_SET_ADDRESS = 0x8916  # SIOCSIFADDR, linux/sockios.h


def furnish() -> None:
    """Make what a program expects of a host, with stand-ins for what it must not touch on a real one."""
    for folder in _FOLDERS:
        os.makedirs(folder, exist_ok=True)
    for path in _STAND_INS:
        with open(path, "w", encoding="utf-8") as file:
            file.write("a stand-in\n")
    if not os.path.lexists("/var/run"):
        os.symlink("/run", "/var/run")
    users = ["root", "daemon", "bin", "somebody", "runner", "postgres"]
    with open("/etc/passwd", "w", encoding="utf-8") as file:
        file.writelines(f"{user}:x:{uid}:{uid}::/home/{user}:/bin/sh\n" for uid, user in enumerate(users))
    with open(f"{_WORK}/document.mix", "w", encoding="utf-8") as file:
        file.write("#lang:bash\necho the document\n#end\n")
    with open(f"{_BUILD}/program", "w", encoding="utf-8") as file:
        file.write("built\n")


def connect(baits: Baits) -> None:
    """Let the internet and a cloud's metadata service answer, which live on the loopback here."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for number, (address, port) in enumerate(_INTERNET, 1):
            request = struct.pack("16sH2x4s8x", f"lo:{number}".encode(), socket.AF_INET, socket.inet_aton(address))
            try:
                fcntl.ioctl(any_socket, _SET_ADDRESS, request)
                baits.listen(address, port)
            except OSError:  # then the attack is not seen to be capable
                continue


class Careless:
    """Starts programs as nobody should: as root, with all that is open, with a terminal, and listens to all of them."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.wanted = wanted
        furnish()
        self.baits = Baits("/srv/planted")
        connect(self.baits)
        # by descriptor: a program may put another root in place of ours
        self.planted, self.work = (os.open(path, os.O_RDONLY) for path in (self.baits.folder, _WORK))
        self.before = set(os.listdir(self.planted))
        self.channel = os.open("/srv/result", os.O_RDWR | os.O_CREAT, 0o600)
        os.set_inheritable(self.channel, True)  # noqa: FBT003 - has no name
        for _ in range(_NEIGHBOURS):
            if os.fork() == 0:
                os.execv("/bin/sleep", ["sleep", "60"])  # noqa: S606 - no shell is wanted
        self.launcher = self._launcher()

    @staticmethod
    def _launcher() -> int:
        """A running program whose own file anybody here may replace."""
        with open("/bin/sleep", "rb") as source, open("/srv/launcher", "wb") as copy:
            copy.write(source.read())
        os.chmod("/srv/launcher", 0o755)  # noqa: S103 - a program
        pid = os.fork()
        if pid == 0:
            os.execv("/srv/launcher", ["launcher", "60"])  # noqa: S606 - no shell is wanted
        while os.readlink(f"/proc/{pid}/exe") != "/srv/launcher":
            time.sleep(0.001)
        return pid

    def argument(self) -> str:
        """The JSON object that the program gets."""
        logs = os.stat("/var/log")
        return json.dumps(
            {
                **self.wanted["argument"],
                "planted": self.baits.folder,
                "port": self.baits.port,
                "abstract": self.baits.abstract,
                "out": _OUT,
                "build": _BUILD,
                "source": _SOURCE,
                "launcher": self.launcher,
                "logs": [logs.st_dev, logs.st_ino],
                "folders": {},
            }
        )

    def run(self) -> dict[str, Any]:
        """Run the program as often as is wanted; what the last time came to."""
        words = [self.argument() if word == "{argument}" else word for word in self.wanted["argv"]]
        words = [word.replace("{planted}", self.baits.folder) for word in words]
        more = [word.replace("{planted}", self.baits.folder) for word in self.wanted["arguments"]]
        if more:  # the most careless of all: a line for a shell
            quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
            words = ["/bin/sh", "-c", quoted + " " + " ".join(more)]
        told: dict[str, Any] = {}
        for _ in range(self.wanted["times"]):
            told = self._once(words)
        deadline = time.monotonic() + _LATE_S  # what daemons write, they write later
        while time.monotonic() < deadline and _is_running(self.wanted["argument"]["marker"]):
            time.sleep(0.02)
        facts = {f"file:{name}": "yes" for name in set(os.listdir(self.planted)) - self.before}
        facts["document"] = "intact" if _document(self.work) else "damaged"
        facts["channel"] = "forged" if os.fstat(self.channel).st_size else "clean"
        return {**told, "facts": facts}

    def _once(self, words: list[str]) -> dict[str, Any]:
        leader, follower = os.openpty()
        silent, never = os.pipe()  # input that never comes

        def become() -> None:
            os.setsid()
            fcntl.ioctl(follower, termios.TIOCSCTTY, 0)

        process = subprocess.Popen(
            words,
            cwd=_WORK,
            stdin=silent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            close_fds=False,
            preexec_fn=become,  # noqa: PLW1509 - no other thread of ours holds anything it needs
        )
        streams = [_Stream(stream) for stream in (process.stdout, process.stderr) if stream is not None]
        code = process.wait()
        deadline = time.monotonic() + _HELD_S  # somebody may hold the pipes for good
        for stream in streams:
            stream.thread.join(max(0.0, deadline - time.monotonic()))
        for fd in (leader, follower, silent, never):
            os.close(fd)
        out, err = streams
        return {"code": code, "stdout": out.text, "stderr": err.text, "bytes": out.count + err.count}


class _Stream:
    """Reads to the end, keeps the first 64 KiB."""

    def __init__(self, source: IO[bytes]) -> None:
        self.count = 0
        self._kept = bytearray()
        self._source = source
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    @property
    def text(self) -> str:
        return self._kept.decode("latin-1")

    def _read(self) -> None:
        while data := os.read(self._source.fileno(), 65536):
            self.count += len(data)
            self._kept += data[: _KEPT_BYTES - len(self._kept)]
        self._source.close()


def _document(folder: int) -> bool:
    try:
        with open(os.open("document.mix", os.O_RDONLY, dir_fd=folder), encoding="utf-8") as file:
            return "echo the document" in file.read()
    except OSError:
        return False


def _is_running(marker: str) -> bool:
    listed = os.listdir("/proc") if os.path.isdir("/proc") else ()  # which a program may have unmounted
    for pid in filter(str.isdigit, listed):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read()
            with open(f"/proc/{pid}/stat", "rb") as file:
                state = file.read().rpartition(b")")[2].split()[0]
        except OSError:
            continue
        if marker.encode() in words and state != b"Z" and int(pid) != os.getpid():
            return True
    return False


def is_root_outside(mapping: str) -> bool:
    """Whether a user of this namespace is the real host's root: `mapping` is the text of `/proc/self/uid_map`."""
    return any(int(line.split()[1]) == 0 for line in mapping.splitlines())


def main() -> None:
    """Play the host; one JSON object on stdout tells what happened. Refused to whoever is root on the real host."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        if is_root_outside(file.read()):
            sys.exit("whoever is root here would be root on the real host")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_NPROC, (_PROCESSES, _PROCESSES))  # root's number is kept by a control group
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (1, resource.getrlimit(resource.RLIMIT_CORE)[1]))  # see `limits.apply`
    with open(sys.argv[1], encoding="utf-8") as file:
        wanted = json.load(file)
    told = Careless(wanted).run()
    json.dump(told, sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # everything else goes with the host


if __name__ == "__main__":
    main()
