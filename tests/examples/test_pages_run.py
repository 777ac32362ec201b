"""What README and docs show is executed: documents, command lines, programs, captures, pictures."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import engine
import polyrun
from cli_case import Case
from examples.pages import EXAMPLES, PAGES, REPOSITORY, VALUE_PAGES, Fenced, fenced

DOCUMENTS = fenced("mix")
PROGRAMS = fenced("python")
CAPTURES = fenced("console")
COMMANDS = [
    (block, line.split("  #")[0].strip())
    for block in fenced("sh")
    for line in block.text.splitlines()
    if line.startswith("polyrun ")
]

_VALUES = fenced("mix", "text", pages=(REPOSITORY / "docs/values.md", *VALUE_PAGES))
SHOWN = list(zip(_VALUES[::2], _VALUES[1::2], strict=True))
"""Documents about values, and what they print."""

EXIT_CODES = {"polyrun run errors.mix --fail-fast": 1}
"""Shown command lines that do not end with 0."""


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """A copy of `examples/`, since some commands write."""
    return Path(shutil.copytree(EXAMPLES, tmp_path / "examples"))


def test_there_is_something_to_test() -> None:
    assert len(DOCUMENTS) >= 7
    assert len(PROGRAMS) > 6
    assert len(COMMANDS) > 15
    assert CAPTURES
    assert {page.name for page in PAGES} >= {"README.md", "document.md", "json.md", "library.md", "sandbox.md"}


@pytest.mark.parametrize("block", DOCUMENTS, ids=lambda block: block.place)
def test_documents_have_no_faults_and_run(block: Fenced, tmp_path: Path) -> None:
    source = polyrun.Source(block.text.encode(), "shown.mix")
    assert polyrun.check(source).diagnostics == ()
    done = Case(tmp_path).file("shown.mix", block.text).args("run", "shown.mix", "--strict").exits(0)
    assert done.out


@pytest.mark.parametrize(("block", "output"), SHOWN, ids=[block.place for block, _ in SHOWN])
def test_documents_print_what_is_shown(block: Fenced, output: Fenced, tmp_path: Path) -> None:
    assert (block.kind, output.kind) == ("mix", "text")
    done = Case(tmp_path).file("shown.mix", block.text).args("run", "shown.mix", "--quiet").exits(0)
    assert done.text == output.text


def test_the_first_document_is_an_example() -> None:
    assert DOCUMENTS[0].page == REPOSITORY / "README.md"
    assert DOCUMENTS[0].text == (EXAMPLES / "dice.mix").read_text("utf-8")


@pytest.fixture
def _engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What speaks of containers gets an engine."""
    if request.node.get_closest_marker("docker"):
        engine.use(monkeypatch)


def _marks(text: str) -> tuple[pytest.MarkDecorator, ...]:
    return (pytest.mark.docker,) if "docker" in text or "polyrun images" in text else ()


@pytest.mark.usefixtures("_engine")
@pytest.mark.parametrize("block", [pytest.param(one, id=one.place, marks=_marks(one.text)) for one in PROGRAMS])
def test_programs_run(block: Fenced, examples: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block.text], cwd=examples, capture_output=True, timeout=100, check=False
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")


@pytest.mark.usefixtures("_engine")
@pytest.mark.parametrize(
    ("block", "command"), [pytest.param(block, one, id=one, marks=_marks(one)) for block, one in COMMANDS]
)
def test_commands_run(block: Fenced, command: str, examples: Path) -> None:
    assert block.page.is_file()
    kept = {name: os.environ[name] for name in ("DOCKER_HOST",) if name in os.environ}
    Case(examples).env(**kept).within(command).exits(EXIT_CODES.get(command, 0))


@pytest.mark.parametrize("block", CAPTURES, ids=lambda block: block.place)
def test_captures_are_real(block: Fenced, examples: Path) -> None:
    command, shown = block.text.removeprefix("$ ").split("\n", 1)
    done = Case(examples).within(f"{{ {command}; }} 2>&1 || true").exits(0)
    assert done.text == shown


@pytest.mark.parametrize("name", ["dice.svg", "tour.svg", "errors.svg"])
def test_pictures_are_of_this_version(name: str) -> None:
    drawing = runpy.run_path(str(REPOSITORY / "docs/pictures/capture.py"))
    words = drawing["PICTURES"][name]
    drawing["capture"](words)  # as the pictures were made: with what was built before
    fresh = drawing["draw"](words, drawing["screen"](_settled(drawing["capture"](words))))
    assert _words(fresh) == _words((REPOSITORY / "docs/pictures" / name).read_text("utf-8"))


def test_every_picture_is_shown() -> None:
    shown = set(re.findall(r"\]\(docs/pictures/(\w+\.svg)\)", (REPOSITORY / "README.md").read_text("utf-8")))
    assert shown <= {path.name for path in (REPOSITORY / "docs/pictures").glob("*.svg")}
    assert shown


def test_commands_of_the_makefile_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))
    shown = {line.split()[1] for block in fenced("sh") for line in block.text.splitlines() if line.startswith("make ")}
    assert shown <= targets


def test_the_language_of_the_guide_works(tmp_path: Path) -> None:
    """`CONTRIBUTING.md` adds one from nothing; here as a user would, by a file in the configuration folder."""
    if shutil.which("tclsh") is None:
        pytest.skip("`tclsh` is not on `PATH`")
    (example,) = re.findall(r"```toml\n(.*?)```", (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL)
    folder = tmp_path / "polyrun/languages"
    folder.mkdir(parents=True)
    (folder / "tcl.toml").write_text(example, "utf-8")
    words = ("languages", "test", "tcl")
    done = Case(tmp_path).env(XDG_CONFIG_HOME=str(tmp_path)).args(*words).exits(0)
    assert [line.split()[0] for line in done.text.splitlines()] == ["ok"] * 5


def test_scripts_of_the_pages_exist() -> None:
    shown = {
        line.split()[1] for block in fenced("sh") for line in block.text.splitlines() if line.startswith("python ")
    }
    assert shown
    assert [name for name in shown if not (REPOSITORY / name).is_file()] == []


def _settled(written: str) -> str:
    return written.replace(os.environ["HOME"], "~")


def _words(svg: str) -> list[str]:
    """PolyRun's own words in a picture, without what differs from run to run and from compiler to compiler."""
    rows: dict[str, str] = {}
    for height, text in re.findall(r'<text [^>]*y="(\d+)"[^>]*>([^<>]+)</text>', svg):
        rows[height] = rows.get(height, "") + text + " "
    ours = [row for row in rows.values() if re.match(r"──|error\[|-->|hint|#|\d|\$", row)]
    text = re.sub(r"run_\d{8}T.*", "RUN", "\n".join(ours))  # the second run in one second is cut elsewhere
    text = re.sub(r"\d+(?:\.\d+)? (?:ms|s|min|B|KiB|MiB)\b", "N", text)
    return [word for word in text.split() if not set(word) <= set("─-^~")]
