"""Values at rest turned into other types: what an import wishes, what an export declares."""

from __future__ import annotations

from collections.abc import Callable

from polyrun.model.frozen import frozen
from polyrun.values.cbor import Reader, encode
from polyrun.values.convert import WIDENING, CannotConvert, convert_scalar, is_exact, kind_of, parse_type
from polyrun.values.decode import decode
from polyrun.values.nodes import Node, Ref
from polyrun.values.preview import preview
from polyrun.values.store import Stored
from polyrun.values.survey import Survey

__all__ = ["CannotConvert", "as_declared", "as_wanted", "stored_node"]


def as_wanted(stored: Stored, wanted: str | None) -> Stored:
    """`stored` as the type `wanted`; as it is without one. Raises `CannotConvert`."""
    if wanted is None:
        return stored
    wish = parse_type(wanted)
    if stored.type.kind is wish.kind and wish.inside is None:
        return stored
    return stored_node(convert_scalar(decode(stored.encoded()), wish.kind), stored.folder)


def as_declared(stored: Stored, declared: str | None) -> Stored:
    """`stored` as the type that its block has declared, where that loses nothing. Raises `CannotConvert`."""
    if declared is None:
        return stored
    wish = parse_type(declared)
    if stored.type.kind is wish.kind:
        return stored
    node = decode(stored.encoded())
    widens = (kind_of(node), wish.kind) in WIDENING and is_exact(node, wish.kind)
    if not isinstance(node, str) and not widens:
        raise CannotConvert(f"it is of the type `{stored.type}`")
    return stored_node(convert_scalar(node, wish.kind), stored.folder)


def stored_node(node: Node, folder: str | None) -> Stored:
    """`node` as a value at rest, whose data files, if any, lie in `folder`."""
    data = encode(node)
    files = _Files(folder)
    found = Survey(Reader(data), files).value()
    look = preview(Reader(data), files.bytes_of)
    return Stored(found.type, data, found.refs, folder if found.refs else None, look)


@frozen
class _Files:
    """Data files that were found sound before."""

    folder: str | None

    def bytes_of(self, ref: Ref) -> Callable[[int, int], bytes]:
        """See `survey.DataFiles`."""
        return Stored(_NOTHING, b"", (ref,), self.folder).open(ref)


_NOTHING = Survey(Reader(encode(None)), _Files(None)).value().type
