"""C++: structs of one's own say their members, and one that does not is an error of the build that says how."""

from __future__ import annotations

from pathlib import Path

from conformance.values.test_value_conformance import run, told

STRUCTS = """struct Day { string name; optional<double> rain; POLYRUN_FIELDS(name , rain) };
struct Week { int number; vector<Day> days; POLYRUN_FIELDS(number,days) };
vector<Day> days{{"Mon", 0.5}, {"Tue", nullopt}};
Week week{48, days};
vector<Day> none;
"""


def test_structs_that_say_their_fields_are_maps(tmp_path: Path) -> None:
    _, block = run(
        tmp_path,
        f"#lang:cpp\n#export: days:table, week, none\n{STRUCTS}#end\n"
        "#lang:python\n#import: days, week, none\nprint(days.columns, list(days['rain']), week, none)\n#end\n",
    )
    days = "[{'name': 'Mon', 'rain': 0.5}, {'name': 'Tue', 'rain': None}]"
    assert block["stdout"] == f"['name', 'rain'] [0.5, None] {{'number': 48, 'days': {days}}} []\n", told(block)


def test_a_struct_without_fields_does_not_build(tmp_path: Path) -> None:
    (block,) = run(tmp_path, "#lang:cpp\n#export: day\nstruct Day { string name; };\nDay day;\n#end\n")
    problem = block["problem"]
    assert isinstance(problem, dict)
    assert (block["status"], problem["line"]) == ("build_failed", 4), told(block)
    assert "POLYRUN_FIELDS" in str(block["build"]), told(block)
