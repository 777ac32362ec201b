"""What a name means: the full names that an expression may stand for, through imports, aliases and lookups by text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyrun.policy.constants import MAX_DEPTH, NotConstant, constant, unwrapped
from polyrun.policy.grammar import Constant, Grammar, part
from polyrun.policy.scopes import Binding, Function, Scope, Value
from polyrun.policy.survey import TooMuch

if TYPE_CHECKING:
    from ast_grep_py import SgNode

UNKNOWN = "?"
"""Stands for an object of the block's own, or one that nobody can tell."""

_MAX_MEANINGS = 16
_MAX_STEPS = 256
_MAX_VISITS = 1_000_000
_NOWHERE = Scope("module")


class Resolver:
    """Tells what expressions of one language mean. Raises `TooMuch` for those nested too deep to be followed."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self._following: set[Value] = set()
        self._known: dict[tuple[Scope, str], list[str]] = {}
        self._steps = 0
        self._budget = _MAX_VISITS
        self._rewrites: dict[str, str] = {}
        self._tables: dict[SgNode, list[str]] = {}
        self._hidden: dict[tuple[Scope, str], bool] = {}
        self._in_calls = 0
        self._is_cut = False

    def meanings(self, node: SgNode, scope: Scope, depth: int = 0) -> list[str]:
        """The full names that `node` may stand for; at most 16. What is not known is `?`."""
        if depth > MAX_DEPTH:
            if self._in_calls:  # what a hundredth call gives has no name that a rule could speak of
                self._is_cut = True
                return [UNKNOWN]
            raise TooMuch("it is nested too deeply")
        return list(dict.fromkeys(map(self._rewritten, self._meanings(node, scope, depth + 1))))[:_MAX_MEANINGS]

    def spend(self, steps: int) -> None:
        """Count steps of work that may be done again and again for the same code. Raises `TooMuch`."""
        self._budget -= steps
        if self._budget < 0:
            raise TooMuch("its loops take too long to follow")

    def text(self, node: SgNode, scope: Scope) -> str | None:
        """The text that `node` is sure to have, if there is one."""
        value = self.value(node, scope)
        return value if isinstance(value, str) else None

    def value(self, node: SgNode, scope: Scope) -> Constant:
        """The constant that `node` is, `None` if it is not one."""
        for _ in range(MAX_DEPTH):
            try:
                return constant(node, scope, self.grammar)
            except NotConstant:
                held = self._held(node, scope)
            if held is None:
                break
            node, scope = held
        return None

    def written(self, node: SgNode, scope: Scope) -> tuple[SgNode, Scope]:
        """The expression that `node` stands for, and its scope: names that are bound once are followed."""
        for _ in range(MAX_DEPTH):
            inside = unwrapped(node, self.grammar) if node.kind() in self.grammar.transparent else None
            node = inside or node
            is_name = node.kind() in self.grammar.identifiers
            bound = scope.sole(self.grammar.name_text(node.text())) if is_name else None
            if bound is None:
                break
            node, scope = bound.node, bound.scope
        return node, scope

    def _held(self, node: SgNode, scope: Scope) -> tuple[SgNode, Scope] | None:
        """What `table.key` or `table["key"]` is in a table that is written out."""
        members = self.grammar.members
        fields = members.get(node.kind()) or self.grammar.subscripts.get(node.kind())
        inside, last = (
            (node.field(fields[0]), node.field(fields[1])) if fields and self.grammar.tables else (None, None)
        )
        if inside is None or last is None:
            return None
        table, home = self.written(inside, scope)
        pair, bare = self.grammar.tables.get(table.kind(), ("", ""))
        name = self.grammar.name_text(last.text()) if node.kind() in members else self.text(last, scope)
        for one in table.named_children() if pair and name else ():
            key, value = one.field("key"), one.field("value")
            if one.kind() in self.grammar.identifiers and self.grammar.name_text(one.text()) == name:
                return one, home
            if one.kind() == pair and key is not None and value is not None:
                text = self.grammar.name_text(key.text()) if key.kind() == bare else self.text(key, home)
                if text == name:
                    return value, home
        return None

    def arguments(self, call: SgNode) -> tuple[list[SgNode], dict[str, SgNode]]:
        """The arguments of a call by position and by keyword."""
        positions: list[SgNode] = []
        keywords: dict[str, SgNode] = {}
        for node in self._argument_nodes(call)[1 if self._sent_name(call, _NOWHERE) else 0 :]:
            fields = self.grammar.keywords.get(node.kind())
            key, value = (node.field(fields[0]), node.field(fields[1])) if fields else (None, None)
            if key is not None and value is not None:
                keywords[key.text().rstrip(":")] = value
            else:
                positions.append(node)
        return positions, keywords

    def own_function(self, node: SgNode, scope: Scope) -> SgNode | None:
        """The definition of the block's own function that a plain name calls, if it is one for sure."""
        if node.kind() in self.grammar.names_in_text:
            name = self.text(node, scope) or ""
        elif node.kind() in self.grammar.identifiers:
            name = self.grammar.name_text(node.text())
        elif node.kind() in self.grammar.transparent and (inside := unwrapped(node, self.grammar)) is not None:
            return self.own_function(inside, scope)
        else:
            return None
        bindings = scope.find(name) or []
        return bindings[0].node if len(bindings) == 1 and isinstance(bindings[0], Function) else None

    def _sent_name(self, call: SgNode, scope: Scope) -> str | None:
        """The name of the method that `call` calls by its name, as in `send(:system)`."""
        name = call.field(self.grammar.calls[call.kind()][0]) if self.grammar.senders else None
        given = self._argument_nodes(call) if name is not None and name.text() in self.grammar.senders else []
        return self.text(given[0], scope) if given else None

    def _argument_nodes(self, call: SgNode) -> list[SgNode]:
        if (listed := self.grammar.given.get(call.kind())) is not None:
            return listed(call)
        name = self.grammar.calls[call.kind()][1]
        given = call.field_children(name) if name else call.named_children()
        if len(given) == 1 and given[0].kind() in self.grammar.argument_lists:
            given = given[0].named_children()
        return [node for node in given if node.is_named() and node.kind() not in self.grammar.skipped]

    def _meanings(self, node: SgNode, scope: Scope, depth: int) -> list[str]:
        grammar, kind = self.grammar, node.kind()
        if kind in grammar.acts:
            return [grammar.acts[kind](node) or UNKNOWN]
        if kind in grammar.identifiers:
            return self._named(grammar.name_text(node.text()), scope, depth)
        if kind in grammar.members or kind in grammar.subscripts:
            return self._member(node, kind, scope, depth)
        if kind in grammar.calls:
            return self._call(node, kind, scope, depth)
        sides: list[SgNode | None] = []
        if kind in grammar.transparent:
            sides = [unwrapped(node, grammar)]
        elif kind in grammar.choices:
            sides = [node.field(name) for name in grammar.choices[kind]]
        elif kind in grammar.names_in_text:
            if (text := self.text(node, scope)) is not None:
                return self._named(grammar.name_text(text), scope, depth)
            sides = list(inside) if len(inside := node.named_children()) == 1 else []  # `"$x"`
        return [one for side in sides if side for one in self.meanings(side, scope, depth)] or [UNKNOWN]

    def _named(self, name: str, scope: Scope, depth: int) -> list[str]:
        bindings = scope.find(name)
        if bindings is None:
            return [name, *(f"{module}{self.grammar.dot}{name}" for module in scope.wildcards())]
        if self.grammar.builtin and not self._hides(scope, name):
            return list(dict.fromkeys([name, *self._from_bindings(name, bindings, scope, depth)]))
        return self._from_bindings(name, bindings, scope, depth)

    def _hides(self, scope: Scope, name: str) -> bool:
        if (scope, name) not in self._hidden:
            self._hidden[scope, name] = scope.hides(name)
        return self._hidden[scope, name]

    def _from_bindings(self, name: str, bindings: list[Binding], scope: Scope, depth: int) -> list[str]:
        found = self._known.get((scope, name))
        if found is None and self._following:
            return [one for binding in bindings for one in self._bound(binding, depth)]
        if found is None:
            self._steps, self._is_cut = 0, False
            found = list(dict.fromkeys(one for binding in bindings for one in self._bound(binding, depth)))
            if not self._is_cut:  # what was cut short inside a call is to be followed to its end outside
                self._known[scope, name] = found
        return found

    def _bound(self, binding: Binding, depth: int) -> list[str]:
        if isinstance(binding, str):
            return [binding]
        self._steps += 1  # names bound to several things, each with several names in it, are not followed to all ends
        if not isinstance(binding, Value) or binding in self._following or self._steps > _MAX_STEPS:
            return [UNKNOWN]
        self._following.add(binding)
        path = "".join(f"{self.grammar.dot}{part}" for part in binding.path)
        try:
            return [f"{one}{path}" for one in self.meanings(binding.node, binding.scope, depth)]
        finally:
            self._following.discard(binding)

    def _member(self, node: SgNode, kind: str, scope: Scope, depth: int) -> list[str]:
        is_member = kind in self.grammar.members
        fields = self.grammar.members[kind] if is_member else self.grammar.subscripts[kind]
        inside, last = part(node, fields[0], 0), part(node, fields[1], -1)
        if last is None:  # `f.(x)` calls `f`
            return self.meanings(inside, scope, depth) if inside and kind in self.grammar.calls else [UNKNOWN]
        name = self.grammar.name_text(last.text()) if is_member else self.text(last, scope)
        if name is None:
            return [UNKNOWN]
        if kind in self.grammar.calls:
            return self._sent(node, name, inside, scope, depth)
        dot = self.grammar.dots.get(kind, self.grammar.dot)
        if inside is None:
            return [name if kind in self.grammar.rooted else f"{UNKNOWN}{dot}{name}"]
        if (held := self._held(node, scope)) is not None:
            return self._from_table(*held, depth)
        is_own = inside.kind() in self.grammar.selves and scope.find(name) is not None
        bases = [] if is_own else self.meanings(inside, scope, depth)
        return self._named(name, scope, depth) if is_own else [f"{base}{dot}{name}" for base in bases]

    def _from_table(self, value: SgNode, scope: Scope, depth: int) -> list[str]:
        if value not in self._tables:
            self._tables[value] = [UNKNOWN]  # what a table says of itself
            self._tables[value] = self.meanings(value, scope, depth)
        return self._tables[value]

    def _sent(self, node: SgNode, name: str, inside: SgNode | None, scope: Scope, depth: int) -> list[str]:
        """What a call means that names its object and its method: `os.getpid()`, `send(:system)`."""
        sent = self._sent_name(node, scope)
        if inside is None:
            return [sent] if sent else self._named(name, scope, depth)
        dot = self.grammar.dots.get(node.kind(), self.grammar.dot)
        self._in_calls += 1
        bases = self.meanings(inside, scope, depth)
        self._in_calls -= 1
        found = []
        for base in bases:
            full = f"{base}{dot}{sent or name}"
            found += self._looked_up(node, full, scope, depth) if full in self.grammar.loaders else [full]
        return found

    def _call(self, node: SgNode, kind: str, scope: Scope, depth: int) -> list[str]:
        function = node.field(self.grammar.calls[kind][0])
        if function is None:
            return [UNKNOWN]
        found = []
        own = [function.text()] if function.text() in self.grammar.givers else []  # helpers that compilers write out
        self._in_calls += 1
        names = own or self.meanings(function, scope, depth)
        self._in_calls -= 1
        for name in names:
            if name in self.grammar.loaders or name in self.grammar.getters:
                found += self._looked_up(node, name, scope, depth)
            elif name in self.grammar.givers and (given := self.arguments(node)[0]):
                found += self.meanings(given[0], scope, depth)
            else:
                found.append(f"{name}()")
        return found

    def _looked_up(self, call: SgNode, name: str, scope: Scope, depth: int) -> list[str]:
        """What `require("os")` and `getattr(os, "system")` give."""
        positions, _ = self.arguments(call)
        if name in self.grammar.loaders:
            module = self.text(positions[0], scope) if positions else None
            return [module or f"{name}()"]
        attribute = self.text(positions[1], scope) if len(positions) > 1 else None
        if attribute is None:
            return [f"{name}()"]
        return [f"{base}{self.grammar.dot}{attribute}" for base in self.meanings(positions[0], scope, depth)]

    def _rewritten(self, name: str) -> str:
        known = self._rewrites.get(name)
        if known is None:
            known = name
            for pattern, into in self.grammar.rewrites:
                known = pattern.sub(into, known)
            self._rewrites[name] = known
        return known
