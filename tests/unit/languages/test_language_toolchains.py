"""Finding toolchains: the first on `PATH` counts, shims are seen through, and a warm start asks nobody."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from polyrun.languages import Language, Registry, Toolchain, ToolchainMissing, find_toolchain
from polyrun.languages.spec import Finding
from polyrun.model.frozen import replace
from polyrun.sandbox.host import HostOutput, run_trusted


class Counted:
    """The real runner, counting."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, argv: Sequence[str], /) -> HostOutput:
        self.calls += 1
        return run_trusted(argv)


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def perl() -> Language:
    language = Registry.load().get("perl")
    assert language is not None
    return language


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with `shims` first on `PATH`."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}/shims:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fake(home: Path, version: str = "5.40.0") -> Path:
    """A version manager's shim for a perl below `home`."""
    real = program(home / "opt" / "perl" / "bin" / "perl", "exit 0")
    program(
        home / "shims" / "perl",
        f"echo version ${{FAKE_VERSION-{version}}}; echo program {real}; echo root {home}/opt/perl; echo root /usr/lib",
    )
    return real


def test_shim_is_seen_through(home: Path, perl: Language) -> None:
    real = fake(home)
    found = find_toolchain(perl, run=run_trusted)
    assert found == Toolchain("perl", "5.40.0", {"perl": str(real)}, (f"{home}/opt/perl",))


def test_known_toolchain_costs_no_process(home: Path, perl: Language) -> None:
    fake(home)
    run, cache = Counted(), home / "state" / "toolchains.json"
    first = find_toolchain(perl, run=run, cache=cache)
    assert run.calls == 1
    assert find_toolchain(perl, run=run, cache=cache) == first
    assert run.calls == 1
    assert os.listdir(cache.parent) == [cache.name], "no temporary file is left"


@pytest.mark.parametrize(
    "change", ["shim", "real", "variable", "version file", "folder", "path", "spec", "missing root"]
)
def test_any_change_that_matters_asks_again(
    home: Path, perl: Language, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fake(home)
    run, cache = Counted(), home / "toolchains.json"
    find_toolchain(perl, run=run, cache=cache)
    match change:
        case "shim":
            fake(home, "5.42.0")
        case "real":
            program(real, "exit 0 # changed")
        case "variable":
            monkeypatch.setenv("FAKE_VERSION", "5.44")
        case "version file":
            (home / ".perl-version").write_text("5.44")
        case "folder":
            (home / "sub").mkdir()
            monkeypatch.chdir(home / "sub")
        case "path":
            monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/sbin")
        case "spec":
            perl = replace(perl, digest="other")
        case _:
            (home / "opt").rename(home / "moved")
    find_toolchain(perl, run=run, cache=cache)
    assert run.calls == 2


@pytest.mark.parametrize(
    "content", ["", "[]", '{"format": 1}', '{"format": 1, "toolchains": 3}', '{"format": 99}', "\0" * 9]
)
def test_damaged_cache_only_costs_time(home: Path, perl: Language, content: str) -> None:
    fake(home)
    cache = home / "toolchains.json"
    cache.write_text(content)
    assert isinstance(find_toolchain(perl, run=run_trusted, cache=cache), Toolchain)
    assert json.loads(cache.read_text())["format"] == 1


def test_damaged_entry_is_not_used(home: Path, perl: Language) -> None:
    fake(home)
    run, cache = Counted(), home / "toolchains.json"
    first = find_toolchain(perl, run=run, cache=cache)
    content = json.loads(cache.read_text())
    for entry in content["toolchains"].values():
        entry["roots"] = [3]
    cache.write_text(json.dumps(content))
    assert find_toolchain(perl, run=run, cache=cache) == first
    assert run.calls == 2


def test_cache_that_cannot_be_written_is_no_failure(home: Path, perl: Language) -> None:
    fake(home)
    (home / "file").write_text("")
    assert isinstance(find_toolchain(perl, run=run_trusted, cache=home / "file" / "cache.json"), Toolchain)


def test_missing_program_says_what_was_looked_for_and_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    language = Registry.load().get("python")
    assert language is not None
    missing = find_toolchain(language, run=run_trusted)
    assert missing == ToolchainMissing("python", "`python3` or `python` is not on `PATH`", ("apt-get install python3",))


def test_a_second_program_is_never_taken_for_a_bad_first_one(home: Path, perl: Language) -> None:
    shim = program(home / "shims" / "perl", "echo broken >&2; exit 4")
    missing = find_toolchain(perl, run=run_trusted)
    assert isinstance(missing, ToolchainMissing)
    assert missing.reason == f"`{shim}` fails with exit code 4: broken"
    assert missing.hints == ("apt-get install perl",)


def test_too_old_says_so(home: Path, perl: Language) -> None:
    fake(home, "5.8.8")
    missing = find_toolchain(perl, run=run_trusted)
    assert isinstance(missing, ToolchainMissing)
    assert missing.reason == f"`{home}/shims/perl` is Perl 5.8.8, and 5.10 or later is needed"


def test_no_version_is_unusable(home: Path, perl: Language) -> None:
    program(home / "shims" / "perl", "echo hello")
    missing = find_toolchain(perl, run=run_trusted)
    assert isinstance(missing, ToolchainMissing)
    assert "does not tell its version" in missing.reason


def test_program_that_hangs_or_cannot_start(home: Path, perl: Language) -> None:
    program(home / "shims" / "perl", "exit 0").write_bytes(b"\x7fELF nonsense")
    missing = find_toolchain(perl, run=run_trusted)
    assert isinstance(missing, ToolchainMissing)
    assert "cannot be started" in missing.reason

    def hang(argv: Sequence[str], /) -> HostOutput:
        raise TimeoutError(argv[0])

    missing = find_toolchain(perl, run=hang)
    assert isinstance(missing, ToolchainMissing)
    assert "does not answer" in missing.reason


@pytest.fixture
def own(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for the interpreter that runs PolyRun."""
    path = home / "venv" / "bin" / "python"
    monkeypatch.setattr(sys, "executable", str(path))
    return path


def with_package(path: Path) -> str:
    package = path.parent.parent / "packages" / "duckdb"
    package.mkdir(parents=True, exist_ok=True)
    program(path, f"echo version 1.9; echo program {path}; echo package {package}")
    return str(path)


@pytest.fixture
def sql() -> Language:
    language = Registry.load().get("sql")
    assert language is not None
    return language


def test_polyruns_own_interpreter_is_asked_first(home: Path, own: Path, sql: Language) -> None:
    with_package(own)
    with_package(home / "shims" / "python3")
    found = find_toolchain(sql, run=run_trusted)
    assert isinstance(found, Toolchain)
    assert found.programs == {"python": str(own), "duckdb": str(home / "venv" / "packages" / "duckdb")}
    assert found.roots == (str(home / "venv"),)


def test_when_the_own_interpreter_will_not_do_path_is_asked(home: Path, own: Path, sql: Language) -> None:
    program(own, "echo it has no package >&2; exit 1")
    python = with_package(home / "shims" / "python3")
    run, cache = Counted(), home / "toolchains.json"
    found = find_toolchain(sql, run=run, cache=cache)
    assert isinstance(found, Toolchain)
    assert found.programs["python"] == python
    assert find_toolchain(sql, run=run, cache=cache) == found
    assert run.calls == 2, "what was found is known, and nobody is asked again"
    (home / "packages" / "duckdb").rmdir()
    missing = find_toolchain(sql, run=run, cache=cache)
    assert run.calls == 4, "the package is gone"
    assert isinstance(missing, ToolchainMissing)


def test_each_interpreter_that_will_not_do_is_named(home: Path, own: Path, sql: Language) -> None:
    program(own, "echo it has no package >&2; exit 1")
    other = program(home / "shims" / "python3", "echo version 1.2")
    missing = find_toolchain(sql, run=run_trusted)
    assert missing == ToolchainMissing(
        "sql",
        f"`{own}` fails with exit code 1: it has no package; `{other}` is SQL (DuckDB) 1.2, and 1.4 or later is needed",
        ("pip install duckdb",),
    )


@pytest.mark.usefixtures("own")
def test_without_any_interpreter_path_is_named(home: Path, sql: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    missing = find_toolchain(sql, run=run_trusted)
    assert isinstance(missing, ToolchainMissing)
    assert missing.reason.endswith("; `python3` or `python` is not on `PATH`")
    monkeypatch.setattr(sys, "executable", "")
    missing = find_toolchain(sql, run=run_trusted)
    assert missing == ToolchainMissing("sql", "`python3` or `python` is not on `PATH`", ("pip install duckdb",))


def test_home_folder_is_never_a_root(home: Path, perl: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    language = replace(perl, toolchain=replace(perl.toolchain, resolve=(), version="", real={}, roots=(), minimum=None))
    program(home / "bin" / "perl", "exit 0")
    monkeypatch.setenv("PATH", f"{home}/bin")
    found = find_toolchain(language, run=run_trusted)
    assert isinstance(found, Toolchain)
    assert found.roots == (f"{home}/bin",)


def test_a_folder_that_a_step_names_shows_no_more_than_itself(home: Path, perl: Language) -> None:
    """As R's home, which is right in the user's own if it runs where it was built."""
    (home / "built/share").mkdir(parents=True)
    program(home / "shims" / "perl", f"echo version 5.40; echo share {home}/built; echo program /usr/bin/perl")
    real = {**perl.toolchain.real, "share": Finding("^share (.+)$")}
    found = find_toolchain(replace(perl, toolchain=replace(perl.toolchain, real=real)), run=run_trusted)
    assert isinstance(found, Toolchain)
    assert found.programs["share"] == f"{home}/built"
    assert found.roots == (f"{home}/built",)


@pytest.mark.parametrize("identifier", Registry.load().ids)
def test_real_toolchain_is_what_it_says(identifier: str) -> None:
    language = Registry.load().get(identifier)
    assert language is not None
    found = find_toolchain(language, run=run_trusted)
    if isinstance(found, ToolchainMissing):
        pytest.skip(found.reason)
    assert found.version[0].isdigit()
    assert {*language.toolchain.programs, *language.toolchain.real} == set(found.programs)
    for path in found.programs.values():
        assert os.access(path, os.X_OK)
        real = os.path.realpath(path)
        assert real.startswith(("/usr/", *(f"{root}/" for root in found.roots))), "what runs must be visible"
    assert not any(root == "/" or root.startswith(("/usr", "/bin", "/lib", "/etc")) for root in found.roots)
