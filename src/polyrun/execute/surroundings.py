"""What all jobs of one run share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from polyrun.document import Document
from polyrun.execute.cache import BuildCache
from polyrun.languages import Toolchain, ToolchainMissing
from polyrun.model.frozen import frozen
from polyrun.model.spans import Source
from polyrun.sandbox.base import Capabilities, Sandbox, Workspace

if TYPE_CHECKING:
    from polyrun.execute.handover import Handover


@frozen
class Surroundings:
    """The document, the sandbox and the folders of one run.

    `toolchains` has an entry for every language of the plan. `new_folder` makes an empty folder that lasts as long
    as the run and lies where builds are cached. `handover` passes values between blocks, if any block has values.
    """

    document: Document
    sandbox: Sandbox
    capabilities: Capabilities
    toolchains: Mapping[str, Toolchain | ToolchainMissing]
    workspace: Workspace
    scratch: str
    cache: BuildCache
    new_folder: Callable[[], str]
    handover: Handover | None = None

    @property
    def source(self) -> Source:
        """The document's text."""
        return self.document.source

    def toolchain(self, language: str) -> Toolchain:
        """The toolchain of `language`, which must have been found."""
        found = self.toolchains[language]
        assert isinstance(found, Toolchain)
        return found
