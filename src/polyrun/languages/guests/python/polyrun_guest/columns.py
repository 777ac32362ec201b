"""Single columns in the layout of Apache Arrow, read and written without a library for it."""

from __future__ import annotations

import datetime as dt
from array import array
from decimal import Context, Decimal
from itertools import accumulate, pairwise
from typing import Any

from . import wire
from .incoming import FORMATS, Incoming, Ref
from .wire import Tagged, Unsupported

ALIGNMENT = 64
_PAGE = 4096
_MAX_OFFSET = (1 << 31) - 1
_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC).replace(tzinfo=None)
_DAY = dt.date(1970, 1, 1)
_EXACT = Context(prec=80)
_MICROSECOND = dt.timedelta(microseconds=1)


def bits(data: Any, count: int) -> list[bool]:
    """The first `count` bits of `data`, least significant first."""
    text = f"{int.from_bytes(bytes(data), 'little'):0{max(len(data) * 8, 1)}b}"[::-1]
    return [bit == "1" for bit in text[:count]]


def packed_bits(flags: Any) -> bytes:
    """Truth values as bits."""
    count = len(flags)
    text = "".join(["1" if flag else "0" for flag in flags])[::-1] or "0"
    return int(text, 2).to_bytes((count + 7) // 8, "little")


class Column:
    """A column that came from another block."""

    def __init__(self, incoming: Incoming, rows: int, kind: str, refs: list[Any]) -> None:
        self._incoming = incoming
        self.rows = rows
        self.type = kind
        self.validity, self.data, self.offsets = refs

    @property
    def base(self) -> str:
        """The type without what stands in brackets."""
        return self.type.partition("(")[0]

    @property
    def inside(self) -> list[str]:
        """What stands in the brackets of the type."""
        return self.type.rpartition(")")[0].partition("(")[2].split(",")

    def bytes(self, ref: Ref | None) -> memoryview | None:
        """The bytes that `ref` names, one of `validity`, `data` and `offsets`."""
        return None if ref is None else self._incoming.bytes(ref)

    def valid(self) -> list[bool] | None:
        """Which values are there; `None` when all are."""
        return None if self.validity is None else bits(self._incoming.bytes(self.validity), self.rows)

    def values(self) -> Any:
        """All values: of numbers without a gap a view, or an array of NumPy if the block uses that."""
        if self.validity is None and self.base in FORMATS and self.base != "bool":
            view = self._incoming.bytes(self.data)
            if self._incoming.has_numpy:
                import numpy as np

                return np.frombuffer(view, dtype=self.base)
            return view.cast(FORMATS[self.base])
        return self.listed()

    def listed(self) -> list[Any]:
        """All values as a list of Python's own objects, `None` for what is missing."""
        values = self.present()
        valid = self.valid()
        return values if valid is None else [v if ok else None for v, ok in zip(values, valid, strict=True)]

    def present(self) -> list[Any]:
        """All values as a list, anything at all for what is missing."""
        data = self._incoming.bytes(self.data)
        match self.base:
            case "bool":
                return bits(data, self.rows)
            case "str" | "bytes":
                return self._texts(data)
            case "decimal":
                scale = int(self.inside[1])
                raw = (data[at : at + 16] for at in range(0, len(data), 16))
                return [Decimal(int.from_bytes(one, "little", signed=True)).scaleb(-scale, _EXACT) for one in raw]
            case base if base in FORMATS:
                numbers: list[Any] = data.cast(FORMATS[base]).tolist()
                return numbers
            case _:
                return self._times(data)

    def _texts(self, data: memoryview) -> list[Any]:
        assert self.offsets is not None
        ends = self._incoming.bytes(self.offsets).cast("i").tolist()
        spans = pairwise(ends)
        if self.base == "bytes":
            return [bytes(data[start:end]) for start, end in spans]
        whole = bytes(data)
        if whole.isascii():
            text = whole.decode()
            return [text[start:end] for start, end in spans]
        return [whole[start:end].decode() for start, end in spans]

    def _times(self, data: memoryview) -> list[Any]:
        if self.base == "date":
            return [_DAY + dt.timedelta(days=days) for days in data.cast("i")]
        divisor = 1000 if self.inside[0] == "ns" else 1
        numbers = [number // divisor for number in data.cast("q")]
        if divisor > 1 and any(number % divisor for number in data.cast("q")):
            raise ValueError("the column has times as exact as nanoseconds, which `datetime` has not; pandas has")
        if self.base == "duration":
            return [dt.timedelta(microseconds=number) for number in numbers]
        moments = [_EPOCH + dt.timedelta(microseconds=number) for number in numbers]
        if self.base == "time":
            return [moment.time() for moment in moments]
        if len(self.inside) == 1:
            return moments
        from .times import zone_of

        zone = zone_of(self.inside[1])
        return [moment.replace(tzinfo=dt.UTC).astimezone(zone) for moment in moments]


class TableWriter:
    """Writes a table of `rows` rows with columns called `names` to a file of its own."""

    def __init__(self, outgoing: Any, names: list[str], rows: int) -> None:
        self._outgoing = outgoing
        self._rows = rows
        self._columns: list[list[Any]] = []
        self._name = ""
        self._file: Any = None
        self._head = -(-(2048 + sum(512 + len(name.encode()) for name in names)) // _PAGE) * _PAGE

    def add(self, name: str, kind: str, validity: Any, data: Any, offsets: Any = None) -> None:
        """Add a column: the bytes of its parts, `None` for a part that it has not."""
        if self._file is None:
            self._name, self._file = self._outgoing.new_file(".arrow")
            self._file.seek(self._head)
        first = None if validity is None else self._part(validity)
        ends = None if offsets is None else self._part(offsets)
        self._columns.append([name, kind, first, self._part(data), ends])

    def _part(self, data: Any) -> Tagged:
        at = -(-self._file.tell() // ALIGNMENT) * ALIGNMENT
        self._file.seek(at)
        self._file.write(data)
        return Tagged(wire.REF, [self._name, at, memoryview(data).nbytes])

    def finish(self) -> Tagged:
        """The table."""
        if self._file is not None:
            self._file.truncate(self._file.tell())
            self._file.close()
        return Tagged(wire.TABLE, [self._rows, self._columns])


def texts(values: Any) -> tuple[bytes, bytes]:
    """The offsets and the bytes of `values`, which are texts, or all of them bytes; `None` counts as empty."""
    present = ["" if value is None else value for value in values] if None in values else values
    try:
        whole = "".join(present)
    except TypeError:
        pieces = [bytes(value) if value else b"" for value in values]
        return _ended(map(len, pieces), b"".join(pieces))
    if whole.isascii():
        return _ended(map(len, present), whole.encode())
    pieces = [value.encode() for value in present]
    return _ended(map(len, pieces), b"".join(pieces))


def _ended(lengths: Any, data: bytes) -> tuple[bytes, bytes]:
    if len(data) > _MAX_OFFSET:
        raise Unsupported("a column of texts can hold 2 GiB at most")
    return array("i", accumulate(lengths, initial=0)).tobytes(), data


def column_of(name: str, values: list[Any]) -> tuple[str, Any, Any, Any]:
    """The type and the parts of a column of Python objects, which must be of one kind."""
    missing = [value is None for value in values]
    validity = packed_bits([not one for one in missing]) if any(missing) else None
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        kinds = {float}
    if len(kinds) > 1:
        words = " and ".join(sorted(kind.__name__ for kind in kinds))
        raise Unsupported(f"the column `{name}` mixes {words}")
    kind = next(iter(kinds), str)
    return (*_parts(name, kind, values, validity),)


def _parts(name: str, kind: type, values: list[Any], validity: bytes | None) -> tuple[str, Any, Any, Any]:
    if kind is bool:
        return "bool", validity, packed_bits(values), None
    if kind in (int, float):
        code, dtype = ("q", "int64") if kind is int else ("d", "float64")
        try:
            return dtype, validity, array(code, [0 if value is None else value for value in values]).tobytes(), None
        except OverflowError:
            raise Unsupported(f"the column `{name}` has an int of more than 64 bits") from None
    if kind in (str, bytes):
        ends, data = texts(values)
        return ("str" if kind is str else "bytes"), validity, data, ends
    if kind is Decimal:
        return _decimals(name, values, validity)
    return _moments(name, kind, values, validity)


def _decimals(name: str, values: list[Any], validity: bytes | None) -> tuple[str, Any, Any, Any]:
    present = [value for value in values if value is not None]
    if not all(value.is_finite() for value in present):
        raise Unsupported(f"the column `{name}` has a decimal that is no number")
    scale = max(0, *(-value.as_tuple().exponent for value in present))
    whole = [0 if value is None else int(value.scaleb(scale, _EXACT)) for value in values]
    precision = max(scale, *(len(str(abs(number))) for number in whole))
    if precision > 38:
        raise Unsupported(f"the column `{name}` needs decimals of more than 38 digits")
    data = b"".join(number.to_bytes(16, "little", signed=True) for number in whole)
    return f"decimal({precision},{scale})", validity, data, None


def _moments(name: str, kind: type, values: list[Any], validity: bytes | None) -> tuple[str, Any, Any, Any]:
    if issubclass(kind, dt.datetime):
        zones = {value.tzinfo for value in values if value is not None}
        if len(zones) > 1:
            raise Unsupported(f"the column `{name}` mixes time zones")
        zone = next(iter(zones))
        start = _EPOCH if zone is None else _EPOCH.replace(tzinfo=dt.UTC)
        numbers = [0 if value is None else (value - start) // _MICROSECOND for value in values]
        where = "" if zone is None else f",{getattr(zone, 'key', None) or zone.tzname(None) or 'UTC'}"
        return f"timestamp(us{where})", validity, array("q", numbers).tobytes(), None
    if issubclass(kind, dt.date):
        days = [0 if value is None else (value - _DAY).days for value in values]
        return "date", validity, array("i", days).tobytes(), None
    if issubclass(kind, dt.timedelta):
        numbers = [0 if value is None else value // _MICROSECOND for value in values]
        return "duration(us)", validity, array("q", numbers).tobytes(), None
    if issubclass(kind, dt.time):
        moments = [_EPOCH.time() if value is None else value for value in values]
        numbers = [(dt.datetime.combine(_DAY, one) - _EPOCH) // _MICROSECOND for one in moments]
        return "time(us)", validity, array("q", numbers).tobytes(), None
    raise Unsupported(f"the column `{name}` holds {kind.__name__}, which no column of a table can")
