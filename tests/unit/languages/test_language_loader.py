"""Specifications: what is refused, and how the refusal names the place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from polyrun.languages.loader import load_language, read_head
from polyrun.languages.parsed import Parsed
from polyrun.model.errors import LanguageError

GOOD = """
id = "toy"
title = "Toy"
aliases = ["t"]
extension = ".toy"
comments = ["#", "##"]
locations = ['^{document}:(?P<line>[0-9]+)$']

[toolchain]
resolve = [["{toy}", "--version"]]

[toolchain.programs]
toy = ["toy", "toyc"]

[source]
file = "{document}"

[run]
argv = ["{toy}", "{source}/{document}", "{line}"]
env = { A = "{memory_mib}" }

[limits]
wall_s = 5

[packages]
debian = ["toy", "toy-extras"]
npm = ["toy"]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "toy.toml"
    path.write_text(text)
    return path


def test_a_specification_becomes_a_language(tmp_path: Path) -> None:
    language = load_language(write(tmp_path, GOOD))
    assert (language.id, language.aliases, language.comments) == ("toy", ("t",), ("##", "#"))
    assert language.run.argv == ("{toy}", "{source}/{document}", "{line}")
    assert language.run.env == {"A": "{memory_mib}"}
    assert language.limits == {"wall_s": 5}
    assert language.install_hints == ("apt-get install toy toy-extras", "npm install --global toy")
    assert language.build is None
    assert language.guest is None


def test_the_head_is_read_without_the_tables(tmp_path: Path) -> None:
    head = read_head(write(tmp_path, GOOD.replace("argv = [", "argv = nonsense [")), Parsed())
    assert (head.syntax.id, head.syntax.comments, head.aliases) == ("toy", ("##", "#"), ("t",))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "Toy"', 'titel = "Toy"', "`title` is missing"),
        ('title = "Toy"', 'title = "Toy"\ncolour = 1', "`colour` is not a known key"),
        ('title = "Toy"', "title = 1", "`title` must be a string"),
        ('id = "toy"', 'id = "To y"', "`id` must be lower-case"),
        ('["t"]', '["T"]', "`aliases` holds `T`"),
        ('["#", "##"]', '"#"', "`comments` must be a list of strings"),
        ('["{toy}", "--version"]', '"{toy} --version"', "`toolchain.resolve.0` must be a list of strings"),
        ('[["{toy}", "--version"]]', '[["{tool}"]]', "`toolchain.resolve.0` holds the unknown placeholder `{tool}`"),
        ('toy = ["toy", "toyc"]', "toy = []", "`toolchain.programs.toy` must not be empty"),
        ('toy = ["toy", "toyc"]', "", "`toolchain.programs` must name at least one program"),
        ('argv = ["{toy}", "{source}/{document}", "{line}"]', 'argv = "sh"', "`run.argv` must be a list of strings"),
        ('"{line}"]', '"{lime}"]', "`run.argv` holds the unknown placeholder `{lime}`"),
        ("{memory_mib}", "{memory}", "`run.env.A` holds the unknown placeholder `{memory}`"),
        ("[run]", "[run]\nshell = true", "`run.shell` is not a known key"),
        ("[run]", "[walk]", "`run` is missing"),
        ("[0-9]+)", "[0-9]+", "`locations` is not a regular expression"),
        ("wall_s = 5", "wall = 5", "`limits.wall` is not a limit"),
        ("wall_s = 5", "wall_s = -1", "`limits.wall_s` must be a positive number"),
        ("wall_s = 5", "wall_s = nan", "`limits.wall_s` must be a positive number"),
        ("wall_s = 5", "wall_s = true", "`limits.wall_s` must be a positive number"),
        ('file = "{document}"', 'file = "x"\nalign = "left"', "`source.align` must be one of"),
        ('npm = ["toy"]', 'cpan = ["toy"]', "`packages.cpan` is not a known key"),
        ('toy = ["toy", "toyc"]', 'toy = ["{toy}"]', "`toolchain.programs.toy` holds the unknown placeholder `{toy}`"),
        ('title = "Toy"', 'title = "Toy"\nguest = "../toy"', "`guest` must be lower-case"),
        ("[limits]", "[limits", "is not valid TOML"),
    ],
)
def test_a_mistake_is_named_by_file_and_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(LanguageError) as caught:
        load_language(path)
    assert f"`{path}`" in str(caught.value)
    assert said in str(caught.value)


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(LanguageError, match="not a regular file"):
        load_language(tmp_path / "pipe.toml")


def test_the_digest_follows_the_specification_and_the_guest(tmp_path: Path) -> None:
    guests = tmp_path / "guests"
    (guests / "toy").mkdir(parents=True)
    (guests / "toy" / "run").write_text("1")
    first = load_language(write(tmp_path, GOOD), guests=guests)
    assert first.guest == str(guests / "toy")
    assert load_language(write(tmp_path, GOOD), guests=guests).digest == first.digest
    assert load_language(write(tmp_path, GOOD + "\n"), guests=guests).digest != first.digest
    (guests / "toy" / "run").write_text("2")
    assert load_language(write(tmp_path, GOOD), guests=guests).digest != first.digest


def test_a_guest_may_be_shared(tmp_path: Path) -> None:
    guests = tmp_path / "guests"
    for name in ("toy", "other"):
        (guests / name).mkdir(parents=True)
        (guests / name / "run").write_text(name)
    own = load_language(write(tmp_path, GOOD), guests=guests)
    path = write(tmp_path, GOOD.replace('title = "Toy"', 'title = "Toy"\nguest = "other"'))
    shared = load_language(path, guests=guests)
    assert (own.guest, shared.guest) == (str(guests / "toy"), str(guests / "other"))
    (guests / "other" / "run").write_text("changed")
    assert load_language(path, guests=guests).digest != shared.digest
    (guests / "other" / "run").unlink()
    (guests / "other").rmdir()
    with pytest.raises(LanguageError, match="`guest` names the support files `other`, which do not exist"):
        load_language(path, guests=guests)
    with pytest.raises(LanguageError, match="`guest` names the support files `other`"):
        load_language(path)


@pytest.mark.parametrize("content", [b"\xff", b"x" * (1 << 19)])
def test_unreadable_content_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "toy.toml"
    path.write_bytes(content)
    with pytest.raises(LanguageError):
        load_language(path)
    with pytest.raises(LanguageError):
        load_language(tmp_path / "missing.toml")
