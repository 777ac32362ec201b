"""Which files are read, which win, and what a file that came with a document may do."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from polyrun.config import files
from polyrun.config.load import load
from polyrun.config.settings import Settings
from polyrun.model.errors import ConfigError, UsageError


class Place:
    """A user folder and a project with a document folder two levels down."""

    def __init__(self, root: Path) -> None:
        self.user = root / "user"
        self.project = root / "project"
        self.documents = self.project / "docs" / "deep"
        self.user.mkdir()
        self.documents.mkdir(parents=True)

    def own(self, text: str) -> None:
        (self.user / "polyrun.toml").write_text(text)

    def found(self, text: str, name: str = "polyrun.toml") -> Path:
        path = self.project / name
        path.write_text(text)
        return path

    def load(self, explicit: Path | None = None, /, **overrides: object) -> Settings:
        dotted = {key.replace("__", "."): value for key, value in overrides.items()}
        return load(document_folder=self.documents, explicit=explicit, overrides=dotted, user_folder=self.user)

    def refused(self, **overrides: object) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            self.load(**overrides)
        assert caught.value.source.name == str(self.project / "polyrun.toml")
        return [f"{d.code.value} {d.message.split()[0]}" for d in caught.value.diagnostics]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_nothing_set_gives_the_defaults(place: Place) -> None:
    assert place.load() == Settings()


def test_later_sources_win_key_by_key(place: Place, tmp_path: Path) -> None:
    place.own("[limits]\ntimeout = 20\nprocesses = 20\nopen-files = 20\ndisk = 20\n")
    found = place.found("[limits]\nprocesses = 19\nopen-files = 19\ndisk = 19\n")
    explicit = tmp_path / "given.toml"
    explicit.write_text("[limits]\nopen-files = 18\ndisk = 18\n")

    got = place.load(explicit, limits__disk=17)

    assert (got.limits.wall_s, got.limits.processes, got.limits.open_files, got.limits.disk_bytes) == (20, 19, 18, 17)
    assert got.sources == (place.user / "polyrun.toml", found, explicit)


def test_the_nearest_file_is_found_and_no_other(place: Place) -> None:
    place.found("[limits]\nprocesses = 3\nopen-files = 3\n")
    (place.documents.parent / "polyrun.toml").write_text("[limits]\nprocesses = 2\n")
    got = place.load()
    assert (got.limits.processes, got.limits.open_files) == (2, 256)


def test_polyrun_toml_comes_before_pyproject(place: Place) -> None:
    place.found("[tool.polyrun.limits]\nprocesses = 3\n", "pyproject.toml")
    assert place.load().limits.processes == 3
    place.found("[limits]\nprocesses = 2\n")
    assert place.load().limits.processes == 2


@pytest.mark.parametrize("text", ["[project]\nname = 'x'\n", "[project]\nname = 'polyrun'\n", "this = is = not toml"])
def test_a_pyproject_that_is_not_ours_is_passed_by(place: Place, text: str) -> None:
    place.found("[limits]\nprocesses = 3\n")
    (place.documents / "pyproject.toml").write_text(text)
    assert place.load().limits.processes == 3


LOOSER = """
limits.timeout = "601s"
limits.memory = "5g"
limits.cpus = 4.5
limits.processes = 65
build.processes = 257
languages.java.memory = "5g"
languages.java.disk = "2g"
run.total-timeout = "1h"
sandbox.backend = "local"
sandbox.chain = ["local"]
sandbox.minimum = 0
permissions.net = true
permissions.read = ["/"]
permissions.write = ["/"]
permissions.write-workspace = true
permissions.env = ["TOKEN"]
log.dir = "/etc"
log.file = "/etc/passwd"
log.keep = false
audit.keep = false
audit.dir = "/tmp"
audit.key-file = "/etc/passwd"
audit.max-size = "1m"
audit.keep-files = 1
trust.folders = ["/"]
"""


def test_a_file_beside_a_document_cannot_loosen(place: Place) -> None:
    place.found(LOOSER)
    asked = [line.split()[0] for line in LOOSER.splitlines() if line]
    asked.remove("run.total-timeout")  # any bound is tighter than the default, which is none
    assert place.refused() == [f"PR804 `{key}`" for key in asked]


TIGHTER = """
limits.timeout = "29s"
limits.cpus = 0.5
languages.java.memory = "64m"
run.total-timeout = "1h"
run.strict = true
run.fail-fast = true
run.languages = ["python"]
sandbox.minimum = 2
permissions.net = false
permissions.env = []
log.level = "DEBUG"
log.keep = true
audit.keep = true
audit.on-failure = "refuse"
audit.sync = true
"""


def test_a_file_beside_a_document_can_tighten(place: Place) -> None:
    place.found(TIGHTER)
    got = place.load()
    assert (got.limits.wall_s, got.limits.cpus, got.run_wall_s, got.minimum) == (29.0, 0.5, 3600.0, 2)
    assert (got.strict, got.fail_fast, got.supported_languages) == (True, True, ("python",))
    assert (got.audit.keep, got.audit.on_failure, got.audit.sync) == (True, "refuse", True)


def test_a_file_beside_a_document_cannot_undo_what_the_user_tightened(place: Place) -> None:
    place.own('audit.on-failure = "refuse"\naudit.sync = true\n')
    place.found('audit.on-failure = "warn"\naudit.sync = false\n')
    assert place.refused() == ["PR804 `audit.on-failure`", "PR804 `audit.sync`"]


def test_a_file_beside_a_document_can_set_what_a_block_can(place: Place) -> None:
    place.found('[limits]\ntimeout = "10m"\nmemory = "4g"\ncpus = 4\n[languages.java]\nmemory = "4g"\n')
    assert (place.load().limits.wall_s, place.load().limits.cpu_s) == (600.0, 600.0)
    place.own("[limits]\ntimeout = 30\nmemory = '512m'\n[languages.java]\nmemory = '1g'\n")
    assert place.refused() == ["PR804 `limits.timeout`", "PR804 `limits.memory`", "PR804 `languages.java.memory`"]


def test_what_is_looser_is_measured_by_the_user_own_settings(place: Place) -> None:
    rest = '[permissions]\nnet = true\nenv = {}\n[run]\nlanguages = ["ruby"]\n'
    place.own('[limits]\ntimeout = "1m"\n' + rest.format('["A", "B"]'))
    place.found('[limits]\ntimeout = "1m"\ncpu = "1m"\n' + rest.format('["B"]'))
    assert place.load().permissions.env == ("B",)
    place.found('[limits]\ntimeout = "61s"\n[permissions]\nenv = ["C"]\n[run]\nlanguages = ["perl"]\n')
    assert place.refused() == ["PR804 `limits.timeout`", "PR804 `permissions.env`", "PR804 `run.languages`"]


def test_the_command_line_settles_what_a_found_file_may_not_say(place: Place) -> None:
    place.found('[limits]\ntimeout = "1h"\n')
    assert place.refused() == ["PR804 `limits.timeout`"]
    assert place.load(limits__timeout="1m").limits.wall_s == 60.0


def test_giving_the_found_file_trusts_it(place: Place) -> None:
    found = place.found('[limits]\ntimeout = "1h"\n')
    got = place.load(found)
    assert (got.limits.wall_s, got.sources) == (3600.0, (found,))


def test_trusted_folders_hold_trusted_files(place: Place) -> None:
    place.found('[limits]\ntimeout = "1h"\n')
    place.own(f'[trust]\nfolders = ["{place.project}"]\n')
    assert place.load().limits.wall_s == 3600.0
    place.own(f'[trust]\nfolders = ["{place.project}-other", "{place.documents}"]\n')
    assert place.refused() == ["PR804 `limits.timeout`"]


def test_a_link_in_a_trusted_folder_is_judged_by_where_it_leads(place: Place, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text('[limits]\ntimeout = "1h"\n')
    (place.project / "polyrun.toml").symlink_to(elsewhere)
    place.own(f'[trust]\nfolders = ["{place.project}"]\n')
    assert place.refused() == ["PR804 `limits.timeout`"]


def test_a_found_file_cannot_trust_itself(place: Place) -> None:
    place.found(f'[trust]\nfolders = ["{place.project}"]\n[permissions]\nnet = true\n')
    assert place.refused() == ["PR804 `trust.folders`", "PR804 `permissions.net`"]


def test_a_pipe_beside_a_document_is_refused_without_waiting(place: Place) -> None:
    os.mkfifo(place.project / "polyrun.toml")
    started = time.monotonic()
    assert place.refused() == ["PR803 the"]
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.with_name("other").mkdir(), "no such file"),
        (lambda path: path.mkdir(), "it is a folder"),
        (lambda path: path.write_bytes(b"#" * (files.MAX_FILE_BYTES + 1)), "larger than 1 mib"),
        (lambda path: path.symlink_to(path), "too many levels"),
    ],
)
def test_a_given_file_that_cannot_be_read(place: Place, tmp_path: Path, make: object, reason: str) -> None:
    assert callable(make)
    path = tmp_path / "given.toml"
    make(path)
    with pytest.raises(ConfigError) as caught:
        place.load(path)
    (only,) = caught.value.diagnostics
    assert only.code.value == "PR803"
    assert reason in only.message


def test_the_largest_file_allowed_is_read(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "given.toml"
    path.write_bytes(b"[limits]\ntimeout = 3\n".ljust(files.MAX_FILE_BYTES, b"#"))
    assert place.load(path).limits.wall_s == 3.0


def test_long_dotted_keys_do_not_take_cubic_time(place: Place) -> None:
    path = place.found(".".join("a" * 200_000) + " = 1\n")
    started = time.monotonic()
    assert place.refused() == ["PR803 the"]
    assert time.monotonic() - started < 5
    assert path.exists()


@pytest.mark.parametrize("opening", ["a = " + "[" * 50_000, "a = " + "{a=" * 50_000, "[" * 50_000])
def test_deep_nesting_is_refused(place: Place, opening: str) -> None:
    place.found(opening)
    assert place.refused() == ["PR803 the"]


@pytest.mark.parametrize(
    ("text", "place_and_code"),
    [
        ("a = 1\nb = = 2\n", "2:5 PR803"),
        ("a = 1\r\nb = = 2\r\n", "2:5 PR803"),
        ("ä = 1\n", "1:1 PR803"),
        ("a = [1,\n 2\n", "2:4 PR803"),
        ("a = 1\na = 2\n", "2:6 PR803"),
    ],
)
def test_what_is_not_toml_keeps_the_parsers_position(place: Place, text: str, place_and_code: str) -> None:
    (place.project / "polyrun.toml").write_bytes(text.encode())
    with pytest.raises(ConfigError) as caught:
        place.load()
    (only,) = caught.value.diagnostics
    assert f"{caught.value.source.position(only.primary.span.start)} {only.code.value}" == place_and_code
    assert "(at " not in only.message


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("limits.timeout", 0, "`limits.timeout` is out of range: `0` is not more than 0 and at most one week"),
        ("limits.memory", "x", "`limits.memory` is wrong: `x` is not a size such as `64k`, `512m` or `1g`"),
        ("limits.timout", 3, "unknown setting `limits.timout`"),
    ],
)
def test_bad_overrides_are_usage_errors(place: Place, key: str, value: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        place.load(**{key.replace(".", "__"): value})
    assert str(caught.value) == message


def test_a_closed_home_does_not_stop_a_run(tmp_path: Path) -> None:
    not_a_folder = tmp_path / "file"
    not_a_folder.write_text("")
    assert load(user_folder=not_a_folder) == Settings()


def test_without_a_user_folder_none_is_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "polyrun").mkdir()
    (tmp_path / "polyrun" / "polyrun.toml").write_text("[limits]\ntimeout = 3\n")
    assert load() == Settings()
    assert load(user_folder=tmp_path / "polyrun").limits.wall_s == 3.0
