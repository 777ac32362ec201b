"""Programs that reach for the kernel: rows 46–61. What the filter refuses is tested call by call elsewhere."""

from __future__ import annotations

from polyrun.model.outcomes import Status
from polyrun.selftest.catalogue.attack import Attack, Expect

_REFUSED = "EPERM|EACCES|EINVAL"

ATTACKS = (
    Attack(
        rows=(46, 47, 48),
        name="namespaces-and-mounts",
        title="make namespaces of its own, and mount in them",
        program="""
must_be_apart()
CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET = 0x10000000, 0x20000, 0x40000000
def child():
    pid = call("clone", CLONE_NEWUSER | 17, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "new namespace"
attempt("clone", child)
attempt("clone3", lambda: call("clone3", 0, 0))
attempt("setns", lambda: call("setns", os.open("/proc/self/ns/mnt", os.O_RDONLY), 0))
attempt("mount", lambda: call("mount", 0, b"/tmp", b"tmpfs", 0, 0))
attempt("umount", lambda: call("umount2", b"/proc", 2))
attempt("fsopen", lambda: call("fsopen", b"tmpfs", 0))
attempt("open_tree", lambda: call("open_tree", -100, b"/", 1))
attempt("pivot_root", lambda: call("pivot_root", b"/tmp", b"/tmp"))
attempt("chroot", lambda: call("chroot", b"/tmp"))
attempt("user", lambda: call("unshare", CLONE_NEWUSER))
attempt("net", lambda: call("unshare", CLONE_NEWNET))
attempt("mounts", lambda: call("unshare", CLONE_NEWNS))
""",
        held=Expect(
            facts={
                "clone3": "ENOSYS",
                "setns": "EPERM",
                "mount": "EPERM",
                "umount": "EPERM",
                "fsopen": "EPERM",
                "open_tree": "EPERM",
                "pivot_root": "EPERM",
                "chroot": "EPERM",
                "user": "EPERM",
                "net": "EPERM",
                "mounts": "EPERM",
                "clone": "EPERM",
            }
        ),
        capable={"clone": "new namespace", "net": "0", "mount": "0", "umount": "0"},
        outside_bound=1,
    ),
    Attack(
        rows=(49,),
        name="trace",
        title="trace a child and read its memory",
        program="""
import ctypes
word = ctypes.create_string_buffer(b"the child's memory")
child = os.fork()
if child == 0:
    time.sleep(20)
class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
into = ctypes.create_string_buffer(32)
here, there = Vector(ctypes.addressof(into), 18), Vector(ctypes.addressof(word), 18)
def peek():
    call("process_vm_readv", child, ctypes.addressof(here), 1, ctypes.addressof(there), 1, 0)
    return into.value.decode()
attempt("read", peek)
attempt("pidfd_getfd", lambda: call("pidfd_getfd", os.pidfd_open(child), 1, 0) > 2)
attempt("kcmp", lambda: call("kcmp", os.getpid(), child, 0, 1, 1) >= 0)
attempt("attach", lambda: call("ptrace", 16, child, 0, 0))
os.kill(child, 9)
""",
        held=Expect(facts={"read": "EPERM", "attach": "EPERM", "pidfd_getfd": "EPERM", "kcmp": "EPERM"}),
        capable={"read": "the child's memory", "attach": "0", "pidfd_getfd": "True"},
        outside_bound=1,
    ),
    Attack(
        rows=(50, 51),
        name="socket-families",
        title="open sockets of families with a record: AF_ALG, AF_VSOCK, AF_RXRPC, AF_PACKET, XFRM",
        program="""
def opened(*args):
    fd = call("socket", *args)
    os.close(fd)
    return "opened"
for name, args in {
    "alg": (38, 5, 0), "vsock": (40, 1, 0), "rxrpc": (33, 2, 2), "packet": (17, 3, 0), "xfrm": (16, 3, 6),
    "netfilter": (16, 3, 12), "sctp": (2, 1, 132), "bluetooth": (31, 3, 1), "can": (29, 3, 1), "xdp": (44, 3, 0),
    "kcm": (41, 2, 0), "raw": (2, 3, 1), "route": (16, 3, 0), "unix": (1, 1, 0), "inet6": (10, 1, 0),
    "high bits": (1 << 32 | 16, 3, 4),
}.items():
    attempt(name, lambda: opened(*args))
""",
        held=Expect(
            facts={
                **dict.fromkeys(
                    ("alg", "vsock", "rxrpc", "packet", "xfrm", "netfilter", "bluetooth", "can", "xdp", "kcm",
                     "high bits"),
                    "EAFNOSUPPORT",
                ),
                "sctp": "EPROTONOSUPPORT",
                "raw": "EPERM",
                "route": "opened",
                "unix": "opened",
                "inet6": "opened|EAFNOSUPPORT",
            }
        ),
        capable={"xfrm": "opened|EPROTONOSUPPORT", "high bits": "opened", "route": "opened"},
        outside_bound=1,
    ),
    Attack(
        rows=(52,),
        name="io-uring",
        title="make calls past every filter through io_uring",
        program="""
import ctypes
params = ctypes.create_string_buffer(120)
attempt("setup", lambda: call("io_uring_setup", 4, params) > 2)
attempt("enter", lambda: call("io_uring_enter", 0, 0, 0, 0, 0))
""",
        held=Expect(facts={"setup": "EPERM", "enter": "EPERM"}),
        capable={"setup": "True"},
        outside_bound=1,
    ),
    Attack(
        rows=(53,),
        name="keyrings",
        title="leave a key in a ring that other boxes of the user share",
        program="""
import ctypes
USER_KEYRING = -4
attempt("add", lambda: call("add_key", b"user", b"polyrun-hostile", b"message", 7, USER_KEYRING) > 0)
attempt("session", lambda: call("keyctl", 0, USER_KEYRING, 1) != 0)
attempt("request", lambda: call("request_key", b"user", b"polyrun-hostile", 0, USER_KEYRING) > 0)
if P["bound"]:
    attempt("clear", lambda: call("keyctl", 7, USER_KEYRING))
""",
        held=Expect(facts={"add": "EPERM", "session": "EPERM", "request": "EPERM"}),
        capable={"add": "True", "session": "True"},
        outside_bound=1,
    ),
    Attack(
        rows=(54,),
        name="kernel-machinery",
        title="bpf, perf, userfaultfd, kexec, modules, handles, swap, clocks",
        program="""
must_be_apart()
for name in ("bpf", "perf_event_open", "userfaultfd", "kexec_load", "init_module", "finit_module", "delete_module",
             "open_by_handle_at", "name_to_handle_at", "swapon", "swapoff", "acct", "quotactl", "syslog",
             "fanotify_init", "settimeofday", "clock_settime", "lookup_dcookie", "move_pages", "vhangup"):
    attempt(name, lambda: call(name, 0, 0, 0, 0, 0))
attempt("personality", lambda: call("personality", 0x0400000))
attempt("unknown", lambda: libc.syscall(467) == -1 and errno.errorcode[ctypes.get_errno()])
""",
        held=Expect(
            facts={
                **dict.fromkeys(
                    ("bpf", "perf_event_open", "userfaultfd", "kexec_load", "init_module", "finit_module",
                     "delete_module", "open_by_handle_at", "name_to_handle_at", "swapon", "swapoff", "acct", "quotactl",
                     "syslog", "fanotify_init", "settimeofday", "clock_settime", "move_pages", "vhangup",
                     "personality"),
                    "EPERM",
                ),
                "unknown": "ENOSYS",
            }
        ),
        # the rest takes powers on the real host, which no throw-away host has: the kernel says EPERM by itself
        capable={"personality": "[0-9]+", "name_to_handle_at": "E(?!PERM).*"},
    ),
    Attack(
        rows=(55,),
        name="other-abi",
        title="speak to the kernel in i386",
        language="c",
        program="""
#include <stdio.h>
int main(void) {
  long r;
  __asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory");
  printf("getpid: %s\\n", r > 0 ? "answered" : "refused");
  return 0;
}
""",
        held=Expect(status=(Status.SIGNALLED,), signal="SIGSYS"),
        capable={"getpid": "answered"},
    ),
    Attack(
        rows=(55,),
        name="x32-abi",
        title="speak to the kernel in x32",
        language="c",
        program="""
#define _GNU_SOURCE
#include <unistd.h>
#include <sys/syscall.h>
int main(void) { return syscall(0x40000000L | 39) > 0 ? 1 : 2; }
""",
        held=Expect(status=(Status.SIGNALLED,), signal="SIGSYS"),
        capable={"exit": "1"}  # 2 on a kernel without x32,
    ),
    Attack(
        rows=(56,),
        name="set-user-id",
        title="gain privileges from a set-user-ID program, or leave one",
        program="""
status = dict(line.split(":\\t", 1) for line in read("/proc/self/status").splitlines() if ":\\t" in line)
for name in ("NoNewPrivs", "Seccomp", "CapEff", "CapBnd", "CapPrm", "CapAmb"):
    tell(name, status.get(name, "?"))
attempt("setuid", lambda: os.setuid(0))
attempt("setgroups", lambda: os.setgroups([0]))
os.close(os.open("tool", os.O_WRONLY | os.O_CREAT, 0o755))
attempt("leave", lambda: os.chmod("tool", 0o4755))
attempt("leave at creation", lambda: os.close(os.open("tool2", os.O_WRONLY | os.O_CREAT, 0o4755)))
attempt("capability", lambda: os.setxattr("tool", "security.capability", bytes(20)))
for name in ("tool", "tool2"):
    if P["bound"] and os.path.exists(name):
        os.unlink(name)
""",
        held=Expect(
            facts={
                "NoNewPrivs": "1",
                "Seccomp": "2",
                "CapEff": "0+",
                "CapBnd": "0+",
                "CapPrm": "0+",
                "CapAmb": "0+",
                "setuid": "EPERM|EINVAL",
                "setgroups": "EPERM",
                "leave": "EPERM",
                "leave at creation": "EPERM",
                "capability": "EPERM|EINVAL|EOPNOTSUPP",
            }
        ),
        capable={"CapEff": "0*[1-9a-f].*", "setuid": "None", "leave": "None", "leave at creation": "None"},
        outside_bound=1,
    ),
    Attack(
        rows=(57,),
        name="devices",
        title="open or make devices of the machine",
        program="""
for name in ("mem", "kmem", "port", "kvm", "fuse", "vda", "sda", "loop-control", "net/tun", "uinput", "hwrng"):
    attempt(name, lambda: os.open("/dev/" + name, os.O_RDWR) and "opened")
attempt("node", lambda: os.mknod("/tmp/node", 0o666 | stat.S_IFBLK, os.makedev(254, 0)))
tell("present", sorted(set(os.listdir("/dev")) - {"console", "core", "fd", "full", "null", "ptmx", "pts", "random",
                                                    "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"}))
""",
        held=Expect(
            facts={
                **dict.fromkeys(("mem", "kmem", "kvm", "fuse", "vda", "loop-control", "net/tun", "uinput"), "ENOENT"),
                "node": "EPERM",
                "present": r"\[\]",
            }
        ),
        held_in_container=Expect(
            facts={
                **dict.fromkeys(("mem", "kmem", "kvm", "fuse", "vda", "loop-control", "net/tun", "uinput"), "ENOENT"),
                "node": "EPERM",
                "present": r"\['mqueue'\]",  # a folder, for POSIX message queues of the container's own
            }
        ),
        capable={"mem": "opened", "vda": "opened", "net/tun": "opened", "present": ".*mem.*"},  # plain files there
    ),
    Attack(
        rows=(58,),
        name="type-into-the-terminal",
        title="push a command into the terminal that PolyRun was started from",
        program="""
import fcntl, pty, termios
attempt("tty", lambda: os.open("/dev/tty", os.O_RDWR) and "opened")
tell("session", "own" if os.getsid(0) <= os.getpid() and os.getsid(0) != 0 or os.getsid(0) == 1 else "the host's")
leader, follower = pty.openpty()
attempt("push", lambda: fcntl.ioctl(follower, termios.TIOCSTI, b"!"))
attempt("push with high bits", lambda: call("ioctl", follower, 0x1_0000_0000 | termios.TIOCSTI, b"!"))
attempt("paste", lambda: call("ioctl", follower, 0x541C, b"\\x03"))
attempt("discipline", lambda: fcntl.ioctl(follower, termios.TIOCSETD, (15).to_bytes(4, "little")))
""",
        held=Expect(
            facts={
                "tty": "ENXIO|ENOENT",
                "session": "own",
                "push": "EPERM",
                "push with high bits": "EPERM",
                "paste": "EPERM",
                "discipline": "EPERM",
            }
        ),
        capable={"tty": "opened", "discipline": "E(?!PERM).*|.*x0f.*|0"},  # newer kernels refuse to be typed into
    ),
    Attack(
        rows=(59,),
        name="control-groups",
        title="leave its control group, or raise its limits",
        program="""
must_be_apart()
attempt("list", lambda: os.listdir("/sys/fs/cgroup"))
attempt("mkdir", lambda: os.mkdir("/sys/fs/cgroup/polyrun-mine") or os.rmdir("/sys/fs/cgroup/polyrun-mine"))
for path in ("memory/memory.limit_in_bytes", "memory.max", "pids/cgroup.procs", "cgroup.procs"):
    attempt(path, lambda: open_only("/sys/fs/cgroup/" + path))
attempt("mount", lambda: call("mount", b"none", b"/tmp", b"cgroup2", 0, 0))
tell("path", "host's" if "polyrun-" in read("/proc/self/cgroup") else "hidden")
""",
        held=Expect(
            facts={
                "list": r"ENOENT|EACCES|\[\]",
                "mkdir": "ENOENT|EROFS|EACCES|EPERM",
                "memory/memory.limit_in_bytes": "ENOENT|EROFS|EACCES",
                "memory.max": "ENOENT|EROFS|EACCES",
                "mount": "EPERM",
                "path": "hidden",
            }
        ),
        held_in_container=Expect(  # engines show a container its own groups; see `every-control-file`
            facts={
                "list": r"ENOENT|EACCES|\[.*\]",
                "mkdir": "EROFS|EACCES|EPERM",
                "memory/memory.limit_in_bytes": "ENOENT|EROFS|EACCES",
                "memory.max": "ENOENT|EROFS|EACCES",
                "pids/cgroup.procs": "ENOENT|EROFS|EACCES",
                "cgroup.procs": "ENOENT|EROFS|EACCES",
                "mount": "EPERM",
                "path": "hidden",
            }
        ),
        capable={"list": r"\[.+\]", "mkdir": "None", "memory.max": "opened", "cgroup.procs": "opened"},
    ),
    Attack(
        rows=(60,),
        name="lock-side-channel",
        title="signal another box by locking a file that both see",
        program="""
import fcntl
fd = os.open(P["planted"] + "/secret" if P["bound"] else "/usr/bin/env", os.O_RDONLY)
attempt("lock", lambda: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB))
attempt("lease", lambda: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK))
""",
        held=Expect(facts={"lock": "None|EAGAIN"}),
        capable={"lock": "None"},
        weakness="boxes see the same system files, and flock(2) needs no right to write: two boxes that run at the same"
        " time can signal each other through locks",
    ),
    Attack(
        rows=(61,),
        name="overwrite-the-launcher",
        title="overwrite the program that started the box through /proc",
        program="""
must_be_apart()
for pid in ("self", "1", str(os.getppid())):
    attempt(f"write {pid}", lambda: open_only(f"/proc/{pid}/exe"))
    attempt(f"replace {pid}", lambda: open_only(os.readlink(f"/proc/{pid}/exe")))
def swap():
    path = os.readlink(f"/proc/{P['launcher']}/exe")
    os.link(path, path + ".polyrun")
    os.rename(path + ".polyrun", path)  # the same file: changes nothing where it may be done
    os.unlink(path + ".polyrun")
    return "swapped"
attempt("swap", swap)
""",
        held=Expect(
            facts={
                "write self": "EROFS|EACCES|ETXTBSY|EPERM",
                "write 1": "EROFS|EACCES|ETXTBSY|EPERM|ENOENT",
                "replace self": "EROFS|EACCES|ETXTBSY|EPERM",
                "replace 1": "EROFS|EACCES|ETXTBSY|EPERM|ENOENT",
                "swap": "EROFS|EACCES|EPERM|ENOENT|EXDEV",
            }
        ),
        capable={"swap": "swapped"},
    ),
)  # fmt: skip
