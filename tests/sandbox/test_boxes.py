"""What a box does for an ordinary program, on every backend."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from polyrun.model.errors import SandboxError
from polyrun.model.limits import MIB, Limits
from polyrun.model.permissions import Permissions

Bench = Any
_PYTHON = os.path.realpath(sys.base_prefix)


async def test_output_exit_code_and_usage(bench: Bench) -> None:
    ran = await bench.sh("echo out; echo err >&2; exit 7")
    assert (ran.status, ran.outcome.exit_code, ran.outcome.signal) == ("nonzero_exit", 7, None)
    assert (ran.stdout, ran.stderr) == (b"out\n", b"err\n")
    assert 0 < ran.outcome.usage.wall_s < 20


@pytest.mark.parametrize("code", [0, 1, 125, 126, 127, 137, 255])
async def test_an_exit_code_is_never_taken_for_a_signal(bench: Bench, code: int) -> None:
    from polyrun.sandbox import pidfd

    ran = await bench.sh(f"exit {code}")
    if code == 137 and bench.isolates and not _kernel_tells(pidfd):
        assert ran.outcome.signal == "SIGKILL"  # documented: older kernels cannot tell
        return
    assert ran.status == ("ok" if code == 0 else "nonzero_exit")
    assert (ran.outcome.exit_code, ran.outcome.signal) == (code, None)


def _kernel_tells(_pidfd: object) -> bool:
    release = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
    return release >= (6, 15)


@pytest.mark.parametrize("name", ["SEGV", "KILL", "TERM", "ABRT"])
async def test_a_signal_is_named(bench: Bench, name: str) -> None:
    ran = await bench.sh(f"kill -{name} $$")
    assert (ran.status, ran.outcome.exit_code, ran.outcome.signal) == ("signalled", None, f"SIG{name}")


async def test_output_arrives_while_the_program_runs(bench: Bench) -> None:
    seen: list[float] = []
    bench.on_output = lambda _stream, _data: seen.append(time.monotonic())
    await bench.sh("echo 1; sleep 0.6; echo 2")
    assert seen[-1] - seen[0] > 0.4


async def test_ten_megabytes_arrive_whole_and_in_order(bench: Bench) -> None:
    ran = await bench.perl('print pack("N", $_) for 1..2_621_440')
    assert len(ran.stdout) == 10 * MIB
    assert ran.stdout == b"".join(number.to_bytes(4, "big") for number in range(1, 2_621_441))


async def test_bytes_pass_unchanged(bench: Bench) -> None:
    ran = await bench.perl('binmode STDOUT; print pack("C*", 0..255), "\\0\\xff\\r\\n"')
    assert ran.stdout == bytes(range(256)) + b"\0\xff\r\n"


async def test_stdin_is_fed_and_ends(bench: Bench) -> None:
    data = os.urandom(300_000)
    ran = await bench.run("/bin/cat", stdin=data)
    assert ran.stdout == data


async def test_no_stdin_is_the_end_of_the_file(bench: Bench) -> None:
    ran = await bench.sh("cat; echo ended")
    assert ran.stdout == b"ended\n"


async def test_a_program_that_closes_its_output_still_runs(bench: Bench) -> None:
    ran = await bench.sh("exec >&- 2>&-; sleep 0.3; exit 5")
    assert ran.outcome.exit_code == 5
    assert ran.outcome.usage.wall_s > 0.25


async def test_a_grandchild_that_holds_the_pipe_does_not_hang_the_box(bench: Bench) -> None:
    started = time.monotonic()
    ran = await bench.sh("echo before; sleep 60 & echo after")
    assert ran.stdout == b"before\nafter\n"
    assert time.monotonic() - started < 10


async def test_a_daemon_does_not_outlive_its_box(bench: Bench) -> None:
    await bench.perl(
        "use POSIX; fork and exit 0; POSIX::setsid(); fork and exit 0;"
        '%ENV = (); exec {"/bin/sleep"} "polyrun-daemon", 60;'
    )
    assert b"polyrun-daemon" not in _command_lines()


async def test_children_of_the_embedding_program_are_left_alone(bench: Bench) -> None:
    children: list[subprocess.Popen[bytes]] = []

    def embed(_stream: str, _data: bytes) -> None:
        if not children:
            children.append(subprocess.Popen(["/bin/sleep", "60"], env={}, start_new_session=True))

    bench.on_output = embed
    await bench.sh("echo now; sleep 0.3")
    try:
        assert [child.poll() for child in children] == [None]
    finally:
        for child in children:
            child.kill()
            child.wait()


async def test_placeholders_files_and_folder(bench: Bench, tmp_path: Path) -> None:
    (bench.work / "beside.txt").write_text("beside")
    support = tmp_path / "support"
    support.mkdir()
    (support / "help.txt").write_text("help")
    spec = bench.spec(
        files={"main.sh": b'cat "$1" "$HELP"; cat beside.txt; pwd; echo "{none}"'}, mounts={"guest": str(support)}
    )
    ran = await bench.run(
        "/bin/sh", "{source}/main.sh", "{source}/main.sh", spec=spec, env={"HELP": "{guest}/help.txt"}
    )
    assert ran.outcome.exit_code == 0
    assert ran.text.endswith(f"helpbeside{bench.work}\n{{none}}\n")


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "", ".", "a//b", "a\0b"])
async def test_a_file_name_cannot_leave_the_box(bench: Bench, name: str) -> None:
    with pytest.raises(SandboxError):
        await bench.sh("true", spec=bench.spec(files={name: b""}))


@pytest.mark.parametrize(
    "command",
    [
        {"argv": ("/bin/sh", "-c", "true\0--bind\0/\0/host")},
        {"env": {"A": "1\0--bind\0/\0/host"}},
        {"env": {"A\0--bind\0/\0/host": "1"}},
        {"words": {"x": "1\0--bind\0/\0/host"}, "env": {"A": "{x}"}},
        {"cwd": "/tmp\0--bind\0/\0/host"},
        {"env": {"A": "\ud800"}},
    ],
    ids=["argument", "value", "name", "word", "folder", "no text"],
)
async def test_no_word_of_a_command_becomes_an_option_of_the_box(bench: Bench, command: dict[str, Any]) -> None:
    rest = {name: value for name, value in command.items() if name != "argv"}
    with pytest.raises(SandboxError, match=r"NUL|encoded"):
        await bench.run(*command.get("argv", ("/bin/ls", "/host")), **rest)


async def test_no_path_of_a_box_becomes_an_option_of_it(isolating: Bench) -> None:
    spec = isolating.spec(permissions=Permissions(read=("/nowhere\0--bind\0/\0/host",)))
    with pytest.raises(SandboxError, match=r"(?i)nul"):
        await isolating.run("/bin/ls", "/host", spec=spec)


async def test_the_build_folder_is_writable_only_for_a_build(bench: Bench, tmp_path: Path) -> None:
    build = tmp_path / "build"
    build.mkdir()
    spec = bench.spec(build=str(build))
    assert (await bench.sh("echo built >{build}/it", spec=spec, writes_build=True)).status == "ok"
    assert (build / "it").read_text() == "built\n"
    again = await bench.sh("cat {build}/it; echo no >{build}/it", spec=spec)
    assert again.stdout == b"built\n"
    assert (again.status == "nonzero_exit") == bench.isolates


async def test_the_environment_is_clean(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    monkeypatch.setenv("ALLOWED", "yes")
    spec = bench.spec(permissions=Permissions(env=("ALLOWED", "ABSENT")))
    ran = await bench.run("/usr/bin/env", spec=spec, env={"EXTRA": "{work}"})
    variables = dict(line.split("=", 1) for line in ran.text.splitlines())
    assert variables["ALLOWED"] == "yes"
    assert variables["EXTRA"] == str(bench.work)
    assert "SECRET_TOKEN" not in variables
    assert set(variables) <= {
        "ALLOWED", "EXTRA", "PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "LANG", "TZ", "PWD", "POLYRUN_RUN_ID",
    }  # fmt: skip


async def test_no_descriptor_above_two(bench: Bench) -> None:
    leak = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(leak, True)
    try:
        ran = await bench.sh("for fd in /proc/self/fd/*; do echo $fd $(readlink $fd); done", stdin=b"input")
    finally:
        os.close(leak)
    # the shell of `$(…)` sees the pipe of its own as well
    numbers = {int(line.split()[0].rsplit("/", 1)[1]) for line in ran.text.splitlines() if len(line.split()) == 2}
    assert numbers <= {0, 1, 2}
    assert "memfd" not in ran.text
    assert "socket" not in ran.text


async def test_two_boxes_do_not_share_a_temp_folder(bench: Bench) -> None:
    await bench.sh('echo mine >"$TMPDIR/left"')
    assert (await bench.sh('cat "$TMPDIR/left"')).status == "nonzero_exit"


async def test_threads_and_processes_work(bench: Bench) -> None:
    script = (
        "import concurrent.futures as f, multiprocessing as m, threading\n"
        "def double(x): return 2 * x\n"
        "if __name__ == '__main__':\n"
        "    with m.Pool(4) as pool: print(sum(pool.map(double, range(100))))\n"
        "    with f.ThreadPoolExecutor(8) as pool: print(sum(pool.map(double, range(100))))\n"
    )
    base = _PYTHON
    spec = bench.spec(files={"pool.py": script.encode()}, roots=() if base.startswith("/usr") else (base,))
    ran = await bench.run(f"{base}/bin/python3", "{source}/pool.py", spec=spec)
    assert ran.text == "9900\n9900\n", ran.stderr


async def test_cancellation_kills_everything(bench: Bench) -> None:
    started = asyncio.Event()
    bench.on_output = lambda _stream, _data: started.set()
    task = asyncio.create_task(bench.perl('$| = 1; fork; print "x"; exec {"/bin/sleep"} "polyrun-cancelled", 60;'))
    await asyncio.wait_for(started.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert b"polyrun-cancelled" not in _command_lines()


async def test_several_boxes_at_once(bench: Bench) -> None:
    if bench.isolates:  # an overlay serves one box at a time
        bench.overlay = None
    ran = await asyncio.gather(*(bench.sh(f"sleep 0.2; exit {code}") for code in range(1, 6)))
    assert [each.outcome.exit_code for each in ran] == [1, 2, 3, 4, 5]


async def test_a_program_that_is_not_there(bench: Bench) -> None:
    ran = await bench.run("/nowhere/program")
    assert (ran.status, ran.outcome.exit_code) == ("nonzero_exit", 127)


def _command_lines() -> bytes:
    lines = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                lines.append(Path(f"/proc/{name}/cmdline").read_bytes())
            except OSError:
                continue
    return b"\n".join(lines)


async def test_usage_comes_from_the_kernel(bench: Bench) -> None:
    ran = await bench.perl(
        'my $x = "a" x 60_000_000; my $i = 0; $i++ while $i < 5_000_000; sleep 1;', limits=Limits(wall_s=60)
    )
    usage = ran.outcome.usage
    assert ran.status == "ok"
    assert usage.cpu_s is not None
    assert 0.05 < usage.cpu_s < usage.wall_s + 1
    assert usage.memory_bytes is not None
    assert 60_000_000 < usage.memory_bytes < 400_000_000
