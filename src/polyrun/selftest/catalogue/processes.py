"""Programs that want every process, thread or descriptor: rows 18–22, and those that must go on working."""

from __future__ import annotations

from polyrun.model.frozen import replace
from polyrun.model.limits import MIB
from polyrun.model.outcomes import Status
from polyrun.selftest.catalogue.attack import SMALL, Attack, Expect

_REFUSED = {"started": "yes", "refused": "EAGAIN"}  # that its time is up says nothing of how many they were
_BIRTHS = """
import mmap
must_be_apart()
births, end = mmap.mmap(-1, 8), time.monotonic() + 10
def count_one():
    number = int.from_bytes(births[:8], "little") + 1
    births[:8] = number.to_bytes(8, "little")
    if number > MOST:
        os._exit(0)
"""
"""`end` is in 10 s, and whoever counts a birth after about `MOST` ends: no bomb goes on where nothing stops it."""

ATTACKS = (
    Attack(
        rows=(18,),
        name="fork-bomb",
        title="every process forks for ever",
        program="MOST = 2000\n"
        + _BIRTHS
        + """
tell("started", "yes")
if P["bound"]:
    for _ in range(P["bound"]):
        if os.fork() == 0:
            time.sleep(1)
            os._exit(0)
    tell("alive at once", P["bound"])
    raise SystemExit
refused = False
while time.monotonic() < end:
    try:
        os.fork()
        count_one()
    except OSError as error:
        if not refused:
            tell("refused", errno.errorcode[error.errno])
        refused = True
        time.sleep(0.01)
""",
        limits=replace(SMALL, wall_s=1.5),
        held=Expect(status=(Status.PROCESS_LIMIT, Status.TIME_LIMIT), facts=_REFUSED, seconds=6.0),
        held_without_cgroups=Expect(
            status=(Status.PROCESS_LIMIT, Status.TIME_LIMIT, Status.MEMORY_LIMIT), facts=_REFUSED, seconds=6.0
        ),
        capable={"alive at once": "150"},
        outside_bound=150,
        alone=True,
    ),
    Attack(
        rows=(18,),
        name="fork-and-setsid-bomb",
        title="a fork bomb whose parents die, so that no tree is left to follow",
        program="MOST = 20000\n"
        + _BIRTHS
        + """
tell("started", "yes")
signal.signal(signal.SIGHUP, signal.SIG_IGN)
for n in range(P["bound"]):
    if os.fork() > 0:
        os._exit(0)
    os.setsid()
if P["bound"]:
    write(P["planted"] + "/generations")
    raise SystemExit
while time.monotonic() < end:
    try:
        if os.fork() > 0:
            os._exit(0)
        count_one()
        os.setsid()
        if os.fork() == 0:
            os.setsid()
    except OSError:
        time.sleep(0.01)
""",
        limits=replace(SMALL, wall_s=1.5),
        held=Expect(status=(Status.OK, Status.PROCESS_LIMIT, Status.TIME_LIMIT), facts={"started": "yes"}, seconds=6.0),
        capable={"file:generations": "yes"},
        outside_bound=100,
        alone=True,
    ),
    Attack(
        rows=(19,),
        name="thread-bomb",
        title="start threads without end",
        program="""
import threading
threading.stack_size(65536)
born = 0
try:
    while born < (P["bound"] or 4000):
        threading.Thread(target=time.sleep, args=(1 if P["bound"] else 30,), daemon=True).start()
        born += 1
except RuntimeError:
    tell("end", "refused")
tell("many", born > 64)
os._exit(0)
""",
        held=Expect(status=(Status.OK, Status.PROCESS_LIMIT), facts={"end": "refused", "many": "False"}),
        capable={"many": "True"},
        outside_bound=150,
    ),
    Attack(
        rows=(20,),
        name="ordinary-parallel-program",
        title="ordinary threads and a process pool, which must work",
        program="""
import multiprocessing, threading
if __name__ == "__main__":
    results = []
    threads = [threading.Thread(target=lambda n=n: results.append(n * n)) for n in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    tell("threads", sorted(results) == [n * n for n in range(8)])
    with multiprocessing.Pool(4) as pool:
        tell("pool", pool.map(abs, range(-5, 0)))
""",
        limits=replace(SMALL, memory_bytes=256 * MIB),
        held=Expect(facts={"threads": "True", "pool": r"\[5, 4, 3, 2, 1\]"}),
        not_shown="it must simply go on working",
    ),
    Attack(
        rows=(21,),
        name="descriptor-hog",
        title="open 10 000 files",
        program="""
import resource
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
attempt("raise", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard)))
held = []
try:
    while len(held) < (P["bound"] or 10000):
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error:
    tell("end", errno.errorcode[error.errno])
tell("over 128", len(held) > 128)
""",
        held=Expect(facts={"end": "EMFILE", "over 128": "False"}),
        capable={"over 128": "True"},
        outside_bound=500,
    ),
    Attack(
        rows=(22,),
        name="core-dump",
        title="leave a core dump",
        program="""
import resource
tell("may raise", resource.getrlimit(resource.RLIMIT_CORE)[1] not in (0, 1))
os.abort()
""",
        held=Expect(status=(Status.SIGNALLED,), signal="SIGABRT", facts={"may raise": "False"}),
        capable={"may raise": "True", "exit": "-6"},
    ),
    Attack(
        rows=(22,),
        name="raise-own-limits",
        title="raise rlimits and priority again",
        program="""
import resource
for name in ("RLIMIT_CORE", "RLIMIT_NOFILE", "RLIMIT_FSIZE"):
    limit = getattr(resource, name)
    attempt(name, lambda: resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
attempt("nice", lambda: os.setpriority(os.PRIO_PROCESS, 0, -10))
attempt("realtime", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))
attempt("oom", lambda: write("/proc/self/oom_score_adj", b"-1000"))
""",
        held=Expect(
            facts={
                "RLIMIT_CORE": "EPERM|ValueError",
                "RLIMIT_NOFILE": "EPERM|ValueError",
                "nice": "EACCES|EPERM",
                "realtime": "EPERM",
                "oom": "EACCES|EPERM|EROFS",
            }
        ),
        capable={"RLIMIT_CORE": "None"},  # the others take powers on the real host, which no throw-away host has
    ),
)
