"""Programs that want all memory: rows 9–17."""

from __future__ import annotations

from polyrun.model.frozen import replace
from polyrun.model.limits import MIB
from polyrun.model.outcomes import Status
from polyrun.selftest.catalogue.attack import SMALL, Attack, Expect

_ENDED = (Status.MEMORY_LIMIT,)
_UNSEEN = (
    "without control groups memory is what processes have mapped; what is only held in files of memory is not seen"
)
_FULL = "ENOSPC|EDQUOT|ENOMEM"

_FILL = """
done, piece, files = 0, b"x" * 1048576, 0
try:
    while done < (P["bound"] or 1024):
        with open(f"{FOLDER}/filler-{files}", "wb", 0) as file:
            files += 1
            for _ in range(8):
                done += file.write(piece) // 1048576
    tell("end", "full measure")
except OSError as error:
    tell("end", errno.errorcode[error.errno])
tell("over 160 MiB", done > 160)
if P["bound"]:
    for number in range(files):
        os.unlink(f"{FOLDER}/filler-{number}")
"""

ATTACKS = (
    Attack(
        rows=(9,),
        name="hog",
        title="allocate without end",
        program="""
held = []
while len(held) < (P["bound"] or 100000):
    held.append(bytearray(os.urandom(1024)) * 1024)
tell("took", len(held))
""",
        held=Expect(status=_ENDED),
        capable={"took": "200"},
        outside_bound=200,
    ),
    Attack(
        rows=(9,),
        name="hog-catches-errors",
        title="swallow every MemoryError and go on",
        program="""
held = []
while True:
    try:
        held.append(b"x" * 1048576 * 8)
    except MemoryError:
        pass
    if P["bound"] and len(held) * 8 >= P["bound"]:
        break
tell("took", len(held) * 8)
""",
        limits=replace(SMALL, wall_s=3.0, cpu_s=3.0),
        held=Expect(status=(Status.MEMORY_LIMIT, Status.TIME_LIMIT)),
        capable={"took": "200"},
        outside_bound=200,
    ),
    Attack(
        rows=(10,),
        name="hogs-below-the-limit",
        title="four children, each below the limit, together far above",
        program="""
gate = os.pipe()
for _ in range(4):
    if os.fork() == 0:
        mine = bytearray(64 * 1048576)
        mine[::4096] = b"x" * len(mine[::4096])
        os.write(gate[1], b"x")
        time.sleep(2)
        os._exit(0)
ready = 0
os.close(gate[1])
while ready < 4 and os.read(gate[0], 1):
    ready += 1
tell("all four hold theirs", ready == 4)
codes = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(4)]
tell("unharmed", codes == [0] * 4)
sys.exit(codes != [0] * 4)
""",
        held=Expect(status=_ENDED),
        capable={"all four hold theirs": "True", "unharmed": "True"},
        outside_bound=1,
    ),
    Attack(
        rows=(11,),
        name="huge-static-array",
        title="a program whose bss is larger than the machine",
        language="c",
        program="static char huge[1UL << 45];\n"
        "int main(int argc, char **argv) { (void)argv; huge[argc * 4096L] = 1; return huge[9]; }\n",
        held=Expect(status=(Status.SIGNALLED, Status.MEMORY_LIMIT)),
        mute="the kernel ends it before its first instruction",
        not_shown="no machine has that much memory; what counts is that this is not taken for a fault of PolyRun",
    ),
    Attack(
        rows=(13,),
        name="shm-file",
        title="fill /dev/shm",
        program='FOLDER = "/dev/shm"\n' + _FILL,
        held=Expect(status=(Status.OK, Status.MEMORY_LIMIT), facts={"end": _FULL, "over 160 MiB": "False"}),
        capable={"end": "full measure", "over 160 MiB": "True"},
        outside_bound=200,
    ),
    Attack(
        rows=(13,),
        name="shared-mapping",
        title="take memory as a shared anonymous mapping, which no rlimit of a process counts",
        program="""
import mmap
area = mmap.mmap(-1, (P["bound"] or 1024) * 1048576)
area[::4096] = b"x" * len(area[::4096])
tell("took", len(area) // 1048576)
""",
        held=Expect(status=_ENDED),
        capable={"took": "200"},
        outside_bound=200,
    ),
    Attack(
        rows=(13,),
        name="memfd",
        title="take memory as an unlinked memory file",
        program="""
fd = os.memfd_create("m")
done, piece = 0, b"x" * 1048576
while done < (P["bound"] or 4096):
    done += os.write(fd, piece) // 1048576
tell("took", done)
""",
        held=Expect(status=(Status.MEMORY_LIMIT, Status.NONZERO_EXIT)),  # a file size limit strikes first
        capable={"took": "200"},
        outside_bound=200,
    ),
    Attack(
        rows=(13,),
        name="memfd-many",
        title="take memory as many memory files that nobody maps",
        program="""
piece, held = b"x" * 1048576, []
while len(held) * 8 < (P["bound"] or 400):
    held.append(os.memfd_create("m"))
    for _ in range(8):
        os.write(held[-1], piece)
time.sleep(0.3)
tell("took", len(held) * 8)
""",
        limits=replace(SMALL, open_files=256),
        held=Expect(status=_ENDED),
        held_without_cgroups=Expect(facts={"took": "400"}),
        weakness_without_cgroups=_UNSEEN,
        capable={"took": "200"},
        outside_bound=200,
    ),
    Attack(
        rows=(13,),
        name="sysv-memory",
        title="take memory as System V segments, filled and detached again",
        program="""
libc.shmat.restype = ctypes.c_void_p
libc.shmdt.argtypes = [ctypes.c_void_p]
size, segments = 16 * 1048576, []
while len(segments) * 16 < (P["bound"] or 400):
    segment = libc.shmget(0, size, 0o1600)
    if segment < 0:
        tell("end", errno.errorcode[ctypes.get_errno()])
        break
    segments.append(segment)
    address = libc.shmat(segment, None, 0)
    ctypes.memset(address, 1, size)
    libc.shmdt(address)
time.sleep(0.3)
tell("took", len(segments) * 16)
for segment in segments:
    libc.shmctl(segment, 0, None)
""",
        held=Expect(status=_ENDED),
        held_without_cgroups=Expect(facts={"took": "400"}),
        weakness_without_cgroups=_UNSEEN,
        capable={"took": "208"},
        outside_bound=200,
    ),
    Attack(
        rows=(14,),
        name="tmp-bytes",
        title="fill /tmp",
        program='FOLDER = "/tmp"\n' + _FILL,
        held=Expect(status=(Status.OK, Status.MEMORY_LIMIT), facts={"end": _FULL, "over 160 MiB": "False"}),
        held_in_container=Expect(  # there /tmp is a part of what counts as disk
            status=(Status.DISK_LIMIT, Status.MEMORY_LIMIT), facts={"over 160 MiB": r"False|\(not told\)"}
        ),
        capable={"end": "full measure", "over 160 MiB": "True"},
        outside_bound=200,
    ),
    Attack(
        rows=(14,),
        name="dev-bytes",
        title="fill /dev",
        program='FOLDER = "/dev"\n' + _FILL,
        held=Expect(facts={"end": "EACCES|EPERM|EROFS"}),
        capable={"end": "full measure"},
        outside_bound=16,
    ),
    Attack(
        rows=(15,),
        name="tmp-inodes",
        title="fill /tmp with empty files",
        program="""
folder, done = "/tmp/polyrun-inodes", 0
os.makedirs(folder, exist_ok=True)
try:
    while done < (P["bound"] or 200000):
        os.mknod(f"{folder}/{done}")
        done += 1
    tell("end", "full measure")
except OSError as error:
    tell("end", errno.errorcode[error.errno])
if P["bound"]:
    import shutil
    shutil.rmtree(folder)
""",
        limits=replace(SMALL, wall_s=4.0),
        held=Expect(status=(Status.MEMORY_LIMIT, Status.DISK_LIMIT)),
        held_without_cgroups=Expect(facts={"end": "full measure|ENOSPC"}),
        weakness_without_cgroups="an empty file costs about 1 KiB of kernel memory, which only a control group counts",
        capable={"end": "full measure"},
        outside_bound=5000,
        alone=True,
    ),
    Attack(
        rows=(16,),
        name="endless-recursion",
        title="overflow the stack",
        language="c",
        program="""
#include <string.h>
int down(volatile char *above) {
  volatile char frame[65536];
  memset((char *)frame, 1, sizeof frame);
  frame[0] = above[0];
  return down(frame) + frame[1];
}
int main(void) { char top[1] = {1}; return down(top); }
""",
        held=Expect(status=(Status.SIGNALLED,), signal="SIGSEGV"),
        not_shown="it harms nobody but itself; what counts is that its end is told as it was",
    ),
    Attack(
        rows=(17,),
        name="sparse-file",
        title="a file of as many bytes as the file system can name, holding none",
        program="""
best = 0
for size in (1 << 25, 1 << 30, 1 << 40, 1 << 44, 1 << 50, (1 << 63) - 1):
    try:
        with open("sparse.bin", "ab") as file:
            os.ftruncate(file.fileno(), size)
        best = size
    except OSError:
        break
tell("size", "large" if best > 1 << 32 else "small")
tell("blocks", os.stat("sparse.bin").st_blocks)
if P["bound"]:
    os.unlink("sparse.bin")
""",
        held=Expect(status=(Status.OK, Status.DISK_LIMIT), facts={"size": "small"}),
        capable={"size": "large"},
        outside_bound=1,
    ),
    Attack(
        rows=(9,),
        name="many-names-then-memory",
        title="slow the look at the disk down with 60000 empty files, then use memory in its gaps",
        program="""
tell("started", "yes")
os.mkdir("empty")
for number in range(P["bound"] or 60000):
    os.close(os.open(f"empty/{number}", os.O_WRONLY | os.O_CREAT))
time.sleep(0 if P["bound"] else 0.5)
held = []
for _ in range(P["bound"] or 40):
    held.append(b"x" * (20 << 20))
    time.sleep(0.05)
tell("held", len(held))
""",
        limits=replace(SMALL, wall_s=40.0, cpu_s=20.0, disk_bytes=512 * MIB),
        held=Expect(
            status=(Status.MEMORY_LIMIT,), facts={"started": "yes", "held": "[(]not told[)]"}, seconds=20.0
        ),
        held_in_container=Expect(  # what the program left before the limit is taken back for some seconds
            status=(Status.MEMORY_LIMIT,), facts={"started": "yes", "held": "[(]not told[)]"}, seconds=30.0
        ),
        capable={"held": "4"},
        outside_bound=4,
        alone=True,
    ),
)  # fmt: skip
