"""What JavaScript and TypeScript have in common: how their names come about, and the tables of their kinds."""

from __future__ import annotations

import posixpath
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from polyrun.policy.constants import unescape
from polyrun.policy.grammar import Bind, Grammar, Loop, words
from polyrun.policy.reckoning import as_number, as_text, from_base64
from polyrun.policy.scopes import Binding, Function, Value

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.scopes import Binder, Scope

_FUNCTIONS = words(
    "function_declaration function_expression arrow_function generator_function generator_function_declaration "
    "method_definition function"
)
_FOLLOWED = ("identifier", "member_expression", "subscript_expression")
_PATTERNS = ("object_pattern", "array_pattern")
_NAMES = ("identifier", "shorthand_property_identifier_pattern", "shorthand_property_identifier")


def _import(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`import a, {b as c} from "m"`, `import * as a from "m"` and TypeScript's `import a = require("m")`."""
    source = node.field("source")
    clause = next((child for child in node.children() if child.kind() == "import_require_clause"), None)
    if clause is not None:
        source = clause.field("source") or clause.find(kind="string")
        if source is not None:
            binder.bind(clause.find(kind="identifier"), scope, _module(source))
        return
    clause = next((child for child in node.children() if child.kind() == "import_clause"), None)
    if source is None or clause is None:
        return
    module = _module(source)
    for part in clause.named_children():
        if part.kind() == "identifier":
            binder.bind(part, scope, module)
        elif part.kind() == "namespace_import":
            binder.bind(part.find(kind="identifier"), scope, module)
        else:
            for one in part.find_all(kind="import_specifier"):
                name = one.field("name")
                if name is not None:
                    binder.bind(one.field("alias") or name, scope, f"{module}.{unescape(name.text()).strip(_QUOTES)}")


_QUOTES = "\"'`"


def _module(source: SgNode) -> str:
    return unescape(source.text()[1:-1])


def _lexical(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    for one in node.named_children():
        if one.kind() == "variable_declarator":
            _declare(binder, one.field("name"), one.field("value"), scope)


def _variable(binder: Binder, node: SgNode, scope: Scope, inner: Scope) -> None:
    _lexical(binder, node, scope.function, inner)


def _declare(binder: Binder, target: SgNode | None, value: SgNode | None, scope: Scope) -> None:
    if target is not None and value is None and target.kind() == "identifier":
        binder.quiet(target)
        scope.names.setdefault(_folded(target.text()), [])  # known here; bound by what is assigned later
    elif target is not None:
        _bind_target(binder, target, value, scope, ())


def _bind_target(binder: Binder, target: SgNode, value: SgNode | None, scope: Scope, path: tuple[str, ...]) -> None:
    """Bind the names in `target` to `value`, or to the member at `path` of it."""
    kind = target.kind()
    if kind in _NAMES:
        binder.bind(target, _home(target, scope), _binding(binder, value, scope, path))
    elif kind == "object_pattern":
        for part in target.named_children():
            _bind_property(binder, part, value, scope, path)
    elif kind == "array_pattern":
        targets = [child for child in target.named_children() if child.kind() != "comment"]
        values = value.named_children() if value is not None and value.kind() == "array" and not path else []
        paired = len(values) == len(targets)
        for position, one in enumerate(targets):
            _bind_target(binder, one, values[position] if paired else None, scope, ())
    elif kind in ("assignment_pattern", "object_assignment_pattern"):
        left, right = target.field("left"), target.field("right")
        if left is not None:
            _bind_target(binder, left, value, scope, path)
            if left.kind() in _NAMES:
                _bind_target(binder, left, right, scope, ())
    elif kind == "rest_pattern":
        for child in target.named_children():
            _bind_target(binder, child, value if path == () else None, scope, ())


def _bind_property(binder: Binder, part: SgNode, value: SgNode | None, scope: Scope, path: tuple[str, ...]) -> None:
    if part.kind() == "pair_pattern":
        key, target = part.field("key"), part.field("value")
        if target is not None:
            name = None if key is None or key.kind() == "computed_property_name" else key.text().strip(_QUOTES)
            _bind_target(binder, target, value if name else None, scope, (*path, name) if name else ())
    elif part.kind() == "rest_pattern":
        _bind_target(binder, part, value, scope, path)
    else:
        left = part.field("left") if part.kind() == "object_assignment_pattern" else part
        name = _folded(left.text()) if left is not None else ""
        _bind_target(binder, part, value, scope, (*path, name))


def _home(target: SgNode, scope: Scope) -> Scope:
    """Where the name in an assignment lives; a declaration is where it stands."""
    parent: SgNode | None = target.parent()
    while parent is not None and parent.kind() not in ("assignment_expression", "variable_declarator", *_FUNCTIONS):
        parent = parent.parent()
    if parent is None or parent.kind() != "assignment_expression":
        return scope
    return scope.owner(_folded(target.text())) or scope.root


def _binding(binder: Binder, value: SgNode | None, scope: Scope, path: tuple[str, ...]) -> Binding:
    if value is None:
        return None
    if value.kind() in _FUNCTIONS and not path:
        return Function(value)
    if value.kind() in _FOLLOWED:
        binder.quiet(value)  # followed to where the name is used
    return Value(value, scope, path)


def _assignment(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    target, value = node.field("left"), node.field("right")
    while value is not None and value.kind() == "assignment_expression":
        value = value.field("right")
    if target is not None and (target.kind() in _NAMES or target.kind() in _PATTERNS):
        _bind_target(binder, target, value, scope, ())
    around = node.parent()
    if around is None or around.kind() not in ("expression_statement", "assignment_expression"):
        binder.loud(value)


def _changed(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`x += 1`, `x++`: the name is no longer what it was; after `x ??= y` it may be that."""
    target, value = node.field("left") or node.field("argument"), node.field("right")
    if target is None or target.kind() != "identifier":
        return
    operator = node.field("operator")
    chosen = value is not None and operator is not None and operator.text() in ("??=", "||=", "&&=")
    home = scope.owner(_folded(target.text())) or scope.root
    binder.bind(target, home, Value(value, scope) if chosen and value is not None else None)


def _function(binder: Binder, node: SgNode, scope: Scope, inner: Scope) -> None:
    name = node.field("name")
    if name is not None and node.kind() != "method_definition":
        binder.bind(name, inner if "expression" in node.kind() else scope, Function(node))
    awaited = _promised(node)
    single = node.field("parameter")
    if single is not None:
        _bind_target(binder, single, awaited, inner, ())
    parameters = node.field("parameters")
    for one in parameters.named_children() if parameters is not None else ():
        pattern = one.field("pattern") or one
        _bind_target(binder, pattern, awaited, inner, ())
        awaited = None


def _promised(node: SgNode) -> SgNode | None:
    """What a function in `promise.then(function)` is given."""
    around = node.parent()
    call = around.parent() if around is not None and around.kind() == "arguments" else None
    function = call.field("function") if call is not None else None
    name = function.field("property") if function is not None else None
    if function is None or name is None or name.text() != "then" or around is None or around.child(1) != node:
        return None
    return function.field("object")


def _class(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    binder.bind(node.field("name"), scope, None)


def _catch(binder: Binder, node: SgNode, _scope: Scope, inner: Scope) -> None:
    parameter = node.field("parameter")
    if parameter is not None:
        _bind_target(binder, parameter, None, inner, ())


def _for_in(binder: Binder, node: SgNode, scope: Scope, inner: Scope) -> None:
    """The variable of a loop over a written-out array may be any of its items."""
    target, values = node.field("left"), node.field("right")
    if target is None:
        return
    home = inner if node.field("kind") is not None else scope.owner(_folded(target.text())) or scope.root
    if target.kind() == "identifier" and values is not None and values.kind() == "array":
        binder.quiet(target)
        for item in values.named_children()[:8]:
            home.bind(_folded(target.text()), Value(item, scope))
    else:
        _bind_target(binder, target, None, home, ())


def _folded(name: str) -> str:
    r"""`\u0065val` is `eval`."""
    return unescape(name) if "\\" in name else name


def _condition(node: SgNode) -> SgNode | bool | None:
    condition = node.field("condition")
    return None if condition is None or condition.kind() == "empty_statement" else condition


def _over_items(_node: SgNode) -> SgNode | bool | None:
    return False


def grammar(name: str, skipped: frozenset[str], extra: Mapping[str, Bind], transparent: Mapping[str, str]) -> Grammar:
    """The grammar of JavaScript, or of what adds to it kinds that are `skipped`, bind names or are `transparent`."""
    return replace(
        _BASE,
        name=name,
        skipped=_BASE.skipped | skipped,
        binders={**_BASE.binders, **extra},
        transparent={**_BASE.transparent, **transparent},
    )


_BASE = Grammar(
    name="javascript",
    builtin=True,
    identifiers=frozenset({"identifier", "shorthand_property_identifier", "import"}),
    members={"member_expression": ("object", "property")},
    tables={"object": ("pair", "property_identifier")},
    subscripts={"subscript_expression": ("object", "index")},
    transparent={
        "parenthesized_expression": "",
        "await_expression": "",
        "sequence_expression": "",
        "expression_statement": "",
        "assignment_expression": "right",
    },
    choices={"ternary_expression": ("consequence", "alternative"), "binary_expression": ("left", "right")},
    calls={"call_expression": ("function", "arguments"), "new_expression": ("constructor", "arguments")},
    skipped=frozenset({"comment", "html_comment", "hash_bang_line", "import_statement"}),
    scopes={
        **dict.fromkeys(sorted(_FUNCTIONS), "function"),
        "class_static_block": "function",
        "statement_block": "block",
        "for_statement": "block",
        "for_in_statement": "block",
        "switch_body": "block",
        "catch_clause": "block",
    },
    binders={
        "import_statement": _import,
        "lexical_declaration": _lexical,
        "variable_declaration": _variable,
        "assignment_expression": _assignment,
        "augmented_assignment_expression": _changed,
        "update_expression": _changed,
        **dict.fromkeys(sorted(_FUNCTIONS), _function),
        "class_declaration": _class,
        "catch_clause": _catch,
        "for_in_statement": _for_in,
    },
    rewrites=(
        (re.compile(r"^(?:(?:globalThis|window|global|self|frames|top)\.)+(?=.)"), ""),
        (re.compile(r"^node:"), ""),
        (re.compile(r"\.default(?=\.|$)"), ""),
        (re.compile(r"^fs(?:-extra|/promises|\.promises)(?=\.|$)|^graceful-fs(?=\.|$)"), "fs"),
        (re.compile(r"^(?:cross-spawn|execa|shelljs)$"), r"child_process.spawn"),
        (re.compile(r"^.*\.constructor\.constructor$"), "Function"),
        (re.compile(r"(?<=.)(?<!\AFunction)\.(?:call|apply|bind)(?:\(\))?$"), ""),
    ),
    loaders=words(
        "require import module.require process.mainModule.require require.main.require module.createRequire() "
        "module.constructor._load module._load module.Module._load process.getBuiltinModule"
    ),
    getters=words("Reflect.get"),
    givers=words(
        "Object.freeze Object.create Object.assign Reflect.construct Reflect.apply util.promisify promisify "
        "__importStar __importDefault __toESM _interopRequireDefault _interopRequireWildcard Promise.resolve"
    ),
    strings={"string": ("string_fragment",), "template_string": ("string_fragment",)},
    numbers=frozenset({"number"}),
    constants={"true": True, "false": False, "null": None, "undefined": None},
    arithmetic=frozenset({"binary_expression"}),
    known={
        "String.fromCharCode": lambda given: "".join(chr(as_number(one)) for one in given),
        "atob": lambda given: from_base64(given[0]),
        "path.join": lambda given: posixpath.normpath("/".join(map(as_text, given))),
        "path.resolve": lambda given: posixpath.normpath(posixpath.join(*map(as_text, given))),
        "decodeURIComponent": lambda given: urllib.parse.unquote(as_text(given[0])),
        ".join": lambda given: as_text(given[-1]).join(map(as_text, given[:-1])),
        ".concat": lambda given: "".join(map(as_text, given)),
        ".toLowerCase": lambda given: as_text(given[0]).lower(),
        ".toString": lambda given: as_text(given[0]),
        "Buffer.from": lambda given: from_base64(given[0]) if given[1:] == ["base64"] else as_text(given[0]),
        ".replace": lambda given: as_text(given[0]).replace(as_text(given[1]), as_text(given[2]), 1),
    },
    sequences=frozenset({"array"}),
    sums={"binary_expression": "+"},
    negations={"unary_expression": "argument"},
    loops={
        "while_statement": Loop(_condition),
        "do_statement": Loop(_condition),
        "for_statement": Loop(_condition),
        "for_in_statement": Loop(_over_items),
    },
    throws=frozenset({"throw_statement"}),
    yields=frozenset({"yield_expression"}),
    absorbers=frozenset({"switch_statement"}),
    functions=_FUNCTIONS | {"class_declaration", "class"},
    labels={"labeled_statement": "label"},
    exits=words("process.exit process.abort process.reallyExit process.kill Deno.exit"),
    waits=words(
        "Atomics.wait prompt alert confirm fs.readSync fs.readFileSync child_process.execSync child_process.spawnSync "
        "child_process.execFileSync Bun.sleepSync readline-sync.question readlineSync.question .question sleep"
    ),
    awaits=frozenset({"await_expression"}),
    branches={"if_statement": ("condition", "consequence")},
    name_text=_folded,
)
