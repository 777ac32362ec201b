"""Bytes that lie in a data file of their own are bytes like any others."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyrun.model.values import Kind
from polyrun.values.cbor import BadData, encode
from polyrun.values.change import as_wanted
from polyrun.values.decode import decode
from polyrun.values.nodes import Node, Ref
from polyrun.values.outbox import VALUES
from polyrun.values.store import Store, Stored

DATA = "grüße".encode() * 3


def taken(folder: Path, node: Node) -> Stored:
    """The value `node` as the only one that a block exports; its data file is `1-0.bin`."""
    store = Store(str(folder))
    with store.outbox(1, 1000) as outbox:
        Path(outbox.folder, "1-0.bin").write_bytes(DATA)
        Path(outbox.folder, VALUES).write_bytes(encode({"polyrun": 1, "exports": {"x": node}}))
        content = outbox.read()
        assert content is not None
        return store.take(outbox, content)["x"]


def test_they_are_found_at_any_place(tmp_path: Path) -> None:
    ref = Ref("1-0.bin", 0, len(DATA))
    stored = taken(tmp_path, {"inner": [ref, b""]})
    assert stored.type.item is not None
    assert stored.type.item.item is not None
    assert stored.type.item.item.kinds == (Kind.BYTES,)
    assert stored.refs == (ref,)


def test_they_can_be_turned_into_text(tmp_path: Path) -> None:
    stored = taken(tmp_path, Ref("1-0.bin", 0, len(DATA)))
    turned = as_wanted(stored, "str", Store(str(tmp_path)).workshop(2))
    assert decode(turned.encoded()) == DATA.decode()
    assert turned.refs == ()


def test_they_can_be_turned_into_text_inside_of_others(tmp_path: Path) -> None:
    stored = taken(tmp_path, [Ref("1-0.bin", 7, 7), b"a"])
    turned = as_wanted(stored, "list(str)", Store(str(tmp_path)).workshop(2))
    assert decode(turned.encoded()) == ["grüße", "a"]


def test_they_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="shorter"):
        taken(tmp_path, [Ref("1-0.bin", 1, len(DATA))])
