"""What C and C++ have in common: how their declarations and macros bind names, and which calls end or wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ast_grep_py import SgRoot

from polyrun.policy.grammar import Bind, Inner, Loop
from polyrun.policy.scopes import Binding, Function, ScopeKind, Value

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.scopes import Binder, Scope

_NAMES = ("identifier", "field_identifier", "type_identifier")
_FOLLOWED = ("identifier", "qualified_identifier", "field_expression")
_PROMISES = 300
_MACROS = ("preproc_def", "preproc_function_def")


def declared(declarator: SgNode | None) -> SgNode | None:
    """The name in a declarator, as `f` in `int (*f[3])(void)`; `None` where there is none, or not a plain one."""
    while declarator is not None and declarator.kind() not in _NAMES:
        declarator = declarator.field("declarator") or next(
            (child for child in declarator.named_children() if child.kind().endswith(("declarator", "identifier"))),
            None,
        )
    return declarator


def is_prototype(declarator: SgNode) -> bool:
    """Whether a declarator only says that there is a function: no variable, and nothing of the block's own."""
    while declarator.kind() in ("pointer_declarator", "reference_declarator"):
        declarator = declarator.field("declarator") or declarator.named_children()[-1]
    if declarator.kind() != "function_declarator":
        return False
    name = declarator.field("declarator")
    return name is not None and name.kind() in (*_NAMES, "qualified_identifier")


def follow(binder: Binder, value: SgNode | None, scope: Scope) -> Value | None:
    """What a name stands for that is given `value`; a mere name in it is looked at where the new name is used."""
    if value is None:
        return None
    plain = value.field("argument") if value.kind() == "pointer_expression" else value
    if plain is not None and plain.kind() in _FOLLOWED:
        binder.quiet(plain)
    return Value(value, scope)


def _declaration(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """A mere promise that something is elsewhere binds nothing: it may be what the system calls so."""
    kind = node.field("type")
    before = node.text()[:_PROMISES]
    outside = before.startswith("extern")
    for one in node.field_children("declarator"):
        if is_prototype(one) or (outside and one.kind() != "init_declarator"):
            binder.quiet(declared(one))
            if "noreturn" in before.lower():
                binder.bind(declared(one), scope, "abort")
            continue
        value = one.field("value") if one.kind() == "init_declarator" else None
        constructed = value is not None and value.kind() in ("argument_list", "initializer_list")
        if (value is None or constructed) and kind is not None and kind.kind() in TYPES:
            binder.bind(declared(one), scope, Value(kind, scope))  # its methods are those of its type
        elif one.kind() == "init_declarator":
            binder.bind(declared(one), scope, follow(binder, value, scope))
        else:
            binder.bind(declared(one), scope, None)


TYPES = ("type_identifier", "qualified_identifier", "template_type")


def _parameter(binder: Binder, node: SgNode, _scope: Scope, _inner: Scope) -> None:
    """Those of definitions are bound with the definition; those of prototypes name nothing."""
    binder.quiet(declared(node.field("declarator")))


def parameters(declarator: SgNode | None) -> Iterator[SgNode]:
    """The parameters in the declarator of a function or a lambda."""
    while declarator is not None and declarator.field("parameters") is None:
        declarator = declarator.field("declarator") or next(
            (child for child in declarator.named_children() if child.kind().endswith("declarator")), None
        )
    listed = declarator.field("parameters") if declarator is not None else None
    if listed is not None:
        yield from listed.named_children()


def bind_parameters(binder: Binder, declarator: SgNode | None, inner: Scope) -> None:
    """Bind the parameters of a function in its scope, those of a class to their type."""
    for one in parameters(declarator):
        kind = one.field("type")
        typed = kind is not None and kind.kind() in TYPES
        binder.bind(declared(one.field("declarator")), inner, Value(kind, inner) if kind and typed else None)


def _definition(binder: Binder, node: SgNode, scope: Scope, inner: Scope) -> None:
    declarator = node.field("declarator")
    binder.bind(declared(declarator), scope, Function(node))
    bind_parameters(binder, declarator, inner)


def assign(binder: Binder, target: SgNode, scope: Scope, binding: Binding) -> None:
    """Let a variable stand for `binding` as well; one that nobody declared only if something is known of it."""
    owner = scope.owner(target.text())
    if owner is not None:
        binder.bind(target, owner, binding)
    elif binding is not None:
        binder.bind(target, scope.root, binding)


def _assignment(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    target, sign = node.field("left"), node.field("operator")
    if target is not None and target.kind() == "identifier":
        plain = sign is not None and sign.text() == "="
        assign(binder, target, scope, follow(binder, node.field("right"), scope) if plain else None)


def _changed(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`i++`, and `f(&i)`: it may be anything from then on."""
    target = node.field("argument")
    around = node.parent()
    if target is None or target.kind() != "identifier":
        return
    given_away = node.text().startswith("&") and around is not None and around.kind() == "argument_list"
    if given_away or node.kind() == "update_expression":
        assign(binder, target, scope, None)


def _enumerator(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    value = node.field("value")
    binder.bind(node.field("name"), scope, Value(value, scope) if value is not None else None)


def _macro(grammar: str) -> Bind:
    """A macro stands for the expression that it is, one with parameters for code that runs where it is called."""

    def bind(binder: Binder, node: SgNode, scope: Scope, inner: Scope) -> None:
        name, value, listed = node.field("name"), node.field("value"), node.field("parameters")
        for parameter in listed.named_children() if listed is not None else ():
            binder.bind(parameter, inner, None)
        if value is None:
            binder.quiet(name)
            return
        body = SgRoot(f"{value.text()};", grammar).root()
        whole = body.child(0)
        expression = whole.child(0) if whole is not None and whole.kind() == "expression_statement" else None
        if listed is None:
            binder.bind(name, scope.root, Value(expression, scope) if expression is not None else None)
        elif expression is not None and _passes_on(expression, listed):
            function = expression.field("function")
            binder.bind(name, scope.root, Value(function, scope) if function is not None else None)
        else:
            binder.bind(name, scope.root, Function(body))

    return bind


def _passes_on(expression: SgNode, listed: SgNode) -> bool:
    """Whether a macro's body is a call with the macro's own arguments first."""
    given = expression.field("arguments") if expression.kind() == "call_expression" else None
    if given is None:
        return False
    wanted = [one.text() for one in listed.named_children()]
    return [one.text() for one in given.named_children()][: len(wanted)] == wanted


def _macro_body(node: SgNode) -> str | None:
    """What a macro does; one that only names something else is looked at where it is used."""
    around = node.parent()
    if around is None or around.kind() not in _MACROS or node.text().strip().isidentifier():
        return None
    return f"{node.text()};"


def binders(grammar: str) -> dict[str, Bind]:
    """The binders that C and C++ share."""
    return {
        "preproc_def": _macro(grammar),
        "preproc_function_def": _macro(grammar),
        "declaration": _declaration,
        "parameter_declaration": _parameter,
        "function_definition": _definition,
        "assignment_expression": _assignment,
        "update_expression": _changed,
        "pointer_expression": _changed,
        "enumerator": _enumerator,
    }


def _condition(node: SgNode) -> SgNode | bool | None:
    return node.field("condition")


def _disabled(node: SgNode) -> str | None:
    """What is in `#if 0` without another branch is not compiled."""
    condition = node.field("condition")
    if condition is None or condition.text().strip() != "0" or node.field("alternative") is not None:
        return None
    return ""


INNER: dict[str, Inner] = {"preproc_arg": _macro_body, "preproc_if": _disabled}
LOOPS = {"while_statement": Loop(_condition), "for_statement": Loop(_condition), "do_statement": Loop(_condition)}
SCOPES: dict[str, ScopeKind] = {
    "function_definition": "function",
    "preproc_function_def": "function",
    "compound_statement": "block",
    "for_statement": "block",
}
TRANSPARENT = {
    "parenthesized_expression": "",
    "pointer_expression": "argument",
    "cast_expression": "value",
    "comma_expression": "right",
}
_EXITS = """exit _exit _Exit quick_exit abort longjmp siglongjmp pthread_exit thrd_exit raise err errx verr verrx
    execl execlp execle execv execve execvp execvpe fexecve __builtin_trap __builtin_unreachable"""
_WAITS = """sleep usleep nanosleep clock_nanosleep thrd_sleep pause select pselect poll ppoll epoll_wait epoll_pwait
    accept accept4 recv recvfrom recvmsg read readv pread fread fgets fgetc getc getchar getline getdelim scanf fscanf
    wait waitpid waitid wait3 wait4 sigwait sigwaitinfo sigtimedwait sigsuspend pthread_join pthread_cond_wait
    pthread_cond_timedwait sem_wait sem_timedwait thrd_join cnd_wait mq_receive msgrcv"""
EXITS, WAITS = frozenset(_EXITS.split()), frozenset(_WAITS.split())
CONSTANTS = {"true": True, "false": False, "TRUE": True, "FALSE": False, "null": None, "NULL": None}
