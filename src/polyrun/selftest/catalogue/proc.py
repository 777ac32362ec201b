"""Programs that look through /proc, at other processes and at the kernel: rows 43 and 44."""

from __future__ import annotations

from polyrun.selftest.catalogue.attack import SECRET, Attack, Expect

_GONE = "ENOENT|EACCES|EPERM|EROFS|ENOTDIR|ENXIO"

ATTACKS = (
    Attack(
        rows=(43,),
        name="look-through-proc",
        title="reach other processes and their files through /proc",
        program="""
pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
tell("processes", "only ours" if len(pids) < 6 and max(pids) < 100 else "the host's")
keeper = 1 if not P["bound"] else os.getppid()
attempt("its root", lambda: read(f"/proc/{keeper}/root{P['planted']}/secret"))
attempt("its folder", lambda: read(f"/proc/{keeper}/cwd{P['planted']}/secret"))
def bonds(pid):
    lines = read(f"/proc/{pid}/status").splitlines()
    return [line for line in lines if line.startswith(("Cap", "Seccomp:", "NoNewPrivs"))]
tell("as bound as we are", bonds(keeper) == bonds("self"))
""",
        held=Expect(
            facts={
                "processes": "only ours",
                "its root": _GONE,
                "its folder": _GONE,
                "as bound as we are": "True",  # its memory is open to us (same uid), so it may have no more rights
            }
        ),
        capable={"processes": "the host's", "its root": SECRET},
        outside_bound=1,
    ),
    Attack(
        rows=(44,),
        name="kernel-knobs",
        title="open anything of the kernel's own files for writing: as host root's uid that needs no capability",
        program="""
must_be_apart()
open_for_writing = []
for top, folders, files in os.walk("/proc"):
    if top == "/proc":
        folders[:] = [name for name in folders if not name.isdigit() and name not in ("self", "thread-self")]
    for name in files:
        path = os.path.join(top, name)
        try:
            fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            if os.fstat(fd).st_rdev != os.makedev(1, 3):  # covered by /dev/null
                open_for_writing.append(path)
            os.close(fd)
        except OSError:
            pass
os.umask(0)
tell("writable", open_for_writing[:5])
for path in ("/sys/kernel/uevent_helper", "/sys/fs/cgroup/release_agent", "/sys/power/state"):
    attempt(path, lambda: open(path, "w").close() or "opened")
""",
        held=Expect(
            facts={
                "writable": r"\[\]",
                "/sys/kernel/uevent_helper": _GONE,
                "/sys/fs/cgroup/release_agent": _GONE,
                "/sys/power/state": _GONE,
            }
        ),
        capable={"writable": r"\['/proc/.*", "/sys/kernel/uevent_helper": "opened", "/sys/power/state": "opened"},
    ),
    Attack(
        rows=(44,),
        name="kernel-maps",
        title="read where the kernel and the machine's memory lie",
        program="""
attempt("kcore", lambda: len(open("/proc/kcore", "rb").read(64)))
first = lambda line: line.split("-")[0].split()[0]
attempt("kallsyms", lambda: "addresses" if any(set(first(l)) != {"0"} for l in open("/proc/kallsyms")) else "zeros")
for name in ("kmsg", "kpagecount", "kpageflags", "slabinfo", "vmallocinfo", "pagetypeinfo", "timer_list"):
    def look():
        fd = os.open("/proc/" + name, os.O_RDONLY | os.O_NONBLOCK)
        return len(os.read(fd, 4096))
    attempt(name, look)
attempt("iomem", lambda: "addresses" if any(set(first(l)) != {"0"} for l in open("/proc/iomem")) else "zeros")
""",
        held=Expect(
            facts={
                **dict.fromkeys(
                    ("kcore", "kmsg", "kpagecount", "kpageflags", "slabinfo", "vmallocinfo", "pagetypeinfo",
                     "timer_list"),
                    _GONE + "|0|EAGAIN",
                ),
                "kallsyms": _GONE + "|zeros",
                "iomem": _GONE + "|zeros",
            }
        ),
        capable={"kallsyms": "addresses"},  # of a stand-in
    ),
)  # fmt: skip
