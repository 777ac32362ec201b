"""What a document says, as frozen values whose spans point into its source.

The `segments` of a `Document` tile its source: every byte belongs to exactly one of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from polyrun.model.diagnostics import Diagnostic, has_errors
from polyrun.model.frozen import frozen
from polyrun.model.spans import Source, Span

Plain = None | bool | int | float | str | tuple["Plain", ...] | Mapping[str, "Plain"]
"""A value of `params:`; lists are tuples."""


@frozen
class Name:
    """A word the author wrote, and where."""

    text: str
    span: Span


@frozen
class Option:
    """One option as written: `key=value` on a header, or an entry of `defaults:` in the front matter.

    `value` is the text without quotes and escapes, `None` for a flag; `items` is set instead for
    a YAML list. `span` covers all of it, `value_span` the value (or the key of a flag).
    """

    key: Name
    value: str | None
    span: Span
    value_span: Span
    items: tuple[str, ...] | None = None


@frozen
class Options:
    """What a block asks for, typed; `None` and empty mean that neither the block nor a default says anything.

    `timeout_s` (wall) and `cpu_s` (processor time) are seconds, `cpus` is a share of processors
    (`cpu=50%` is 0.5). `after` names blocks. `read` and `write` are paths and `env` variable names that the block
    asks the user to allow. `stdin` is literal input; `stdin_file` a path below the document's folder (relative,
    without `..`; symbolic links are for the reader to check). `until` is the word of the closing `#end:WORD`.
    `given` are the options of the header itself, without those that were refused.
    """

    timeout_s: float | None = None
    memory_bytes: int | None = None
    cpu_s: float | None = None
    cpus: float | None = None
    after: tuple[Name, ...] = ()
    net: bool | None = None
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    stdin: bytes | None = None
    stdin_file: str | None = None
    allow_fail: bool = False
    tags: tuple[str, ...] = ()
    until: str | None = None
    given: tuple[Option, ...] = ()

    def option(self, key: str) -> Option | None:
        """The header's own option `key`, or `None` when the header does not have it."""
        return next((option for option in self.given if option.key.text == key), None)


@frozen
class ImportedName:
    """One item of `#import:`: a value's `name`, the block it must come from, and its name in this block.

    `type` is what it is to be turned into, such as `str`; `None` takes it as it is.
    """

    name: Name
    block: Name | None
    alias: Name | None
    span: Span
    type: Name | None = None

    @property
    def local(self) -> str:
        """The name under which the block sees the value."""
        return (self.alias or self.name).text


@frozen
class Import:
    """`#import: rows, load.total as t, big:str`."""

    items: tuple[ImportedName, ...]
    span: Span


@frozen
class ExportedName:
    """One item of `#export:`; `type` is as written, such as `table` or `array(float64)`."""

    name: Name
    type: Name | None
    span: Span


@frozen
class Export:
    """`#export: total, rows:table`."""

    items: tuple[ExportedName, ...]
    span: Span


@frozen
class Requirement:
    """One item of `#requires:`; `constraint` is what follows the package's name, such as `>=2,<3` or `@1`, or empty."""

    name: Name
    constraint: str
    span: Span


@frozen
class Requires:
    """`#requires: pandas>=2, left-pad@1`."""

    items: tuple[Requirement, ...]
    span: Span


@frozen
class Expect:
    """`#expect: text`: one line of the expected stdout."""

    text: str
    span: Span


Directive = Import | Export | Requires | Expect


@frozen
class Block:
    """One language region.

    `index` counts from 1. `language` is as written (empty when missing) and `language_id` the
    canonical id, `None` when there is no such language. `span` covers the header line, the body and
    the closing line with their terminators; `header` is the header line without its terminator,
    `body` the lines between, `end` the closing line without its terminator or `None`.
    `line` is the header's line and `code_line` the line of the body's first byte (both from 1).

    `code` is the body ready to run: bare directive lines are blank and escapes undone, and it
    has as many lines as the body, so its line N is the document's line `code_line + N - 1`.
    """

    index: int
    language: Name
    language_id: str | None
    name: Name | None
    options: Options
    directives: tuple[Directive, ...]
    span: Span
    header: Span
    body: Span
    end: Span | None
    line: int
    code_line: int
    code: bytes

    @property
    def label(self) -> str:
        """The name, or `block N`."""
        return self.name.text if self.name else f"block {self.index}"

    @property
    def expected(self) -> str | None:
        """The expected stdout: the `#expect:` lines joined by newlines, or `None` without any."""
        lines = [d.text for d in self.directives if isinstance(d, Expect)]
        return "\n".join(lines) if lines else None


@frozen
class Prose:
    """Text outside blocks."""

    span: Span


@frozen
class Param:
    """One parameter of the document with its default."""

    name: Name
    value: Plain


@frozen
class Default:
    """One option of `defaults:`, for one language (its id) or, with `None`, for every block."""

    language_id: str | None
    option: Option


@frozen
class FrontMatter:
    """The YAML head of a document; `span` covers both `---` lines."""

    span: Span
    params: tuple[Param, ...] = ()
    defaults: tuple[Default, ...] = ()


Segment = FrontMatter | Prose | Block


@frozen
class Document:
    """A parsed document. Always complete; look at `diagnostics` before believing it.

    `blocks` are the blocks among `segments`, in order. `diagnostics` are sorted by position.
    """

    source: Source
    segments: tuple[Segment, ...]
    blocks: tuple[Block, ...]
    front_matter: FrontMatter | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def has_errors(self) -> bool:
        """Whether any diagnostic is an error; such a document must not run."""
        return has_errors(self.diagnostics)
