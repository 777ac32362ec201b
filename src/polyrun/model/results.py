"""The result of a run and of each block in it."""

from __future__ import annotations

from collections.abc import Mapping

from polyrun.model.capture import Capture
from polyrun.model.diagnostics import Diagnostic, Severity
from polyrun.model.frozen import NOTHING, frozen
from polyrun.model.limits import Usage
from polyrun.model.outcomes import Outcome, Status
from polyrun.model.spans import Source
from polyrun.model.values import ValueInfo


@frozen
class StepResult:
    """One executed step: its outcome and what it printed."""

    outcome: Outcome
    stdout: Capture
    stderr: Capture


@frozen
class BlockResult:
    """How one block ended.

    `index` and `line` are 1-based; `line` is the header's. `build` is `None` for languages
    without a build, `run` is `None` when the block did not get that far. `enforced` lists what
    the sandbox really enforced (`model.outcomes.Feature`), sorted. `problem` points at the line of the
    document that explains a failure, as far as it is known. `toolchain` is the version that ran.
    `imports` are the values that it was given, `exports` those that it has handed over. `findings` are what the static
    analysis said of its code, whether or not it was let run.
    """

    index: int
    name: str | None
    language: str
    line: int
    status: Status
    build: StepResult | None = None
    run: StepResult | None = None
    sandbox: str | None = None
    enforced: tuple[str, ...] = ()
    build_cached: bool = False
    reason: str | None = None
    problem: Diagnostic | None = None
    toolchain: str | None = None
    allowed_to_fail: bool = False
    imports: tuple[ValueInfo, ...] = ()
    exports: tuple[ValueInfo, ...] = ()
    findings: tuple[Diagnostic, ...] = ()

    @property
    def label(self) -> str:
        """The name, or `block N`."""
        return self.name or f"block {self.index}"

    @property
    def ok(self) -> bool:
        """Whether the block did what it should."""
        return self.status is Status.OK

    @property
    def remarks(self) -> tuple[Diagnostic, ...]:
        """The findings besides the `problem`, without mere notes."""
        return tuple(one for one in self.findings if one != self.problem and one.severity is not Severity.NOTE)

    @property
    def exit_code(self) -> int | None:
        """The exit code of the last step that ran, `None` after a signal or when none ran."""
        step = self.run or self.build
        return step.outcome.exit_code if step else None

    @property
    def signal(self) -> str | None:
        """The name of the signal that ended the last step, if one did."""
        step = self.run or self.build
        return step.outcome.signal if step else None

    @property
    def usage(self) -> Usage:
        """Build and run together."""
        total = Usage()
        for step in (self.build, self.run):
            if step is not None:
                total = total.plus(step.outcome.usage)
        return total

    @property
    def stdout(self) -> bytes:
        """What the program printed, exactly, up to the limit; empty if it did not run."""
        return self.run.stdout.read() if self.run else b""

    @property
    def stderr(self) -> bytes:
        """What the program printed to stderr, exactly, up to the limit; empty if it did not run."""
        return self.run.stderr.read() if self.run else b""

    @property
    def truncated(self) -> bool:
        """Whether any stream printed more than was kept."""
        steps = [step for step in (self.build, self.run) if step is not None]
        return any(step.stdout.truncated or step.stderr.truncated for step in steps)


@frozen
class RunResult:
    """How a document's run ended, with its blocks in document order.

    `status` is `ok` when every block is ok (or allowed to fail), `cancelled` after an interrupt,
    else `failed`. `exit_code` is the command line's. `level` is the sandbox's (0–4). `artifacts` are the paths,
    relative to the document's folder, that blocks created or changed; unless written through,
    they are kept in `artifacts_dir`. `values` are the exports that `settings.get` asked for, as strict JSON, and
    `saved` the files that `settings.save_to` asked for; `report` is the page that `settings.report_to` asked for.
    `audit_head` is the end of the audit log's chain, `SEQ HASH`, when this run's last record was written.
    """

    run_id: str
    source: Source
    status: str
    exit_code: int
    blocks: tuple[BlockResult, ...]
    diagnostics: tuple[Diagnostic, ...]
    wall_s: float
    sandbox: str
    level: int
    artifacts: tuple[str, ...] = ()
    artifacts_dir: str | None = None
    log_path: str | None = None
    notes: tuple[str, ...] = ()
    values: Mapping[str, str] = NOTHING
    saved: tuple[str, ...] = ()
    report: str | None = None
    audit_head: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the run succeeded."""
        return self.exit_code == 0

    def block(self, name: str | int) -> BlockResult:
        """The block called `name`, or at 1-based index `name`. Raises `KeyError` if there is none."""
        for block in self.blocks:
            if name in (block.name, block.index):
                return block
        raise KeyError(name)
