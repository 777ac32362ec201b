from __future__ import annotations

import json

from cli_case import MakeCase
from polyrun.model.codes import Code

BAD = "#lang:python name=load\nx = 1\n#end\n\n#lang:pyton\nx = 2\n#end\n"
CHAIN = "#lang:python name=load\nx = 1\n#end\n#lang:cpp\nint x;\n#end\n#lang:bash after=load\necho\n#end\n"


def test_check_says_that_all_is_well(case: MakeCase) -> None:
    case("#lang:python\nprint(1)\n#end\n").args("check", "doc.mix").stdout("doc.mix: no problems in 1 block\n").exits(0)


def test_check_shows_faults_on_stdout_and_exits_with_2(case: MakeCase) -> None:
    made = case(BAD).args("check", "doc.mix").stderr("")
    made.stdout_has(
        "error[PR101]: ", " --> doc.mix:5:7\n", "5 | #lang:pyton\n", "hint: did you mean `python`?\n"
    ).exits(2)


def test_check_has_forms_for_programs(case: MakeCase) -> None:
    found = json.loads(case(BAD).args("check", "doc.mix", "--format", "json").exits(2).out)
    assert [(one["code"], one["severity"], one["line"]) for one in found] == [("PR101", "error", 5)]
    sarif = json.loads(case(BAD).args("check", "doc.mix", "--format", "sarif").exits(2).out)
    assert (sarif["version"], sarif["runs"][0]["results"][0]["ruleId"]) == ("2.1.0", "PR101")


def test_strict_makes_notes_count(case: MakeCase) -> None:
    made = case("#lang:python\nprint(1)\n")
    made.args("check", "doc.mix").stdout_has("PR103").exits(0)
    made.args("check", "doc.mix", "--strict").stdout_has("error[PR103]").exits(2)


def test_check_reads_stdin(case: MakeCase) -> None:
    case().stdin(BAD).args("check", "-").stdout_has("--> <stdin>:5:7").exits(2)


def test_plan_lists_what_would_run(case: MakeCase) -> None:
    made = case("#lang:python name=load timeout=5s\nx = 1\n#end\n#lang:bash after=load memory=64m\necho\n#end\n")
    assert made.args("plan", "doc.mix").stderr("").exits(0).text == (
        "#  block    language  line  steps  needs  time   memory\n"
        "1  load     python       1  run            5 s  512 MiB\n"
        "2  block 2  bash         4  run    1      30 s  64.0 MiB\n"
    ).replace("   memory", "    memory").replace("  512", "   512")


def test_plan_for_programs(case: MakeCase) -> None:
    jobs = json.loads(case(CHAIN).args("plan", "doc.mix", "--format", "json").exits(0).out)
    assert [(job["language"], job["after"], job["build"] is None) for job in jobs] == [
        ("python", [], True),
        ("cpp", [], False),
        ("bash", [1], True),
    ]
    assert jobs[0]["limits"]["wall_s"] == 30


def test_plan_as_a_diagram(case: MakeCase) -> None:
    document = "#lang:python name=load\n#end\n#lang:bash\n#end\n#lang:bash after=load\necho\n#end\n"
    assert case(document).args("plan", "doc.mix", "--format", "mermaid").exits(0).text == (
        "flowchart TD\n"
        '  b1["load (python)"]\n'
        '  b2["block 2 (bash)"]\n'
        "  b1 -.-> b2\n"
        '  b3["block 3 (bash)"]\n'
        "  b1 --> b3\n"
        "  b2 -.-> b3\n"
    )


def test_a_plan_needs_a_document_without_errors(case: MakeCase) -> None:
    case(BAD).args("plan", "doc.mix").stdout("").stderr_has("error[PR101]").exits(2)


def test_languages_tell_versions(case: MakeCase) -> None:
    made = case().stderr("")
    text = made.args("languages").exits(0).text
    assert text == made.args("languages", "list").exits(0).text
    assert text.splitlines()[0].split() == ["language", "also", "version"]
    found = json.loads(made.args("languages", "list", "--format", "json").exits(0).out)
    python = next(one for one in found if one["id"] == "python")
    assert python["available"]
    assert "py" in python["aliases"]
    assert python["version"] in text


def test_a_language_can_be_tried_out(case: MakeCase) -> None:
    case().args("languages", "test", "py").stdout_has("ok    runs\n").nowhere("FAIL").exits(0)
    case().args("languages", "test", "klingon").stderr_has("error: `klingon` is not a known language").exits(2)


def test_explain_takes_a_code_in_any_form(case: MakeCase) -> None:
    whole = case().args("explain", "PR103").stderr("").exits(0).text
    assert whole.startswith("PR103  ")
    assert "\nexample\n  " in whole
    assert "\nremedy\n  " in whole
    for form in ("pr103", "103"):
        case().args("explain", form).stdout(whole).exits(0)


def test_explain_lists_all_codes(case: MakeCase) -> None:
    lines = case().args("explain").exits(0).text.splitlines()
    assert [line.split("  ")[0] for line in lines] == [code.value for code in Code]
    assert all(len(line) > 10 for line in lines)


def test_doctor_tells_what_runs_use_and_what_it_enforces(case: MakeCase) -> None:
    text = case().args("doctor").exits(0).text
    assert "bubblewrap, level " in text
    assert "runs use this one" in text
    assert "    enforces " in text
    assert all(len(line) <= 100 for line in text.splitlines())
    found = json.loads(case().args("doctor", "--format", "json").exits(0).out)
    assert found["chosen"] == "bubblewrap"
    assert found["languages"]["python"]


def test_doctor_exits_with_4_where_nothing_can_run(case: MakeCase) -> None:
    made = case().file("my.toml", "[sandbox]\nbackend = 'docker'\n").args("doctor", "-c", "my.toml")
    made.stdout_has("no document can be run").exits(4)


def test_clean_finds_nothing_to_do(case: MakeCase) -> None:
    case().args("clean", "--dry-run").stdout_has("").exits(0)
