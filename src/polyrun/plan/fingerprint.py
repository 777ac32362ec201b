"""What decides whether a build can be reused: a named record of every input."""

from __future__ import annotations

import json
from collections.abc import Mapping

from polyrun.languages.spec import Language, Program, Toolchain
from polyrun.model.digest import sha256
from polyrun.model.frozen import as_dict, frozen

FORMAT = 2
"""Raised when the meaning of a field or the layout of a cached build changes."""


@frozen
class Fingerprint:
    """Every input of one build, printable field by field.

    `specification` is the language's digest, guest files included; `files` are SHA-256 digests of what
    lies under `{source}`; `place` is the image that the programs are in, if any. Limits are left out: a build that
    succeeded is the same under any limit.
    """

    language: str
    specification: str
    toolchain: str
    place: str | None
    programs: Mapping[str, str]
    argv: tuple[str, ...]
    env: Mapping[str, str]
    files: Mapping[str, str]
    prepared: str | None
    polyrun: str
    format: int = FORMAT

    @property
    def digest(self) -> str:
        """64 hexadecimal digits; equal if and only if all fields are equal."""
        return sha256(json.dumps(as_dict(self), sort_keys=True).encode()).hexdigest()


def build_fingerprint(
    language: Language, program: Program, toolchain: Toolchain, prepared: str | None, version: str
) -> Fingerprint:
    """The fingerprint of `program`'s build step, which must exist.

    `prepared` is the digest of the prepared files it uses, `version` PolyRun's own.
    """
    assert program.build is not None
    return Fingerprint(
        language=language.id,
        specification=language.digest,
        toolchain=toolchain.version,
        place=toolchain.place,
        programs=dict(toolchain.programs),
        argv=program.build.argv,
        env=dict(program.build.env),
        files={name: sha256(data).hexdigest() for name, data in program.files.items()},
        prepared=prepared,
        polyrun=version,
    )
