"""Python's syntax (tree-sitter-python)."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from typing import TYPE_CHECKING

from polyrun.policy.grammar import Grammar, Loop, words
from polyrun.policy.reckoning import as_number, as_text, from_base64
from polyrun.policy.scopes import Function, Value

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.scopes import Binder, Scope


def _import(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`import a.b` binds `a`; `import a.b as c` binds `c` to all of it."""
    for one in node.field_children("name"):
        name, alias = _name_and_alias(one)
        if alias is not None:
            binder.bind(alias, scope, name)
        else:
            scope.bind(name.split(".")[0], name.split(".")[0])


def _from_import(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    module = node.field("module_name")
    if module is None:
        return
    origin = module.text()
    for one in node.field_children("name"):
        name, alias = _name_and_alias(one)
        binder.quiet(alias)
        scope.bind(_folded(alias.text() if alias is not None else name), f"{origin}.{name}")
    if any(child.kind() == "wildcard_import" for child in node.children()):
        scope.everything_of.append(origin)


def _name_and_alias(node: SgNode) -> tuple[str, SgNode | None]:
    name = node.field("name") if node.kind() == "aliased_import" else node
    return _folded("".join((name or node).text().split())), node.field("alias")


def _assignment(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    target, value = node.field("left"), node.field("right")
    while value is not None and value.kind() == "assignment":
        value = value.field("right")
    if target is not None:
        _bind_target(binder, target, value, scope)


def _named_expression(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    target = node.field("name")
    if target is not None:
        _bind_target(binder, target, node.field("value"), scope.function)
        binder.loud(node.field("value"))


def _bind_target(binder: Binder, target: SgNode, value: SgNode | None, scope: Scope) -> None:
    """Bind a name to its value, names in a pattern to the parts of a value that is written out."""
    kind = target.kind()
    if kind == "identifier":
        if value is not None and value.kind() in ("identifier", "attribute") and scope.kind != "class":
            binder.quiet(value)  # followed to where the name is used
        binder.bind(target, scope, Value(value, scope) if value is not None else None)
    elif kind in _PATTERNS:
        targets = [child for child in target.named_children() if child.kind() != "comment"]
        values = value.named_children() if value is not None and value.kind() in _SEQUENCES else []
        paired = len(values) == len(targets)
        for position, one in enumerate(targets):
            _bind_target(binder, one, values[position] if paired else None, scope)
    elif kind in ("list_splat_pattern", "parenthesized_expression", "as_pattern_target"):
        for child in target.named_children():
            _bind_target(binder, child, None, scope)


_PATTERNS = ("pattern_list", "tuple_pattern", "list_pattern", "tuple", "list")
_SEQUENCES = ("expression_list", "tuple", "list")


def _for(binder: Binder, node: SgNode, scope: Scope, inner: Scope) -> None:
    """The variable of a loop over a written-out sequence may be any of its items."""
    target, values = node.field("left"), node.field("right")
    if target is None:
        return
    if target.kind() == "identifier" and values is not None and values.kind() in _SEQUENCES:
        for item in values.named_children()[:8]:
            scope.bind(_folded(target.text()), Value(item, scope))
        binder.quiet(target)
    else:
        _bind_target(binder, target, None, inner)


def _as_pattern(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    alias = node.field("alias")
    value = node.named_children()[0] if node.named_children() else None
    if alias is not None:
        for target in alias.named_children():
            _bind_target(binder, target, value if target.kind() == "identifier" else None, scope)


def _definition(binder: Binder, node: SgNode, scope: Scope, inner: Scope) -> None:
    binder.bind(node.field("name"), scope, Function(node))
    _parameters(binder, node, scope, inner)


def _class(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    binder.bind(node.field("name"), scope, Function(node))


def _parameters(binder: Binder, node: SgNode, _scope: Scope, inner: Scope) -> None:
    parameters = node.field("parameters")
    for one in parameters.named_children() if parameters is not None else ():
        name = one if one.kind() == "identifier" else one.field("name")
        if name is None:  # `x: int`, `*args`
            name = one.find(kind="identifier")
        binder.bind(name, inner, None)


def _changed(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`x += 1`: the name is no longer what it was."""
    target = node.field("left")
    if target is not None and target.kind() == "identifier":
        binder.bind(target, scope, None)


def _captured(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`case x:` takes whatever comes."""
    for one in node.named_children():
        if one.kind() == "dotted_name" and len(one.named_children()) == 1:
            binder.bind(one.named_children()[0], scope, None)


def _outside(_binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    scope.globals.update(_folded(child.text()) for child in node.named_children())


def _folded(name: str) -> str:
    """Python takes names that look alike for the same: NFKC, as PEP 3131 says."""
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


def _while(node: SgNode) -> SgNode | bool | None:
    return node.field("condition")


_ENDLESS = re.compile(
    r"itertools\.(?:(?:count|cycle)\(.*\)|repeat\([^,]*\))|iter\(int, *1\)"
    r"|(?P<name>(?:count|cycle)(?=\(.*\))|repeat(?=\([^,]*\)))\(.*\)"
)


def _endless_iterator(node: SgNode) -> SgNode | bool | None:
    """`for _ in itertools.count()` never ends by itself."""
    values = node.field("right")
    found = _ENDLESS.fullmatch(values.text()) if values is not None else None
    if found is None:
        return False
    name = found["name"]
    known = name is None or re.search(rf"from itertools import [^\n]*\b{name}\b", node.get_root().root().text())
    return None if known else False  # else it may be a function of the block's own


def _catches(node: SgNode) -> bool:
    """`try` with a handler for a fault that is named: not for all of them, and not for the user's Ctrl-C."""
    return any(
        child.kind() == "except_clause" and _NAMED_FAULT.match(child.text()) is not None for child in node.children()
    )


def _expects(node: SgNode) -> bool:
    """`with suppress(E):` and a test's `with raises(E):` are there for a fault."""
    return _EXPECTED.match(node.text()) is not None


_EXPECTED = re.compile(r"with\s+(?:\w+\.)?(?:suppress|raises|assertRaises(?:Regex)?)\(")
_NAMED_FAULT = re.compile(r"except\s+(?!\(?(?:KeyboardInterrupt|Exception|BaseException|SystemExit)\b)\(?\w")

GRAMMAR = Grammar(
    name="python",
    builtin=True,
    unreadable=(
        (
            re.compile(
                r"\A(?:[^\n]*\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*(?!utf-?8\b|ascii\b|latin-?1\b)[-\w.]+", re.IGNORECASE
            ),
            "it names an encoding of its own, by which Python may read other code",
        ),
    ),
    members={"attribute": ("object", "attribute")},
    subscripts={"subscript": ("value", "subscript")},
    tables={"dictionary": ("pair", "")},
    transparent={"parenthesized_expression": "", "await": ""},
    choices={"conditional_expression": (), "boolean_operator": ("left", "right")},
    calls={"call": ("function", "arguments")},
    keywords={"keyword_argument": ("name", "value")},
    skipped=frozenset({"comment", "type", "import_statement", "import_from_statement", "global_statement"}),
    quiet=frozenset({("keyword_argument", "name")}),
    scopes={
        "function_definition": "function",
        "lambda": "function",
        "class_definition": "class",
        "list_comprehension": "function",
        "set_comprehension": "function",
        "dictionary_comprehension": "function",
        "generator_expression": "function",
    },
    binders={
        "import_statement": _import,
        "import_from_statement": _from_import,
        "assignment": _assignment,
        "named_expression": _named_expression,
        "for_statement": _for,
        "for_in_clause": _for,
        "as_pattern": _as_pattern,
        "function_definition": _definition,
        "lambda": _parameters,
        "class_definition": _class,
        "augmented_assignment": _changed,
        "case_pattern": _captured,
        "global_statement": _outside,
        "nonlocal_statement": _outside,
    },
    rewrites=(
        (re.compile(r"\.__dict__(?=\.)"), ""),
        (re.compile(r"^(?:builtins|__builtins__|__builtin__)\.(?!__dict__)"), ""),
        (re.compile(r"^(?:globals|locals|vars)\(\)\.(?:__builtins__\.)?"), ""),
        (re.compile(r"^sys\.modules\."), ""),
        (re.compile(r"(?<=.)\.__call__$"), ""),
        (re.compile(r"^(?:posix|nt)\."), "os."),
        (re.compile(r"^(?:asyncio\.get_event_loop|asyncio\.new_event_loop)\(\)"), "asyncio.get_running_loop()"),
        (re.compile(r"^os\.path\.os\."), "os."),
    ),
    loaders=frozenset({"__import__", "importlib.import_module", "importlib.__import__"}),
    getters=frozenset({"getattr", "object.__getattribute__", "inspect.getattr_static"}),
    givers=frozenset({"vars", "dict", "functools.partial", "contextlib.closing", "typing.cast"}),
    strings={"string": ("string_content",)},
    numbers=frozenset({"integer", "float"}),
    constants={"true": True, "false": False, "none": None},
    arithmetic=frozenset({"binary_operator", "comparison_operator"}),
    known={
        "chr": lambda given: chr(as_number(given[0])),
        "str": lambda given: as_text(given[0]),
        "os.path.join": lambda given: posixpath.join(*map(as_text, given)),
        ".join": lambda given: as_text(given[0]).join(map(as_text, given[1:])),
        ".lower": lambda given: as_text(given[0]).lower(),
        ".replace": lambda given: as_text(given[0]).replace(as_text(given[1]), as_text(given[2])),
        ".decode": lambda given: as_text(given[0]),
        ".encode": lambda given: as_text(given[0]),
        "bytes.fromhex": lambda given: bytes.fromhex(as_text(given[0])).decode(),
        **dict.fromkeys(("base64.b64decode", "b64decode"), lambda given: from_base64(given[0])),
    },
    sequences=frozenset({"list", "tuple"}),
    sums={"binary_operator": "+"},
    negations={"not_operator": "argument", "unary_operator": "argument"},
    adjoining=frozenset({"concatenated_string"}),
    loops={"while_statement": Loop(_while), "for_statement": Loop(_endless_iterator)},
    throws=frozenset({"raise_statement"}),
    yields=frozenset({"yield"}),
    functions=frozenset({"function_definition", "lambda", "class_definition"}),
    exits=words(
        "sys.exit exit quit os._exit os.abort os.execv os.execve os.execvp os.execvpe os.execl os.execle os.execlp "
        "os.execlpe signal.raise_signal os.kill _exit _thread.exit unittest.main pytest.exit pytest.fail pytest.skip "
        ".throw"
    ),
    waits=words(
        "time.sleep asyncio.sleep trio.sleep select.select input raw_input signal.pause signal.sigwait os.wait "
        "os.waitpid os.read subprocess.run subprocess.call subprocess.check_call subprocess.check_output "
        "urllib.request.urlopen requests.get requests.post sys.stdin.readline sys.stdin.read getpass.getpass "
        "threading.Thread().join multiprocessing.Process().join .accept .recv .recvfrom .recv_into .recv_bytes .get "
        ".wait .select .poll .acquire .readline .read .sleep .communicate .run_once .run_forever .serve_forever "
        ".handle_request .wait_for .result .tick"
    ),
    awaits=frozenset({"await", "async"}),
    branches={"if_statement": ("condition", "consequence")},
    catchers={"try_statement": _catches, "with_statement": _expects},
    name_text=_folded,
)
