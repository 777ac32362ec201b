"""Dangerous code, as users of the command meet it: blocked, warned about, allowed, listed and explained."""

from __future__ import annotations

import json

import pytest

from cli_case import MakeCase

SHELL = "#lang:python name=a\nimport os\nos.system('echo ran')\n#end\n"
OWN = """grammars: [python]
rules:
  - name: print
    code: PR702
    severity: error
    uses: [print]
    message: "`{name}` prints"
    reason: we log
    remedy: use `logging`
    example: print(1)
    safe: sprint(1)
"""


def test_dangerous_code_is_not_run(case: MakeCase) -> None:
    made = case(SHELL + "#lang:bash\necho after\n#end\n").args("run", "doc.mix").stdout("after\n")
    made.stderr_has(
        "error[PR701]: `os.system` runs a command in a shell",
        "--> doc.mix:3:1",
        "3 | os.system('echo ran')",
        "  | ^^^^^^^^^ a shell can start any program",
        "if you trust it, `--allow python/shell` lets it run, `--allow PR701` all of its kind",
        "blocked",
    ).exits(4)


@pytest.mark.parametrize("words", [("--allow", "PR701"), ("--allow", "PR702,python/shell"), ("--policy", "off")])
def test_the_user_lets_it_run(case: MakeCase, words: tuple[str, ...]) -> None:
    case(SHELL).args("run", "doc.mix", *words).stdout("ran\n").nowhere("PR701").exits(0)


def test_a_warning_is_shown_and_the_block_runs(case: MakeCase) -> None:
    made = case(SHELL).args("run", "doc.mix", "-q", "--policy", "warn").stdout("ran\n")
    made.stderr_has("warning[PR701]: `os.system`", "--> doc.mix:3:1").nowhere("--allow").exits(0)


def test_findings_in_json_and_in_the_log(case: MakeCase) -> None:
    done = case(SHELL).args("run", "doc.mix", "--format", "json", "--log-dir", "logs").exits(4)
    (block,) = json.loads(done.out)["blocks"]
    assert (block["status"], block["problem"]) == ("blocked", block["findings"][0])
    assert [(one["code"], one["line"], one["column"]) for one in block["findings"]] == [("PR701", 3, 1)]
    (log,) = (done.folder / "logs").glob("*.log")
    assert "blocked" in log.read_text("utf-8")


def test_what_was_allowed_stays_in_the_records(case: MakeCase) -> None:
    done = case(SHELL).args("run", "doc.mix", "--format", "json", "--allow", "PR701").exits(0)
    (finding,) = json.loads(done.out)["blocks"][0]["findings"]
    assert (finding["code"], finding["severity"], finding["hint"]) == ("PR701", "note", "you have allowed it")


def test_every_finding_of_a_block_is_told(case: MakeCase) -> None:
    code = "#lang:python\nimport os, pickle\npickle.loads(b'')\nos.system('x')\neval('1')\n#end\n"
    case(code).args("run", "doc.mix").stderr_has("warning[PR702]", "error[PR701]", "error[PR702]").exits(4)


def test_the_network_may_be_used_when_it_is_granted(case: MakeCase) -> None:
    code = "#lang:python\nimport socket\ns = socket.socket\nprint('fine')\n#end\n"
    connects = code.replace("print", "s().connect(('127.0.0.1', 9)) if 0 else print")
    case(connects).args("run", "doc.mix").stdout("fine\n").stderr_has("warning[PR704]").exits(0)
    case(connects).args("run", "doc.mix", "--allow-net").stdout("fine\n").nowhere("PR704").exits(0)


def test_check(case: MakeCase) -> None:
    case(SHELL).args("check", "doc.mix").stdout_has("error[PR701]").exits(4)
    case(SHELL).args("check", "doc.mix", "--policy", "warn").stdout_has("warning[PR701]").exits(0)
    case(SHELL).args("check", "doc.mix", "--allow", "PR701").stdout("doc.mix: no problems in 1 block\n").exits(0)
    case(SHELL + "#end\n").args("check", "doc.mix").stdout_has("error[PR701]", "PR104").exits(2)


def test_sarif(case: MakeCase) -> None:
    done = case(SHELL).args("check", "doc.mix", "--format", "sarif").exits(4)
    (run,) = json.loads(done.out)["runs"]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("PR701", "error")
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 3
    assert run["tool"]["driver"]["rules"][0]["id"] == "PR701"


@pytest.mark.parametrize("name", ["PR70", "PR101", "python/shel", "python"])
def test_what_is_allowed_must_exist(case: MakeCase, name: str) -> None:
    made = case(SHELL).args("run", "doc.mix", "--allow", name).stdout("")
    made.stderr_has(f"`--allow {name}`: there is no such code or rule", "`polyrun policy list` shows all").exits(2)


def test_allowed_in_the_users_configuration(case: MakeCase) -> None:
    made = case(SHELL).file("own.toml", '[policy]\nallow = ["python/shell"]\n')
    made.args("run", "doc.mix", "-c", "own.toml").stdout("ran\n").exits(0)


def test_a_file_beside_the_document_may_only_tighten(case: MakeCase) -> None:
    case(SHELL).file("polyrun.toml", '[policy]\nallow = ["PR701"]\n').args("run", "doc.mix").stderr_has("PR804").exits(
        2
    )
    made = case(SHELL).file("polyrun.toml", '[policy]\nmode = "block"\n')
    made.args("run", "doc.mix").stderr_has("error[PR701]").exits(4)


def test_rules_of_the_users_own(case: MakeCase) -> None:
    made = case("#lang:python\nprint('x')\n#end\n").file("own.toml", '[policy]\nrules = ["rules"]\n')
    (made.folder / "rules").mkdir()
    made.file("rules/house.yml", OWN)
    made.args("run", "doc.mix", "-c", "own.toml").stderr_has("error[PR702]: `print` prints", "house/print").exits(4)
    made = case("#lang:python\nprint('x')\n#end\n").file("own.toml", '[policy]\nrules = ["rules"]\n')
    (made.folder / "rules").mkdir(exist_ok=True)
    made.file("rules/house.yml", OWN.replace("example: print(1)", "example: sprint(1)"))
    made.args("policy", "test", "-c", "own.toml").stdout_has("house/print (python): it does not find its own example")
    made.exits(1)


def test_bad_rules_are_told(case: MakeCase) -> None:
    made = case(SHELL).file("own.toml", '[policy]\nrules = ["rules"]\n')
    (made.folder / "rules").mkdir()
    made.file("rules/house.yml", OWN.replace("uses:", "use:"))
    made.args("run", "doc.mix", "-c", "own.toml").stdout("").stderr_has("house.yml`, rule `print`: unknown key `use`")
    made.exits(2)


def test_list_and_explain(case: MakeCase) -> None:
    made = case("").args("policy", "list", "python").stdout_has("PR701", "python/shell", "runs a command in a shell")
    made.nowhere("bash/").exits(0)
    rules = json.loads(case("").args("policy", "list", "--format", "json").exits(0).out)
    assert {"bash", "java", "rust"} <= {grammar for rule in rules for grammar in rule["grammars"]}
    case("").args("policy", "list", "cobol").stderr_has("there are no rules for `cobol`", "hint: ").exits(2)
    shown = case("").args("policy", "explain", "python/shell")
    shown.stdout_has("python/shell", "example", "os.system", "remedy", "--allow python/shell").exits(0)
    case("").args("policy", "explain", "pr701").stderr_has("hint: `polyrun explain PR701` explains the code").exits(2)
    case("").args("policy", "explain", "x/y").stderr_has("there is no rule `x/y`").exits(2)
