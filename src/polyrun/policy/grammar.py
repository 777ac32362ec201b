"""What the analysis must know of a language's syntax: tables of node kinds, and how names come about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from polyrun.policy.scopes import ScopeKind

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.scopes import Binder, Scope

Bind = Callable[["Binder", "SgNode", "Scope", "Scope"], None]
"""Binds the names that a node brings: told the binder, the node, the scope around it and the one that it opens."""

Given = Callable[["SgNode"], "list[SgNode]"]
"""Gives the arguments of a call."""

Inner = Callable[["SgNode"], "str | None"]
"""Gives the text of a node as code to be parsed: as long as the node's, or longer at its end; `None` if it is none."""


class NoGrammar(Exception):
    """There is no such grammar here."""


Constant = str | int | bool | float | None


def words(text: str) -> frozenset[str]:
    """The words of `text`: a set of names that is easy to read."""
    return frozenset(text.split())


CUT_WORDS = re.compile(r"\w\\\r?\n\w"), "it has words that are cut in two by a backslash at the end of a line"
"""For languages that join such lines before they read words."""


@dataclass(frozen=True)
class Loop:
    """How one kind of loop is read.

    `condition` gives the node to judge: `None` for a loop without a condition, which never ends by itself; `False` for
    one that does not loop over a condition at all. With `until` a true condition ends it. `body` is the field of what
    is repeated; where there is none, that is the whole node.
    """

    condition: Callable[[SgNode], SgNode | bool | None]
    body: str = "body"
    until: bool = False


def part(node: SgNode, name: str, at: int) -> SgNode | None:
    """The child of `node` in the field `name`, or, where the grammar has no field for it, the named child `at`."""
    if name:
        return node.field(name)
    inside = node.named_children()
    return inside[at] if inside else None


@dataclass(frozen=True, kw_only=True)
class NameSyntax:
    """Where names are, and what they are bound to.

    `identifiers`; `members` and `subscripts` (kind → fields of the object and of the name or index, where there are no
    fields: the first and the last child); `dots` is what stands before the name of such a kind if not `dot`. `rooted`
    members without an object are names of the outermost scope, as in `::name`; `selves` are kinds of objects whose
    members may be those of the block's own classes, as `this` is. `tables` (kind → kinds of a pair and of a key that is
    no expression) hold values under their keys. `transparent` kinds mean their one named child or the field named;
    `choices` mean any of the fields named. `names_in_text` are kinds of text that name what is called, as in a shell.

    `skipped` kinds hold no code that runs; their binders are asked all the same. `quiet` are (kind, field) of
    identifiers that are no references. `scopes` open a region of names, `binders` bind names, `name_text` gives the
    name that the text of an identifier stands for. `rewrites` turn full names into the ones that rules use, whose parts
    `dot` joins. `inner` are kinds whose text is code that the grammar does not read, such as bodies of macros.
    `unreadable` are texts that the language reads otherwise than the grammar does, with what is said of them.

    `prelude` are modules all of whose names are there from the start. With `builtin` a name that a branch or a loop of
    the outermost scope binds keeps its meaning without that, too: the branch may never have been reached.
    """

    identifiers: frozenset[str] = frozenset({"identifier"})
    members: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    subscripts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    dot: str = "."
    dots: Mapping[str, str] = field(default_factory=dict)
    rooted: frozenset[str] = frozenset()
    selves: frozenset[str] = frozenset()
    tables: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    transparent: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names_in_text: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset({"comment"})
    quiet: frozenset[tuple[str, str]] = frozenset()
    scopes: Mapping[str, ScopeKind] = field(default_factory=dict)
    binders: Mapping[str, Bind] = field(default_factory=dict)
    name_text: Callable[[str], str] = str
    rewrites: tuple[tuple[re.Pattern[str], str], ...] = ()
    inner: Mapping[str, Inner] = field(default_factory=dict)
    unreadable: tuple[tuple[re.Pattern[str], str], ...] = ()
    builtin: bool = False
    prelude: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CallSyntax:
    """What calls something, and calls that mean something else than "what this gives".

    `calls`: kind → fields of function and arguments, which are all children of the one node of `argument_lists`;
    `given`: kind of call → how to get its arguments, where they are in no field; `bare_calls` are kinds of names that
    may be calls by themselves, as in Ruby. `keywords`: kind of a named argument → fields of name and value. A kind that
    is in `members` and in `calls` is a call with the object, if any, before it.

    `loaders` are calls that give the module named by their first argument; `getters` give the attribute of their first
    argument that the second names; `givers` give their first argument itself, or the like of it; `senders` are methods
    that stand for the one that their first argument names, such as `send`. `acts` are kinds that do what a call of the
    name given would do (`None`: not this one), such as backticks; where they are `calls` without a field of arguments,
    all their children are arguments. `carried` tells, of a call's full name and the texts of its arguments, which of
    these are themselves called with those behind them, as by `sudo` and `call_user_func`; `code` tells which is text of
    the same language that is run, as by `sh -c`.
    """

    calls: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    argument_lists: frozenset[str] = frozenset({"argument_list", "arguments"})
    given: Mapping[str, Given] = field(default_factory=dict)
    bare_calls: frozenset[str] = frozenset()
    keywords: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    loaders: frozenset[str] = frozenset()
    getters: frozenset[str] = frozenset()
    givers: frozenset[str] = frozenset()
    senders: frozenset[str] = frozenset()
    acts: Mapping[str, Callable[[SgNode], str | None]] = field(default_factory=dict)
    carried: Callable[[str, Sequence[str]], Iterable[int]] | None = None
    code: Callable[[str, Sequence[str]], int | None] | None = None


@dataclass(frozen=True, kw_only=True)
class ConstantSyntax:
    """What has the same value whenever it is evaluated.

    `strings` (kind → kinds of its literal parts, in order; empty: what `literal` makes of its text), `numbers`,
    `constants` (kind or text → value), `sums` (kind → operator that joins texts), `arithmetic` (kinds of two operands
    and an operator, by which numbers are reckoned and compared), `adjoining` kinds join their children, `negations`
    (kind → field, where the operator is `!` or `not`). `known` functions (text of the called, or `.method` → what it
    makes of its arguments, those in `sequences` laid out flat; what a method is called on comes first). `truthy` says
    which constants are true.
    """

    strings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    literal: Callable[[str], str] | None = None
    numbers: frozenset[str] = frozenset()
    constants: Mapping[str, Constant] = field(default_factory=dict)
    sums: Mapping[str, str] = field(default_factory=dict)
    arithmetic: frozenset[str] = frozenset()
    adjoining: frozenset[str] = frozenset()
    negations: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, Callable[[list[Constant]], Constant]] = field(default_factory=dict)
    sequences: frozenset[str] = frozenset()
    truthy: Callable[[Constant], bool] = bool


@dataclass(frozen=True, kw_only=True)
class LoopSyntax:
    """What repeats, what leaves it, and what waits.

    `loops`; `breaks`, `returns`, `throws`, `yields`, `gotos` and (to an outer label) `continues` are kinds that leave
    one; `absorbers` are kinds besides loops that a plain break leaves. `functions` hold code that runs another time.
    `labels` maps the kind of a labelled statement to the field of its label (empty: its child of one of `label_kinds`,
    which are what a jump may name). `exits` are calls that never come back, `waits` calls that wait (full names, or
    `.method`), `awaits` kinds that wait. `branches` maps the kind of a conditional to the fields of its condition and
    consequence. `catchers` say of a statement around a loop whether it catches what the loop is expected to end by,
    such as the end of an iterator. Where kinds do not tell such things apart, `read_as` gives the one to take a node
    for.
    """

    loops: Mapping[str, Loop] = field(default_factory=dict)
    breaks: frozenset[str] = frozenset({"break_statement"})
    returns: frozenset[str] = frozenset({"return_statement"})
    throws: frozenset[str] = frozenset()
    yields: frozenset[str] = frozenset()
    gotos: frozenset[str] = frozenset()
    continues: frozenset[str] = frozenset({"continue_statement"})
    absorbers: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    label_kinds: frozenset[str] = words("identifier statement_identifier label label_name label_identifier name")
    exits: frozenset[str] = frozenset()
    waits: frozenset[str] = frozenset()
    awaits: frozenset[str] = frozenset()
    branches: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    catchers: Mapping[str, Callable[[SgNode], bool]] = field(default_factory=dict)
    read_as: Mapping[str, Callable[[SgNode], str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Grammar(NameSyntax, CallSyntax, ConstantSyntax, LoopSyntax):
    """One language's syntax, in the kinds and fields of its tree-sitter grammar; `name` is ast-grep's."""

    name: str
