"""What was seen of values while walking over them, gathered in place and turned into a `ValueType` at the end."""

from __future__ import annotations

from collections.abc import Iterable

from polyrun.model.values import Column, Field, Kind, ValueType

MAX_FIELDS = 256
"""Keys that are told apart; a map with more is described by what its values have in common."""

MAX_PLACES = 4096
"""Places in one value that are told apart; beyond them, a map is described by what its values have in common."""

_MERGED_LEVELS = 3
"""Maps within maps up to which it is known what all their values have in common; each level doubles the work."""

_ORDER = {kind: position for position, kind in enumerate(Kind)}


_WIDE = {"int64", "uint64"}


class Room:
    """How many more places in one value are told apart."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_PLACES

    def take(self) -> bool:
        """Whether there is room for one more, which is taken then."""
        self.left -= 1
        return self.left >= 0


class Seen:
    """Gathers what all values at one place have in common. A list has one for all its items, a map one for each key.

    All places in one value share a `room`.
    """

    __slots__ = (
        "array", "columns", "count", "digits", "fields", "high", "item", "kinds", "low", "maps", "media",
        "moments", "nul", "packed", "present", "room", "rows", "times", "unlooked",
    )  # fmt: skip

    def __init__(self, room: Room | None = None) -> None:
        self.room = room or Room()
        self.kinds: set[Kind] = set()
        self.low: int | None = None
        self.high: int | None = None
        self.digits = 0
        self.moments: set[str] = set()
        self.nul = False
        self.unlooked = False
        self.item: Seen | None = None
        self.fields: dict[str, Seen] | None = None
        self.present: dict[str, int] = {}
        self.maps = 0
        self.count: int | None = None
        self.array: tuple[str, tuple[int, ...], str] | None = None
        self.rows: int | None = None
        self.columns: tuple[Column, ...] | None = None
        self.media: str | None = None
        self.packed: str | None = None
        self.times = 0

    def integer(self, value: int) -> None:
        """An integer was seen."""
        self.kinds.add(Kind.INT)
        if self.low is None or value < self.low:
            self.low = value
        if self.high is None or value > self.high:
            self.high = value

    def counted(self, kind: Kind, count: int) -> None:
        """A value of `kind` with `count` items, keys or bytes was seen."""
        self.kinds.add(kind)
        self.times += 1
        self.count = count if self.times == 1 else None

    def items(self) -> Seen:
        """Where the items of a list are gathered."""
        if self.item is None:
            self.item = Seen(self.room)
        return self.item

    def map(self, count: int) -> None:
        """A map with `count` keys was seen."""
        self.counted(Kind.MAP, count)
        self.maps += 1
        if self.fields is None and self.maps == 1:
            self.fields = {}

    def field(self, name: str) -> Seen:
        """Where the values under the key `name` are gathered."""
        if self.fields is not None:
            found = self.fields.get(name)
            if found is None and len(self.fields) < MAX_FIELDS and self.room.take():
                found = self.fields[name] = Seen(self.room)
            if found is not None:
                self.present[name] = self.present.get(name, 0) + 1
                return found
            self._give_up_fields()
        return self.items()

    def _give_up_fields(self) -> None:
        """Too many keys: from now on all values are gathered in one place."""
        assert self.fields is not None
        for seen in self.fields.values():
            self.items().absorb(seen)
        self.fields = None

    def absorb(self, other: Seen) -> None:
        """Gather what `other` has gathered."""
        self.kinds |= other.kinds
        for value in (other.low, other.high):
            if value is not None:
                self.integer(value)
        self.digits = max(self.digits, other.digits)
        self.moments |= other.moments
        self.nul |= other.nul
        self.unlooked |= other.unlooked
        self.packed = other.packed if self.times == 0 else None
        self.times += other.times
        self.count = other.count if self.times == other.times else None
        self._absorb_parts(other)

    def _absorb_parts(self, other: Seen) -> None:
        if other.item is not None:
            self.items().absorb(other.item)
        if other.array is not None:
            self.grid(*other.array)
        if other.maps:
            first = self.maps == 0
            self.maps += other.maps
            if first:
                self.fields = {}
            if other.fields is None and self.fields is not None:
                self._give_up_fields()
            for name, seen in (other.fields or {}).items():
                self.field(name).absorb(seen)
                self.present[name] = self.present.get(name, 0) + other.present[name] - 1

    def grid(self, dtype: str, shape: tuple[int, ...], order: str) -> None:
        """An array was seen."""
        self.kinds.add(Kind.ARRAY)
        self.unlooked |= dtype in _WIDE
        self.times += 1
        if self.times == 1:
            self.array = dtype, shape, order
        elif self.array is not None:
            same = self.array[0] == dtype and len(self.array[1]) == len(shape)
            self.array = (dtype, (), order) if same else None

    def table(self, rows: int, columns: Iterable[Column]) -> None:
        """A table was seen."""
        self.kinds.add(Kind.TABLE)
        columns = tuple(columns)
        self.unlooked |= any(column.type in _WIDE for column in columns)
        self.times += 1
        self.rows, self.columns = (rows, columns) if self.times == 1 else (None, None)

    def type(self, level: int = 0) -> ValueType:
        """The type of all that was seen here, which is inside of `level` maps."""
        fields = None
        item = self.item.type(level) if self.item is not None and self.item.kinds else None
        if self.fields is not None:
            named = self.fields.items()
            fields = tuple(Field(name, seen.type(level + 1), self.present[name] == self.maps) for name, seen in named)
            if level < _MERGED_LEVELS or not any(seen.maps or seen.item for seen in self.fields.values()):
                item = self._merged(level + 1)
        return self._described(item, fields)

    def _merged(self, level: int) -> ValueType | None:
        """What the values under all keys have in common."""
        merged = Seen()
        for seen in (self.fields or {}).values():
            merged.absorb(seen)
        return merged.type(level) if merged.kinds else None

    def _described(self, item: ValueType | None, fields: tuple[Field, ...] | None) -> ValueType:
        dtype, shape, order = self.array or (None, None, "C")
        return ValueType(
            kinds=tuple(sorted(self.kinds, key=_ORDER.__getitem__)),
            low=self.low,
            high=self.high,
            digits=self.digits,
            moments=tuple(sorted(self.moments)),
            nul=self.nul,
            item=item,
            fields=fields,
            count=self.count,
            dtype=dtype,
            shape=shape,
            order=order,
            rows=self.rows,
            columns=self.columns,
            media=self.media,
            packed=self.packed,
            unlooked=self.unlooked,
        )
