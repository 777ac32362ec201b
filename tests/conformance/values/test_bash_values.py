"""What the samples do not show of values in Bash."""

from __future__ import annotations

import builtins
import keyword
import re
from pathlib import Path

import pytest

from conformance.values.test_value_conformance import run, told

_GUEST = Path(__file__).parents[3] / "src/polyrun/languages/guests/bash"


def _one(folder: Path, code: str, exports: str = "x") -> dict[str, object]:
    return run(folder, f"#lang:bash\n#export: {exports}\n{code}\n#end\n")[0]


@pytest.mark.parametrize(
    "code",
    [
        "x=1; exit 0; x=2",
        "trap 'echo mine' EXIT; x=1",
        "set -eu; x=1",
        "set -f; IFS=x; x=1",
        "x=0; while :; do x=1; break; done",
        "( x=2; exit 0 ); x=1",
        "shopt -s nocasematch extglob; x=1",
        "f() { x=1; }; f",
    ],
)
def test_it_is_read_at_the_end(tmp_path: Path, code: str) -> None:
    block = _one(tmp_path, code)
    assert block["status"] == "ok", told(block)
    assert block["exports"]["x"]["preview"] == '"1"'  # type: ignore[index]
    assert block["stderr"] == ""


def test_a_failing_block_keeps_its_exit_code(tmp_path: Path) -> None:
    block = _one(tmp_path, "x=1; exit 3")
    assert (block["status"], block["exit_code"]) == ("nonzero_exit", 3)
    assert _one(tmp_path, "x=1; false")["exit_code"] == 1


def test_lines_of_errors_are_the_documents(tmp_path: Path) -> None:
    block = _one(tmp_path, "x=1\nno_such_command\nfalse")
    assert block["stderr"] == "values.mix: line 4: no_such_command: command not found\n"


@pytest.mark.parametrize(
    ("code", "exports", "said"),
    [
        ("x=(1 2); unset 'x[0]'", "x", "its indexes have gaps"),
        ("x=$'\\xff'", "x", "not valid UTF-8"),
        ("x=(a $'\\xff')", "x", "not valid UTF-8"),
        ("x=nothing.tsv", "x:table", "there is no file `nothing.tsv`"),
        ("printf 'a\\tb\\n1\\n' >t.tsv; x=t.tsv", "x:table", "row 2 has 1 cells where 2 belong"),
        ("x=4.5", "x:int", "`4.5` is no int"),
        ("declare x", "x", "ended without `x`"),
        ("true x", "x", "ended without `x`"),
    ],
)
def test_what_cannot_be_exported(tmp_path: Path, code: str, exports: str, said: str) -> None:
    block = _one(tmp_path, code, exports)
    assert block["status"] == "export_missing", told(block)
    assert said in str(block["reason"])


def test_nothing_in_a_value_is_executed(tmp_path: Path) -> None:
    """Texts, items and keys that would do harm if any of them was evaluated."""
    nasty = [
        "$(touch pwned)",
        "`touch pwned`",
        "a]=1;touch pwned;b[",
        "'; touch pwned; '",
        "x[$(touch pwned)]",
        "-e",
        "\\n",
        "%s",
    ]
    document = (
        f"#lang:python\n#export: one, many, by_key\nnasty = {nasty!r}\n"
        "one, many, by_key = nasty[0], nasty, {key: key for key in nasty}\n#end\n"
        "#lang:bash\n#import: one, many, by_key\n#export: one, many, by_key\n[[ ! -e pwned ]] # one many by_key\n#end\n"
        f"#lang:python\n#import: one, many, by_key\nnasty = {nasty!r}\n"
        "print(one == nasty[0], many == nasty, list(by_key.items()) == [(key, key) for key in nasty])\n#end\n"
    )
    blocks = run(tmp_path, document)
    assert [block["status"] for block in blocks] == ["ok"] * 3, "".join(map(told, blocks))
    assert blocks[2]["stdout"] == "True True True\n"


def test_a_thousand_scalars(tmp_path: Path) -> None:
    names = [f"v{n}" for n in range(1000)]
    block = _one(tmp_path, "for n in {0..999}; do printf -v v$n %s $n; done\n: " + " ".join(names), ", ".join(names))
    assert block["status"] == "ok", told(block)
    assert len(block["exports"]) == 1000  # type: ignore[arg-type]


def test_a_table_without_rows_has_its_names(tmp_path: Path) -> None:
    """Nothing in such a file says what the columns are, so all of them are texts."""
    block = _one(tmp_path, "printf 'id\\ts\\n' >no_rows.tsv; x=no_rows.tsv", "x:table")
    assert block["status"] == "ok", told(block)
    assert block["exports"]["x"]["columns"] == {"id": "str", "s": "str"}  # type: ignore[index]


def test_no_name_is_the_librarys_own(tmp_path: Path) -> None:
    """A variable may be called like any word of the guest library: no local hides it, or is taken for it."""
    words: set[str] = set()
    for file in ("values.sh", "export.sh"):
        code = re.sub(r"(?m)(^|\s)#.*", "", (_GUEST / file).read_text("utf-8"))
        words |= {word.removeprefix("__polyrun_") for word in re.findall(r"\b[a-z_][a-z0-9_]*\b", code)}
    words -= {*dir(builtins), *keyword.kwlist}
    names = sorted(word for word in words if word.isidentifier() and not word.startswith("_"))
    assert {"words", "flags", "key", "kind", "n"} <= set(names)
    listed = "".join(f"#export: {name}\n" for name in names)
    taken = "".join(f"#import: {name}\n" for name in names)
    used = "".join(f': "${{{name}[@]}}"\n' for name in names)
    arrays = "".join(f"{name}=(a {name})\n" for name in names)
    told = f"print(all(globals()[name] == ['a', name] for name in {names!r}))"
    text = (
        f"#lang:bash\n{listed}{arrays}#end\n#lang:bash\n{taken}{listed}{used}#end\n#lang:python\n{taken}{told}\n#end\n"
    )
    assert run(tmp_path, text)[-1]["stdout"] == "True\n"
