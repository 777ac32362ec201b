"""PolyRun's images in an engine: looked up, built, listed and pruned by their labels."""

from __future__ import annotations

import json
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from polyrun.model.errors import SandboxError
from polyrun.model.frozen import frozen
from polyrun.sandbox.docker.api import Engine, EngineError
from polyrun.sandbox.docker.recipe import LABEL_NAME, LABEL_RECIPE, REPOSITORY, Recipe, arguments, certificates

_SILENCE_S = 900.0  # a package that is unpacked says nothing for a while
_KEPT_LINES = 15
_NO_TAG = "<none>:<none>"
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@frozen
class Image:
    """An image of PolyRun's: the engine's `id` for it, its `tag`, and `bytes` as the engine counts them.

    `is_current` is whether it is what the recipe of its name would make now; `None` if no such recipe is known.
    """

    id: str
    name: str
    tag: str
    bytes: int
    is_current: bool | None = None

    @property
    def is_stale(self) -> bool:
        """Whether nothing would use it: another recipe took its name, or it has none."""
        return self.is_current is False or self.tag == _NO_TAG


class BuildFailed(SandboxError):
    """An image could not be built; `printed` are the last lines of what the engine said."""

    def __init__(self, tag: str, message: str, printed: Sequence[str]) -> None:
        super().__init__("building an image", f"`{tag}`: {message}")
        self.printed = tuple(printed)


async def find(engine: Engine, recipe: Recipe) -> str | None:
    """The id of the image made by `recipe`, or `None` if there is none yet."""
    try:
        facts = await engine.get(f"/images/{recipe.tag}/json")
    except EngineError as error:
        if error.status == 404:
            return None
        raise
    return str(facts["Id"])


async def build(engine: Engine, recipe: Recipe, on_line: Callable[[str], None], *, network: str = "host") -> str:
    """Make the image of `recipe`; its id. `on_line` gets what the engine prints, line by line.

    Raises `BuildFailed` if a step fails.
    """
    query = {
        "t": recipe.tag,
        "rm": 1,
        "forcerm": 1,
        "networkmode": network,
        "buildargs": arguments(os.environ),
    }
    printed: deque[str] = deque(maxlen=_KEPT_LINES)
    events = engine.progress("/build", query, recipe.context(certificates(os.environ)), silence_s=_SILENCE_S)
    async for event in events:
        if "error" in event:
            raise BuildFailed(recipe.tag, str(event["error"]).strip(), tuple(printed))
        for line in _ESCAPES.sub("", str(event.get("stream", ""))).splitlines():
            if line.strip():
                printed.append(line.rstrip())
                on_line(line.rstrip())
    made = await find(engine, recipe)
    if made is None:
        raise SandboxError("building an image", f"the engine made no `{recipe.tag}`")
    return made


async def listed(engine: Engine, recipes: Iterable[Recipe] = ()) -> list[Image]:
    """Every image that carries PolyRun's labels, by name."""
    current = {recipe.name: recipe.tag for recipe in recipes}
    found = []
    for facts in await engine.get("/images/json", {"filters": _labelled()}):
        labels = facts.get("Labels") or {}
        name = str(labels.get(LABEL_NAME, "?"))
        for tag in facts.get("RepoTags") or [_NO_TAG]:
            known = current.get(name)
            plain = tag.removeprefix("docker.io/").removeprefix("localhost/")  # as Podman calls it
            if tag != _NO_TAG and not plain.startswith(f"{REPOSITORY}/"):
                continue  # somebody built it on one of ours, and it has our labels from there
            is_current = None if known is None else plain == known
            found.append(Image(str(facts["Id"]), name, str(tag), int(facts.get("Size", 0)), is_current))
    return sorted(found, key=lambda image: (image.name, image.tag))


async def remove(engine: Engine, images: Sequence[Image]) -> list[str]:
    """Remove `images`; what could not be removed, one line each."""
    troubles = []
    for image in images:
        name = image.id if image.tag == _NO_TAG else image.tag
        try:
            await engine.delete(f"/images/{name}")
        except EngineError as error:
            if error.status != 404:
                troubles.append(f"`{name}`: {error}")
    return troubles


def _labelled() -> str:
    return json.dumps({"label": [LABEL_RECIPE]})
