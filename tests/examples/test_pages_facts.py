"""What README and docs list is compared with the code: options, languages, limits, codes, keys, events, exports."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import polyrun
from cli_case import Case
from examples.pages import EXAMPLES, REPOSITORY
from polyrun.cli.exit_codes import ExitCode
from polyrun.config.settings import BUILD_LIMITS
from polyrun.document.directive_text import DIRECTIVE_NAMES
from polyrun.document.options import OPTION_NAMES
from polyrun.languages import Registry
from polyrun.model import errors, events
from polyrun.model.limits import Limits, format_bytes
from polyrun.model.outcomes import Feature, Status

DOCS = REPOSITORY / "docs"


def _section(page: Path, heading: str) -> str:
    """The text under `heading`, up to the next heading of the same or a higher rank."""
    content = page.read_text("utf-8")
    opening = re.search(rf"^(#+) {re.escape(heading)}\n", content, re.MULTILINE)
    assert opening is not None, f"{page.name} has no section {heading!r}"
    rest = content[opening.end() :]
    end = re.search(rf"^#{{1,{len(opening[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def _rows(text: str) -> list[list[str]]:
    """The cells of all table rows in `text`, without heads and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rules = {number for number, line in enumerate(lines) if set(line) <= set("|- :")}
    body = [line for number, line in enumerate(lines) if number not in rules and number + 1 not in rules]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in body]


def _words(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_options() -> None:
    page = DOCS / "document.md"
    listed = [word for row in _rows(_section(page, "Options")) for word in _words(row[0])]
    reserved = _words(_section(page, "Options").split("Reserved for later versions", 1)[1])
    assert sorted([*listed, *reserved]) == sorted(OPTION_NAMES)
    for name in reserved:
        found = polyrun.check(polyrun.Source(f"#lang:bash {name}=x\n:\n#end\n".encode(), "x.mix")).diagnostics
        assert [one.code.name for one in found] == ["UNSUPPORTED_OPTION"]


def test_directives_that_are_not_carried_out() -> None:
    listed = [_words(row[0])[0] for row in _rows(_section(DOCS / "document.md", "Directives"))]
    assert [text.removeprefix("#").split(":")[0] for text in listed] == list(DIRECTIVE_NAMES)
    told = (DOCS / "document.md").read_text("utf-8").split("are parsed and checked; **this version", 1)[0]
    inert = _words(told.rsplit("\n", 1)[-1])
    for directive in listed:
        source = polyrun.Source(f"#lang:bash\n{directive}\n:\n#end\n".encode(), "x.mix")
        codes = [one.code.name for one in polyrun.check(source).diagnostics]
        assert ("NOT_CARRIED_OUT" in codes) == (f"{directive.split(':')[0]}:" in inert)


@pytest.mark.parametrize(("page", "heading"), [("README.md", "Languages"), ("docs/languages.md", "Languages")])
def test_languages(page: str, heading: str) -> None:
    registry = Registry.load()
    rows = [row for row in _rows(_section(REPOSITORY / page, heading)) if row[0].startswith("`")]
    found = {_words(row[0])[0]: tuple(_words(row[1])) for row in rows}
    languages = [registry.get(name) for name in registry.ids]
    assert found == {language.id: language.aliases for language in languages if language is not None}


def test_fragments_and_packages_of_languages() -> None:
    registry = Registry.load()
    fragments = {_words(row[0])[0]: row[2] == "yes" for row in _rows(_section(REPOSITORY / "README.md", "Languages"))}
    needs = {_words(row[0])[0]: row for row in _rows(_section(DOCS / "languages.md", "Languages")) if len(row) == 4}
    for name in registry.ids:
        language = registry.get(name)
        assert language is not None
        assert fragments[name] == (language.fragment is not None)
        assert language.toolchain.minimum is None or needs[name][2].split()[-1] == language.toolchain.minimum
        commands = [hint.removeprefix("apt-get install ") for hint in language.install_hints]
        assert _words(needs[name][3]) == commands, "Debian's packages by their names, others by the command"
        optimised = language.build is not None and {"-O2", "-Copt-level=2"} & set(language.build.argv)
        assert bool(optimised) == (name in ("c", "cpp", "rust"))


def test_limits() -> None:
    run, build = Limits(), BUILD_LIMITS
    rows = {row[0]: row[1:] for row in _rows(_section(DOCS / "sandbox.md", "Limits"))}
    expected = {
        "wall time": [f"{limits.wall_s:g} s" for limits in (run, build)],
        "processor time of the tree": [f"{limits.cpu_s:g} s" for limits in (run, build)],
        "memory of the tree": [format_bytes(limits.memory_bytes).replace(".0", "") for limits in (run, build)],
        "processes and threads": [str(limits.processes) for limits in (run, build)],
        "open files of a process": [str(limits.open_files) for limits in (run, build)],
        "written to disk": [format_bytes(limits.disk_bytes).replace(".0", "") for limits in (run, build)],
        "output kept of each stream": [format_bytes(limits.output_bytes).replace(".0", "") for limits in (run, build)],
        "output at all": [format_bytes(limits.flood_bytes).replace(".0", "") for limits in (run, build)],
    }
    assert {name: cells[:2] for name, cells in rows.items()} == expected
    short = [row[1] for row in _rows(_section(REPOSITORY / "README.md", "Limits"))]
    told = [cells[0] for name, cells in expected.items() if name != "output at all"]
    short.remove("all")
    assert Limits().cpus is None
    assert short == [*told, f"{expected['wall time'][1]}, {expected['memory of the tree'][1]}"]


def test_exit_codes() -> None:
    listed = [int(row[0]) for row in _rows(_section(REPOSITORY / "README.md", "Exit codes"))]
    assert listed == sorted(ExitCode)


def test_words_of_statuses_and_features() -> None:
    page = (DOCS / "json.md").read_text("utf-8")
    statuses = re.findall(r"\*\*Statuses:\*\*(.*?)\(", page, re.DOTALL)
    assert _words(statuses[0]) == [status.value for status in Status]
    features = re.findall(r"\*\*Enforced:\*\*(.*?)\n\n", page, re.DOTALL)
    assert _words(features[0]) == [feature.value for feature in Feature]


def test_keys_of_the_run_object(tmp_path: Path) -> None:
    (tmp_path / "bytes.mix").write_text("#lang:bash\nprintf '\\377'; printf '\\377' >&2\n#end\n")
    page = DOCS / "json.md"
    listed = {word for row in _rows(_section(page, "`polyrun run --format json`: `polyrun.run/1`").split("###")[0])
              for word in _words(row[0])}  # fmt: skip
    run = json.loads(Case(EXAMPLES).args("run", "errors.mix", "--format", "json").exits(4).out)
    assert set(run) == listed
    of_block = {word for row in _rows(_section(page, "A block")) for word in _words(row[0])}
    raw = json.loads(Case(tmp_path).args("run", "bytes.mix", "--format", "json").exits(0).out)["blocks"][0]
    assert set(raw) == of_block
    assert of_block - set(run["blocks"][0]) == {"stdout_base64", "stderr_base64"}
    of_build = re.search(r"^A `build` has (.*?)\.$", page.read_text("utf-8"), re.MULTILINE)
    assert of_build is not None
    assert set(run["blocks"][0]["build"]) == set(_words(of_build[1]))
    of_problem = {word for row in _rows(_section(page, "A diagnostic")) for word in _words(row[0])}
    assert set(run["blocks"][0]["problem"]) == of_problem
    (tmp_path / "wrong.mix").write_text("#lang:nothing\n#end\n")
    refused = json.loads(Case(tmp_path).args("run", "wrong.mix", "--format", "json").exits(2).out)
    of_invalid = re.search(r"^An `invalid` object has (.*?)\.$", page.read_text("utf-8"), re.MULTILINE)
    assert of_invalid is not None
    assert set(refused) == set(_words(of_invalid[1]))
    assert refused["status"] == "invalid"


def test_keys_of_events(tmp_path: Path) -> None:
    (tmp_path / "x.mix").write_text("#lang:c\nputs(\"x\");\n#end\n#lang:bash\nprintf '\\377'\n#end\n")
    printed = Case(tmp_path).args("run", "x.mix", "--format", "events").exits(0).text.splitlines()
    found: dict[str, set[str]] = {}
    for line in map(json.loads, printed):
        found.setdefault(line["event"], set()).update(set(line) - {"schema", "time", "event"})
    page = DOCS / "json.md"
    rows = {
        _words(row[0])[0]: row[1]
        for row in _rows(_section(page, "`polyrun run --format events`: `polyrun.event/1`"))
    }  # fmt: skip
    assert set(rows) - set(found) == {"security"}
    for name in ("job_started", "step_started", "output"):
        assert set(_words(rows[name].split("`, in")[0])) - {"build", "run", "stdout", "stderr"} == found[name]
    started = json.loads(printed[0])
    assert set(_words(rows["run_started"])) == found["run_started"] | set(started["blocks"][0])
    block = {word for row in _rows(_section(page, "A block")) for word in _words(row[0])}
    assert found["job_finished"] == {"block", *(word for word in block if not word.startswith("std"))}
    whole = _rows(_section(page, "`polyrun run --format json`: `polyrun.run/1`").split("###")[0])
    keys = {word for row in whole for word in _words(row[0])}
    assert found["run_finished"] == (keys - {"schema", "document", "blocks"}) | {"tally"}


def test_events_and_exceptions_of_the_library() -> None:
    page = (DOCS / "library.md").read_text("utf-8")
    told = re.search(r"^The events are (.*?);", page, re.MULTILINE)
    assert told is not None
    union: list[type] = list(events.Event.__args__)
    assert set(_words(told[1])) == {kind.__name__ for kind in union}
    listed = {_words(row[0])[0] for row in _rows(_section(DOCS / "library.md", "Errors"))}
    raised = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert listed == {name for name in raised if name in polyrun.__all__} - {"PolyRunError"}


def test_exported_names_in_the_pages() -> None:
    pages = (REPOSITORY / "README.md").read_text("utf-8") + (DOCS / "library.md").read_text("utf-8")
    used = set(re.findall(r"\bpolyrun\.([A-Za-z_]+)\b", pages))
    known = {*polyrun.__all__, "api", "model", "toml", "run"}
    assert used - known == set()
