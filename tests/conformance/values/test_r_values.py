"""What values of R have of their own: vectors, data frames, NA, and the ways in which a block can end."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.values.test_value_conformance import run, told


def block(language: str, code: str, *directives: str) -> str:
    head = "".join(f"#{line}\n" for line in directives)
    return f"#lang:{language} timeout=100s\n{head}{code}\n#end\n"


def printed(folder: Path, *blocks: str) -> str:
    """What the last of `blocks` prints, when all of them have ended well."""
    done = run(folder, "".join(blocks))
    for one in done:
        assert one["status"] == "ok", told(one)
    return str(done[-1]["stdout"])


FRAMES = """
flowers <- iris
cars <- mtcars
air <- airquality[airquality$Month == 9, ]
shocks <- quakes
teeth <- ToothGrowth
"""
FACTS = """
import pandas as pd
for frame in (flowers, cars, air, shocks, teeth):
    print(frame.shape, frame.isna().sum().sum(), sorted(set(map(str, frame.dtypes))))
print(cars["rowname"][0], flowers["Species"][149], teeth["supp"][0], air["Ozone"].tolist()[1:3])
"""


def test_data_frames_of_r_are_tables(tmp_path: Path) -> None:
    names = "flowers, cars, air, shocks, teeth"
    text = printed(tmp_path, block("r", FRAMES, f"export: {names}"), block("python", FACTS, f"import: {names}"))
    assert text.splitlines() == [
        "(150, 5) 0 ['float64', 'str']",
        "(32, 12) 0 ['float64', 'str']",  # the names of the rows are a column
        "(30, 6) 1 ['Int64', 'float64', 'int64']",
        "(1000, 5) 0 ['float64', 'int64']",
        "(60, 3) 0 ['float64', 'str']",
        "Mazda RX4 virginica VC [78, 73]",
    ]


def test_what_a_block_has_when_it_quits_is_handed_over(tmp_path: Path) -> None:
    code = "options(warn = 2, OutDec = ',')\nx <- 1.5\nleave <- function() quit(status = 0)\nleave()\nx <- 2"
    taken = block("r", "cat(x, ls())", "import: x")
    assert printed(tmp_path, block("r", code, "export: x"), taken) == "1.5 x"


def test_errors_have_the_line_and_the_exit_code_that_they_have_without_values(tmp_path: Path) -> None:
    made = block("r", "x <- 1", "export: x")
    failed = block("r", "y <- x\nf <- function() {\n  stop('no')\n}\nf()", "import: x", "export: y")
    _, block_2 = run(tmp_path, made + failed)
    assert (block_2["status"], block_2["exit_code"]) == ("nonzero_exit", 1)
    assert block_2["stderr"] == "Error in f() : no\n  at values.mix:10:3\n  at values.mix:12:1\nExecution halted\n"


@pytest.mark.parametrize(
    "code", ["y <- price + 1", "f <- function(a_long_name) a_long_name + price\nf(strtoi('100', 10L) * 2)"]
)
def test_a_variable_of_another_block_is_said_to_be_one(tmp_path: Path, code: str) -> None:
    _, failed = run(tmp_path, block("r", "price <- 1") + block("r", code))
    assert isinstance(failed["problem"], dict), told(failed)
    assert failed["problem"]["hint"].startswith("`price` was set in block 1 but not exported")


def test_a_million_numbers_there_and_back(tmp_path: Path) -> None:
    made = block("r", "x <- sqrt(seq_len(1e6)); m <- matrix(x, 1000); n <- seq_len(1e6)", "export: x:array, m, n")
    turned = block(
        "python", "import numpy as np\ny, c = x * 2, np.ascontiguousarray(m)", "import: x, m", "export: y, c"
    )
    check = "cat(identical(y, 2 * sqrt(seq_len(1e6))), identical(c, matrix(y / 2, 1000)), identical(n, seq_len(1e6)))"
    assert printed(tmp_path, made, turned, block("r", check, "import: y, c, n")) == "TRUE TRUE TRUE"


BOTH = ("import: a, b, c", "export: a, b, c")


def test_a_list_with_one_item_stays_a_list(tmp_path: Path) -> None:
    made = block("python", "a, b, c = [7], {'tags': ['p'], 'n': 1}, [[1], [], [None]]", "export: a, b, c")
    passed = block("r", "stopifnot(a == 7L, b$tags == 'p', length(c) == 3L)", *BOTH)
    text = printed(tmp_path, made, passed, block("python", "print(a, b, c)", "import: a, b, c"))
    assert text == "[7] {'tags': ['p'], 'n': 1} [[1], [], [None]]\n"


def test_bytes_that_look_compressed_are_left_as_they_are(tmp_path: Path) -> None:
    made = block("python", "b = bytearray(b'\\x1f\\x8b\\x08' + bytes(70000))", "export: b")
    assert printed(tmp_path, made, block("r", "cat(length(b), format(b[1:3]))", "import: b")) == "70003 1f 8b 08"


REFUSED = {
    "x <- function() 1": "a function has no form that other languages could read",
    "x <- lm(mpg ~ wt, mtcars)": "an object of the class `lm` has no form that other languages could read",
    "x <- matrix(c(1, NA), 1)": "it holds NA, and an array has no null",
    "x <- cor(mtcars)": "it has names, for which an array has no place; export `unname(…)` of it",
    "x <- list(a = 1, a = 2)": "two of its items have the name `a`",
    "x <- na.omit(c(1, NA))": "it has the attribute `na.action`",
    "x <- c('a', '\\xff')": "it holds text that is not valid UTF-8",
    "x <- data.frame(a = 1i)": "the column `a` holds a complex number, which no column of a table can",
    "delayedAssign('x', stop('late'))": "it has no value: late",
}


def test_what_cannot_be_exported_is_refused_with_a_reason(tmp_path: Path) -> None:
    done = run(tmp_path, "".join(block("r", code, "export: x") for code in REFUSED))
    for code, one in zip(REFUSED, done, strict=True):
        problem = one["problem"]
        assert isinstance(problem, dict), told(one)
        assert f"`x` cannot be exported: {REFUSED[code]}" in problem["message"]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ("x = pd.DataFrame({'t': pd.to_datetime(['2026-01-01T00:00:00.000000001'])})", "more exact than R's"),
        ("x = datetime(9999, 1, 1, 0, 0, 0, 123457, tzinfo=UTC)", "more exact than R's"),
    ],
)
def test_times_that_a_double_does_not_hold_are_not_rounded(tmp_path: Path, made: str, message: str) -> None:
    start = "from datetime import UTC, datetime\nimport pandas as pd\n"
    _, taken = run(tmp_path, block("python", start + made, "export: x") + block("r", "cat('not here')", "import: x"))
    assert (taken["status"], taken["stdout"]) == ("nonzero_exit", ""), told(taken)
    assert f"`x` cannot be imported: its times are {message}" in str(taken["stderr"])
