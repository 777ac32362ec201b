"""The registry: names, folders, plugins, and what start-up costs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyrun.languages import Registry
from polyrun.model.errors import LanguageError

BUILT_IN = (
    "bash", "c", "cpp", "go", "java", "javascript", "lua", "perl", "php", "python", "r", "ruby", "rust", "sql",
    "typescript",
)  # fmt: skip

TOY = """
id = "{id}"
title = "Toy"
aliases = ["{alias}"]
extension = ".toy"
comments = ["#"]
[toolchain.programs]
toy = ["{id}"]
[source]
file = "x"
[run]
argv = ["{{toy}}"]
"""


def add(folder: Path, identifier: str, alias: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{identifier}.toml").write_text(TOY.format(id=identifier, alias=alias))
    return folder


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("py", "python"), ("python3", "python"), ("c++", "cpp"), ("cxx", "cpp"), ("cc", "cpp"), ("js", "javascript"),
        ("node", "javascript"), ("sh", "bash"), ("shell", "bash"), ("rb", "ruby"), ("pl", "perl"), ("rs", "rust"),
        ("golang", "go"), ("Python", "python"), ("C++", "cpp"), ("ts", "typescript"), ("duckdb", "sql"),
        ("lua5.4", "lua"), ("php8", "php"), ("R", "r"), ("Rscript", "r"),
    ],
)  # fmt: skip
def test_alias_and_case(name: str, identifier: str) -> None:
    language = Registry.load().get(name)
    assert language is not None
    assert language.id == identifier


def test_every_built_in_language_loads_and_says_what_it_must() -> None:
    registry = Registry.load()
    assert registry.ids == BUILT_IN
    for identifier in registry.ids:
        language = registry.get(identifier)
        assert language is not None
        assert language.syntax == registry.syntax()[identifier]
        assert language.install_hints
        assert language.locations
        assert language.selftest is not None
        assert language.selftest.build_fault is not None
        assert language.selftest.run_fault is not None


def test_no_two_languages_share_a_name() -> None:
    registry = Registry.load()
    languages = [registry.get(identifier) for identifier in registry.ids]
    names = [name for language in languages if language for name in (language.id, *language.aliases)]
    assert len(names) == len(set(names))
    assert sorted(registry.syntax()) == sorted(names)


def test_unknown_name() -> None:
    registry = Registry.load()
    assert registry.get("cobol") is None
    assert "cobol" not in registry.syntax()
    assert registry.syntax().get("py") is not None


def test_a_folder_adds_and_replaces(tmp_path: Path) -> None:
    user = add(add(tmp_path / "user", "toy", "ty"), "ruby", "rb2")
    registry = Registry.load([user, tmp_path / "missing"])
    toy, ruby = registry.get("ty"), registry.get("rb2")
    assert toy is not None
    assert ruby is not None
    assert (toy.id, ruby.id, ruby.title) == ("toy", "ruby", "Toy")


def test_an_alias_never_hides_another_language(tmp_path: Path) -> None:
    language = Registry.load([add(tmp_path, "toy", "python")]).get("python")
    assert language is not None
    assert language.id == "python"


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('id = "bad"\n')
    with pytest.raises(LanguageError, match=r"bad\.toml"):
        Registry.load([tmp_path])


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[None]:
    """An installed distribution with two languages: one object, one function."""
    (tmp_path / "toy_plugin.py").write_text(
        "from polyrun.model.frozen import replace\n"
        "from polyrun.languages import Registry\n"
        "def make():\n"
        "    return replace(Registry.load().get('bash'), id='toy', aliases=('toylang',))\n"
        "TOY2 = replace(make(), id='toy2', aliases=('bash',))\n"
    )
    info = tmp_path / "toy_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[polyrun.languages]\na = toy_plugin:make\nb = toy_plugin:TOY2\n")
    sys.path.insert(0, str(tmp_path))
    yield
    sys.path.remove(str(tmp_path))
    sys.modules.pop("toy_plugin", None)


@pytest.mark.usefixtures("plugin")
def test_a_plugin_adds_languages_but_replaces_none() -> None:
    registry = Registry.load()
    assert registry.get("bash") is not None
    assert "toy_plugin" not in sys.modules, "plugins are loaded only when no file has the name"
    toy, bash = registry.get("ToyLang"), registry.get("bash")
    assert toy is not None
    assert bash is not None
    assert (toy.id, bash.id) == ("toy", "bash")
    assert {"toy", "toy2"} < set(registry.ids)
    assert registry.syntax()["toy"].id == "toy"


def test_start_up_parses_no_more_than_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    import tomllib

    parsed: list[int] = []
    real = tomllib.loads

    def counted(text: str) -> dict[str, object]:
        parsed.append(len(text))
        return real(text)

    monkeypatch.setattr(tomllib, "loads", counted)
    registry = Registry.load()
    assert registry.syntax()["py"].id == "python"
    heads = len(parsed)
    assert heads == len(BUILT_IN)
    assert max(parsed) < 1000, "only heads are parsed"
    registry.get("python")
    registry.get("py")
    assert len(parsed) == heads + 1
