"""What must be installed where a language's programs run, for places that do not have the host's own programs."""

from __future__ import annotations

from collections.abc import Mapping

from polyrun.model.frozen import NOTHING, frozen


@frozen
class Requirements:
    """`packages` by ecosystem (`debian`, `pypi`, `npm`) under a `name` that people recognise, such as `python`."""

    name: str
    packages: Mapping[str, tuple[str, ...]] = NOTHING
