"""What C does with values beyond the samples: its ways out of `main`, names that headers have, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.values.samples import speakers
from conformance.values.test_value_conformance import run, told


def ok(folder: Path, document: str) -> list[str]:
    """Run `document`, in which all goes well; what each block printed."""
    blocks = run(folder, document)
    for block in blocks:
        assert block["status"] == "ok", told(block)
    return [str(block["stdout"]) for block in blocks]


def block(number: int, code: str, directives: str = "#export: n\n") -> str:
    return f"#lang:c name=b{number}\n{directives}{code}#end\n"


@pytest.mark.timeout(200)
def test_what_is_imported_can_be_exported_unchanged(tmp_path: Path) -> None:
    """Also types that were made for what was imported, such as structs, and tables with all of their columns."""
    python = speakers()["python"]
    names = [name for name, sample in speakers()["c"].samples.items() if not sample.refused]
    imports = ", ".join(f"make_python.{name} as in_{name}" for name in names)
    code = "".join(f"__auto_type {name} = in_{name};\n" for name in names)
    middle = f"#lang:c name=middle\n#import: {imports}\n#export: {', '.join(names)}\n{code}#end\n"
    checks = "".join(f'print("{name}", bool({python.samples[name].check}))\n' for name in names)
    back = f"#lang:python\n#import: {', '.join(f'middle.{name}' for name in names)}\n{python.start}{checks}#end\n"
    printed = ok(tmp_path, python.producer() + middle + back)[-1]
    assert printed.splitlines() == [f"{name} True" for name in names]


LEAVES = {
    "return in the middle": "int n = 1;\nif (n) {\n  n = 7;\n  return 0;\n}\nn = 8;\n",
    "exit in main": "int n = 1;\nn = 7;\nif (n) exit(0);\nn = 8;\n",
    "exit in a function": "void leave(int *p) {\n  *p = 7;\n  exit(0);\n}\nint n = 1;\nleave(&n);\n",
    "a function that returns": "int six(void) { return 6; }\nint m = 0, n = six();\nn += 1 + m;\n",
    "goto over another export": "int n = 6;\nif (n) goto done;\nint unused = 1;\ndone:\nn = 7;\n",
    "put anywhere": 'void give(int x) { polyrun_put("n", x); }\ngive(1);\ngive(7);\n',
    "put in atexit": 'void last(void) { polyrun_put("n", 7ul); }\natexit(last);\nreturn 0;\n',
    "static in main": "static unsigned char n;\nn = 7;\n",
    "a fork": "#include <sys/wait.h>\nint n = 7;\nif (fork() == 0) { n = 8; return 0; }\nwait(NULL);\n",
    "a program": "#define _GNU_SOURCE\n#include <string.h>\nint n;\nvoid set(void) { n = 7; }\n"
    'int main(void) {\n  set();\n  return strcasestr("aB", "b") ? 0 : 1;\n}\n',
    "main with arguments": "#include <stdint.h>\nint main(int argc, char **argv)\n{\n"
    "  const int64_t n = 6 + argc;\n  (void)argv;\n  return 0;\n}\n",
}
"""Programs that end with `n` being 7."""


@pytest.mark.timeout(200)
def test_ways_out_of_main(tmp_path: Path) -> None:
    blocks = "".join(block(at, code) for at, code in enumerate(LEAVES.values()))
    names = ", ".join(f"b{at}.n as n{at}" for at in range(len(LEAVES)))
    shown = ", ".join(f"n{at}" for at in range(len(LEAVES)))
    printed = ok(tmp_path, f"{blocks}#lang:python\n#import: {names}\nprint({shown})\n#end\n")
    assert printed[-1].split() == ["7"] * len(LEAVES)


FORMS = """#lang:c name=forms
#export: texts, point, word, grid, vla, bits, huge, floats, twice, again, rows:table
char texts[2][4] = {"ab", "xyzw"};
struct { int x; char name[4]; double where[2]; } points[] = {{1, "p", {0.5}}, {2, "q", {0}}};
polyrun_map *point = polyrun_map_of(points[0], x, name, where);
char word[8] = "word";
unsigned short grid[2][2] = {{1, 2}, {3, 65535}};
int size = 3;
float vla[size];
for (int i = 0; i < size; i++) vla[i] = (float)i / 2;
unsigned char bits[] = {0, 255};
unsigned long long huge[] = {1, ~0ull};
polyrun_view floats = polyrun_array_of(vla, 3, 1);
double large[20000] = {1};
polyrun_map *twice = polyrun_map_new(), *again = polyrun_map_new();
polyrun_map_add(twice, "large", large);
polyrun_map_add(again, "twice", twice);
polyrun_table *rows = polyrun_table_new(2);
polyrun_table_add(rows, "rows", ((long[]){1, 2}));
polyrun_table_add(rows, "d", ((polyrun_duration[]){{1, 5000}, {-1, 0}}));
#end
#lang:python
#import: texts, point, word, grid, vla, bits, huge, twice, again, rows:list, floats:list
print(texts, point, word, grid, vla, bits, huge, len(twice["large"]), again["twice"] == twice, floats)
print(rows[0]["rows"], rows[1]["d"].total_seconds(), rows[0]["d"].microseconds)
#end
#lang:c
#import: rows
printf("%zu %" PRId64 "\\n", rows.rows, rows.rows_[1]);
#end
"""


@pytest.mark.timeout(200)
def test_forms_of_exports(tmp_path: Path) -> None:
    _, printed, own = ok(tmp_path, FORMS)
    maps = "['ab', 'xyzw'] {'x': 1, 'name': 'p', 'where': [0.5, 0.0]} word"
    lists = "[[1, 2], [3, 65535]] [0.0, 0.5, 1.0] b'\\x00\\xff' [1, 18446744073709551615] 20000 True"
    assert printed == f"{maps} {lists} [[0.0], [0.5], [1.0]]\n1 -1.0 5\n"
    assert own == "2 2\n"


NAMES = """#lang:python
#export: time, index, y1, total, linux
time, index, y1, total = {"a": 1}, [1.5], "y", 4
linux = 1
#end
#lang:c
#import: time, index, y1, total
int64_t more(void) { return total + 1; }
printf("%" PRId64 " %g %s %" PRId64 "\\n", time.a, index.data[0], y1, more());
#end
"""


@pytest.mark.timeout(200)
def test_names_that_headers_have(tmp_path: Path) -> None:
    assert ok(tmp_path, NAMES)[1] == "1 1.5 y 5\n"


BIG = """#lang:c name=big
#export: xs
polyrun_array_float64 xs = polyrun_array_new(float64, 1000, 1000);
for (size_t n = 0; n < xs.size; n++) xs.data[n] = (double)n;
#end
#lang:c
#import: xs
double sum = 0;
for (size_t n = 0; n < xs.size; n++) sum += xs.data[n];
xs.data[0] = 1;
printf("%zu %zu %.0f\\n", xs.shape[0], xs.shape[1], sum);
#end
"""


@pytest.mark.timeout(200)
def test_a_large_array(tmp_path: Path) -> None:
    assert ok(tmp_path, BIG)[1] == "1000 1000 499999500000\n"


FAULTS = {
    "int f(void) { return 1; }\nlong double n = f();\n": (4, "`n` has a type that cannot be exported"),
    'puts("x");\n\ndouble *n = NULL;\n': (5, "`n` is a pointer, which does not tell how much is there"),
    'void f(int *n) {\n  polyrun_put("n", n);\n}\nf(NULL);\n': (4, "this is a pointer"),
    "int m = 1;\nassert(m == 2);\nint n = 0;\n": (4, "Assertion `m == 2' failed"),
    'void f(void) {\n  polyrun_put("m", 1);\n}\nint n = 1;\nf();\n': (4, "`m` is not exported: add `#export: m`"),
    'const char *n = "\\xff";\n': (2, "it holds a text that is not valid UTF-8"),
    "polyrun_date n = {2026, 2, 30};\n": (2, "it is a date or time that no calendar or clock has"),
}
"""Wrong programs, the lines of their mistakes, and what is said of them."""


@pytest.mark.timeout(200)
def test_mistakes_are_told_at_their_lines(tmp_path: Path) -> None:
    for code, (line, message) in FAULTS.items():
        (result,) = run(tmp_path, block(0, code))
        problem = result["problem"]
        assert isinstance(problem, dict), told(result)
        said = problem["message"] + "".join(label["text"] for label in problem["labels"])
        assert message in said
        assert line in [label["line"] for label in problem["labels"]]


NULS = """#lang:python
#export: word, keys, rows:table
word = "a\\0b"
keys = {"k\\0": 1}
rows = [{"x": 1, "s": "a\\0b"}]
#end
"""


@pytest.mark.timeout(200)
@pytest.mark.parametrize("name", ["word", "keys", "rows"])
def test_texts_with_nul_are_refused(name: str, tmp_path: Path) -> None:
    document = (
        f'{NULS}#lang:c\n#import: {name}\nputs("x");\n#end\n#lang:c\n#import: word:bytes\nexit(word.size != 3);\n#end\n'
    )
    _, taken, as_bytes = run(tmp_path, document)
    assert taken["status"] == "import_refused", told(taken)
    assert as_bytes["status"] == "ok", told(as_bytes)
