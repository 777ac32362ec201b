"""All the languages there are: built in, from folders of TOML files, and from plugins.

Start-up matters: only the first lines of each file are parsed until a language is used, and plugins are
asked for only when no file has the name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from polyrun.languages.loader import Head, load_language, read_head
from polyrun.languages.parsed import Parsed
from polyrun.languages.spec import Language
from polyrun.model.errors import LanguageError
from polyrun.model.syntax import LanguageSyntax

ENTRY_POINTS = "polyrun.languages"

_PACKAGE = os.path.dirname(__file__)


class Registry:
    """Languages by id and alias, case ignored.

    A later folder replaces a language of the same id from an earlier one, and takes over its aliases; a plugin never
    replaces a file.
    """

    def __init__(self, folders: Iterable[str | os.PathLike[str]], cache: str | os.PathLike[str] | None = None) -> None:
        self._parsed = Parsed(cache)
        self._heads: dict[str, Head] = {}
        self._names: dict[str, str] = {}
        self._files: dict[str, str] = {}
        self._loaded: dict[str, Language] = {}
        for folder in folders:
            for path in _specifications(folder):
                self._add(read_head(path, self._parsed), path)
        self._parsed.keep()

    @classmethod
    def load(
        cls, extra_dirs: Iterable[str | os.PathLike[str]] = (), *, cache: str | os.PathLike[str] | None = None
    ) -> Registry:
        """The built-in languages, then those of `extra_dirs`, all of which must be trusted by the user.

        A specification says what runs outside the sandbox (version probes), what is mounted into it and how host-side
        patterns read its output, so nothing that merely comes with a document may be passed here. A folder that does
        not exist is skipped. What was read is kept in the folder `cache`. Raises `LanguageError` for a file
        without a valid head.
        """
        return cls([os.path.join(_PACKAGE, "data"), *extra_dirs], cache)

    def _add(self, head: Head, path: str) -> None:
        identifier = head.syntax.id
        self._heads[identifier] = head
        self._files[identifier] = path
        for name in head.aliases:
            if name not in self._heads:
                self._names[name] = identifier
        self._names[identifier] = identifier

    @cached_property
    def _plugins(self) -> dict[str, Language]:
        """Languages of installed packages by id; found on first use, because asking for them takes 10 ms or more."""
        from importlib.metadata import entry_points

        plugins: dict[str, Language] = {}
        for entry in entry_points(group=ENTRY_POINTS):
            made = entry.load()
            language = made() if callable(made) else made
            if not isinstance(language, Language):
                raise LanguageError(f"the entry point `{entry.name}` of `{ENTRY_POINTS}` does not give a `Language`")
            plugins.setdefault(language.id, language)
        return plugins

    def _plugin(self, name: str) -> Language | None:
        for language in self._plugins.values():
            if name == language.id or name in language.aliases:
                return language
        return None

    def resolve(self, name: str) -> str | None:
        """The id of the language called `name`, or `None`."""
        lowered = name.lower()
        if lowered in self._names:
            return self._names[lowered]
        plugin = self._plugin(lowered)
        return None if plugin is None else plugin.id

    def get(self, name: str) -> Language | None:
        """The language with this id or alias, or `None`. Raises `LanguageError` when its specification is wrong."""
        identifier = self.resolve(name)
        if identifier is None:
            return None
        if identifier not in self._files:
            return self._plugins[identifier]
        if identifier not in self._loaded:
            self._loaded[identifier] = load_language(
                self._files[identifier], guests=os.path.join(_PACKAGE, "guests"), parsed=self._parsed
            )
        return self._loaded[identifier]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all languages, sorted, plugins included."""
        return tuple(sorted({*self._heads, *self._plugins}))

    def syntax(self) -> Mapping[str, LanguageSyntax]:
        """What the parser of documents needs, by id and alias; a name that is unknown so far asks the plugins."""
        return _SyntaxMap(self)

    def syntax_of(self, name: str) -> LanguageSyntax | None:
        """The syntax of the language with this id or alias, without parsing all of its specification."""
        identifier = self.resolve(name)
        if identifier is None:
            return None
        head = self._heads.get(identifier)
        return self._plugins[identifier].syntax if head is None else head.syntax

    def names(self) -> tuple[str, ...]:
        """Every id and alias, sorted, plugins included."""
        plugins = (name for plugin in self._plugins.values() for name in (plugin.id, *plugin.aliases))
        return tuple(sorted({*self._names, *plugins}))


class _SyntaxMap(Mapping[str, LanguageSyntax]):
    """A view of a registry; going through it, as for "did you mean", loads the plugins' names."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def __getitem__(self, name: str) -> LanguageSyntax:
        syntax = self._registry.syntax_of(name)
        if syntax is None:
            raise KeyError(name)
        return syntax

    def __iter__(self) -> Iterator[str]:
        return iter(self._registry.names())

    def __len__(self) -> int:
        return len(self._registry.names())


def _specifications(folder: str | os.PathLike[str]) -> list[str]:
    """The files in `folder`; none in one that is missing, or closed to us (somebody else's home)."""
    try:
        with os.scandir(folder) as listing:
            return sorted(os.fspath(entry.path) for entry in listing if entry.name.endswith(".toml"))
    except OSError:
        return []
