from __future__ import annotations

import base64
import json
import re
import signal
import time
from pathlib import Path

import pytest

from cli_case import MakeCase

HELLO = "#lang:bash name=hello\necho 7.5\n#end\n"
TWO = "#lang:bash name=load\necho one\n#end\n\n#lang:bash name=mean\necho two\n#end\n"
SLOW = "#lang:bash name=slow\necho started; sleep 60\n#end\n#lang:bash name=never\necho never\n#end\n"


def without_times(text: str) -> str:
    """The text with figures that differ from run to run replaced by `N`, and runs of blanks by one."""
    return re.sub(r" +", " ", re.sub(r"\d+(\.\d+)? (ms|s|KiB|MiB)\b", "N", text))


def test_data_goes_to_stdout_and_all_else_to_stderr(case: MakeCase) -> None:
    ended = case(TWO).args("run", "doc.mix").stdout("one\ntwo\n").exits(0)
    lines = without_times(ended.err).splitlines()
    assert lines[:3] == ["── 1/2 load · bash · line 1", "── 2/2 mean · bash · line 5", ""]
    assert lines[3] == "# block language line status time cpu memory"
    assert lines[4] == "1 load bash 1 ok N N N"
    assert re.fullmatch(r"2 ok · N · bubblewrap, level \d", lines[7])
    assert "\x1b" not in ended.err


def test_output_is_byte_exact(case: MakeCase) -> None:
    data = bytes(range(256)) * 40
    made = case("#lang:bash\ncat data.bin; cat data.bin >&2\n#end\n").file("data.bin", data)
    made.args("run", "doc.mix", "-q").stdout(data).exits(0)


def test_json_is_one_object_on_stdout(case: MakeCase) -> None:
    made = case("#lang:bash name=a\nprintf '\\377'; echo oops >&2\n#end\n#lang:bash\nexit 3\n#end\n")
    found = json.loads(made.args("run", "doc.mix", "--format", "json").nowhere("── ").exits(1).out)
    assert (found["schema"], found["document"], found["status"]) == ("polyrun.run/1", "doc.mix", "failed")
    first, second = found["blocks"]
    assert (first["name"], first["stdout"], first["stderr"], first["status"]) == ("a", "\ufffd", "oops\n", "ok")
    assert base64.b64decode(first["stdout_base64"]) == b"\xff"
    assert "network" in first["enforced"]
    assert (second["name"], second["line"], second["status"], second["exit_code"]) == (None, 4, "nonzero_exit", 3)


def test_events_come_as_lines(case: MakeCase) -> None:
    ended = case(HELLO).args("run", "doc.mix", "--format", "events").exits(0)
    events = [json.loads(line) for line in ended.text.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds == ["run_started", "job_started", "step_started", "output", "job_finished", "run_finished"]
    assert events[3]["text"] == "7.5\n"


def test_quiet_shows_output_only(case: MakeCase) -> None:
    case(TWO).args("run", "doc.mix", "-q").stdout("one\ntwo\n").stderr("").exits(0)


def test_verbose_shows_the_commands(case: MakeCase) -> None:
    case(HELLO).args("run", "doc.mix", "-v").stdout("7.5\n").stderr_has("run: ", "bash", "\nok in ", "\nlog: ").exits(0)


def test_a_failure_points_into_the_document(case: MakeCase) -> None:
    made = case("prose\n\n#lang:python name=mean\nx = 1\nraise ValueError('no rows')\n#end\n").args("run", "doc.mix")
    made.stderr_has("error[PR501]", "--> doc.mix:5:1", "5 | raise ValueError('no rows')", "1 failed").exits(1)


def test_only_and_fail_fast(case: MakeCase) -> None:
    case(TWO).args("run", "doc.mix", "--only", "mean").stdout("two\n").exits(0)
    case(TWO).args("run", "doc.mix", "--only", "load,mean").stdout("one\ntwo\n").exits(0)
    failing = "#lang:bash\nexit 1\n#end\n#lang:bash\necho on\n#end\n"
    case(failing).args("run", "doc.mix").stdout("on\n").exits(1)
    case(failing).args("run", "doc.mix", "--fail-fast").stdout("").stderr_has("skipped").exits(1)


def test_a_document_from_stdin_works_in_the_current_folder(case: MakeCase) -> None:
    made = case().file("data.txt", "beside\n").stdin("#lang:bash\ncat data.txt\nexit 4\n#end\n")
    found = json.loads(made.args("run", "-", "--format", "json").exits(1).out)
    assert (found["document"], found["blocks"][0]["stdout"]) == ("<stdin>", "beside\n")


def test_a_document_with_errors_is_refused_before_anything_runs(case: MakeCase) -> None:
    made = case(HELLO + "#lang:pyton\nx = 1\n#end\n")
    made.args("run", "doc.mix").stdout("").stderr_has(
        "error[PR101]", "--> doc.mix:4:", "hint: did you mean `python`"
    ).exits(2)
    found = json.loads(case().args("run", "doc.mix", "--format", "json").exits(2).out)
    assert (found["status"], found["blocks"], found["diagnostics"][0]["code"]) == ("invalid", [], "PR101")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("absent.mix", "error[PR100]: cannot read `absent.mix`: there is no such file\n"),
        (".", "error[PR100]: cannot read `.`: it is a folder\n"),
        ("a\nb\x1b[2J", "error[PR100]: cannot read `a\\nb␛[2J`: there is no such file\n"),
    ],
)
def test_a_document_that_cannot_be_read(case: MakeCase, name: str, error: str) -> None:
    assert case().args("run", name).stdout("").exits(2).err.startswith(error)


def test_a_wrong_configuration_points_into_it(case: MakeCase) -> None:
    made = case(HELLO).file("my.toml", "[limits]\ntimeuot = '10s'\n").args("run", "doc.mix", "-c", "my.toml")
    made.stdout("").stderr_has("error[PR801]", "my.toml:2:1", "did you mean `timeout`?").exits(2)


def test_a_missing_toolchain_is_3(case: MakeCase) -> None:
    made = case("#lang:perl\nprint 1;\n#end\n").env(PATH="/nonexistent", XDG_CACHE_HOME=None, HOME="/nonexistent")
    made.env(XDG_CACHE_HOME=str(made.folder / "cache")).args("run", "doc.mix")
    made.stdout("").stderr_has("no toolchain").exits(3)


def test_no_acceptable_sandbox_is_4(case: MakeCase) -> None:
    made = case(HELLO).args("run", "doc.mix", "--sandbox", "docker").stdout("")
    assert made.exits(4).err.startswith("error[PR407]: ")


def test_a_permission_that_was_not_granted_is_4(case: MakeCase) -> None:
    made = case("#lang:bash net=on\necho x\n#end\n").args("run", "doc.mix").stdout("")
    made.stderr_has("--allow-net").exits(4)


def test_a_limit_is_5(case: MakeCase) -> None:
    made = case("#lang:bash\necho a; sleep 30\n#end\n").args("run", "doc.mix", "--timeout", "500ms").stdout("a\n")
    made.stderr_has("time limit", "error[PR401]").exits(5)


def test_truncation_is_marked(case: MakeCase) -> None:
    made = case("#lang:bash\nprintf '%05000d' 0\n#end\n").args("run", "doc.mix", "--output-limit", "1k")
    made.stdout(b"0" * 1024).stderr_has("… stdout truncated: 1.0 KiB kept of 4.9 KiB").exits(0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_run_in_order(case: MakeCase, number: signal.Signals) -> None:
    process = case(SLOW).args("run", "doc.mix").start()
    assert process.stdout is not None
    assert process.stdout.readline() == b"started\n"
    begin = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, b"")
    assert time.monotonic() - begin < 5
    told = err.decode()
    assert "slow" in told
    assert "2 cancelled" in told
    assert "Traceback" not in told


def test_a_reader_that_leaves_ends_the_run_quietly(case: MakeCase) -> None:
    made = case("#lang:bash\nfor i in $(seq 100000); do echo line $i; done; sleep 60\n#end\n").args("run", "doc.mix")
    begin = time.monotonic()
    made.within('polyrun "$@" | head -1; exit ${PIPESTATUS[0]}').stdout("line 1\n").nowhere("Traceback", "Exception")
    made.exits(141)
    assert time.monotonic() - begin < 20


def test_listings_end_quietly_too(case: MakeCase) -> None:
    made = case().args("explain").within('polyrun "$@" | sleep 0; exit ${PIPESTATUS[0]}').stderr("")
    assert made.nowhere("Traceback", "Exception").exits(141).out == b""


def test_a_full_disk_under_stdout_is_an_error(case: MakeCase) -> None:
    made = case(HELLO).args("run", "doc.mix").within('polyrun "$@" > /dev/full')
    made.stderr_has("error: no space left on device").nowhere("Traceback").exits(70)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_descriptors_do_not_matter(case: MakeCase, closed: str) -> None:
    made = case("#lang:bash\necho 7.5; cat | wc -c; echo x >&2\n#end\n").args("run", "doc.mix")
    made.stdout("" if closed.startswith(">&-") else "7.5\n0\n").nowhere("Traceback", "Bad file")
    made.within(f'polyrun "$@" {closed}').exits(0)


@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "xx_XX"},
        {"LC_ALL": None, "LANG": "C"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"HOME": None, "XDG_CACHE_HOME": None, "XDG_STATE_HOME": None, "XDG_CONFIG_HOME": None},
        {"HOME": "/nonexistent", "XDG_CACHE_HOME": None, "XDG_STATE_HOME": None, "XDG_CONFIG_HOME": None},
        {"TERM": "dumb"},
        {"COLUMNS": "-3", "TERM": "\x1b"},
    ],
)
def test_odd_surroundings_do_not_matter(case: MakeCase, variables: dict[str, str | None]) -> None:
    made = case().file("größe.mix", "größe\n\n#lang:bash\necho größe 漢字; exit 3\n#end\n").args("run", "größe.mix")
    made.env(**variables).stdout("größe 漢字\n").stderr_has("mix:3:1", "1 failed").nowhere("Traceback").exits(1)


def test_an_ascii_stderr_gets_ascii(case: MakeCase) -> None:
    made = case().file("größe.mix", "#lang:bash name=a\nexit 3\n#end\n").args("run", "größe.mix")
    ended = made.env(PYTHONIOENCODING="ascii").stderr_has("-- 1/1 a - bash - line 1", "gr\\xf6\\xdfe.mix:1:1").exits(1)
    assert ended.err.isascii()


def test_each_run_leaves_its_logs_and_history_lists_them(case: MakeCase) -> None:
    made = case(HELLO)
    made.args("run", "doc.mix", "--log-dir", "logs").exits(0)
    case("#lang:bash\nexit 9\n#end\n").args("run", "doc.mix", "--log-dir", "logs").exits(1)
    names = sorted(path.suffix for path in (made.folder / "logs").iterdir())
    assert names == [".jsonl", ".jsonl", ".log", ".log"]
    text = made.args("history", "--log-dir", "logs").exits(0).text.splitlines()
    assert [line.split()[2:5:2] for line in text] == [["status", "time"], ["doc.mix", "0"], ["doc.mix", "1"]]
    runs = json.loads(made.args("history", "--log-dir", "logs", "--format", "json", "-n", "1").exits(0).out)
    assert [(run["status"], run["exit_code"], run["document"]) for run in runs] == [("failed", 1, "doc.mix")]


def test_a_log_folder_that_cannot_be_written_costs_a_warning(case: MakeCase) -> None:
    made = case(HELLO).file("taken", "").args("run", "doc.mix", "--log-dir", "taken")
    made.stdout("7.5\n").stderr_has("no log is kept").exits(0)


def test_no_log_leaves_none(case: MakeCase) -> None:
    made = case(HELLO).args("run", "doc.mix", "--no-log", "--log-dir", "logs")
    made.stdout("7.5\n").exits(0)
    assert not (made.folder / "logs").exists()
    made.args("history", "--log-dir", "logs").stdout("no runs yet\n").exits(0)


def test_what_no_log_leaves_is_told(case: MakeCase, tmp_path: Path) -> None:
    made = case(HELLO).env(XDG_STATE_HOME=str(tmp_path / "state"))
    made.args("run", "doc.mix", "--no-log").exits(0)
    made.args("audit", "head").stdout_has("3 ").exits(0)
    told = case().args("run", "--help").exits(0).text
    assert "Keep no log of the run; the audit log is kept." in " ".join(told.split())


def test_writing_needs_permission_and_gets_it(case: MakeCase) -> None:
    writing = "#lang:bash\necho x > made.txt && cat made.txt\n#end\n"
    made = case(writing).args("run", "doc.mix").stdout("x\n")
    made.exits(0)
    assert not (made.folder / "made.txt").exists()
    made.args("run", "--allow-write", "doc.mix").exits(0)
    assert (made.folder / "made.txt").read_text() == "x\n"
