"""The values that every language is tried with, and what each language does with them.

`languages/<id>.toml` says for each sample how a program of that language makes it (`make`, and the type to declare
where the language has two ways to read it) and how it looks whether it has got exactly that (`check`). A language that
cannot hold a sample says so with `refused`, and PolyRun must refuse to hand it over; one that cannot make it has no
`make`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from polyrun.languages import Language, Registry

SAMPLES = (
    "null_value", "bool_true", "bool_false",
    "int_small", "int_negative", "int_53", "int_63_high", "int_63_low", "int_big",
    "float_half", "float_whole", "float_tiny", "float_nan", "float_inf", "float_minus_inf", "float_minus_zero",
    "decimal_short", "decimal_long",
    "str_empty", "str_ascii", "str_unicode", "str_nasty", "str_nul", "str_number",
    "bytes_all", "bytes_empty",
    "date_late", "date_early", "time_day", "timestamp_utc", "timestamp_plain", "timestamp_zone", "timestamp_old",
    "duration_long", "duration_negative",
    "list_empty", "list_one", "list_int", "list_float", "list_str", "list_bool", "list_null", "list_mixed",
    "list_nested", "list_many",
    "map_empty", "map_flat", "map_nested", "map_keys",
    "array_float64", "array_float32", "array_int8", "array_int16", "array_int32", "array_int64", "array_uint8",
    "array_uint16", "array_uint32", "array_uint64", "array_bool", "array_2d", "array_2d_f", "array_empty",
    "table_plain", "table_null", "table_times", "table_empty",
    "file_text",
)  # fmt: skip
"""Their names, which are also the names of the variables. `languages/python.toml` says what each of them is."""

FOLDER = Path(__file__).parent / "languages"


@dataclass(frozen=True)
class Sample:
    """What one language does with one sample.

    `make` are statements that set the variable, `declare` the type behind the colon of `#export:`. `check` is an
    expression that is true if the variable holds the sample. `refused` says that the language cannot hold it.
    """

    name: str
    make: str | None = None
    declare: str | None = None
    check: str | None = None
    refused: bool = False

    @property
    def exported(self) -> str:
        return f"{self.name}:{self.declare}" if self.declare else self.name


@dataclass(frozen=True)
class Speaker:
    """One language in these tests; `built` says that its blocks are compiled before they run.

    `start` stands before the statements or checks, `end` after them. `report` is a statement that prints `NAME true`
    or `NAME false`, with `{name}` and `{check}` filled in. `show` are those that print `NAME TEXT` for a `{name}` that
    was imported as a `str`, a `float` (as exact as it is) or `bytes` (their hexadecimal digits), where the language
    cannot hold some sample.
    """

    id: str
    title: str
    built: bool
    start: str
    end: str
    report: str
    show: dict[str, str]
    samples: dict[str, Sample]

    def producer(self) -> str:
        """A block that exports every sample that the language can make."""
        made = [sample for sample in self.samples.values() if sample.make is not None]
        names = ", ".join(sample.exported for sample in made)
        code = "\n".join(sample.make or "" for sample in made)
        return (
            f"#lang:{self.id} name=make_{self.id} timeout=100s\n#export: {names}\n{self.start}{code}\n{self.end}#end\n"
        )

    def consumer(self, producer: Speaker) -> str:
        """A block that imports whatever `producer` makes and this language holds, and reports on each."""
        held = [self.samples[name] for name in producer.makes if not self.samples[name].refused]
        names = ", ".join(f"make_{producer.id}.{sample.name}" for sample in held)
        code = "\n".join(self.report.replace("{name}", s.name).replace("{check}", s.check or "") for s in held)
        return f"#lang:{self.id} timeout=100s\n#import: {names}\n{self.start}{code}\n{self.end}#end\n"

    def wisher(self, wishes: Sequence[tuple[str, str]]) -> str:
        """A block that imports each sample as the type beside it, and shows it as `SAMPLE_as_TYPE`."""
        names = ", ".join(f"{sample}:{way} as {sample}_as_{way}" for sample, way in wishes)
        code = "\n".join(self.show[way].replace("{name}", f"{sample}_as_{way}") for sample, way in wishes)
        return f"#lang:{self.id} timeout=100s\n#import: {names}\n{self.start}{code}\n{self.end}#end\n"

    @property
    def nothing(self) -> str:
        """A program that does nothing."""
        return f"{self.start}{self.end}"

    @property
    def refuses(self) -> tuple[str, ...]:
        return tuple(name for name, sample in self.samples.items() if sample.refused)

    @property
    def makes(self) -> tuple[str, ...]:
        return tuple(name for name, sample in self.samples.items() if sample.make is not None)

    def reports(self, producer: Speaker) -> str:
        """What the consumer must print."""
        return "".join(f"{name} true\n" for name in producer.makes if not self.samples[name].refused)


@cache
def speakers() -> dict[str, Speaker]:
    """Every language that can pass values; a language without a file here, or with a sample missing, fails."""
    registry = Registry.load()
    spoken = {name: found for name in registry.ids if (found := registry.get(name)) is not None and found.values}
    return {name: _read(language) for name, language in spoken.items()}


def _read(language: Language) -> Speaker:
    name = language.id
    data = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    samples = data.pop("samples")
    assert list(samples) == list(SAMPLES), f"{name}.toml must have exactly the samples, in their order"
    return Speaker(
        id=name,
        title=language.title,
        built=language.build is not None,
        start=data.get("start", ""),
        end=data.get("end", ""),
        report=data["report"],
        show=data.get("show", {}),
        samples={key: Sample(key, **facts) for key, facts in samples.items()},
    )
