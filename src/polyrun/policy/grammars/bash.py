"""Bash's syntax (tree-sitter-bash). Commands are calls; a variable is called `$name`, and all names are global."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyrun.policy.constants import unescape
from polyrun.policy.grammar import CUT_WORDS, Grammar, Loop
from polyrun.policy.scopes import Function, Value

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.scopes import Binder, Scope

_VARIABLE = re.compile(r"\s*\$\{?(\w+)(?:\[[@*0]\])?\}?")
_ASSIGNMENT = re.compile(r"\w+=")
_FOLDER = re.compile(r"^(?:/usr)?(?:/local)?/s?bin/(?=.)")
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})
_INTERPRETER = re.compile(r"(?:sh|bash|dash|zsh|ksh|ash|fish|python[\d.]*|perl|ruby|node|php)")
_DOWNLOADERS = frozenset({"curl", "wget", "fetch", "aria2c", "nc", "ncat", "socat", "lynx"})
_DECODERS = frozenset({"base64", "base32", "openssl", "xxd", "gpg", "rev", "gunzip", "zcat", "uudecode"})
_JUMPS = {"break": "break_statement", "return": "return_statement", "exit": "throw"}


def _literal(text: str) -> str:
    """What the shell makes of a literal: quotes and backslashes removed."""
    if text.startswith("$'"):
        return unescape(text[2:-1])
    if text.startswith("'"):
        return text[1:-1]
    return re.sub(r"\\(?:\n|(.))", r"\1", text, flags=re.DOTALL) if "\\" in text else text


def _folded(text: str) -> str:
    match = _VARIABLE.fullmatch(text)
    return f"${match[1]}" if match else text


def _plain(node: SgNode) -> str:
    """The text of a word or of joined words as far as they are literal."""
    if node.kind() in ("concatenation", "command_name", "string"):
        return "".join(map(_plain, node.named_children()))
    return _literal(node.text())


def _words(node: SgNode) -> list[str]:
    """The name and the arguments of a command, without what it is put through (`sudo -u x`)."""
    if node.kind() == "redirected_statement" and (body := node.field("body")) is not None:
        node = body
    name = node.field("name") if node.kind() == "command" else None
    if name is None:
        return [""]
    words = [_FOLDER.sub("", _plain(name)), *map(_plain, node.field_children("argument"))]
    while carried := _carried(words[0], words[1:]):
        words = words[carried[0] + 1 :]
    return words


@dataclass(frozen=True)
class _Prefix:
    """How a command is found behind one that runs it: its options with a value of their own, its own arguments."""

    valued: str = ""
    own: int = 0
    never: str = ""
    assigns: bool = False


_PREFIXES = {
    "builtin": _Prefix(),
    "busybox": _Prefix(),
    "chroot": _Prefix(own=1),
    "chrt": _Prefix("-p", own=1),
    "command": _Prefix(never="-v -V"),
    "coproc": _Prefix(),
    "doas": _Prefix("-u -C"),
    "env": _Prefix("-u -C -S", assigns=True),
    "exec": _Prefix("-a"),
    "flock": _Prefix("-w -E", own=1),
    "ionice": _Prefix("-c -n"),
    "nice": _Prefix("-n"),
    "nohup": _Prefix(),
    "nsenter": _Prefix("-t -S -G"),
    "parallel": _Prefix("-j"),
    "setsid": _Prefix(),
    "stdbuf": _Prefix("-i -o -e"),
    "strace": _Prefix("-e -o -p -s"),
    "sudo": _Prefix("-u -g -h -p -C -r -t -T -U -D -R", assigns=True),
    "taskset": _Prefix(own=1),
    "time": _Prefix("-f -o"),
    "timeout": _Prefix("-s -k", own=1),
    "unshare": _Prefix("-S -G -R -w"),
    "watch": _Prefix("-n"),
    "xargs": _Prefix("-I -n -P -d -L -s -E -a"),
}
_RUNNERS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})


def _carried(name: str, texts: Sequence[str]) -> list[int]:
    """Where among the arguments of `name` another command begins."""
    if name == "find":
        return [at + 1 for at, text in enumerate(texts[:-1]) if text in _RUNNERS]
    prefix = _PREFIXES.get(name)
    if prefix is None:
        return []
    at, own = 0, prefix.own
    while at < len(texts):
        text = texts[at]
        if text in prefix.never.split():
            return []
        if text.startswith("-") and len(text) > 1:
            at += 1 + (text in prefix.valued.split())
        elif prefix.assigns and _ASSIGNMENT.match(text):
            at += 1
        elif own:
            at, own = at + 1, own - 1
        else:
            return [at]
    return []


def _code(name: str, texts: Sequence[str]) -> int | None:
    if name in ("eval", "trap"):
        return 0 if texts else None
    if name in _SHELLS or name == "su":
        at = next((at for at, text in enumerate(texts) if re.fullmatch(r"-\w*c", text)), len(texts))
        return at + 1 if at + 1 < len(texts) else None
    return None


def _assignment(_binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    name, value = node.field("name"), node.field("value")
    parent = node.parent()
    if name is None or (parent is not None and parent.kind() == "command"):  # for that command alone
        return
    if value is not None and value.kind() == "array":  # a command with its arguments
        first = value.child(1)
        scope.bind(f"${name.text()}", _plain(first) if first is not None and first.kind() == "word" else None)
        return
    is_plain = any(child.text() == "=" for child in node.children())
    scope.bind(f"${name.text()}", Value(value, scope) if value is not None and is_plain else None)


def _for(_binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    name = node.field("variable")
    for value in node.field_children("value")[:8]:
        if name is not None:
            scope.bind(f"${name.text()}", Value(value, scope))


def _function(_binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    if (name := node.field("name")) is not None:
        scope.bind(name.text(), Function(node))


def _command(_binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    """`alias x=y` gives a command a name, `read x` binds a variable to what nobody knows."""
    name = node.field("name")
    text = name.text() if name is not None else ""
    if text == "alias":
        for word in node.field_children("argument"):
            new, _, command = _plain(word).partition("=")
            words = command.split()
            while carried := _carried(words[0], words[1:]) if words else []:
                words = words[carried[0] + 1 :]
            if words and words[0] != new:
                scope.bind(new, words[0])
    elif text in ("read", "mapfile", "readarray", "printf", "getopts"):
        for word in node.field_children("argument"):
            scope.bind(f"${word.text()}", None)


def _redirection(node: SgNode) -> str | None:
    """`<` or `>`; nothing for copies of descriptors such as `2>&1`."""
    operator = next((child.text() for child in node.children() if not child.is_named()), "")
    place = node.field("destination")
    is_copy = operator in ("<&-", ">&-") or (operator in (">&", "<&") and place is not None and place.text()[:1] != "/")
    return None if is_copy else ">" if ">" in operator else "<"


def _pipeline(node: SgNode) -> str | None:
    """Names a pipeline that feeds an interpreter which runs what it reads."""
    commands = [_words(child) for child in node.named_children()]
    for at, words in enumerate(commands[1:], 1):
        options = words[1:]
        reads = "-s" in options or all(one.startswith("-") and one not in ("-c", "-e", "-m") for one in options)
        if reads and _INTERPRETER.fullmatch(words[0]):
            sources = {one[0] for one in commands[:at]}
            kind = "download" if sources & _DOWNLOADERS else "decoded" if sources & _DECODERS else "text"
            return f"{kind} | {words[0]}"
    return None


def _endless_output(node: SgNode) -> str | None:
    """Names a command without an end whose output goes into a file: `yes >file`."""
    words = _words(node)
    endless = words[0] == "yes" or (words[0] == "cat" and any(re.match(r"/dev/u?(?:zero|random)", w) for w in words))
    files = [one for one in node.field_children("redirect") if one.kind() == "file_redirect"]
    into = [place.text() for one in files if _redirection(one) == ">" and (place := one.field("destination"))]
    return f"{words[0]} >" if endless and any(not place.startswith("/dev/") for place in into) else None


def _definition(node: SgNode) -> str | None:
    """Names a function that starts itself more than once, or behind itself, each time: a fork bomb."""
    name, body = node.field("name"), node.field("body")
    if name is None or body is None:
        return None
    for command in body.find_all(kind="command"):
        if command.text().split()[0] == name.text() and _starts_beside(command, body):
            return "fork bomb"
    return None


def _starts_beside(command: SgNode, body: SgNode) -> bool:
    """Whether a command of a function's body runs, under no condition, beside the function itself."""
    node: SgNode | None = command
    beside = False
    while node is not None and node != body:
        kind = node.kind()
        following = node.next()
        beside = beside or kind == "pipeline" or (following is not None and following.text() == "&")
        if kind in ("if_statement", "case_statement", "list", "while_statement", "for_statement"):
            return False
        node = node.parent()
    return beside


def _spawning(node: SgNode) -> str | None:
    """Names an endless loop that starts processes without waiting for one."""
    body = node.field("body")
    if body is None or _while(node) is not None or re.search(r"\b(?:wait|sleep|break|exit|return|read)\b", body.text()):
        return None
    return "process in an endless loop" if any(child.text() == "&" for child in body.children()) else None


def _assigned(node: SgNode) -> str | None:
    name = node.field("name")
    return f"{name.text()}=" if name is not None else None


def _while(node: SgNode) -> SgNode | bool | None:
    """An endless loop's condition always holds. One that feeds `head` ends with it."""
    condition, keyword = node.field("condition"), node.child(0)
    until = keyword is not None and keyword.text() == "until"
    if condition is None or _truth(condition) is not (not until) or _is_cut(node):
        return False
    return None


def _is_cut(node: SgNode) -> bool:
    following = node.next()
    while following is not None:
        if following.kind() == "command" and _words(following)[0] in ("head", "grep", "sed", "awk", "dd"):
            return True
        following = following.next()
    return False


def _truth(condition: SgNode) -> bool | None:
    """Whether a condition always holds or never does; `None` if that depends."""
    kind, text = condition.kind(), " ".join(condition.text().split())
    if kind == "negated_command":
        inside = condition.named_children()
        truth = _truth(inside[0]) if inside else None
        return None if truth is None else not truth
    if kind == "command":
        name, *arguments = _words(condition)
        if name in (":", "true"):
            return True
        if name == "test":
            text = f"[ {' '.join(arguments)} ]"
        else:
            return False if name == "false" else None
    if match := re.fullmatch(r"\(\( ?(\d+) ?\)\)", text):
        return int(match[1]) != 0
    if re.fullmatch(r"""\[\[? (["']?)\w+\1 \]\]?""", text):
        return True
    match = re.fullmatch(r"\[\[? (-?\w+) (-eq|==?) (-?\w+) \]\]?", text)
    return True if match and match[1] == match[3] else None


def _c_style(node: SgNode) -> SgNode | bool | None:
    match = re.match(r"for\s*\(\(([^;]*);([^;]*);", node.text())
    return None if match and match[2].strip() in ("", "1", "true") and not _is_cut(node) else False


def _jump(node: SgNode) -> str:
    words = _words(node)
    if words[0] == "exec" or (node.text().startswith("exec ") and words[0] != ""):
        return "throw"  # another program takes the place of the shell
    return _JUMPS.get(words[0], "command")


def _dead_branch(node: SgNode) -> str:
    condition = node.field("condition")
    return "comment" if condition is not None and _truth(condition) is False else "if_statement"


GRAMMAR = Grammar(
    name="bash",
    unreadable=(CUT_WORDS,),
    identifiers=frozenset({"simple_expansion", "expansion"}),
    transparent={"command_name": ""},
    calls={"command": ("name", "argument"), "file_redirect": ("", "destination")},
    argument_lists=frozenset(),
    names_in_text=frozenset({"word", "number", "string", "raw_string", "ansi_c_string", "concatenation"}),
    skipped=frozenset({"comment", "heredoc_start", "heredoc_end"}),
    binders={
        "variable_assignment": _assignment,
        "for_statement": _for,
        "function_definition": _function,
        "command": _command,
    },
    rewrites=((_FOLDER, ""),),
    acts={
        "file_redirect": _redirection,
        "pipeline": _pipeline,
        "redirected_statement": _endless_output,
        "function_definition": _definition,
        "while_statement": _spawning,
        "variable_assignment": _assigned,
    },
    carried=_carried,
    code=_code,
    strings={
        "word": (),
        "number": (),
        "raw_string": (),
        "ansi_c_string": (),
        "string": ("string_content",),
    },
    literal=_literal,
    adjoining=frozenset({"concatenation"}),
    loops={
        "while_statement": Loop(_while),
        "c_style_for_statement": Loop(_c_style),
        "for_statement": Loop(lambda _node: False),
    },
    throws=frozenset({"throw"}),
    functions=frozenset({"function_definition", "subshell", "command_substitution", "process_substitution"}),
    waits=frozenset({"sleep", "read", "wait", "inotifywait", "tail", "nc", "ncat", "socat", "usleep", "select"}),
    read_as={"command": _jump, "if_statement": _dead_branch},
    name_text=_folded,
)
