from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli_case import COMMAND, MakeCase
from polyrun import __version__
from polyrun.cli.commands import polyrun as commands

HINT = "hint: `polyrun run --help` shows how it is used\n"


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version(case: MakeCase, flag: str) -> None:
    case().args(flag).stdout(f"polyrun {__version__}\n").stderr("").exits(0)


def test_the_version_imports_almost_nothing() -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", COMMAND, "--version"], capture_output=True, text=True, check=True
    ).stderr
    imported = {line.rsplit("|", 1)[1].strip() for line in told.splitlines()}
    assert {"polyrun.cli.entry"} <= imported
    assert not imported & {"click", "asyncio", "yaml", "polyrun.api", "polyrun.report.console", "json", "tempfile"}


def test_a_plain_run_imports_no_luxuries(tmp_path: Path) -> None:
    (tmp_path / "doc.mix").write_text("#lang:bash\necho hello\n#end\n")
    command = [sys.executable, "-X", "importtime", COMMAND, "run", "--raw", str(tmp_path / "doc.mix")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    imported = {line.rsplit("|", 1)[1].strip() for line in told.splitlines() if line.startswith("import time:")}
    assert {"asyncio", "polyrun.execute.engine"} <= imported
    # A failed import is told as well, such as that of `ssl`: so it is `_ssl` that counts.
    luxuries = {"_ssl", "click", "dataclasses", "yaml", "polyrun.values", "polyrun.report.html"}
    assert not imported & luxuries


def test_running_imports_no_luxuries() -> None:
    code = "import sys, polyrun.cli.run, polyrun.api; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"rich", "pydantic", "difflib", "http", "urllib.request", "email"}


@pytest.mark.parametrize("name", ["", *commands.lazy])
def test_every_help_teaches_by_examples_that_fit_80_columns(case: MakeCase, name: str) -> None:
    ended = case().args(*name.split(), "--help").stderr("").exits(0)
    head, _, examples = ended.text.partition("\nExamples:\n")
    assert head.startswith(f"Usage: {f'polyrun {name}'.strip()} ")
    lines = [line for line in examples.splitlines() if line.startswith("  ") and not line.startswith("      ")]
    assert 2 <= len(lines) <= 5
    assert all(len(line) <= 80 for line in ended.text.splitlines())
    assert ended.text.isascii()


def test_every_example_in_a_help_is_accepted_by_the_parser() -> None:
    import shlex

    import click

    for name in commands.lazy:
        command = commands.get_command(click.Context(commands), name)
        assert command is not None
        for example in command.examples:  # type: ignore[attr-defined]
            line = example.line.split("|")[-1] if example.line.startswith("generate") else example.line
            words = shlex.split(line.replace('eval "$(', "").replace(')"', ""))
            for stop in ("|", ">"):
                words = words[: words.index(stop)] if stop in words else words
            assert words[:2] == ["polyrun", name], example
            command.make_context(name, words[2:], resilient_parsing=False)


def test_no_arguments_show_the_help(case: MakeCase) -> None:
    ended = case().args().exits(2)
    assert "Commands:" in ended.text + ended.err


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (["rnu"], "there is no command `rnu`", "did you mean `polyrun run`?"),
        (["doc.mix"], "there is no command `doc.mix`", "did you mean `polyrun run doc.mix`?"),
        (["run"], "`FILE` is missing", "`polyrun run --help` shows how it is used"),
        (["run", "doc.mix", "--tiemout", "3"], "there is no option `--tiemout`", "did you mean `--timeout`?"),
        (["run", "doc.mix", "--format", "xml"], "`--format`: `xml` is not one of `text`, `json`, `events`", None),
        (["run", "doc.mix", "--allow-write", "/tmp"], "got unexpected extra argument (/tmp)", None),
        (["run", "doc.mix", "--timeout"], "`--timeout` needs a value", None),
        (["languages", "tets", "py"], "there is no command `tets`", "did you mean `polyrun languages test`?"),
        (["history", "-n", "0"], "`--limit`: 0 is not in the range 1<=x<=10000", None),
        (["explain", "PR1O3"], "there is no code `PR1O3`", "`polyrun explain` lists all codes"),
    ],
)
def test_wrong_usage_is_one_line_and_a_hint(case: MakeCase, words: list[str], error: str, hint: str | None) -> None:
    ended = case("").args(*words).stdout("").exits(2)
    lines = ended.err.splitlines()
    assert lines[0] == f"error: {error}"
    assert lines[1].startswith("hint: ")
    assert hint is None or lines[1] == f"hint: {hint}"
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("flag", "value", "error"),
    [
        ("--timeout", "soon", "`--timeout` is wrong: `soon` is not a duration such as `250ms`, `10s`, `2m` or `1h`"),
        ("--timeout", "0", "`--timeout` is wrong: `0` is out of range"),
        ("--timeout", "-1", "`--timeout` is wrong: `-1` is not a duration"),
        ("--timeout", "nan", "`--timeout` is wrong: `nan` is not a duration"),
        ("--timeout", "1e308", "`--timeout` is wrong: `1e308` is not a duration"),
        ("--total-timeout", "9999999", "`--total-timeout` is wrong: `9999999` is out of range"),
        ("--memory", "0", "`--memory` is wrong: `0` is out of range"),
        ("--memory", "lots", "`--memory` is wrong: `lots` is not a size such as `64k`, `512m` or `1g`"),
        ("--output-limit", "-5", "`--output-limit` is wrong: `-5` is not a size"),
        ("--sandbox", "bubblwrap", "`--sandbox` must be one of `auto`, `require`"),
        ("--allow-env", "A B", "`--allow-env` must be a list of environment variable names"),
    ],
)
def test_an_impossible_value_names_its_flag(case: MakeCase, flag: str, value: str, error: str) -> None:
    ended = case("#lang:python\n#end\n").args("run", "doc.mix", f"{flag}={value}").stdout("").exits(2)
    assert ended.err.startswith(f"error: {error}")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(case: MakeCase, shell: str) -> None:
    case().args("completion", shell).stdout_has("_POLYRUN_COMPLETE", "polyrun").stderr("").exits(0)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("polyrun r", ["run"]),
        ("polyrun run doc.mix --only l", ["load"]),
        ("polyrun run doc.mix --only load,m", ["load,mean"]),
        ("polyrun run absent.mix --only l", []),
        ("polyrun languages test py", ["python"]),
        ("polyrun run --time", ["--timeout"]),
        ("polyrun run doc.mix --sandbox b", ["bubblewrap"]),
        ("polyrun check d", ["d"]),  # of type `file`: the shell itself completes it
    ],
)
def test_completion_knows_commands_blocks_and_languages(case: MakeCase, words: str, offered: list[str]) -> None:
    made = case("#lang:python name=load\n#end\n#lang:python name=mean\n#end\n").args()
    count = str(len(words.split()) - 1)
    made.env(_POLYRUN_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=count)
    assert [line.split(",", 1)[1] for line in made.exits(0).text.split("\n") if line] == offered


def test_the_version_takes_less_than_two_bare_interpreters() -> None:
    # Without the installed script, whose own imports depend on the tool that wrote it.
    start = "import sys; sys.argv = ['polyrun', '--version']; from polyrun.cli.entry import main; main()"
    bare: list[float] = []
    ours: list[float] = []
    for _ in range(12):
        for times, code in ((bare, "pass"), (ours, start)):
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - begin)
    assert min(ours) < 2 * min(bare)


BOOM = """
import sys, click
from polyrun.cli.boundary import guarded
from polyrun.cli.commands import polyrun

def boom():
    raise RuntimeError("a fault of ours\\n\\x1b[2J")

verbose = click.Option(["-v"], is_flag=True, expose_value=False)
polyrun.add_command(click.Command("boom", params=[verbose], callback=boom))
sys.exit(guarded(sys.argv[1:]))
"""


def test_a_fault_of_ours_is_70_with_the_traceback_in_a_file() -> None:
    done = subprocess.run([sys.executable, "-c", BOOM, "boom"], capture_output=True, text=True, check=False)
    assert done.returncode == 70
    error, hint = done.stderr.splitlines()
    assert error == "error[PR901]: PolyRun itself failed: RuntimeError: a fault of ours\\n␛[2J"
    path = Path(re.fullmatch("hint: please report this, with the file `(.+)`", hint)[1])  # type: ignore[index]
    text = path.read_text()
    path.unlink()
    assert text.startswith(f"polyrun {__version__}, Python 3.")
    assert "Traceback (most recent call last):" in text
    assert "RuntimeError: a fault of ours" in text


def test_a_fault_of_ours_is_shown_at_once_with_v() -> None:
    done = subprocess.run([sys.executable, "-c", BOOM, "boom", "-v"], capture_output=True, text=True, check=False)
    assert done.returncode == 70
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert "\x1b" not in done.stderr


def test_the_command_alone_shows_its_help(case: MakeCase) -> None:
    case().args().stderr_has("Run one document written in many languages").nowhere("\\n").exits(2)


def test_an_empty_selection_does_not_run_everything(case: MakeCase) -> None:
    case(document="#lang:bash\necho ran\n#end\n").args("run", "--only=").nowhere("ran").exits(2)
