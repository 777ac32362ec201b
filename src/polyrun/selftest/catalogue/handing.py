"""Programs that abuse what is handed back, by what they leave in the place of files and folders: rows 29–34."""

from __future__ import annotations

from polyrun.model.frozen import replace
from polyrun.model.limits import MIB
from polyrun.model.outcomes import Status
from polyrun.selftest.catalogue.attack import SMALL, Attack, Expect

_NAMES = ("new\nline", "644 9 work", "\x1b[2J", "n" * 255, "f\x01\x02", " ", "-rf", "...", "%s%n", "values.cbor ")

ATTACKS = (
    Attack(
        rows=(30, 33),
        name="link-for-the-outbox",
        title="put links in the place of the folders that are handed back",
        program="""
attempt("inside", lambda: write(P["out"] + "/before"))
for folder in (P["out"], os.getcwd()):
    attempt("move", lambda: os.rename(folder, folder + "-moved"))
    attempt("remove", lambda: os.rmdir(folder))
    attempt("link", lambda: os.symlink(P["planted"], folder))
tell("still", "here")
""",
        exports=True,
        held=Expect(facts={"still": "here"}, handed=("before",)),
        held_in_container=Expect(facts={"still": "here", "link": "None"}, handed=(), kept=()),
        capable={"link": "None"},
        outside_bound=1,
    ),
    Attack(
        rows=(30, 33),
        name="links-in-the-outbox",
        title="leave links to the host in the place of exports and of the folders that hold them",
        program="""
os.chdir(P["out"])
os.mkdir("folder")
write("folder/secret")
os.rename("folder", "elsewhere")
os.symlink(P["planted"], "folder")
os.symlink(P["planted"] + "/secret", "values.cbor")
os.symlink("/proc/self/environ", "1-0")
os.symlink("/" * 4000, "long")
os.symlink("values.cbor\\n\\0"[:11], "again")
attempt("hard", lambda: os.link("/etc/passwd", "hard"))
attempt("through", lambda: read("values.cbor"))
if P["bound"]:
    for name in os.listdir("."):
        os.unlink(name) if os.path.islink(name) else None
""",
        exports=True,
        held=Expect(
            facts={"through": "ENOENT|EACCES", "hard": "EXDEV|EPERM|EACCES|EROFS"},
            handed=("1-0", "again", "elsewhere", "elsewhere/secret", "folder", "long", "values.cbor"),
        ),
        capable={"through": "open sesame"},
        outside_bound=1,
    ),
    Attack(
        rows=(32,),
        name="specials-in-the-outbox",
        title="leave FIFOs, sockets and files that nobody may read in the place of exports",
        program="""
os.chdir(P["out"])
os.mkfifo("values.cbor")
server = socket.socket(socket.AF_UNIX)
server.bind("1-0")
write("1-1")
os.chmod("1-1", 0)
os.mkdir("1-2")
write("1-2/inside")
os.chmod("1-2", 0)
tell("made", "all")
if P["bound"]:
    os.chmod("1-2", 0o700)
""",
        exports=True,
        held=Expect(facts={"made": "all"}),
        held_in_container=Expect(facts={"made": "all"}, handed=("1-1", "1-2", "1-2/inside")),
        not_shown="making them is allowed; what counts is that PolyRun takes them back, and the folders away",
    ),
    Attack(
        rows=(34,),
        name="names-in-the-outbox",
        title="hand out files and folders with names that a protocol could stumble over",
        program=f"""
for top in (P["out"], "."):
    for name in {_NAMES!r}:
        write(os.path.join(top, name), b"1")
    fd = os.open(os.path.join(os.fsencode(top), b"\\xff\\xfe\\n"), os.O_WRONLY | os.O_CREAT)
    os.close(fd)
tell("made", "all")
""",
        exports=True,
        held=Expect(
            facts={"made": "all"}, handed=(*_NAMES, "\udcff\udcfe\n"), kept=(*_NAMES, "\udcff\udcfe\n")
        ),
        not_shown="making them is allowed; what counts is that PolyRun takes them back, and the folders away",
    ),
    Attack(
        rows=(34,),
        name="deep-exports",
        title="hand out a file below 100 folders, with fewer descriptors than that",
        program="""
os.chdir(P["out"])
for _ in range(100):
    os.mkdir("d")
    os.chdir("d")
write("bottom")
tell("made", "all")
""",
        limits=replace(SMALL, open_files=48),
        exports=True,
        held=Expect(facts={"made": "all"}, handed=(*("/".join("d" * n) for n in range(1, 101)), "d/" * 100 + "bottom")),
        not_shown="making them is allowed; what counts is that PolyRun takes them back, and the folders away",
    ),
    Attack(
        rows=(34,),
        name="too-deep-exports",
        title="hand out files whose paths are longer than any path may be",
        program="""
os.chdir(P["out"])
for n in range(P["bound"] or 200):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
    write("inside")
tell("made", "all")
""",
        exports=True,
        held=Expect(status=(Status.OK, Status.DISK_LIMIT)),
        capable={"made": "all"},
        outside_bound=100,
    ),
    Attack(
        rows=(17, 29),
        name="sparse-exports",
        title="hand out files that hold nothing and claim a terabyte, and one file under many names",
        program="""
os.chdir(P["out"])
biggest = 0
for name, size in (("1-0", 1 << 40), ("1-1", (16 << 20) - 1), ("1-2", (16 << 20) - 1), ("1-3", (16 << 20) - 1)):
    try:
        with open(name, "wb") as file:
            os.ftruncate(file.fileno(), size)
        biggest = max(biggest, size)
    except OSError:
        pass
with open("one", "wb") as file:
    file.write(b"x" * (1 << 20))
for n in range(100):
    os.link("one", f"also-{n}")
tell("terabyte", biggest >= 1 << 40)
""",
        exports=True,
        held=Expect(status=(Status.OK, Status.DISK_LIMIT), facts={"terabyte": "False"}),
        capable={"terabyte": "True"},
        outside_bound=1,
    ),
    Attack(
        rows=(31,),
        name="exports-that-change",
        title="end, and leave a process behind that goes on swapping what is handed back for links",
        program="""
os.chdir(P["out"])
os.mkdir("folder")
write("folder/secret")
os.symlink(P["planted"], "link")
swaps = 0
def swap():
    return call("renameat2", -100, b"folder", -100, b"link", 2) if "renameat2" in NR else (
        os.rename("folder", "third"), os.rename("link", "folder"), os.rename("third", "link"))
for _ in range(0 if P["bound"] else 3):
    if os.fork() == 0:
        os.setsid()
        while True:
            try:
                swap()
            except OSError:
                pass
try:
    swap()
    swaps += 1
except OSError:
    pass
time.sleep(0.2)
tell("swapped", "yes" if swaps or not P["bound"] else "no")
""",
        exports=True,
        held=Expect(facts={"swapped": "yes"}, seconds=4.0),
        not_shown="swapping them is allowed; what counts is that PolyRun follows no link",
    ),
    Attack(
        rows=(34,),
        name="lock-the-keeper-out",
        title="take every right off the folders that somebody must still look into, and put a FIFO where one was",
        program="""
import shutil
must_be_apart()
shared = ("/tmp", "/polyrun", "/dev/shm")
must_not_be_the_hosts(*shared)
here = os.getcwd()
write("inside")
shutil.rmtree(P["out"], ignore_errors=True)
attempt("fifo", lambda: os.mkfifo(P["out"]))
modes = {path: stat.S_IMODE(os.stat(path).st_mode) for path in (here, *shared) if os.path.exists(path)}
try:
    for path in modes:
        attempt(path, lambda: os.chmod(path, 0))
    tell("locked", "all")
finally:
    for path in modes if P["bound"] else ():  # in a box they stay as they are: that is the attack
        os.chmod(path, modes[path])
""",
        exports=True,
        held=Expect(facts={"locked": "all"}, handed=(), seconds=4.0),
        held_in_container=Expect(facts={"locked": "all", "fifo": "None"}, handed=(), kept=(), seconds=4.0),
        capable={"locked": "all", "fifo": "None"},
        outside_bound=1,
    ),
    Attack(
        rows=(34, 36),
        name="poison-for-the-next-box",
        title="leave names, links and paths as long as they may be, for whoever fills the next box with them",
        program=f"""
names = sorted([*{_NAMES!r}, "\\udcff\\udcfe"])
if os.path.exists("names"):
    tell("second", "all there" if set(names) <= set(os.listdir("names")) else sorted(os.listdir("names")))
    tell("link", len(os.readlink("longest")))
    raise SystemExit
os.mkdir("names")
for name in names:
    write("names/" + name, b"1")
for size in (99, 100, 101, 4000, 4090, 4091, 4092, 4093, 4094):
    os.symlink("x" * size, f"link-{{size}}")
os.symlink("x" * 4095, "longest")
os.symlink("loop", "loop")
os.symlink("/polyrun/out", "folder")
top = os.open(".", os.O_RDONLY)
for size in (*[255] * 15, 200, *[1] * 60):
    os.mkdir("p" * size)
    os.chdir("p" * size)
    write("f")
os.fchdir(top)
write("secret")
os.chmod("secret", 0)
tell("second", "no")
""",
        times=2,
        held=Expect(facts={"second": "all there", "link": "4095"}),
        not_shown="leaving them is allowed; what counts is that the next box has them all",
    ),
    Attack(
        rows=(29, 34),
        name="ever-so-many-exports",
        title="leave as many empty files as may be, for whoever takes them back one by one",
        program="""
os.mkdir("many")
for number in range(P["bound"] or 40000):
    os.mknod(f"many/{number}")
tell("made", number + 1)
""",
        limits=replace(SMALL, wall_s=30.0, cpu_s=15.0, memory_bytes=512 * MIB),
        held=Expect(status=(Status.OK, Status.DISK_LIMIT), facts={"made": "40000"}, seconds=60.0),
        capable={"made": "1000"},
        outside_bound=1000,
        alone=True,
    ),
)  # fmt: skip
