"""The types that values have on their way from one language to another, and how they are said to people.

A `ValueType` describes what one value really is, found by looking at it: a table knows its columns, an array its
shape. `Kind` is the closed list of logical types (DESIGN, section 6).
"""

from __future__ import annotations

from enum import StrEnum

from polyrun.model.frozen import frozen
from polyrun.model.limits import format_bytes


class Kind(StrEnum):
    """A logical type. The words are what people write behind the colon in `#export: rows:table`."""

    NULL = "null"
    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    DECIMAL = "decimal"
    STR = "str"
    BYTES = "bytes"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    DURATION = "duration"
    LIST = "list"
    MAP = "map"
    ARRAY = "array"
    TABLE = "table"
    FILE = "file"


CONTAINERS = (Kind.LIST, Kind.MAP, Kind.ARRAY, Kind.TABLE)
"""The kinds of values that have other values in them."""

DTYPES = {
    "bool": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8,
    "float32": 4, "float64": 8,
}  # fmt: skip
"""The types that elements of an array can have, and their bytes."""

MOMENTS = ("plain", "utc", "offset", "zone")
"""Timestamps: without any zone, in UTC, so far from UTC, in a zone that has a name."""

INT64_LOW, INT64_HIGH = -(1 << 63), (1 << 63) - 1
INT53_HIGH = (1 << 53) - 1
"""The largest integer that a float64 and its neighbours hold exactly (RFC 7493, section 2.2)."""


@frozen
class Column:
    """One column of a table: its name, the type of its values as the table stores them, whether any is null.

    `type` is a dtype, or `str`, `bytes`, `date`, `time`, `duration`, `timestamp`, `timestamp(ZONE)` or `decimal(P,S)`.
    """

    name: str
    type: str
    nulls: int = 0

    @property
    def base(self) -> str:
        """The type without what stands in brackets."""
        return self.type.partition("(")[0]


@frozen
class ValueType:
    """What a value is.

    `kinds` has one member, or several for the items of a mixed list; `NULL` beside others means that some are null.
    `low` and `high` bound the integers, `digits` is the most digits of a second's fraction, `moments` which of
    `MOMENTS` its timestamps are, `nul` whether a text holds U+0000. `item` is the type of all items of a list
    or values of a map, `None` if it is empty; `fields` are those of a map with few keys. `count` is how many items,
    keys or bytes there are (`None` where several values are described at once). A `packed` list is stored as numbers
    of that dtype, whose bounds are not known without looking at them; `unlooked` is whether there are such numbers of
    64 bits, in a list, an array or a table.
    """

    kinds: tuple[Kind, ...]
    low: int | None = None
    high: int | None = None
    digits: int = 0
    moments: tuple[str, ...] = ()
    nul: bool = False
    item: ValueType | None = None
    fields: tuple[Field, ...] | None = None
    count: int | None = None
    dtype: str | None = None
    shape: tuple[int, ...] | None = None
    order: str = "C"
    rows: int | None = None
    columns: tuple[Column, ...] | None = None
    media: str | None = None
    packed: str | None = None
    unlooked: bool = False

    @property
    def kind(self) -> Kind | None:
        """The one kind that it has besides null; `None` for a mixture."""
        if len(self.kinds) == 1:
            return self.kinds[0]
        kinds = [kind for kind in self.kinds if kind is not Kind.NULL]
        if not kinds:
            return Kind.NULL
        return kinds[0] if len(kinds) == 1 else None

    @property
    def nullable(self) -> bool:
        """Whether it is, or can be, null."""
        return Kind.NULL in self.kinds

    def __str__(self) -> str:
        """As short as a type is written: `list(int)`, `array(float64)`, `table`."""
        kind = self.kind
        if kind is None:
            return "any"
        if kind is Kind.LIST and self.item is not None:
            return f"list({self.item})"
        if kind is Kind.ARRAY and self.dtype is not None:
            return f"array({self.dtype})"
        return kind.value


@frozen
class Field:
    """One key of a map: its `name`, the `type` of its values, and whether it is there in every such map."""

    name: str
    type: ValueType
    always: bool = True


@frozen
class Holds:
    """What values a language can hold exactly.

    `kinds` are those it has a type for. `int_bits` is the size of its integers (53 for a float64 that is exact up to
    2**53, 0 for any size). `digits` is how many digits of a second's fraction its times have, `moments` which of
    `MOMENTS` its timestamps can be, `nul` whether its texts may hold U+0000. `columns` are
    the types (without brackets) that columns of its tables may have, `column_digits` the `digits` of times in them,
    `dtypes` those of its arrays.
    """

    kinds: frozenset[Kind]
    int_bits: int = 0
    digits: int = 9
    moments: frozenset[str] = frozenset()
    nul: bool = True
    columns: frozenset[str] = frozenset()
    column_digits: int = 9
    dtypes: frozenset[str] = frozenset()


@frozen
class Slice:
    """Some of the bytes of a file: its path, where they begin and end."""

    path: str
    start: int
    end: int


@frozen
class ValueInfo:
    """One value as reports tell it: who made it, what it is, how much of it there is.

    `producer` is the label of the block that exported it and `line` the line of its `#export:`; both are `None` for a
    value from outside. `bytes` counts what it takes at rest. `preview` is one line, cut short. `file` is where the
    content of a `file` is, in a copy of PolyRun's own that is gone when the run is over.
    """

    name: str
    type: ValueType
    bytes: int
    preview: str = ""
    producer: str | None = None
    line: int | None = None
    file: Slice | None = None

    def __str__(self) -> str:
        """Such as `table, 3 rows x 2 columns, 1.5 KiB`."""
        parts = [str(self.type), *_extent(self.type)]
        if self.bytes >= _TOLD_BYTES:
            parts.append(format_bytes(self.bytes))
        return ", ".join(parts)


_TOLD_BYTES = 1024


def _shape(shape: tuple[int, ...]) -> str:
    """Such as `2x3 elements`."""
    return "x".join(map(str, shape)) + (" element" if shape == (1,) else " elements")


def _count(number: int | None, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _extent(found: ValueType) -> list[str]:
    """How much of it there is, where that can be said."""
    match found.kind:
        case Kind.TABLE:
            return [f"{_count(found.rows, 'row')} x {_count(len(found.columns or ()), 'column')}"]
        case Kind.ARRAY:
            return [_shape(found.shape)] if found.shape else []
        case Kind.LIST if found.count is not None:
            return [_count(found.count, "item")]
        case Kind.MAP if found.count is not None:
            return [_count(found.count, "key")]
        case Kind.FILE if found.media is not None:
            return [found.media]
        case _:
            return []
