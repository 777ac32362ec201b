"""Rules as values: what to look for, and what to say about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from polyrun.model.codes import Code
from polyrun.model.diagnostics import Severity
from polyrun.model.frozen import NOTHING, frozen

ANY = "any"
"""Stands for every argument of a call, of which one must do."""

LoopKind = Literal["busy", "waiting"]


@frozen
class Condition:
    """What one argument of a call must be for a rule to hold.

    `argument` is its position from 0 (or from the end, where -1 is the last) or its keyword, `.` is what the method is
    called on; of several, the first that is given counts. `text` must be found in its value if that is a constant, else
    in its source text (of a name that is bound once: in that of what it is bound to); `constant` says whether it must
    be one; it must be a constant number of `least` or more; `means` must be found in one of the full names that it may
    stand for. With `absent` no such argument may be given. The position `any` is met if one of the arguments meets it;
    with `absent`, if none does.
    """

    argument: tuple[int | str, ...]
    text: re.Pattern[str] | None = None
    constant: bool | None = None
    least: float | None = None
    means: re.Pattern[str] | None = None
    absent: bool = False


@frozen
class Rule:
    """One rule.

    `name` is `FILE/RULE`. It matches one of four things: a reference to one of `uses`, a call of one of `calls` whose
    arguments meet all of `where`, a node that ast-grep's rule object `match` finds, or an endless `loop`. Of the first
    two, `named` must be found in the full name, and `repeated` ones count in endless busy loops only.
    `message` may hold `{name}`, what the code means by the words that were found. `example` is code that it matches,
    `safe` code that it does not; `remedy` is what to write instead.
    """

    name: str
    grammars: tuple[str, ...]
    code: Code
    severity: Severity
    message: str
    reason: str
    remedy: str
    example: str
    safe: str = ""
    uses: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    named: re.Pattern[str] | None = None
    repeated: bool = False
    match: Mapping[str, object] = NOTHING
    loop: LoopKind | None = None


class Names:
    """Finds the rules that speak of a name.

    Patterns are exact, `prefix*`, or `.method` of anything. What a call gives (`prefix.open()`) is only found by exact
    patterns. `dot` is what stands between the parts of the names; patterns of methods begin with a full stop all the
    same.
    """

    def __init__(self, rules: tuple[Rule, ...], dot: str = ".") -> None:
        self._dot = dot
        self._exact: dict[str, list[Rule]] = {}
        self._methods: dict[str, list[Rule]] = {}
        self._prefixes: list[tuple[str, Rule]] = []
        for rule in rules:
            for pattern in (*rule.uses, *rule.calls):
                if pattern.endswith("*"):
                    self._prefixes.append((pattern[:-1], rule))
                elif pattern.startswith("."):
                    self._methods.setdefault(pattern[1:], []).append(rule)
                else:
                    self._exact.setdefault(pattern, []).append(rule)
        self._starts = tuple(prefix for prefix, _ in self._prefixes)

    def about(self, name: str) -> list[Rule]:
        """The rules that have a pattern for the full `name`."""
        found = list(self._exact.get(name, ()))
        _, dot, method = name.rpartition(self._dot)
        if dot:
            found += self._methods.get(method, ())
        if name.startswith(self._starts) and not name.endswith(")"):
            found += [rule for prefix, rule in self._prefixes if name.startswith(prefix)]
        return found


@frozen
class Finding:
    """What a rule found in a block: `start` and `end` are (line from 0, byte in it) in the block's code.

    `message`, `reason` and `remedy` are the rule's.
    """

    rule: str
    code: Code
    severity: Severity
    message: str
    reason: str
    remedy: str
    start: tuple[int, int]
    end: tuple[int, int]
