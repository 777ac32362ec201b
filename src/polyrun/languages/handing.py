"""How a language takes values and hands them over: what it can hold, and the text that goes around a block's code."""

from __future__ import annotations

from typing import Literal

from polyrun.model.bindings import Bindings
from polyrun.model.frozen import frozen
from polyrun.model.values import Holds

Wire = Literal["cbor", "shell"]

IDENTIFIER = r"[A-Za-z_]\w*"


@frozen
class Names:
    """The variables that a block imports, and those that it exports."""

    imports: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.imports or self.exports)


@frozen
class Opening:
    """What a `main` that is to be made begins with, and the variables that are there before it."""

    text: str = ""
    names: tuple[str, ...] = ()


@frozen
class Around:
    """Text of ours around the code of a block that imports or exports.

    `before` stands on the line before the first, `after` behind the last; `{imports}` and `{exports}` in them stand for
    `each_import` and `each_export` of every name, with `{name}` filled in.
    """

    before: str = ""
    after: str = ""
    each_import: str = ""
    each_export: str = ""


@frozen
class Returns:
    """How a `main` is left in a language whose statements are expressions.

    Where it is left, the values of all exports are handed over (`each_put` of each, in place of `{exports}`): `text`
    stands in place of every `return`, which `find` finds with its value as the group `value`. `nested` matches the end
    of what stands before a brace in which a `return` is not that of `main`. `declares` finds a statement that declares
    the variable `{name}`, `puts` code that hands it over by itself; `check` goes behind the declaration of one that it
    does not. `gives` finds out whether the body of a `main` to be ends in a value; then `end` goes around that
    `{value}`, with `{exports}` behind.
    """

    text: str
    each_put: str
    find: str
    nested: str
    declares: str
    puts: str
    gives: str
    end: str
    check: str


@frozen
class Main:
    """How values get into and out of a `main`, in a language that has one.

    `opening` finds the beginning of a whole program's `main` (it ends with the brace; a group `value` in it says that
    this `main` gives a value). `items` are declarations that stand once at the beginning of a `main` that is made, or
    behind that of a whole program. `each_import` is put at the
    beginning of `main` for every import. `each_export` follows the statement that declares an exported variable, or,
    where it is not declared in `main` itself, the beginning; with `returns` nothing follows it, and the values are
    handed over wherever `main` is left.
    `declares` matches the beginning of a statement that declares the variable `{name}`; without it, the first that
    names it counts. In a program with what `puts` finds, a variable that is declared neither in `main` nor outside of
    all functions is handed over by the program itself.
    """

    opening: str
    each_import: str = ""
    each_export: str = ""
    declares: str = ""
    puts: str = ""
    items: str = ""
    returns: Returns | None = None


@frozen
class Handing:
    """Everything about values that a language's specification says.

    `wire` is the form of the file that its guest library reads. `identifier` matches the names that variables can have,
    less the words `reserved`. `undefined` are regular expressions, with a group `name`, over messages about a variable
    that does not exist. Unless `named`, what is exported need not occur in the code as a word (SQL's last result).
    """

    holds: Holds
    wire: Wire = "cbor"
    identifier: str = IDENTIFIER
    reserved: frozenset[str] = frozenset()
    undefined: tuple[str, ...] = ()
    named: bool = True
    around: Around = Around()
    main: Main | None = None
    bindings: Bindings | None = None
