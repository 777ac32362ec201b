"""Size, names, docstrings, error handling: the rules of DESIGN 3 and STYLE that a program can check."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from architecture.code_base import REPOSITORY, definitions, files, modules, short
from architecture.exceptions import BROAD_EXCEPTS, LONG_FILES, LONG_FUNCTIONS

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
_UNFINISHED = re.compile(r"\b(" + "|".join(("to" + "do", "fix" + "me", "x" * 3)) + r")\b", re.IGNORECASE)
_CODE = {".py", ".sh", ".c", ".h", ".hpp", ".java", ".js", ".cjs", ".mjs", ".rb", ".pl", ".rs", ".go"}
_TEXT = _CODE | {".toml", ".md", ".yml", ".yaml", ".mix"}
_VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}


def test_files_are_short() -> None:
    places = ("src", "tests", "benchmarks", "scripts")
    lengths = {short(path): len(path.read_bytes().splitlines()) for path in files(*places) if path.suffix in _CODE}
    long = {name for name, lines in lengths.items() if lines > MAX_FILE_LINES}
    assert {name: lengths[name] for name in long - LONG_FILES.keys()} == {}
    assert LONG_FILES.keys() - long == set(), "these exceptions are no longer needed"


def test_functions_are_short() -> None:
    lengths = {}
    for path, tree in modules("src", "tests", "benchmarks").items():
        for name, node in definitions(tree):
            if not isinstance(node, ast.ClassDef):
                lengths[f"{path}::{name}"] = (node.end_lineno or node.lineno) - node.lineno + 1
    long = {name for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES}
    assert {name: lengths[name] for name in long - LONG_FUNCTIONS.keys()} == {}
    assert LONG_FUNCTIONS.keys() - long == set(), "these exceptions are no longer needed"


def test_everything_is_caught_at_the_boundaries_only() -> None:
    broad = {path for path, tree in modules("src").items() for _ in _broad_excepts(tree)}
    assert broad - BROAD_EXCEPTS.keys() == set()
    assert BROAD_EXCEPTS.keys() - broad == set(), "these exceptions are no longer needed"


def _broad_excepts(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = [None] if node.type is None else [node.type]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            caught = list(node.args)
        else:
            continue
        names = [ast.unparse(part) for one in caught if one for part in getattr(one, "elts", [one])]
        if None in caught or {"Exception", "BaseException"} & set(names):
            yield node


def test_the_search_for_broad_excepts_finds_them() -> None:
    code = "try: a\nexcept: b\ntry: a\nexcept (OSError, Exception): b\nwith suppress(BaseException): a\n"
    assert len(list(_broad_excepts(ast.parse(code)))) == 3
    assert list(_broad_excepts(ast.parse("try: a\nexcept (OSError, ValueError): b"))) == []


def test_what_is_public_says_what_it_promises() -> None:
    silent = []
    for path, tree in modules("src").items():
        silent += [path] if not ast.get_docstring(tree) else []
        for name, node in definitions(tree):
            private = any(part.startswith("_") for part in name.split("."))
            inner = name.count(".") > 1 or (name.count(".") == 1 and name.split(".")[0].islower())
            typed_only = ast.unparse(node.body[-1]) == "..."  # a member of a Protocol, described on its class
            if not (private or inner or typed_only or ast.get_docstring(node)):
                silent.append(f"{path}::{name}")
    assert silent == []


def test_no_module_has_a_vague_name() -> None:
    vague = [short(path) for path in files("src", "tests") if set(re.split(r"\W|_", path.stem)) & _VAGUE]
    assert vague == []


def test_nothing_is_left_to_do() -> None:
    places = ("src", "tests", "benchmarks", "scripts", "docs", "examples", ".ci")
    texts = [path for path in files(*places) if path.suffix in _TEXT or path.parent.name == ".ci"]
    texts = [path for path in texts if not short(path).startswith("tests/golden/")]  # documents, not our own words
    texts += [path for path in REPOSITORY.iterdir() if path.suffix in _TEXT or path.name == "Makefile"]
    found = []
    for path in texts:
        lines = path.read_text("utf-8", errors="replace").splitlines()
        found += [f"{short(path)}:{number}" for number, line in enumerate(lines, 1) if _UNFINISHED.search(line)]
    assert found == []
