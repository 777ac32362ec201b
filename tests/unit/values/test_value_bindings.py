"""The types made for imported values, in a made-up language that writes them in several ways."""

from __future__ import annotations

from polyrun.model.bindings import Bindings
from polyrun.model.values import Column, Field, Kind, ValueType
from polyrun.values.bindings import bind

WRITTEN = Bindings(
    file="made.txt",
    text="{exports}|{declarations}{imports}",
    types={
        "name": "{NameOf}Data", "any": "Any", "int": "long", "boxed.long": "Long", "optional": "{item}",
        "list": "List<{item}>", "timestamp": "Moment", "timestamp.utc": "Instant", "column": "{item}",
        "array.int64": "Longs", "column.timestamp.us": "Moments", "column.timestamp.utc": "Instants",
    },
    each_import="{type} {name};",
    each_export=" {name}",
    record="{name}<{uniform}>[{fields}]",
    uniform="{item}",
    table="{name}[{fields}]",
    field="{type} {field},",
    column="{type} {field},",
)  # fmt: skip
INT = ValueType((Kind.INT,), low=0, high=1)


def written(name: str, found: ValueType, exports: tuple[str, ...] = ()) -> str:
    (text,) = bind(WRITTEN, {name: found}, exports=exports, identifier=r"[a-z_]+").values()
    return text


def test_a_type_inside_of_another_may_be_written_in_another_way() -> None:
    assert written("x", INT) == "|long x;"
    assert written("x", ValueType((Kind.LIST,), item=INT)) == "|List<Long> x;"
    assert written("x", ValueType((Kind.INT, Kind.NULL), low=0, high=1)) == "|Long x;"
    fields = (Field("a", INT), Field("b", INT, always=False))
    assert written("x", ValueType((Kind.MAP,), fields=fields)) == "|XData<>[long a,Long b,]XData x;"
    assert written("x", ValueType((Kind.MAP,), fields=fields[:1])) == "|XData<Long>[long a,]XData x;"


def test_timestamps_are_told_apart_where_the_language_does() -> None:
    for moments, name in ((("utc",), "Instant"), (("plain",), "Moment"), (("plain", "utc"), "Moment")):
        assert written("x", ValueType((Kind.TIMESTAMP,), moments=moments)) == f"|{name} x;"
    columns = (Column("u", "timestamp(us,UTC)"), Column("p", "timestamp(us)"), Column("n", "int64"))
    found = ValueType((Kind.TABLE,), rows=1, columns=columns)
    assert written("old_rows", found) == "|OldRowsData[Instants u,Moments p,Longs n,]OldRowsData old_rows;"


def test_exports_are_named() -> None:
    assert written("x", INT, ("a", "b")) == " a b|long x;"
