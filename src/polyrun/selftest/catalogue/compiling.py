"""Programs that attack by being built, and what builds leave for others: rows 67–72."""

from __future__ import annotations

from polyrun.model.frozen import replace
from polyrun.model.limits import MIB
from polyrun.model.outcomes import Status
from polyrun.selftest.catalogue.attack import SECRET, SMALL, Attack, Expect

_GONE = "ENOENT|EACCES|EPERM|EROFS|ENOTDIR|ENXIO"
_BUILD = replace(SMALL, memory_bytes=256 * MIB, disk_bytes=32 * MIB, wall_s=4.0, cpu_s=4.0)
_SEEN = """\
seen() {
  if grep -aq "open sesame" "$2" 2>/dev/null; then echo "$1: open sesame"; else echo "$1: nothing"; fi
}
"""

ATTACKS = (
    Attack(
        rows=(67,),
        name="include-host-files",
        title="let the compiler read files of the host, into messages and into the program",
        language="shell",
        program=_SEEN
        + """
printf '#include "%s/secret"\\n' "$2" >a.c
"$1" -c a.c -o a.o 2>messages
seen include messages
printf '__asm__(".incbin \\\\"%s/secret\\\\"");\\n' "$2" >b.c
"$1" -c b.c -o b.o 2>messages
seen incbin b.o
printf '#include "/etc/shadow"\\n' >c.c
"$1" -E c.c >shadow 2>/dev/null
grep -q : shadow && echo "shadow: read" || echo "shadow: nothing"
""",
        limits=_BUILD,
        held=Expect(facts={"include": "nothing", "incbin": "nothing", "shadow": "nothing"}),
        held_in_container=Expect(facts={"include": "nothing", "incbin": "nothing"}),
        capable={"include": SECRET, "incbin": SECRET},
    ),
    Attack(
        rows=(67,),
        name="include-what-never-ends",
        title="let the compiler read standard input, and a device without an end",
        language="shell",
        program="""
printf '#include "/dev/stdin"\\nint x;\\n' >a.c
if [ "$3" = 0 ]; then
  "$1" -c a.c -o a.o
  echo "stdin: $?"
  printf '#include "/dev/urandom"\\n' >b.c
  exec "$1" -w -c b.c -o b.o
fi
timeout -s KILL 0.5 "$1" -c a.c -o a.o
echo "stdin: $?"
""",
        limits=_BUILD,
        held=Expect(
            status=(Status.NONZERO_EXIT, Status.TIME_LIMIT, Status.MEMORY_LIMIT, Status.DISK_LIMIT,
                    Status.OUTPUT_LIMIT, Status.SIGNALLED),
            facts={"stdin": "[01]"},
        ),
        capable={"stdin": "137"},  # it waits until it is killed
        alone=True,
    ),
    Attack(
        rows=(68,),
        name="macro-bomb",
        title="a macro that doubles itself thirty times, and errors without end",
        language="shell",
        program="""
depth=$3
[ "$depth" != 0 ] || depth=30
{
  echo '#define A0 1;'
  n=0
  while [ "$n" -lt "$depth" ]; do
    echo "#define A$((n + 1)) A$n A$n"
    n=$((n + 1))
  done
  echo "A$depth"
} >a.c
"$1" -E -P a.c | wc -c | { read -r size; echo "expanded: $size"; }
[ "$3" = 0 ] || exit 0
exec "$1" -fmax-errors=0 -c a.c -o a.o
""",
        limits=_BUILD,
        held=Expect(status=(Status.TIME_LIMIT, Status.MEMORY_LIMIT, Status.OUTPUT_LIMIT), seconds=8.0),
        capable={"expanded": "[0-9]{6,}"},
        outside_bound=16,
        alone=True,
    ),
    Attack(
        rows=(69,),
        name="build-that-looks-around",
        title="use the build to read the host, to reach out, and to leave links for the run",
        program="""
attempt("planted", lambda: read(P["planted"] + "/secret"))
attempt("loopback", lambda: socket.create_connection(("127.0.0.1", P["port"]), timeout=1).recv(100).decode())
attempt("source", lambda: write(P["source"] + "/more"))
attempt("document", lambda: write("document.mix", b"other words"))
attempt("build", lambda: write(P["build"] + "/program", b"made"))
attempt("link", lambda: os.symlink(P["planted"], P["build"] + "/link"))
attempt("through", lambda: read(P["build"] + "/link/secret"))
""",
        build="writes",
        held=Expect(
            facts={
                "planted": _GONE,
                "loopback": "ECONNREFUSED|ENETUNREACH",
                "source": "EROFS|EACCES|EPERM",
                "build": "written",
                "through": _GONE,
            }
        ),
        held_in_container=Expect(
            facts={"planted": _GONE, "loopback": "ECONNREFUSED|ENETUNREACH", "build": "written", "through": _GONE}
        ),
        weakness_in_container="the sources in a container are the build's own to write; they are copies, and gone with"
        " the container, which runs one command",
        capable={"planted": SECRET, "loopback": SECRET, "source": "written", "through": SECRET},
    ),
    Attack(
        rows=(70,),
        name="huge-binary",
        title="build a program that is larger than the limit for files",
        language="shell",
        program="""
size=$3
[ "$size" != 0 ] || size=1024
printf 'static char a[%s << 20] = {1};\\nint main(void) { return a[9]; }\\n' "$size" >a.c
"$1" -mcmodel=large a.c -o a.out || exit 1
echo "size: $(($(stat -c %s a.out) >> 20))"
""",
        limits=_BUILD,
        held=Expect(
            status=(Status.NONZERO_EXIT, Status.DISK_LIMIT, Status.MEMORY_LIMIT, Status.TIME_LIMIT, Status.SIGNALLED),
            facts={"size": r"\(not told\)"},
            seconds=10.0,
        ),
        capable={"size": "64"},
        outside_bound=64,
        alone=True,
    ),
    Attack(
        rows=(71,),
        name="poison-the-build",
        title="change a build that later runs will use again",
        program="""
program = P["build"] + "/program"
attempt("overwrite", lambda: write(program, b"poison"))
attempt("beside", lambda: write(P["build"] + "/library.so", b"poison"))
attempt("mode", lambda: os.chmod(program, 0o4777))
attempt("rename", lambda: os.rename(program, program + "-old"))
attempt("delete", lambda: os.unlink(program))
attempt("link", lambda: os.symlink("/tmp", P["build"] + "/link"))
attempt("times", lambda: os.utime(program, (0, 0)))
""",
        build="reads",
        held=Expect(
            facts=dict.fromkeys(("overwrite", "beside", "rename", "delete", "link"), "EROFS|EACCES|EPERM|EXDEV|EBUSY")
        ),
        held_in_container=Expect(),
        weakness_in_container="a build in a container is a copy that the program may change; it is gone with the"
        " container, and nothing of it comes back",
        capable={"overwrite": "written", "beside": "written", "link": "None"},
    ),
    Attack(
        rows=(72,),
        name="modules-for-the-next-block",
        title="leave modules that Python loads by itself where the next block will start",
        program="""
import builtins
if os.path.exists("first"):
    tell("second", "poisoned" if hasattr(builtins, "poisoned") else "clean")
    raise SystemExit
write("first")
user = f"{os.environ['HOME']}/.local/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
for folder in (os.getcwd(), user):
    os.makedirs(folder, exist_ok=True)
    for name in ("sitecustomize.py", "usercustomize.py", "ctypes.py", "json.py", "poison.pth"):
        write(f"{folder}/{name}", b"import builtins; builtins.poisoned = True")
tell("second", "no")
""",
        times=2,
        held=Expect(facts={"second": "clean"}),
        capable={"second": "poisoned"},
    ),
)  # fmt: skip
