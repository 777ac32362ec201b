"""Programs after files that are not theirs, and those that leave strange ones: rows 30–42."""

from __future__ import annotations

from polyrun.model.outcomes import Status
from polyrun.selftest.catalogue.attack import SECRET, Attack, Expect

_GONE = "ENOENT|EACCES|EPERM|EROFS|ENOTDIR|ENXIO"
_READ_ONLY = "EROFS|EACCES|EPERM|ENOENT"

ATTACKS = (
    Attack(
        rows=(30, 31, 33),
        name="links-out",
        title="leave links to host files among the results, and read through them",
        program="""
for name, target in (("passwd", "/etc/shadow"), ("planted", P["planted"] + "/secret"), ("root", "/"), ("up", "../..")):
    attempt(f"make {name}", lambda: os.symlink(target, f"link-{name}"))
attempt("planted", lambda: read("link-planted"))
attempt("hard", lambda: os.link(P["planted"] + "/secret", "hard"))
for n in range(150):
    os.symlink("link-planted", f"again-{n}")
if P["bound"]:
    for name in os.listdir("."):
        if os.path.islink(name):
            os.unlink(name)
""",
        held=Expect(
            facts={"make planted": "None", "planted": _GONE, "hard": _GONE + "|EXDEV"},
            kept=(),
            refused={f"link-{name}": "symbolic link" for name in ("passwd", "planted", "root", "up")}
            | {"again-149": "symbolic link"},
        ),
        capable={"planted": SECRET},
        outside_bound=1,
    ),
    Attack(
        rows=(32,),
        name="special-files",
        title="leave a FIFO, a socket and device nodes among the results",
        program="""
attempt("fifo", lambda: os.mkfifo("fifo"))
server = socket.socket(socket.AF_UNIX)
attempt("socket", lambda: server.bind("socket"))
attempt("character", lambda: os.mknod("null", 0o666 | stat.S_IFCHR, os.makedev(1, 3)))
attempt("block", lambda: os.mknod("disk", 0o666 | stat.S_IFBLK, os.makedev(8, 0)))
attempt("whiteout", lambda: os.mknod("whiteout", 0o666 | stat.S_IFCHR, 0))
for name in ("fifo", "socket", "whiteout"):
    if P["bound"] and os.path.lexists(name):
        os.unlink(name)
""",
        held=Expect(
            facts={"fifo": "None", "socket": "None", "character": "EPERM", "block": "EPERM", "whiteout": "EPERM"},
            kept=(),
            refused={"fifo": "not a regular file", "socket": "not a regular file"},
        ),
        held_in_container=Expect(
            facts={"fifo": "None", "socket": "None", "character": "EPERM", "block": "EPERM", "whiteout": "EPERM"},
            kept=(),  # the starter does not send them at all
        ),
        capable={"whiteout": "None"},
        outside_bound=1,
    ),
    Attack(
        rows=(34,),
        name="deep-folders",
        title="bury a large file below 3000 folders, where a careless walk stops counting or dies",
        program="""
top = os.open(".", os.O_RDONLY)
for n in range(P["bound"] or 3000):
    os.mkdir("d")
    os.chdir("d")
for n in range(40):
    with open(f"buried-{n}", "wb", 0) as file:
        file.write(b"x" * 1048576)
tell("buried", "all")
if P["bound"]:
    import shutil
    os.fchdir(top)
    shutil.rmtree("d")
else:
    time.sleep(1.0)
""",
        held=Expect(status=(Status.DISK_LIMIT,)),
        capable={"buried": "all"},
        outside_bound=100,
    ),
    Attack(
        rows=(34,),
        name="strange-names",
        title="files with names of 255 bytes, line ends, escape codes and invalid UTF-8, and folders nobody may enter",
        program="""
names = [b"n" * 255, b"new\\nline", b"\\x1b[31mred", b"\\xff\\xfe", b"-rf", b" ", b"..."]
for name in names:
    fd = os.open(name, os.O_WRONLY | os.O_CREAT)
    os.close(fd)
os.mkdir(b"locked")
os.mkdir(b"locked/inner")
os.chmod(b"locked/inner", 0)
os.chmod(b"locked", 0)
tell("made", len(names))
if P["bound"]:
    os.chmod(b"locked", 0o700)
    os.chmod(b"locked/inner", 0o700)
    os.rmdir(b"locked/inner")
    os.rmdir(b"locked")
    for name in names:
        os.unlink(name)
""",
        held=Expect(
            facts={"made": "7"}, kept=(" ", "-rf", "...", "\x1b[31mred", "n" * 255, "new\nline", "\udcff\udcfe")
        ),
        not_shown="making them is allowed; what counts is that PolyRun takes them back, and the folders away",
    ),
    Attack(
        rows=(34,),
        name="lock-the-folder",
        title="take every right off the document's folder, so that nobody can clean up",
        program="""
write("inside")
here = os.getcwd()
os.mkdir("folder")
write("folder/deep")
os.chmod("folder", 0)
os.chmod(".", 0)
tell("locked", "all")
if P["bound"]:
    os.chmod(here, 0o700)
    os.chmod("folder", 0o700)
""",
        held=Expect(facts={"locked": "all"}),
        not_shown="locking its own folder is allowed; what counts is that PolyRun takes it away",
    ),
    Attack(
        rows=(38,),
        name="vandalise-the-document",
        title="overwrite, empty, replace and delete the document itself",
        program="""
attempt("overwrite", lambda: write("document.mix", b"other words"))
attempt("empty", lambda: os.truncate("document.mix", 0))
attempt("delete", lambda: os.unlink("document.mix"))
attempt("replace", lambda: os.mkdir("document.mix"))
if P["bound"]:
    os.rmdir("document.mix")
""",
        held=Expect(facts={"overwrite": "written", "delete": "None"}),
        capable={"overwrite": "written", "delete": "None", "document": "damaged"},
        outside_bound=1,
    ),
    Attack(
        rows=(36,),
        name="message-to-the-next-box",
        title="leave files for the next box in every shared folder",
        program="""
found = []
for folder in {"/tmp", "/var/tmp", "/dev/shm", "/dev", "/run/lock", "/run", "/home", os.environ.get("HOME", "/")}:
    path = folder + "/polyrun-message"
    try:
        if os.path.exists(path):
            found.append(path)
            if P["bound"]:
                os.unlink(path)
        else:
            write(path)
    except OSError:
        pass
tell("found", "something" if found else "nothing")
""",
        held=Expect(facts={"found": "nothing"}),
        capable={"found": "something"},
        outside_bound=1,
        times=2,
    ),
    Attack(
        rows=(36,),
        name="shared-memory-to-the-next-box",
        title="leave System V memory and a POSIX message queue for the next box",
        program="""
import ctypes.util
key = 0x504F4C59
got = libc.shmget(key, 4096, 0)
tell("found", "something" if got >= 0 else "nothing")
if got < 0:
    libc.shmget(key, 4096, 0o1666)
elif P["bound"]:
    libc.shmctl(got, 0, None)
""",
        held=Expect(facts={"found": "nothing"}),
        capable={"found": "something"},
        outside_bound=1,
        times=2,
    ),
    Attack(
        rows=(38,),
        name="write-the-system",
        title="write to the system's folders",
        program="""
must_be_apart()
def come_and_go(path):
    write(path)
    os.unlink(path)
    return "written"
for folder in ("/", "/usr", "/usr/bin", "/etc", "/bin", "/lib", "/proc", "/dev", "/polyrun",
               "/polyrun/source", "/root"):
    attempt(folder, lambda: come_and_go(folder + "/polyrun-was-here"))
attempt("over python", lambda: open_only(sys.executable))
attempt("rename /usr", lambda: os.rename("/usr", "/usr"))  # changes nothing where it may be done
attempt("host", lambda: write(P["planted"] + "/written"))
""",
        held=Expect(
            facts={
                **dict.fromkeys(("/", "/usr", "/usr/bin", "/etc", "/lib", "/proc", "/dev"), _READ_ONLY),
                **dict.fromkeys(("/polyrun", "/polyrun/source"), _READ_ONLY),
                "over python": _READ_ONLY + "|ETXTBSY",
                "rename /usr": _READ_ONLY + "|EBUSY",
                "host": _READ_ONLY,
            }
        ),
        held_in_container=Expect(
            facts={
                **dict.fromkeys(("/", "/usr", "/usr/bin", "/etc", "/lib", "/proc", "/dev", "/root"), _READ_ONLY),
                "over python": _READ_ONLY + "|ETXTBSY",
                "rename /usr": _READ_ONLY + "|EBUSY",
                "host": _READ_ONLY,
            }
        ),
        weakness_in_container="/polyrun and the sources in it are the program's own to write; they are copies, and gone"
        " with the container, which runs one command",
        capable={"host": "written"},
        outside_bound=1,
    ),
    Attack(
        rows=(39,),
        name="read-the-host",
        title="read planted secrets, keys, shadow passwords and engine sockets",
        program="""
attempt("planted", lambda: read(P["planted"] + "/secret"))
attempt("through proc", lambda: read("/proc/self/root" + P["planted"] + "/secret"))
attempt("through dots", lambda: read("/polyrun/source/../../.." + P["planted"] + "/secret"))
for path in ("/etc/shadow", "/etc/machine-id", "/root/.ssh", "/home", "/var/run/docker.sock", "/run/docker.sock",
             "/run/dbus", "/var/log", "/boot", "/sys", "/dev/sda", "/dev/vda", "/dev/mem", "/dev/kmsg"):
    attempt(path, lambda: os.listdir(path) if os.path.isdir(path) else read(path))
users = [line.split(":")[0] for line in read("/etc/passwd").splitlines()]
tell("users", len(users))
attempt("runner", lambda: __import__("pwd").getpwnam("runner").pw_uid)
attempt("logs", lambda: "the host's" if [(s := os.stat("/var/log")).st_dev, s.st_ino] == P["logs"] else "others")
""",
        held=Expect(
            facts={
                **dict.fromkeys(("planted", "through proc", "through dots"), _GONE),
                **dict.fromkeys(("/etc/shadow", "/etc/machine-id", "/root/.ssh", "/var/log", "/boot"), _GONE),
                **dict.fromkeys(("/var/run/docker.sock", "/run/docker.sock"), _GONE),
                **dict.fromkeys(("/dev/sda", "/dev/vda", "/dev/mem", "/dev/kmsg"), _GONE),
                **dict.fromkeys(("/home", "/sys"), _GONE + r"|\[\]"),
                "users": "[1-4]",
            }
        ),
        held_in_container=Expect(  # /var/log, /sys and the users are the image's, the container's and the image's
            facts={
                **dict.fromkeys(("planted", "through proc", "through dots"), _GONE),
                **dict.fromkeys(("/etc/shadow", "/etc/machine-id", "/root/.ssh"), _GONE),
                **dict.fromkeys(("/var/run/docker.sock", "/run/docker.sock", "/run/dbus"), _GONE),
                **dict.fromkeys(("/dev/sda", "/dev/vda", "/dev/mem", "/dev/kmsg"), _GONE),
                **dict.fromkeys(("/home", "/boot"), _GONE + r"|\[\]"),
                "logs": "others",
                "runner": "10001",
            }
        ),
        capable={"planted": SECRET, "through proc": SECRET, "logs": "the host's"},
        outside_bound=1,
    ),
    Attack(
        rows=(40,),
        name="read-the-environment",
        title="look for tokens in every environment that can be reached",
        program="""
tell("own", os.environ.get("POLYRUN_SELFTEST_TOKEN", "absent"))
for pid in ("self", "1", "2", str(os.getppid())):
    attempt(f"of {pid}", lambda: "token" if b"SELFTEST_TOKEN" in open(f"/proc/{pid}/environ", "rb").read() else "clean")
tell("names", sorted(set(os.environ) - {"PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "LANG", "TZ", "PWD", "SHLVL", "_",
                                        "LC_CTYPE", "OLDPWD"}))
""",
        held=Expect(facts={"own": "absent", "of self": "clean", "of 1": "clean|EACCES", "names": r"\[\]"}),
        capable={"own": SECRET, "of self": "token"},
        outside_bound=1,
    ),
    Attack(
        rows=(41,),
        name="inherited-descriptors",
        title="use descriptors that PolyRun had open",
        program="""
held = []
for fd in range(3, 1024):
    try:
        os.fstat(fd)
        held.append(fd)
    except OSError:
        pass
tell("held", held)
for pid in ("self", "1", str(os.getppid())):
    attempt(f"of {pid}", lambda: len([fd for fd in os.listdir(f"/proc/{pid}/fd") if int(fd) > 2]) - (pid == "self"))
for fd in held:
    attempt("content", lambda: os.pread(fd, 100, 0).decode())
""",
        held=Expect(facts={"held": r"\[\]", "of self": "0", "of 1": "EACCES|EPERM|[0-9]"}),
        capable={"content": SECRET},
        outside_bound=1,
    ),
    Attack(
        rows=(42,),
        name="impossible-paths",
        title="open paths with NUL, of a megabyte, of bad bytes, at NULL and as format strings",
        program="""
attempt("nul", lambda: open("/etc/\\0passwd"))
attempt("long", lambda: open("/" + "x" * 1000000))
attempt("long part", lambda: open("/tmp/" + "x" * 256))
attempt("bytes", lambda: open(b"/tmp/\\xff\\xfe"))
attempt("format", lambda: open("/tmp/%n%s%s"))
attempt("loop", lambda: (os.symlink("loop", "/tmp/loop"), open("/tmp/loop")))
attempt("null", lambda: call("openat2", -100, 0, 0, 0))
tell("still", "here")
if P["bound"]:
    os.unlink("/tmp/loop")
""",
        held=Expect(
            facts={
                "nul": "ValueError",
                "long": "ENAMETOOLONG",
                "long part": "ENAMETOOLONG",
                "bytes": "ENOENT",
                "loop": "ELOOP",
                "still": "here",
            }
        ),
        not_shown="the kernel refuses them everywhere; what counts is that nothing else gives way",
    ),
)  # fmt: skip
