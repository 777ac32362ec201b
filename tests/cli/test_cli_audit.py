"""`polyrun audit`, and what `polyrun run` says of the log."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_case import Case, MakeCase

DOCUMENT = "#lang:bash name=load\necho hi\n#end\n#lang:python\n1/0\n#end\n#lang:bash net=on\n:\n#end\n"


Ran = Callable[..., Case]


@pytest.fixture
def ran(case: MakeCase, tmp_path: Path) -> Ran:
    """`ran(*words)` is a call of the command, whose state folder is this test's own; there was one run in it."""

    def call(*words: str) -> Case:
        return case(DOCUMENT).env(XDG_STATE_HOME=str(tmp_path / "state")).args(*words)

    call("run", "doc.mix", "--quiet").exits(4)
    return call


def log(tmp_path: Path) -> Path:
    return tmp_path / "state/polyrun/audit/audit.jsonl"


def test_a_log_is_shown_verified_and_compared_with_its_head(ran: Ran) -> None:
    shown = ran("audit", "show").stderr("").exits(0).text.splitlines()
    assert shown[0].split() == [
        "record",
        "time",
        "run",
        "document",
        "block",
        "language",
        "status",
        "sandbox",
        "remarks",
    ]
    assert [line.split()[0] for line in shown[1:]] == ["2", "3", "4"]
    assert shown[1].split()[4:8] == ["doc.mix", "load", "bash", "ok"]
    assert shown[3].rstrip().endswith("denied")
    head = ran("audit", "head").exits(0).text
    assert re.fullmatch(r"5 [0-9a-f]{64}\n", head)
    verified = ran("audit", "verify", "--head", "head.txt").file("head.txt", head)
    verified.stdout(f"5 records, unchanged\n{head}").stderr("").exits(0)
    ran("audit", "verify", "--head", head.split()[1]).exits(0)


def test_without_key_and_head_the_limits_of_the_answer_are_told(ran: Ran) -> None:
    ran("audit", "verify").stderr_has("without a key or a head").exits(0)


def test_records_are_chosen(ran: Ran) -> None:
    def chosen(*words: str) -> list[int]:
        lines = ran("audit", "show", "--format", "json", *words).exits(0).text.splitlines()
        return [json.loads(line)["seq"] for line in lines]

    assert chosen() == [2, 3, 4]
    assert chosen("--all") == [1, 2, 3, 4, 5]
    assert chosen("--status", "blocked", "--status", "ok") == [2, 4]
    assert chosen("--language", "python") == [3]
    assert chosen("--block", "load") == chosen("--block", "1") == [2]
    assert chosen("-n", "1") == [4]
    assert chosen("--document", "doc.mix") == chosen("--document", "./doc.mix") == [2, 3, 4]
    assert chosen("--document", "../doc.mix") == chosen("--document", "other.mix") == []
    assert chosen("--since", "1h") == [2, 3, 4]
    assert chosen("--since", "2000-01-01", "--until", "2000-01-02T00:00:00+01:00") == []
    run = json.loads(ran("audit", "show", "--format", "json", "-n", "1").exits(0).out)["run_id"]
    assert chosen("--run", run) == [2, 3, 4]
    assert chosen("--run", "2") == [2, 3, 4]
    assert chosen("--run", "1999") == []


def test_what_is_shown_as_json_are_the_lines_of_the_file(ran: Ran, tmp_path: Path) -> None:
    assert ran("audit", "show", "--all", "--format", "json").exits(0).out == log(tmp_path).read_bytes()


def test_nothing_in_a_record_acts_on_a_terminal(ran: Ran, tmp_path: Path) -> None:
    forged = "\\u001b[2J\\u202e\\n9999 forged"
    text = (
        log(tmp_path).read_text().replace('"name": "load"', f'"name": "{forged}"').replace('"kind": "end"', '"kind": 7')
    )
    log(tmp_path).write_text(text)
    done = ran("audit", "show", "--all").nowhere("\x1b", "\u202e").exits(0)
    assert len(done.text.splitlines()) == 6
    ran("audit", "verify").stderr_has("record 2 was edited (line 2 of `audit.jsonl`)").stdout("").exits(1)


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999"])
def test_what_is_no_json_is_no_record(ran: Ran, tmp_path: Path, value: str) -> None:
    log(tmp_path).write_text(log(tmp_path).read_text().replace('"name": "load"', f'"name": {value}'))
    shown = ran("audit", "show", "--format", "json").stderr("").exits(0).text.splitlines()
    assert [json.loads(line)["seq"] for line in shown] == [3, 4]
    ran("audit", "verify").stdout("").stderr_has("line 2 of `audit.jsonl` is no audit record").exits(1)


def test_a_cut_log_is_found_by_the_head_of_a_run(ran: Ran, tmp_path: Path) -> None:
    run = json.loads(ran("run", "doc.mix", "--format", "json").exits(4).out)
    assert run["audit_head"].split()[0] == "10"
    ran("audit", "verify", "--head", run["audit_head"]).exits(0)
    log(tmp_path).write_bytes(b"".join(log(tmp_path).read_bytes().splitlines(keepends=True)[:8]))
    ran("audit", "verify").exits(0)
    ran("audit", "verify", "--head", run["audit_head"]).stderr_has("was cut: it ends at record 8").exits(1)


def test_the_head_is_told_to_those_who_ask(ran: Ran, tmp_path: Path) -> None:
    ran("run", "doc.mix").nowhere("audit").exits(4)
    verbose = ran("run", "doc.mix", "-v").stderr_has("audit: 15 ").exits(4)
    head = verbose.err.split("audit: ")[1].splitlines()[0]
    human = Path(verbose.err.split("log: ")[-1].strip()).read_text()
    assert f"audit log at {head}" in human
    assert str(tmp_path) in verbose.err


def test_a_key(ran: Ran, tmp_path: Path) -> None:
    key = tmp_path / "audit.key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    config = f'audit.key-file = "{key}"\naudit.dir = "{tmp_path / "sealed"}"\n'
    ran("run", "doc.mix", "-q", "-c", "c.toml").file("c.toml", config).exits(4)
    sealed = ("audit", "verify", "--dir", str(tmp_path / "sealed"))
    ran(*sealed).stderr_has("is sealed with a key", "--key-file").exits(2)
    ran(*sealed, "--key-file", str(key)).stdout_has("5 records, sealed with the key, unchanged").stderr("").exits(0)
    ran("audit", "verify", "-c", "c.toml").exits(0)
    key.write_bytes(b"x" * 32)
    ran(*sealed, "--key-file", str(key)).stderr_has("record 1 was sealed with another key").exits(1)
    key.chmod(0o644)
    ran(*sealed, "--key-file", str(key)).stderr_has("can be read by others", "chmod 600").exits(2)


def test_a_key_that_was_set_later(ran: Ran, tmp_path: Path) -> None:
    key = tmp_path / "audit.key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    ran("run", "doc.mix", "-q", "-c", "c.toml").file("c.toml", f'audit.key-file = "{key}"\n').exits(4)
    told = "10 records, sealed with the key from record 6 on, unchanged\n10 "
    ran("run", "doc.mix", "-q").stderr_has("is sealed with a key, and no key is set").exits(4)
    ran("audit", "verify", "--key-file", str(key)).stdout_has(told).stderr("").exits(0)
    ran("audit", "verify").stderr_has("is sealed with a key").exits(2)
    there = log(tmp_path).read_bytes().splitlines(keepends=True)
    log(tmp_path).write_bytes(b"".join([*there[:3], there[6], *there[3:]]))
    ran("audit", "verify").stdout("").stderr_has("record 7 stands where record 4 should").exits(1)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "--since", "yesterday"), "`--since yesterday` is no time"),
        (("show", "--until", "99999-01-01"), "is no time"),
        (("show", "-n", "0"), "0"),
        (("verify", "--head", "nothing"), "`nothing` is no head of an audit log"),
        (("verify", "--head", "/dev"), "is no head of an audit log"),
        (("verify", "--key-file", "absent"), "the audit log's key"),
        (("forget",), "forget"),
    ],
)
def test_wrong_words(ran: Ran, words: tuple[str, ...], told: str) -> None:
    ran("audit", *words).stdout("").stderr_has(told).exits(2)


def test_a_log_that_is_not_there_yet(case: MakeCase, tmp_path: Path) -> None:
    told = {
        ("show",): "no records\n",
        ("show", "--format", "json"): "",
        ("head",): f"0 {'0' * 64}\n",
        ("verify",): f"0 records, unchanged\n0 {'0' * 64}\n",
    }
    for words, printed in told.items():
        case().env(XDG_STATE_HOME=str(tmp_path / "state")).args("audit", *words).stdout(printed).exits(0)


@pytest.mark.parametrize(
    "words", [("--dir", "absent"), ("--head", f"0 {'0' * 64}"), ("--key-file", "audit.key")], ids=lambda words: words[0]
)
def test_a_log_that_is_expected_and_not_there(case: MakeCase, tmp_path: Path, words: tuple[str, ...]) -> None:
    key = tmp_path / "audit.key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    given = [str(key) if word == "audit.key" else word for word in words]
    made = case().env(XDG_STATE_HOME=str(tmp_path / "state")).args("audit", "verify", *given)
    made.stdout("").stderr_has("there is no audit log in `").exits(2)


def test_a_log_that_cannot_be_read(case: MakeCase, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for words in (("show",), ("head",), ("verify",)):
        made = case().args("audit", *words, "--dir", str(tmp_path / "file"))
        made.stdout("").stderr_has("cannot be read: not a directory").exits(4)


def test_a_log_that_cannot_be_written_is_seen(case: MakeCase, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = case(DOCUMENT).file("c.toml", f'audit.dir = "{tmp_path / "file"}"\n')
    told = f"the audit log is not written: `{tmp_path}/file`"
    made.args("run", "doc.mix", "-q", "-c", "c.toml").stderr_has(f"security: {told}", f"note: {told}").exits(4)
    run = json.loads(made.args("run", "doc.mix", "--format", "json", "-c", "c.toml").exits(4).out)
    assert (run["audit_head"], len(run["blocks"])) == (None, 3)
    assert run["notes"][0].startswith(told)


def test_where_it_must_be_written_the_run_is_refused(case: MakeCase, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = case("#lang:bash\necho hi\n#end\n").file(
        "c.toml", f'[audit]\ndir = "{tmp_path / "file"}"\non-failure = "refuse"\n'
    )
    made.args("run", "doc.mix", "-c", "c.toml").stdout("").stderr_has("error: the audit log is not written").exits(4)


def test_a_found_file_cannot_switch_it_off(case: MakeCase) -> None:
    made = case(DOCUMENT).file("polyrun.toml", "[audit]\nkeep = false\n")
    made.args("run", "doc.mix").stdout("").stderr_has("error[PR804]", "audit.keep").exits(2)


def test_a_grant_that_reaches_the_log_is_refused(ran: Ran, tmp_path: Path) -> None:
    ran("run", "doc.mix", f"--allow-write={tmp_path}").stdout("").stderr_has("change the audit log").exits(2)
