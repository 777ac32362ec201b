"""C++: maps keep their order; structs of one's own say their members, or are an error of the build that says how."""

from __future__ import annotations

from pathlib import Path

import pytest

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


MAPS = """#lang:python
#export: three, none, many, deep
three, none = {"b c": 1, "a": 2, "": 3}, {}
many = {f"key {n}": n for n in range(100_000)}
deep = [{"x y": {"p q": True}}, {"x y": {"p q": None}}]
#end
#lang:cpp
#import: three, none, many, deep
#export: twice, sorted, same, still, deeper
auto twice = three;
for (auto& [key, item] : twice) item *= 2;
twice["new"] = 7;
std::map<std::string, std::int64_t> sorted = three;
auto same = many;
auto still = none;
auto deeper = deep;
std::cout << three["b c"] << three.at("a") << three.contains("zz") << (three.find("zz") == three.end())
          << (three == twice) << " " << three.size() << " " << many["key 77777"] << std::endl;
#end
#lang:python
#import: twice, sorted, same, still, deeper
print(twice, sorted, same == {f"key {n}": n for n in range(100_000)} and [*same][-1], still, deeper)
#end
"""


@pytest.mark.timeout(200)
def test_maps_keep_the_order_of_their_keys(tmp_path: Path) -> None:
    blocks = run(tmp_path, MAPS)
    assert [block["status"] for block in blocks] == ["ok"] * 3, "".join(map(told, blocks))
    assert blocks[1]["stdout"] == "12010 3 77777\n"
    maps = "{'b c': 2, 'a': 4, '': 6, 'new': 7} {'': 3, 'a': 2, 'b c': 1}"
    deep = "[{'x y': {'p q': True}}, {'x y': {'p q': None}}]"
    assert blocks[2]["stdout"] == f"{maps} key 99999 {{}} {deep}\n"
