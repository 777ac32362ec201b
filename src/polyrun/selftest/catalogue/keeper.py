"""Programs that turn on the process that keeps them, PID 1 of their box: rows 6, 13, 27, 59 and 62."""

from __future__ import annotations

from polyrun.model.frozen import replace
from polyrun.model.limits import MIB
from polyrun.model.outcomes import Status
from polyrun.selftest.catalogue.attack import SECRET, SMALL, Attack, Expect

_SHUT = "EACCES|EPERM|ENOENT|ESRCH"

_TARGET = """
target = 1
if P["bound"]:
    kept = os.pipe()
    target = os.fork()
    if target == 0:
        os.dup2(kept[1], 1)
        time.sleep(2)
        os._exit(0)
    time.sleep(0.1)
"""
"""PID 1, and outside any box a child that stands in for it."""

ATTACKS = (
    Attack(
        rows=(27,),
        name="forged-frames",
        title="tell PolyRun in its keeper's name that all went well, and hand out a file, then fail",
        program=_TARGET
        + """
must_be_apart()
import struct
def frame(kind, data):
    return struct.pack(">cI", kind, len(data)) + data
word = frame(b"U", b"wait=0\\ncpu=0\\nmemory=1\\n") + frame(b"f", b"644 6 work/forged") + frame(b"d", b"forged")
word += frame(b"Z", b"")
reached = []
for fd in range(10):
    for path in (f"/proc/{target}/fd/{fd}", f"/proc/{target}/task/{target}/fd/{fd}"):
        try:
            write(path, word)
            reached.append(path)
        except OSError:
            pass
tell("reached", "its streams" if reached else "nothing")
for path in () if P["bound"] else ("/dev/stdout", "/dev/stderr", "/dev/fd/1", "/dev/console", "/dev/tty"):
    try:
        write(path, word)
    except OSError:
        pass
for fd in () if P["bound"] else range(1, 256):
    try:
        os.write(fd, word)
    except OSError:
        pass
os._exit(7)
""",
        held=Expect(status=(Status.NONZERO_EXIT,), exit_code=7, kept=()),
        held_in_container=Expect(
            status=(Status.NONZERO_EXIT,), exit_code=7, kept=(), facts={"reached": "nothing"}
        ),
        capable={"reached": "its streams"},
        outside_bound=1,
    ),
    Attack(
        rows=(6, 49),
        name="keeper-memory",
        title="read and write the memory, the descriptors and the links of the keeper",
        program=_TARGET
        + """
must_be_apart()
for name in ("mem", "environ", "auxv", "maps", "pagemap", "syscall", "stack", "io", "fdinfo/1", "fd/1", "fd/0"):
    attempt(name, lambda: os.close(os.open(f"/proc/{target}/{name}", os.O_RDONLY | os.O_NONBLOCK)) or "opened")
for name in ("mem", "oom_score_adj", "clear_refs", "coredump_filter", "timerslack_ns", "comm", "attr/exec",
             "autogroup"):
    attempt(f"write {name}", lambda: write(f"/proc/{target}/{name}", b"0"))
for name in ("exe", "cwd", "root", "ns/mnt"):
    attempt(f"link {name}", lambda: os.readlink(f"/proc/{target}/{name}"))
attempt("pidfd", lambda: call("pidfd_getfd", os.pidfd_open(target), 1, 0) > 2)
for name in ("process_vm_readv", "process_vm_writev"):
    attempt(name, lambda: call(name, target, 0, 0, 0, 0, 0))
tell("still", "here")
""",
        held=Expect(
            facts={"pidfd": "EPERM", "process_vm_readv": "EPERM", "process_vm_writev": "EPERM", "still": "here"}
        ),
        held_in_container=Expect(
            facts={
                **dict.fromkeys(
                    ("mem", "environ", "auxv", "maps", "pagemap", "syscall", "stack", "io", "fdinfo/1", "fd/1", "fd/0"),
                    _SHUT,
                ),
                **dict.fromkeys(("write mem", "write oom_score_adj", "write clear_refs", "write comm"), _SHUT),
                **dict.fromkeys(("write coredump_filter", "write timerslack_ns", "write autogroup"), _SHUT),
                "write attr/exec": _SHUT + "|EINVAL",  # whoever is not the process itself may open it, no more
                **dict.fromkeys(("link exe", "link cwd", "link root", "link ns/mnt"), _SHUT),
                **dict.fromkeys(("pidfd", "process_vm_readv", "process_vm_writev"), "EPERM"),
                "still": "here",
            }
        ),
        capable={
            "mem": "opened", "environ": "opened", "fd/1": "opened", "write oom_score_adj": "written", "link exe": "/.*",
            "pidfd": "True",
        },
        outside_bound=1,
    ),
    Attack(
        rows=(6,),
        name="keeper-limits",
        title="take every descriptor, byte and second of CPU from the keeper by its limits",
        program=_TARGET
        + """
must_be_apart()
import resource
for name in ("RLIMIT_NOFILE", "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_FSIZE", "RLIMIT_CPU"):
    attempt(name, lambda: resource.prlimit(target, getattr(resource, name), (0, 0)) and "taken")
attempt("own by number", lambda: resource.prlimit(os.getpid(), resource.RLIMIT_CORE) and "told")
attempt("own", lambda: resource.prlimit(0, resource.RLIMIT_CORE, (0, 0)) and "taken")
with open("made", "w") as file:
    file.write("something to hand back")
tell("still", "here")
sys.exit(3)
""",
        held=Expect(
            status=(Status.NONZERO_EXIT,),
            exit_code=3,
            facts={
                **dict.fromkeys(("RLIMIT_NOFILE", "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_STACK"), "EPERM"),
                **dict.fromkeys(("RLIMIT_FSIZE", "RLIMIT_CPU"), "EPERM"),
                "own": "taken",
                "still": "here",
            },
            kept=("made",),
        ),
        capable={"RLIMIT_NOFILE": "taken", "RLIMIT_CPU": "taken", "own": "taken"},
        outside_bound=1,
    ),
    Attack(
        rows=(6, 1),
        name="keeper-starved",
        title="give the keeper the lowest priority and keep every processor busy",
        program=_TARGET
        + """
must_be_apart()
attempt("nice", lambda: os.setpriority(os.PRIO_PROCESS, target, 19))
attempt("idle", lambda: os.sched_setscheduler(target, os.SCHED_IDLE, os.sched_param(0)))
attempt("processor", lambda: os.sched_setaffinity(target, {min(os.sched_getaffinity(0))}))
attempt("nice to its group", lambda: os.setpriority(os.PRIO_PGRP, target, 19))
tell("started", "yes")
if P["bound"]:
    raise SystemExit
attempt("nice to the user", lambda: os.setpriority(os.PRIO_USER, os.getuid(), 19))
attempt("nice to itself", lambda: os.setpriority(os.PRIO_PROCESS, os.getpid(), 1))
for _ in range(24):
    if os.fork() == 0:
        break
while True:
    pass
""",
        limits=replace(SMALL, wall_s=1.5, cpu_s=30.0, memory_bytes=512 * MIB),
        held=Expect(
            status=(Status.TIME_LIMIT,),
            facts={
                **dict.fromkeys(("nice", "idle", "processor", "nice to its group", "nice to the user"), "EPERM"),
                "nice to itself": "None",
                "started": "yes",
            },
            seconds=6.0,
        ),
        capable={"nice": "None", "idle": "None", "processor": "None"},
        outside_bound=1,
        alone=True,
    ),
    Attack(
        rows=(6,),
        name="keeper-signals",
        title="signal the keeper by every call that can",
        program=_TARGET
        + """
must_be_apart()
for name in ("SIGKILL", "SIGSTOP", "SIGTSTP", "SIGABRT", "SIGTERM", "SIGSEGV", "SIGXCPU", "SIGPIPE", "SIGHUP"):
    number = getattr(signal, name)
    attempt(f"kill {name}", lambda: os.kill(target, number))
    attempt(f"pidfd {name}", lambda: signal.pidfd_send_signal(os.pidfd_open(target), number))
    attempt(f"thread {name}", lambda: libc.syscall(234, target, target, number))
    attempt(f"queue {name}", lambda: libc.sigqueue(target, number, 0))
if not P["bound"]:
    for _ in range(4):
        if os.fork() == 0:
            time.sleep(30)
    os.kill(-1, signal.SIGKILL)
tell("still", "here")
sys.exit(4)
""",
        held=Expect(status=(Status.NONZERO_EXIT,), exit_code=4, facts={"still": "here"}, seconds=4.0),
        capable={"kill SIGKILL": "None"},
        outside_bound=1,
    ),
    Attack(
        rows=(6,),
        name="signal-storm",
        title="send the keeper the one signal it waits for without end, from many processes",
        program="""
must_be_apart()
target = 1 if not P["bound"] else os.getppid()
tell("started", "yes")
for _ in range(0 if P["bound"] else 20):
    if os.fork() == 0:
        break
sent = 0
while not P["bound"] or sent < P["bound"]:
    os.kill(target, signal.SIGCHLD)
    sent += 1
tell("sent", sent)
""",
        limits=replace(SMALL, wall_s=1.5, cpu_s=30.0, memory_bytes=512 * MIB),
        held=Expect(status=(Status.TIME_LIMIT,), facts={"started": "yes"}, seconds=6.0),
        capable={"sent": "1000"},
        outside_bound=1000,
        alone=True,
    ),
    Attack(
        rows=(5, 27),
        name="pipe-in-a-pipe",
        title="end, with stdout in a message to itself that nobody will ever read",
        program="""
import array
one, other = socket.socketpair()
one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [1, 2, one.fileno(), other.fileno()]))])
other.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [1, 2, one.fileno(), other.fileno()]))])
tell("sent", "itself")
""",
        held=Expect(facts={"sent": "itself"}, seconds=4.0),
        not_shown="it may hold its own streams; what counts is that PolyRun does not wait for them",
    ),
    Attack(
        rows=(13,),
        name="memory-to-the-brim",
        title="fill memory to the last page with files, leave a deep folder, and let the keeper run out",
        language="c",
        program="""
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static char piece[65536];
static long number(const char *path) {
  char text[64] = {0};
  int fd = open(path, O_RDONLY);
  if (fd < 0 || read(fd, text, 63) <= 0) return -1;
  close(fd);
  return atol(text);
}
static long used(void) {
  long v = number("/sys/fs/cgroup/memory/memory.usage_in_bytes");
  return v >= 0 ? v : number("/sys/fs/cgroup/memory.current");
}
static long most(void) {
  long v = number("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  return v >= 0 ? v : number("/sys/fs/cgroup/memory.max");
}
int main(int argc, char **argv) {
  static const char *const places[] = {"/dev/shm/fill", "/tmp/fill"};
  int adj = open("/proc/self/oom_score_adj", O_WRONLY);
  if (adj >= 0) (void)!write(adj, "0", 1);
  for (int n = 0; n < 120; n++) {
    mkdir("d", 0755);
    (void)!chdir("d");
  }
  memset(piece, 'x', sizeof piece);
  long left = strstr(argv[argc - 1], "\\"bound\\": 0") ? 1L << 40 : 65536;
  for (int each = 0; each < 2 && left > 0; each++) {
    int fd = open(places[each], O_WRONLY | O_CREAT, 0600);
    while (left > 0) {
      long now = used(), limit = most();
      if (now >= 0 && limit - now < 300000) { left = 0; break; }
      if (write(fd, piece, sizeof piece) <= 0) break;
      left -= sizeof piece;
    }
  }
  printf("left: the brim\\n");
  if (!strstr(argv[argc - 1], "\\"bound\\": 0")) unlink("/dev/shm/fill");
  return 0;
}
""",
        limits=replace(SMALL, memory_bytes=64 * MIB, disk_bytes=256 * MIB),
        held=Expect(status=(Status.OK, Status.MEMORY_LIMIT)),
        held_without_cgroups=Expect(status=(Status.SIGNALLED, Status.DISK_LIMIT, Status.MEMORY_LIMIT)),
        capable={"left": "the brim"},
        outside_bound=1,
    ),
    Attack(
        rows=(62,),
        name="runtime-descriptors",
        title="leave through a descriptor of the host's that whoever made the box forgot to close",
        program="""
found, leaked = [], "nothing"
for pid in ("self", "thread-self", "1", str(os.getppid())):
    for fd in range(3, 256):
        for tail in ("", "/secret", *("/.." * n + P["planted"] + "/secret" for n in range(1, 6))):
            try:
                with open(f"/proc/{pid}/fd/{fd}{tail}", "rb", 0) as file:
                    text = os.pread(file.fileno(), 100, 0)
                found.append(fd)
                leaked = text.decode(errors="replace").strip() or leaked
            except OSError:
                pass
tell("leaked", leaked)
tell("working folder", "inside" if os.getcwd().startswith("/") else "outside")
attempt("above", lambda: read("../" * 20 + P["planted"].lstrip("/") + "/secret"))
""",
        held=Expect(facts={"leaked": "nothing", "working folder": "inside", "above": "ENOENT|EACCES"}),
        capable={"leaked": SECRET, "above": SECRET},
        outside_bound=1,
    ),
    Attack(
        rows=(39,),
        name="where-the-mounts-come-from",
        title="go where the table of mounts says that the box's files lie on the host",
        program="""
import re
lines = open("/proc/self/mountinfo").read()
paths = set(re.findall(r"(?:upperdir|workdir|lowerdir)=([^,: ]+)", lines))
paths |= {line.split()[3] for line in lines.splitlines()} - {"/"}
reached = []
for path in sorted(paths):
    try:
        if os.path.samefile(path, "/" + path.strip("/").split("/")[-1]):
            continue
    except OSError:
        pass
    try:
        os.listdir(path)
        reached.append(path)
    except OSError:
        pass
tell("reached", [path for path in reached if re.search("docker|overlay|containers|polyrun-|" + P["planted"], path)])
""",
        held=Expect(facts={"reached": r"\[\]"}),
        not_shown="a throw-away host has no files of the real one, so there is nowhere to go",
    ),
    Attack(
        rows=(59,),
        name="every-control-file",
        title="open for writing every file of every control group that can be seen, and make groups below them",
        program="""
must_be_apart()
writable, made = [], []
for top, folders, files in os.walk("/sys"):
    for name in files:
        try:
            os.close(os.open(os.path.join(top, name), os.O_WRONLY | os.O_NONBLOCK))
            writable.append(os.path.join(top, name))
        except OSError:
            pass
    if top.startswith("/sys/fs"):
        try:
            os.mkdir(os.path.join(top, "polyrun-mine"))
            os.rmdir(os.path.join(top, "polyrun-mine"))
            made.append(top)
        except OSError:
            pass
tell("writable", writable[:5])
tell("made", made[:5])
""",
        held=Expect(facts={"writable": r"\[\]", "made": r"\[\]"}),
        capable={"writable": r"\['/sys/.*", "made": r"\['/sys/fs.*"},
    ),
)  # fmt: skip
