"""Programs that do not want to end: rows 1–7."""

from __future__ import annotations

from polyrun.model.frozen import replace
from polyrun.model.outcomes import Status
from polyrun.selftest.catalogue.attack import SMALL, Attack, Expect

_SHORT = replace(SMALL, wall_s=1.0)
_TIMED_OUT = Expect(status=(Status.TIME_LIMIT,), facts={"started": "yes"}, seconds=4.0)

ATTACKS = (
    Attack(
        rows=(1,),
        name="busy-loop",
        title="use the processor for ever",
        program="""
tell("started", "yes")
while not P["bound"] or time.process_time() < P["bound"]:
    pass
tell("burnt", "all of it")
""",
        limits=replace(SMALL, cpu_s=1.0, wall_s=6.0),
        held=Expect(status=(Status.TIME_LIMIT,), facts={"started": "yes"}, reason="(?i)cpu|busy", seconds=4.0),
        capable={"burnt": "all of it"},
        outside_bound=1.2,
        alone=True,
    ),
    Attack(
        rows=(1,),
        name="busy-children",
        title="use more processor time than allowed, spread over children",
        program="""
tell("started", "yes")
for _ in range(3):
    if os.fork() == 0:
        while not P["bound"] or time.process_time() < P["bound"]:
            pass
        os._exit(0)
for _ in range(3):
    os.wait()
tell("burnt", "all of it")
""",
        limits=replace(SMALL, cpu_s=1.0, wall_s=6.0),
        held=Expect(status=(Status.TIME_LIMIT,), facts={"started": "yes"}, reason="(?i)cpu|busy", seconds=5.0),
        capable={"burnt": "all of it"},
        outside_bound=0.5,
        alone=True,
    ),
    Attack(
        rows=(1, 4),
        name="busy-and-deaf",
        title="use the processor for ever, deaf to the signal that says it is enough",
        program="""
for number in (signal.SIGXCPU, signal.SIGTERM, signal.SIGALRM):
    signal.signal(number, signal.SIG_IGN)
tell("started", "yes")
while not P["bound"] or time.process_time() < P["bound"]:
    pass
tell("burnt", "all of it")
""",
        limits=replace(SMALL, cpu_s=1.0, wall_s=6.0),
        held=Expect(status=(Status.TIME_LIMIT,), facts={"started": "yes"}, reason="(?i)cpu|busy", seconds=4.0),
        capable={"burnt": "all of it"},
        outside_bound=1.2,
        alone=True,
    ),
    Attack(
        rows=(2,),
        name="sleep",
        title="sleep for ever, using no processor",
        program='tell("started", "yes")\ntime.sleep(P["bound"] or 1e6)\ntell("slept", "all of it")\n',
        limits=_SHORT,
        held=replace(_TIMED_OUT, reason="(?i)idle|sleep|wait|wall"),
        capable={"slept": "all of it"},
        outside_bound=1.2,
    ),
    Attack(
        rows=(3,),
        name="wait-for-stdin",
        title="wait for input that never comes",
        program="""
attempt("terminal", lambda: open("/dev/tty", "rb", 0) and "opened")
signal.alarm(1 if P["bound"] else 0)
attempt("stdin", lambda: repr(sys.stdin.read()))
""",
        held=Expect(facts={"stdin": "''", "terminal": "ENXIO|ENOENT|EACCES"}),
        capable={"terminal": "opened", "exit": "-14"},  # it would have waited for ever
    ),
    Attack(
        rows=(4,),
        name="deaf-to-signals",
        title="ignore every signal that can be ignored, in every child",
        program="""
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
tell("started", "yes")
for _ in range(4):
    if os.fork() == 0:
        os.setsid()
        break
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(P["bound"] or 1e6)
tell("survived", "SIGTERM")
""",
        limits=_SHORT,
        held=_TIMED_OUT,
        capable={"survived": "SIGTERM"},
        outside_bound=1,
    ),
    Attack(
        rows=(5,),
        name="daemon",
        title="double-fork into a session of its own and outlive the run, output still open",
        program="""
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(P["bound"] or 1e6)
        write(P["planted"] + "/outlived", b"yes")
    os._exit(0)
os.wait()
tell("parent", "done")
""",
        held=Expect(facts={"parent": "done"}, seconds=3.0),
        capable={"parent": "done", "file:outlived": "yes"},
        outside_bound=0.3,
    ),
    Attack(
        rows=(5,),
        name="daemon-silent",
        title="the same with every descriptor closed, so that no pipe gives it away",
        program="""
if os.fork() == 0:
    os.setsid()
    os.closerange(0, 1000)
    if os.fork() == 0:
        time.sleep(P["bound"] or 1e6)
        write(P["planted"] + "/outlived-silently", b"yes")
    os._exit(0)
os.wait()
tell("parent", "done")
""",
        held=Expect(facts={"parent": "done"}, seconds=3.0),
        capable={"parent": "done", "file:outlived-silently": "yes"},
        outside_bound=0.3,
    ),
    Attack(
        rows=(6,),
        name="stop-the-keeper",
        title="stop, trace or kill the box's first process",
        program="""
must_be_apart()
me = os.getpid()
target = 1
if P["bound"]:
    target = os.fork()
    if target == 0:
        time.sleep(30)
PTRACE_ATTACH = 16
attempt("ptrace", lambda: call("ptrace", PTRACE_ATTACH, target, 0, 0))
for name in ("SIGSTOP", "SIGTERM", "SIGKILL", "SIGSEGV"):
    attempt(name, lambda: os.kill(target, getattr(signal, name)))
if not P["bound"]:
    attempt("all", lambda: os.kill(-1, signal.SIGSTOP))
tell("still", "here")
""",
        held=Expect(facts={"ptrace": "EPERM", "still": "here"}, seconds=3.0),
        capable={"ptrace": "0", "SIGSTOP": "None"},
        outside_bound=1,
    ),
    Attack(
        rows=(7,),
        name="zombies",
        title="leave dead children unreaped until no process number is left",
        program="""
born = 0
try:
    while born < (P["bound"] or 4000):
        if os.fork() == 0:
            os._exit(0)
        born += 1
except OSError as error:
    tell("end", errno.errorcode[error.errno])
tell("many", born > 64)
""",
        held=Expect(status=(Status.OK, Status.PROCESS_LIMIT), facts={"end": "EAGAIN", "many": "False"}),
        capable={"many": "True"},
        outside_bound=100,
    ),
    Attack(
        rows=(1,),
        name="busy-orphans",
        title="use the processor by a chain of orphans, each gone before it is looked at",
        program="""
tell("started", "yes")
read_end, write_end = os.pipe()
if os.fork() == 0:
    os.close(read_end)
    for _ in range(P["bound"] or 60):
        before = time.process_time()
        while time.process_time() < before + 0.05:
            pass
        if os.fork():
            os._exit(0)
    os._exit(0)
os.close(write_end)
os.read(read_end, 1)
tell("burnt", "all of it")
""",
        limits=replace(SMALL, cpu_s=1.0, wall_s=10.0),
        held=Expect(status=(Status.TIME_LIMIT,), facts={"started": "yes"}, reason="used more than 1 s of CPU"),
        capable={"burnt": "all of it"},
        outside_bound=4,
        alone=True,
    ),
    Attack(
        rows=(78,),
        name="cancelled-half-way",
        title="be cancelled in the middle, with deaf children in sessions of their own",
        program="""
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
for _ in range(4):
    if os.fork() == 0:
        os.setsid()
        break
else:
    tell("started", "yes")
time.sleep(P["bound"] or 1e6)
write(P["planted"] + "/went-on")
""",
        held=Expect(status=(Status.CANCELLED,), facts={"started": "yes"}, seconds=4.0),
        cancelled="started: yes",
        capable={"started": "yes", "file:went-on": "yes"},
        outside_bound=0.2,
    ),
)
