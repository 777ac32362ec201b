"""Values at rest turned into other types: what an import wishes, what an export declares."""

from __future__ import annotations

from collections.abc import Callable

from polyrun.model.frozen import frozen
from polyrun.model.values import Kind, ValueType
from polyrun.values.cbor import BadData, Reader, encode
from polyrun.values.convert import WIDENING, CannotConvert, Wish, is_exact, parse_type
from polyrun.values.decode import decode
from polyrun.values.json_form import to_json
from polyrun.values.making import Workshop
from polyrun.values.nodes import Array, Node, Packed, Ref
from polyrun.values.preview import preview
from polyrun.values.reshape import Reshaper
from polyrun.values.store import Stored
from polyrun.values.survey import Survey
from polyrun.values.unpack import Read, Unpacker

__all__ = ["CannotConvert", "as_declared", "as_json", "as_wanted", "stored_node", "unpacker"]

_DECLARABLE = {
    (Kind.LIST, Kind.ARRAY), (Kind.LIST, Kind.TABLE), (Kind.MAP, Kind.TABLE), (Kind.ARRAY, Kind.LIST),
    (Kind.FILE, Kind.TABLE),
}  # fmt: skip
"""What a declared type may make of a value besides parsing a text: the same data in another form."""


def as_wanted(stored: Stored, wanted: str | None, workshop: Workshop) -> Stored:
    """`stored` as the type `wanted`; as it is without one. Raises `CannotConvert`."""
    if wanted is None:
        return stored
    wish = parse_type(wanted)
    return stored if _is_so(stored.type, wish) else _turned(stored, wish, workshop)


def as_declared(stored: Stored, declared: str | None, workshop: Workshop) -> Stored:
    """`stored` as the type that its block has declared, where that loses nothing. Raises `CannotConvert`."""
    if declared is None:
        return stored
    wish = parse_type(declared)
    own = stored.type.kind
    if _is_so(stored.type, wish):
        return stored
    may = own is Kind.STR or (own, wish.kind) in _DECLARABLE or (own is wish.kind and wish.inside is not None)
    if not may and ((own, wish.kind) not in WIDENING or not is_exact(decode(stored.encoded()), wish.kind)):
        raise CannotConvert(f"it is of the type `{stored.type}`")
    return _turned(stored, wish, workshop, exact=True)


def _is_so(found: ValueType, wish: Wish) -> bool:
    """Whether a value is what is wished for already."""
    if found.kind is not wish.kind:
        return False
    if wish.inside is None:
        return True
    if wish.kind is Kind.ARRAY:
        return found.dtype == wish.inside.partition(",")[0].strip()
    return False


def _turned(stored: Stored, wish: Wish, workshop: Workshop, *, exact: bool = False) -> Stored:
    made = Reshaper(stored.read, workshop, exact=exact).turn(_loaded(decode(stored.encoded()), stored.read), wish)
    kept = isinstance(made, Packed | Array) and made.data in stored.refs
    return stored_node(made, stored.folder if kept else workshop.folder)


def unpacker(stored: Stored) -> Unpacker:
    """What takes the data of `stored` apart."""
    return Unpacker(stored.read)


def as_json(stored: Stored) -> str:
    """`stored` as one line of strict JSON (see `json_form`): an array as lists, a table as a list of its rows.

    Raises `CannotConvert` for a file, and for more than `unpack.MAX_ITEMS` numbers.
    """
    return to_json(unpacker(stored).plain(decode(stored.encoded())))


def _loaded(node: Node, read: Read) -> Node:
    """`node` with bytes in place of the references that stand for bytes in it."""
    match node:
        case Ref():
            return read(node)
        case list():
            return [_loaded(item, read) for item in node]
        case dict():
            return {key: _loaded(value, read) for key, value in node.items()}
        case _:
            return node


def stored_node(node: Node, folder: str | None) -> Stored:
    """`node` as a value at rest, whose data files, if any, lie in `folder`. Raises `CannotConvert` beyond a bound."""
    data = encode(node)
    files = _Files(folder)
    try:
        found = Survey(Reader(data), files).value()
    except BadData as error:  # too deep, too many, a name that is too long
        raise CannotConvert(str(error).replace("the value file", "it", 1)) from error
    look = preview(Reader(data), files.bytes_of)
    return Stored(found.type, data, found.refs, folder if found.refs else None, look)


@frozen
class _Files:
    """Data files that were found sound before."""

    folder: str | None

    def bytes_of(self, ref: Ref) -> Callable[[int, int], bytes]:
        """See `survey.DataFiles`."""
        return Stored(_NOTHING, b"", (ref,), self.folder).open(ref)


_NOTHING = ValueType((Kind.NULL,))
