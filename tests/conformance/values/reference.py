"""What each sample is, as PolyRun itself holds it: so what a language does with it can be told without running a block.

`test_what_a_language_makes_arrives_everywhere` compares it with what every language really hands over.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import cache

from conformance.values.samples import SAMPLES
from polyrun.languages import Registry
from polyrun.model.values import Kind
from polyrun.values.change import stored_node
from polyrun.values.fits import Misfit, misfit
from polyrun.values.making import ColumnBytes, Workshop
from polyrun.values.nodes import Array, Duration, File, Node, Ref, Text
from polyrun.values.store import Stored

_PLAIN: dict[str, Node] = {
    "null_value": None, "bool_true": True, "bool_false": False,
    "int_small": 42, "int_negative": -7, "int_53": 2**53 + 1, "int_63_high": 2**63 - 1, "int_63_low": -(2**63),
    "int_big": 10**40,
    "float_half": 1.5, "float_whole": 2.0, "float_tiny": 5e-324, "float_nan": float("nan"),
    "float_inf": float("inf"), "float_minus_inf": float("-inf"), "float_minus_zero": -0.0,
    "decimal_short": Text(Kind.DECIMAL, "1.10"),
    "decimal_long": Text(Kind.DECIMAL, "-12345678901234567890.0123456789"),
    "str_empty": "", "str_ascii": "hello", "str_unicode": "grüße € 😀 e\u0301",
    "str_nasty": "'\"$HOME `x` \\n %s {y}\n\t#{z} </script>", "str_nul": "a\0b", "str_number": "007",
    "bytes_all": bytes(range(256)), "bytes_empty": b"",
    "date_late": Text(Kind.DATE, "2026-11-24"), "date_early": Text(Kind.DATE, "1899-02-28"),
    "time_day": Text(Kind.TIME, "18:30:05.25"),
    "timestamp_utc": Text(Kind.TIMESTAMP, "2026-11-24T18:30:00.125Z"),
    "timestamp_plain": Text(Kind.TIMESTAMP, "2026-11-24T18:30:00"),
    "timestamp_zone": Text(Kind.TIMESTAMP, "2026-07-01T12:00:00+02:00[Europe/Berlin]"),
    "timestamp_old": Text(Kind.TIMESTAMP, "1901-02-03T04:05:06Z"),
    "duration_long": Duration(34560001, 500_000_000), "duration_negative": Duration(-1, 750_000_000),
    "list_empty": [], "list_one": [7], "list_int": [1, -2, 3], "list_float": [0.5, -0.0, 2.0],
    "list_str": ["a", "", "ü"], "list_bool": [True, False], "list_null": [1, None, 3],
    "list_mixed": [1, "a", True, None, 2.5], "list_nested": [[1], [2, 3], []], "list_many": [*range(-1000, 1000)],
    "map_empty": {}, "map_flat": {"b": 1, "a": 2},
    "map_nested": {"name": "x", "tags": ["p", "q"], "inner": {"ok": True, "none": None}},
    "map_keys": {"": 1, "a b": 2, "ü": 3, "__proto__": 4, "$t": 5},
}  # fmt: skip

_ARRAYS: dict[str, tuple[str, list[Node]]] = {
    "array_float64": ("float64", [0.5, -1.25, 2.0]),
    "array_float32": ("float32", [0.5, -1.25]),
    "array_int8": ("int8", [-128, 127]),
    "array_int16": ("int16", [-32768, 32767]),
    "array_int32": ("int32", [-(2**31), 2**31 - 1]),
    "array_int64": ("int64", [1 - 2**53, 2**53 - 1]),
    "array_uint8": ("uint8", [0, 255]),
    "array_uint16": ("uint16", [0, 65535]),
    "array_uint32": ("uint32", [0, 2**32 - 1]),
    "array_uint64": ("uint64", [0, 2**53 - 1]),
    "array_bool": ("bool", [True, False, True]),
    "array_empty": ("float64", []),
}

_TABLES: dict[str, dict[str, list[Node]]] = {
    "table_plain": {"id": [1, 2, 3], "x": [0.5, -0.0, 2.5], "s": ["a", "", "ü"], "ok": [True, False, True]},
    "table_null": {"id": [1, None, 3], "x": [None, 1.5, 2.5], "s": ["a", None, "c"], "ok": [True, None, False]},
    "table_times": {
        "d": [Text(Kind.DATE, "2026-11-24"), Text(Kind.DATE, "1899-02-28")],
        "t": [Text(Kind.TIMESTAMP, "2026-11-24T18:30:00.125Z"), Text(Kind.TIMESTAMP, "1901-02-03T04:05:06Z")],
    },
}

_TIMES = (
    '[{"d": {"$t": "date", "v": "2026-11-24"}, "t": {"$t": "timestamp", "v": "2026-11-24T18:30:00.125Z"}},'
    ' {"d": {"$t": "date", "v": "1899-02-28"}, "t": {"$t": "timestamp", "v": "1901-02-03T04:05:06Z"}}]'
)

WISHED: dict[str, dict[str, str | float]] = {
    "int_53": {"str": "9007199254740993", "float": 9007199254740992.0},
    "int_63_high": {"str": "9223372036854775807", "float": 9223372036854775808.0},
    "int_63_low": {"str": "-9223372036854775808", "float": -9223372036854775808.0},
    "int_big": {"str": "10000000000000000000000000000000000000000", "float": 1e40},
    "decimal_short": {"str": "1.10", "float": 1.1},
    "decimal_long": {"str": "-12345678901234567890.0123456789", "float": -12345678901234567000.0},
    "str_nul": {"bytes": "610062"},
    "date_late": {"str": "2026-11-24"},
    "date_early": {"str": "1899-02-28"},
    "time_day": {"str": "18:30:05.25"},
    "timestamp_utc": {"str": "2026-11-24T18:30:00.125Z"},
    "timestamp_plain": {"str": "2026-11-24T18:30:00"},
    "timestamp_zone": {"str": "2026-07-01T12:00:00+02:00[Europe/Berlin]"},
    "duration_long": {"str": "PT34560001.5S", "float": 34560001.5},
    "duration_negative": {"str": "-PT0.25S", "float": -0.25},
    "table_times": {"str": _TIMES},
}
"""What a sample is as the types that messages offer where a language cannot hold it; bytes are hexadecimal digits."""


@dataclass(frozen=True)
class Fact:
    """One sample: its type and the beginning of it, as reports tell them, and which languages cannot hold it."""

    type: str
    preview: str
    refusals: dict[str, Misfit]


@cache
def facts() -> dict[str, Fact]:
    """Every sample, by the real rules of every language."""
    registry = Registry.load()
    holds = {name: found.values.holds for name in registry.ids if (found := registry.get(name)) and found.values}
    with tempfile.TemporaryDirectory() as folder:
        return {
            name: Fact(
                str(stored.type),
                stored.preview,
                {language: wrong for language, one in holds.items() if (wrong := misfit(stored, one)) is not None},
            )
            for name, stored in _made(folder).items()
        }


def _made(folder: str) -> dict[str, Stored]:
    """Every sample at rest, with its data files in `folder`."""
    workshop = Workshop(folder, "x-")
    nodes: dict[str, Node] = {
        **_PLAIN,
        **{name: workshop.array(data, dtype, (len(data),)) for name, (dtype, data) in _ARRAYS.items()},
        "array_2d": workshop.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "float64", (2, 3)),
        "array_2d_f": _turned(workshop.array([0.0, 3.0, 1.0, 4.0, 2.0, 5.0], "float64", (2, 3))),
        **{name: workshop.table(columns) for name, columns in _TABLES.items()},
        "table_empty": workshop.table_of(
            0, {"id": ColumnBytes("int64", b""), "s": ColumnBytes("str", b"", offsets=bytes(4))}
        ),
        "file_text": _file(workshop, "note.txt", "grüße\n".encode()),
    }
    return {name: stored_node(nodes[name], folder) for name in SAMPLES}


def _turned(grid: Array) -> Array:
    return Array(grid.dtype, grid.shape, "F", grid.data)


def _file(workshop: Workshop, name: str, data: bytes) -> File:
    with workshop.file(".txt") as file:
        file.write(data)
    return File(name, "text/plain", Ref(os.path.basename(file.name), 0, len(data)))
