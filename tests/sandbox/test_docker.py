"""What a container does for an ordinary program, and for one that goes beyond its limits."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import engine
from polyrun.model.errors import SandboxError
from polyrun.model.frozen import replace
from polyrun.model.limits import GIB, MIB, Limits
from polyrun.model.outcomes import Feature
from polyrun.model.permissions import Permissions
from polyrun.model.requirements import Requirements
from polyrun.sandbox.docker.api import Endpoint
from polyrun.sandbox.docker.backend import Docker
from polyrun.sandbox.docker.hardening import RESERVE
from polyrun.sandbox.docker.options import DockerOptions
from sandbox.docker_bench import Bench, benched, needs

pytestmark = pytest.mark.docker

BASE = Limits(wall_s=20, cpu_s=20, memory_bytes=256 * MIB, processes=32)


def but(**changes: Any) -> Limits:
    return replace(BASE, **changes)


@pytest.fixture(autouse=True)
def _engine(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.use(monkeypatch)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with benched(Docker(), tmp_path) as made:
        yield made


# ---- how it ends, and what it prints ----


@pytest.mark.parametrize("code", [0, 1, 126, 127, 137, 255])
async def test_an_exit_code_is_never_taken_for_a_signal(bench: Bench, code: int) -> None:
    ran = await bench.sh(f"echo out; echo err >&2; exit {code}")
    assert (ran.status, ran.outcome.exit_code, ran.outcome.signal) == ("nonzero_exit" if code else "ok", code, None)
    assert (ran.stdout, ran.stderr) == (b"out\n", b"err\n")


@pytest.mark.parametrize("name", ["SEGV", "KILL", "TERM"])
async def test_a_signal_is_named(bench: Bench, name: str) -> None:
    ran = await bench.sh(f"kill -{name} $$")
    assert (ran.status, ran.outcome.exit_code, ran.outcome.signal) == ("signalled", None, f"SIG{name}")


async def test_output_is_exact_to_the_byte(bench: Bench) -> None:
    ran = await bench.perl(
        '$| = 1; binmode STDOUT; print pack("C*", 0..255), "\\xc3\\r\\n\\0"; print STDERR "\\xff\\0no end"'
    )
    assert ran.stdout == bytes(range(256)) + b"\xc3\r\n\0"
    assert ran.stderr == b"\xff\0no end"


async def test_ten_megabytes_arrive_whole_and_in_order(bench: Bench) -> None:
    ran = await bench.perl('print pack("N", $_) for 1..2_621_440; print STDERR "x" x 3_000_000')
    assert ran.stdout == b"".join(number.to_bytes(4, "big") for number in range(1, 2_621_441))
    assert ran.stderr == b"x" * 3_000_000


async def test_output_arrives_while_the_program_runs(bench: Bench) -> None:
    seen: list[float] = []
    bench.on_output = lambda _stream, _data: seen.append(time.monotonic())
    await bench.sh("echo 1; sleep 0.6; echo 2")
    assert seen[-1] - seen[0] > 0.4


async def test_a_grandchild_that_holds_the_pipe_ends_with_the_program(bench: Bench) -> None:
    ran = await bench.sh("echo before; sleep 60 & (setsid sleep 60 &) ; echo after")
    assert (ran.status, ran.stdout) == ("ok", b"before\nafter\n")
    assert ran.outcome.usage.wall_s < 10


async def test_a_program_that_closes_its_output_still_runs(bench: Bench) -> None:
    ran = await bench.sh("exec >&- 2>&-; sleep 0.3; exit 5")
    assert ran.outcome.exit_code == 5
    assert ran.outcome.usage.wall_s > 0.25


async def test_usage_comes_from_the_kernel(bench: Bench) -> None:
    ran = await bench.perl(
        'my $x = "a" x 60_000_000; my $i = 0; $i++ while $i < 5_000_000; fork; select undef, undef, undef, 0.3'
    )
    usage = ran.outcome.usage
    assert usage.cpu_s is not None
    assert 0.05 < usage.cpu_s < usage.wall_s + 1
    assert usage.memory_bytes is not None
    assert 60_000_000 < usage.memory_bytes < 400_000_000
    assert usage.processes == 2


# ---- what it is given ----


async def test_stdin_is_fed_and_ends(bench: Bench) -> None:
    data = os.urandom(300_000)
    ran = await bench.run("/bin/cat", stdin=data)
    assert ran.stdout == data
    assert (await bench.sh("cat; echo ended")).stdout == b"ended\n"


async def test_the_environment_is_what_was_allowed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    monkeypatch.setenv("ALLOWED", "yes")
    spec = bench.spec(permissions=Permissions(env=("ALLOWED", "ABSENT")))
    ran = await bench.run("/usr/bin/env", spec=spec, env={"EXTRA": "{work}", "LINES": "a\nb=c", "EMPTY": ""})
    assert "ALLOWED=yes\n" in ran.text
    assert "EXTRA=/polyrun/work\n" in ran.text
    assert "LINES=a\nb=c\n" in ran.text
    assert "EMPTY=\n" in ran.text
    assert "hunter2" not in ran.text


async def test_placeholders_are_filled_once(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "support").mkdir()
    (tmp_path / "support" / "help.txt").write_text("help")
    spec = bench.spec(
        files={"sub/main.sh": b'pwd; printf "%s," "$@"; cat "$2"'}, mounts={"guest": str(tmp_path / "support")}
    )
    ran = await bench.run(
        "/bin/bash", "{source}/sub/main.sh", "{none}", "{guest}/help.txt", "{word}",
        spec=spec, words={"word": "{work}"}, cwd="{source}/sub",
    )  # fmt: skip
    assert ran.text == "/polyrun/source/sub\n{none},/polyrun/guest/help.txt,{work},help"


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "", ".", "a//b", "a\0b"])
async def test_a_file_name_cannot_leave_its_folder(bench: Bench, name: str) -> None:
    with pytest.raises(SandboxError, match="plain relative"):
        await bench.sh("true", spec=bench.spec(files={name: b""}))


@pytest.mark.parametrize(
    "command",
    [
        {"argv": ("/bin/true", "a\0env=X=1")},
        {"env": {"A": "1\0arg=x"}},
        {"env": {"A\0": "1"}},
        {"words": {"x": "1\0"}, "env": {"A": "{x}"}},
        {"cwd": "/tmp\0"},
        {"env": {"A": "\ud800"}},
        {"argv": ("/bin/true", *("x" for _ in range(5000)))},
    ],
    ids=["argument", "value", "name", "word", "folder", "no text", "too many"],
)
async def test_no_word_of_a_command_becomes_another(bench: Bench, command: dict[str, Any]) -> None:
    rest = {name: value for name, value in command.items() if name != "argv"}
    with pytest.raises(SandboxError, match=r"NUL|encoded|more than 4096 arguments"):
        await bench.run(*command.get("argv", ("/bin/true",)), **rest)


@pytest.mark.parametrize(
    ("argv", "cwd", "said"),
    [
        (("/nowhere/program",), "{work}", "`/nowhere/program`: No such file or directory"),
        (("/etc/passwd",), "{work}", "`/etc/passwd`: Permission denied"),
        (("/bin/true",), "/nowhere", "`/nowhere`: No such file or directory"),
    ],
)
async def test_a_program_that_is_not_there(bench: Bench, argv: tuple[str, ...], cwd: str, said: str) -> None:
    ran = await bench.run(*argv, cwd=cwd)
    assert (ran.status, ran.outcome.exit_code) == ("nonzero_exit", 127)
    assert ran.stderr.decode() == f"polyrun: {said}\n"


async def test_what_no_container_is_given_is_refused(bench: Bench) -> None:
    with pytest.raises(SandboxError, match="no other path of the host"):
        await bench.sh("true", spec=bench.spec(permissions=Permissions(read=("/etc",))))
    with pytest.raises(SandboxError, match="nothing says what the container must hold"):
        await bench.sh("true", spec=bench.spec(requirements=None))
    with pytest.raises(SandboxError, match=r"there is no image `polyrun/nothing:[0-9a-f]{12}`") as caught:
        await bench.sh("true", spec=bench.spec(requirements=Requirements("nothing", {"debian": ("nothing",)})))
    assert caught.value.hint == "`polyrun images build nothing`"


# ---- limits ----


async def test_wall_clock_idle(bench: Bench) -> None:
    ran = await bench.sh("trap '' TERM INT HUP XCPU; echo kept; printf tail; sleep 60", limits=but(wall_s=0.5))
    assert (ran.status, ran.stdout) == ("time_limit", b"kept\ntail")
    assert "idle" in str(ran.outcome.reason)
    assert 0.5 <= ran.outcome.usage.wall_s < 5


async def test_wall_clock_busy(bench: Bench) -> None:
    ran = await bench.sh("while :; do :; done", limits=but(wall_s=1))
    assert ran.status == "time_limit"
    assert "idle" not in str(ran.outcome.reason)


async def test_cpu_time_of_the_whole_tree(bench: Bench) -> None:
    ran = await bench.perl("fork; fork; 1 while 1", limits=but(cpu_s=1))
    assert ran.status == "time_limit"
    assert "CPU" in str(ran.outcome.reason)
    assert ran.outcome.usage.cpu_s is not None
    assert ran.outcome.usage.cpu_s < 4


@pytest.mark.parametrize(
    "script",
    [
        'push @x, "x" x 1_000_000 while 1',
        'for (1..8) { fork or do { my $x = "a" x 40_000_000; sleep 1; exit } } 1 while wait > 0; exit 1',
        'open F, ">", "/tmp/f"; print F "x" x 1_000_000 while 1; exit 1',
    ],
    ids=["one", "many", "files"],
)
async def test_memory(bench: Bench, script: str) -> None:
    ran = await bench.perl(f'$| = 1; print "kept"; {script}', limits=but(memory_bytes=100 * MIB, wall_s=15))
    assert (ran.status, ran.stdout) == ("memory_limit", b"kept")
    assert "100" in str(ran.outcome.reason)


async def test_the_least_memory_is_told_as_what_it_is(bench: Bench) -> None:
    ran = await bench.perl('$x = "x" x 30_000_000', limits=but(memory_bytes=4 * MIB))
    assert ran.status == "memory_limit"


async def test_a_program_that_copes_is_ok(bench: Bench) -> None:
    script = 'if (!fork) { push @x, "x" x 1_000_000 while 1 } wait; print "child got ", $? & 127'
    ran = await bench.perl(script, limits=but(memory_bytes=64 * MIB))
    assert (ran.status, ran.text) == ("ok", "child got 9")


async def test_files_that_are_sent_along_do_not_count_as_the_programs_memory(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    with (tmp_path / "build" / "large").open("wb") as file:
        file.truncate(100 * MIB)
    spec = bench.spec(build=str(tmp_path / "build"))
    ran = await bench.sh("stat -c %s {build}/large", spec=spec, limits=but(memory_bytes=48 * MIB))
    assert (ran.status, ran.text) == ("ok", f"{100 * MIB}\n"), ran.outcome
    assert ran.outcome.usage.memory_bytes is not None
    assert ran.outcome.usage.memory_bytes < 48 * MIB


async def test_processes(bench: Bench) -> None:
    script = 'for (1..200) { defined(my $p = fork) or die "refused after $_: $!"; $p or do { sleep 20; exit } } exit 1'
    ran = await bench.perl(script, limits=but(processes=12))
    assert ran.status == "process_limit"
    assert b"refused after 12:" in ran.stderr


@pytest.mark.parametrize(
    "script",
    [
        "head -c 3000000 /dev/zero >a; head -c 3000000 /dev/zero >b; sleep 20",
        "head -c 3000000 /dev/zero >a; head -c 3000000 /dev/zero >/tmp/b; exit 0",
        "exec head -c 50000000 /dev/zero >a",
    ],
    ids=["while it runs", "at its end", "one file"],
)
async def test_disk(bench: Bench, script: str) -> None:
    ran = await bench.sh(f"echo kept; {script}", limits=but(disk_bytes=4 * MIB))
    assert (ran.status, ran.stdout) == ("disk_limit", b"kept\n"), ran.outcome
    assert ran.outcome.usage.wall_s < 10


async def test_a_flood_of_output(bench: Bench) -> None:
    ran = await bench.sh("yes", limits=but(flood_bytes=4 * MIB, output_bytes=1 * MIB))
    assert ran.status == "output_limit"
    assert len(ran.stdout) < 4 * MIB + 65536 + 1


async def test_open_files(bench: Bench) -> None:
    ran = await bench.perl('open($f[$_], "<", "/dev/null") || die "at $_" for 0..99', limits=but(open_files=20))
    assert b"at 17" in ran.stderr


# ---- options ----


async def test_a_ceiling_holds_whatever_is_asked(bench: Bench) -> None:
    sandbox = bench.sandbox
    bench.sandbox = Docker(DockerOptions(ceiling={"memory_bytes": 64 * MIB, "wall_s": 1.0, "cpus": 0.5}))
    try:
        assert bench.sandbox.bounded(Limits(memory_bytes=GIB)).memory_bytes == 64 * MIB
        assert bench.sandbox.bounded(Limits(cpus=0.25)).cpus == 0.25
        ran = await bench.sh("cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; sleep 20")
        assert (ran.status, ran.text) == ("time_limit", f"{64 * MIB + RESERVE}\n")
    finally:
        await bench.sandbox.close()
        bench.sandbox = sandbox


async def test_the_network_is_there_only_when_it_was_allowed(bench: Bench) -> None:
    spec = bench.spec(permissions=Permissions(net=True))
    async with bench.sandbox.open(spec) as box:
        assert box.enforced == frozenset(Feature) - {Feature.NETWORK}
    async with bench.sandbox.open(bench.spec()) as box:
        assert Feature.NETWORK in box.enforced
    script = "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | sort | tr -d '\n'"
    if _has_bridge():
        assert (await bench.sh(script, spec=spec)).text == "eth0lo"
    else:
        with pytest.raises(SandboxError, match="network bridge"):
            await bench.sh(script, spec=spec)


def _has_bridge() -> bool:
    """Whether an engine on this host can give a network; one that runs elsewhere has what it needs."""
    return os.path.exists("/sys/class/net/docker0") or not Endpoint.of_environment().is_local


async def test_without_cleaning_up_a_container_stays_for_a_look(bench: Bench) -> None:
    sandbox = Docker(DockerOptions(remove=False))
    bench.sandbox, own = sandbox, bench.sandbox
    assert (await bench.sh("exit 3")).outcome.exit_code == 3
    await sandbox.close()
    bench.sandbox = own
    (left,) = await bench.left()
    facts = await own.engine.get(f"/containers/{left}/json")
    await own.engine.delete(f"/containers/{left}", {"force": 1})
    assert facts["Config"]["Image"] == await own.image_for(needs("bash"))


async def test_an_image_answers_for_its_programs(bench: Bench, tmp_path: Path) -> None:
    bench.sandbox.cache = str(tmp_path / "cache")
    image = await bench.sandbox.elsewhere(needs("bash"))
    assert image.place.startswith("the image `polyrun/bash:")
    answer = await image.ask(["/bin/bash", "-c", "echo out; echo err >&2; exit 3"])
    assert (answer.exit_code, answer.stdout, answer.stderr) == (3, "out\n", "err\n")
    started = time.monotonic()
    assert await image.ask(["/bin/bash", "-c", "echo out; echo err >&2; exit 3"]) == answer
    assert time.monotonic() - started < 0.1, "an image never changes, so it is not asked again"
