"""What happens during a run, as one stream of typed events.

Console, log, JSON and every other reader consume this stream and nothing else. Times are seconds
since the epoch, so that a log can be read beside others.
"""

from __future__ import annotations

from typing import Literal

from polyrun.model.frozen import frozen
from polyrun.model.results import BlockResult, RunResult
from polyrun.model.spans import Source, Span

Stream = Literal["stdout", "stderr"]
StepKind = Literal["prepare", "build", "run"]
"""`prepare` builds the support files of a language, once for a toolchain."""


@frozen
class BlockInfo:
    """What identifies a block in a report: its 1-based `index`, `name`, `language` id and header `line`.

    `body` are the lines between its header and its end, as far as they are known.
    """

    index: int
    name: str | None
    language: str
    line: int
    body: Span | None = None

    @property
    def label(self) -> str:
        """The name, or `block N`."""
        return self.name or f"block {self.index}"


@frozen
class RunStarted:
    """A run begins; `blocks` are all the blocks that will be run or skipped, in document order.

    `source` is the document itself, which problems point into; `None` in a stream read back from a log. `folder` is the
    document's, absolute.
    """

    time: float
    run_id: str
    document: str
    sandbox: str
    level: int
    blocks: tuple[BlockInfo, ...]
    source: Source | None = None
    folder: str | None = None


@frozen
class SecurityEvent:
    """Something the user must see: a downgrade, a refused permission. `kind` is a stable word."""

    time: float
    kind: str
    message: str


@frozen
class JobStarted:
    """A block's first step is about to start."""

    time: float
    block: BlockInfo


@frozen
class StepStarted:
    """A step starts. `argv` is what the box is told to execute."""

    time: float
    block: BlockInfo
    step: StepKind
    argv: tuple[str, ...]


@frozen
class Output:
    """Bytes a step has just printed, in the order they came; at most 64 KiB each."""

    time: float
    block: BlockInfo
    step: StepKind
    stream: Stream
    data: bytes


@frozen
class JobFinished:
    """A block ended, was skipped or was refused."""

    time: float
    block: BlockInfo
    result: BlockResult


@frozen
class RunFinished:
    """The last event of every run, also of a cancelled one."""

    time: float
    result: RunResult


Event = RunStarted | SecurityEvent | JobStarted | StepStarted | Output | JobFinished | RunFinished
