"""Programs that abuse what they may print, and what is read back: rows 23–29."""

from __future__ import annotations

from polyrun.model.frozen import replace
from polyrun.model.limits import MIB
from polyrun.model.outcomes import Status
from polyrun.selftest.catalogue.attack import SMALL, Attack, Expect

_FLOOD = """
piece = PIECE * (65536 // len(PIECE))
sent = 0
while not P["bound"] or sent < P["bound"]:
    for fd in FDS:
        sent += os.write(fd, piece)
"""

_SLOW = replace(SMALL, wall_s=4.0)  # disk use is looked at a few times a second
_FLOODED = Expect(status=(Status.OUTPUT_LIMIT,), reason="printed more than", seconds=4.0)


def _flood(name: str, title: str, fds: str, piece: str) -> Attack:
    return Attack(
        rows=(23,) if name == "flood-stdout" else (24,),
        name=name,
        title=title,
        program=f"FDS, PIECE = {fds}, {piece}\n{_FLOOD}",
        held=_FLOODED,
        capable={"bytes": "[0-9]{8,}"},
        outside_bound=10_000_000,
    )


ATTACKS = (
    _flood("flood-stdout", "print for ever", "(1,)", 'b"flood line\\n"'),
    _flood("flood-stderr", "print for ever on stderr", "(2,)", 'b"flood line\\n"'),
    _flood("flood-both", "print for ever on both streams", "(1, 2)", 'b"flood line\\n"'),
    _flood("flood-one-line", "print for ever without a line end", "(1,)", 'b"x"'),
    Attack(
        rows=(24,),
        name="flood-from-grandchild",
        title="leave the printing to a grandchild that outlives its parent",
        program="""
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
        sent = 0
        while not P["bound"] or sent < P["bound"]:
            try:
                sent += os.write(1, b"z" * 65536)
            except OSError:
                os._exit(0)
    os._exit(0)
os.wait()
""",
        held=Expect(status=(Status.OK, Status.OUTPUT_LIMIT), seconds=3.0),
        capable={"bytes": "[0-9]{8,}"},
        outside_bound=10_000_000,
    ),
    Attack(
        rows=(25,),
        name="strange-bytes",
        title="print NUL, invalid UTF-8 and lone surrogates",
        program="""
os.write(1, b"all: " + bytes(range(11, 256)) + b"\\xed\\xa0\\x80\\xf5\\x00\\n")
tell("done", "yes")
""",
        held=Expect(facts={"done": "yes", "all": r"(?s)\x0b\x0c.*\xff\xed\xa0\x80\xf5\x00"}),
        not_shown="printing them is allowed; what counts is that PolyRun takes them as they are",
    ),
    Attack(
        rows=(26,),
        name="terminal-codes",
        title="print escape codes that would retitle, clear and type into a terminal",
        program='tell("codes", "\\x1b]0;owned\\x07\\x1b[2J\\x1b[6n\\x1bP+q544e\\x1b\\\\")\n',
        held=Expect(facts={"codes": r"\x1b\]0;owned\x07\x1b\[2J\x1b\[6n\x1bP\+q544e\x1b\\"}),
        capable={"codes": ".*owned.*"},
    ),
    Attack(
        rows=(27,),
        name="forged-result",
        title="write success into every descriptor, then fail",
        program="""
must_be_apart()
word = b'\\n{"status": "ok", "exit_code": 0, "child-pid": 1}\\n'
for fd in range(1, 256):
    try:
        os.write(fd, word)
    except OSError:
        pass
for pid in () if P["bound"] else ("1", str(os.getppid()), "self"):
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            write(f"/proc/{pid}/fd/{fd}", word)
    except OSError:
        pass
os._exit(7)
""",
        held=Expect(status=(Status.NONZERO_EXIT,), exit_code=7),
        capable={"channel": "forged", "exit": "7"},
    ),
    Attack(
        rows=(27,),
        name="exit-like-the-engine",
        title="end with the exit code that PolyRun's own launcher uses for its failures",
        program="os._exit(125)\n",
        held=Expect(status=(Status.NONZERO_EXIT,), exit_code=125),
        not_shown="it harms nobody but itself; what counts is that its end is told as it was",
    ),
    Attack(
        rows=(27,),
        name="fake-time-limit",
        title="die of the signal of the CPU limit without having used any",
        program="os.kill(os.getpid(), signal.SIGXCPU)\ntime.sleep(1)\n",
        held=Expect(status=(Status.SIGNALLED,), signal="SIGXCPU"),
        not_shown="it harms nobody but itself; what counts is that its end is told as it was",
    ),
    Attack(
        rows=(27,),
        name="closed-streams",
        title="close every descriptor and go on working",
        program='os.closerange(0, 256)\ntime.sleep(0.2)\nos._exit(5)\n',
        held=Expect(status=(Status.NONZERO_EXIT,), exit_code=5),
        not_shown="it harms nobody but itself; what counts is that its end is told as it was",
    ),
    Attack(
        rows=(29,),
        name="huge-file",
        title="write a file larger than the disk limit",
        program="""
done, piece = 0, b"x" * 1048576
with open("huge.bin", "wb", 0) as file:
    while done < (P["bound"] or 4096):
        done += file.write(piece) // 1048576
tell("wrote", done)
if P["bound"]:
    os.unlink("huge.bin")
""",
        held=Expect(status=(Status.DISK_LIMIT, Status.NONZERO_EXIT, Status.SIGNALLED)),
        capable={"wrote": "50"},
        outside_bound=50,
    ),
    Attack(
        rows=(29,),
        name="unlinked-files",
        title="fill the disk with files that have no name any more",
        program="""
piece, held = b"x" * 1048576, []
for number in range((P["bound"] or 400) // 8):
    fd = os.open("nameless", os.O_WRONLY | os.O_CREAT)
    os.unlink("nameless")
    for _ in range(8):
        os.write(fd, piece)
    held.append(fd)
    time.sleep(0 if P["bound"] else 0.03)
tell("wrote", len(held) * 8)
""",
        limits=_SLOW,
        held=Expect(status=(Status.DISK_LIMIT,)),
        capable={"wrote": "48"},
        outside_bound=50,
    ),
    Attack(
        rows=(29,),
        name="hidden-by-mode",
        title="fill the disk with files in a folder that nobody may look into",
        program="""
piece = b"x" * 1048576
os.mkdir("dark")
held = [os.open(f"dark/{number}", os.O_WRONLY | os.O_CREAT) for number in range((P["bound"] or 400) // 8)]
os.chmod("dark", 0)
for fd in held:
    for _ in range(8):
        os.write(fd, piece)
    time.sleep(0 if P["bound"] else 0.03)
tell("wrote", len(held) * 8)
if P["bound"]:
    os.chmod("dark", 0o700)
""",
        limits=_SLOW,
        held=Expect(status=(Status.DISK_LIMIT,)),
        capable={"wrote": "48"},
        outside_bound=50,
    ),
    Attack(
        rows=(29,),
        name="many-files",
        title="write many files, each below the limit, together far above",
        program="""
piece = b"x" * 1048576
for number in range(P["bound"] or 2000):
    with open(f"part-{number}", "wb", 0) as file:
        file.write(piece)
    if not P["bound"]:
        time.sleep(0.01)
tell("wrote", number + 1)
if P["bound"]:
    for number in range(P["bound"]):
        os.unlink(f"part-{number}")
""",
        limits=_SLOW,
        held=Expect(status=(Status.DISK_LIMIT,)),
        capable={"wrote": "50"},
        outside_bound=50,
    ),
    Attack(
        rows=(29,),
        name="many-names-first",
        title="slow the look at the disk down with 60000 empty files, then write in its gaps",
        program="""
tell("started", "yes")
empty = P["bound"] or 60000
os.mkdir("empty")
for number in range(empty):
    os.close(os.open(f"empty/{number}", os.O_WRONLY | os.O_CREAT))
piece = b"x" * 1048576
for number in range(P["bound"] or 40):
    with open(f"part-{number}", "wb", 0) as file:
        for _ in range(20):
            file.write(piece)
    time.sleep(0.1)
tell("wrote", number + 1)
if P["bound"]:
    for number in range(P["bound"]):
        os.unlink(f"part-{number}")
""",
        limits=replace(SMALL, wall_s=40.0, cpu_s=20.0, memory_bytes=512 * MIB, disk_bytes=50 * MIB),
        held=Expect(
            status=(Status.DISK_LIMIT,), facts={"started": "yes", "wrote": "[(]not told[)]"}, seconds=20.0
        ),
        held_in_container=Expect(  # what the program left before the limit is taken back for some seconds
            status=(Status.DISK_LIMIT,), facts={"started": "yes", "wrote": "[(]not told[)]"}, seconds=30.0
        ),
        capable={"wrote": "4"},
        outside_bound=4,
        alone=True,
    ),
    Attack(
        rows=(29,),
        name="quick-disk",
        title="write more than allowed and be gone, perhaps before anybody looks",
        program="""
piece = b"x" * 1048576
for number in range(P["bound"] or 40):
    with open(f"part-{number}", "wb", 0) as file:
        file.write(piece)
tell("wrote", number + 1)
if P["bound"]:
    for number in range(P["bound"]):
        os.unlink(f"part-{number}")
""",
        held=Expect(status=(Status.DISK_LIMIT,), facts={"wrote": r"40|\(not told\)"}),
        capable={"wrote": "20"},
        outside_bound=20,
    ),
    Attack(
        rows=(29,),
        name="innocent-after-the-full-disk",
        title="be charged for what another program of the run has written",
        program="""
if os.path.exists("first"):
    tell("second", "yes")
else:
    write("first", b"")
    for number in range(40):
        with open(f"part-{number}", "wb", 0) as file:
            file.write(b"x" * 1048576)
time.sleep(0.4)
""",
        times=2,
        held=Expect(status=(Status.OK,), facts={"second": "yes"}),
        not_shown="it must simply go on working",
    ),
    Attack(
        rows=(29,),
        name="false-claim-of-a-full-disk",
        title="send itself the signal that means: a file is too large",
        program="""
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
tell("started", "yes")
os.kill(os.getpid(), signal.SIGXFSZ)
""",
        held=Expect(status=(Status.SIGNALLED,), signal="SIGXFSZ", facts={"started": "yes"}),
        not_shown="it harms nobody but itself; what counts is that its end is told as it was",
    ),
)  # fmt: skip
