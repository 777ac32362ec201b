"""`polyrun selftest` as people use it: its table, its refusals, its page. What it finds is tested in `hostile/`."""

from __future__ import annotations

import json

from cli_case import MakeCase


def test_a_table(case: MakeCase) -> None:
    made = case().args("selftest", "--only", "terminal-codes,exit-like-the-engine")
    done = made.stdout_has("rows", "attack", "expected", "got", "verdict", "2 held\n").stderr("").exits(0)
    rows = [line.split() for line in done.text.splitlines()]
    assert ["27", "exit-like-the-engine", "exit", "125", "exit", "125", "held*"] in rows
    assert done.text.startswith("bubblewrap, level ")
    assert "\x1b" not in done.text


def test_everything_that_was_looked_at(case: MakeCase) -> None:
    case().args("selftest", "--only", "same-seed", "-v").stdout_has(
        "ok urandom: different", "ok left behind: nothing", "held*", "not shown two starts differ"
    ).exits(0)


def test_documents_stand_beside_programs(case: MakeCase) -> None:
    made = (
        case()
        .args("selftest", "--only", "84,exit-like-the-engine", "--format", "json", "--report", "x.html")
        .stderr("")
        .exits(0)
    )
    found = json.loads(made.out)
    told = {one["name"]: (one["rows"], one["verdict"], one["capable"]) for one in found["attacks"]}
    assert list(told) == ["exit-like-the-engine", "another-name-for-system"]
    assert told["another-name-for-system"] == ([84], "held", True)
    assert found["ok"] is True
    assert "84" not in found["not_concerned"]
    assert "<b>another-name-for-system</b>" in (made.folder / "x.html").read_text("utf-8")


def test_a_page(case: MakeCase) -> None:
    done = case().args("selftest", "--only", "53", "--report", "x.html").stdout_has("keyrings").exits(0)
    page = (done.folder / "x.html").read_text("utf-8")
    assert "<b>keyrings</b>" in page
    assert page.rstrip().endswith("</html>")


def test_a_page_that_cannot_be_written_is_refused_first(case: MakeCase) -> None:
    case().args("selftest", "--report", "nowhere/x.html").stdout("").stderr_has("cannot be written").exits(2)


def test_local_is_refused(case: MakeCase) -> None:
    made = case().args("selftest", "--sandbox", "local").stdout("")
    made.stderr_has("error[PR407]: `local` isolates nothing", "hint: `polyrun selftest --sandbox bubblewrap`").exits(4)


def test_no_sandbox(case: MakeCase) -> None:
    made = case().env(DOCKER_HOST="unix:///nowhere").args("selftest", "--sandbox", "docker").stdout("")
    made.stderr_has("no sandbox can be used here").exits(4)


def test_wrong_choices(case: MakeCase) -> None:
    case().args("selftest", "--only", "fork").stderr_has("`fork` is no attack and no row", "--list").exits(2)
    case().args("selftest", "--only", "8").stderr_has("row 8 has no attack here: ").exits(2)
    case().args("selftest", "--only", ",").stderr_has("`--only` names no attack").exits(2)
    case().args("selftest", "--sandbox", "nothing").stderr_has("--sandbox").exits(2)


def test_the_list(case: MakeCase) -> None:
    listed = json.loads(case().args("selftest", "--list", "--format", "json").exits(0).out)
    assert {"name": "fork-bomb", "rows": [18], "title": "every process forks for ever"} in listed
    done = case().args("selftest", "--list").stdout_has("fork-bomb", "every process forks for ever").exits(0)
    assert len(done.text.splitlines()) == len(listed) + 1
