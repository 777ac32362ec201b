"""PolyRun's images in a container engine: build, list, prune."""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from polyrun.api.docker_setup import docker_options
from polyrun.api.standing import plan, registry_for
from polyrun.config.settings import Settings
from polyrun.document.nearest import suggest
from polyrun.model.errors import SandboxError, SandboxUnavailable, UsageError
from polyrun.model.frozen import frozen
from polyrun.model.requirements import Requirements
from polyrun.sandbox.docker import images
from polyrun.sandbox.docker.api import EngineError, EngineGone
from polyrun.sandbox.docker.backend import Docker, advice
from polyrun.sandbox.docker.images import BuildFailed, Image
from polyrun.sandbox.docker.recipe import Recipe

__all__ = ["BuildFailed", "BuiltImage", "PruneReport", "build_images", "list_images", "prune_images"]

_T = TypeVar("_T")

_AT_ONCE = 2  # builds; they wait for the network and for a disk in turn


@frozen
class BuiltImage:
    """An image that is there now: its `tag`, whether it `is_new`, and how long it took, in seconds."""

    tag: str
    is_new: bool
    wall_s: float


@frozen
class PruneReport:
    """The images that were to be removed, and what could not be, one line each."""

    found: tuple[Image, ...]
    troubles: tuple[str, ...] = ()


def build_images(
    names: Iterable[str] = (),
    *,
    document: str | os.PathLike[str] | None = None,
    force: bool = False,
    settings: Settings | None = None,
    on_line: Callable[[str, str], None] = lambda _name, _line: None,
) -> list[BuiltImage]:
    """Build the images of the languages called `names`, and of those in `document`; without either, of all.

    What is there is not built again unless `force`. `on_line` gets an image's name and each line its build prints.
    Raises `UsageError` for an unknown language, `SandboxUnavailable` without an engine, `SandboxError` for a build that
    fails, and like `plan` for the document.
    """
    settings = settings or Settings()
    backend = Docker(docker_options(settings))
    recipes = {made.tag: made for made in map(backend.recipe, _wanted(names, document, settings))}

    places = asyncio.Semaphore(_AT_ONCE)

    async def make_one(recipe: Recipe) -> BuiltImage:
        async with places:
            started = time.monotonic()
            is_new = force or await images.find(backend.engine, recipe) is None
            if is_new:
                await images.build(backend.engine, recipe, functools.partial(on_line, recipe.name))
            return BuiltImage(recipe.tag, is_new, time.monotonic() - started)

    async def make() -> list[BuiltImage]:
        return await asyncio.gather(*map(make_one, recipes.values()))

    return _asking(make)


def list_images(settings: Settings | None = None) -> list[Image]:
    """PolyRun's images in the engine, by name. Raises `SandboxUnavailable` without an engine."""
    settings = settings or Settings()
    backend = Docker(docker_options(settings))
    recipes = [backend.recipe(requirements) for requirements in _wanted((), None, settings)]
    return _asking(lambda: images.listed(backend.engine, recipes))


def prune_images(settings: Settings | None = None, *, everything: bool = False, dry_run: bool = False) -> PruneReport:
    """Remove the images that are not what their recipe makes now, or all of PolyRun's. Raises like `list_images`."""
    found = tuple(one for one in list_images(settings) if everything or one.is_stale)
    if dry_run or not found:
        return PruneReport(found)
    engine = Docker(docker_options(settings or Settings())).engine
    return PruneReport(found, tuple(_asking(lambda: images.remove(engine, found))))


def _wanted(names: Iterable[str], document: str | os.PathLike[str] | None, settings: Settings) -> list[Requirements]:
    registry = registry_for()
    languages = []
    for name in names:
        language = registry.get(name)
        if language is None:
            hint = suggest(name, registry.names()) or "`polyrun languages` lists them"
            raise UsageError(f"`{name}` is not a known language", hint=hint)
        languages.append(language)
    if document is not None:
        languages += [job.language for job in plan(document, settings).jobs]
    if not languages and document is None:
        languages = [language for name in registry.ids if (language := registry.get(name)) is not None]
    return [language.requirements for language in languages]


def _asking(do: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """Run `do`, and say it in PolyRun's words if the engine will not."""
    try:
        return asyncio.run(do())
    except EngineGone as error:
        raise SandboxUnavailable(f"no container engine answers: {error}", hint=advice(str(error))) from error
    except EngineError as error:
        raise SandboxError("asking the engine", str(error)) from error
