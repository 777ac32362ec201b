"""Reading the table `[values]` of a language's specification."""

from __future__ import annotations

from typing import cast

from polyrun.languages.handing import IDENTIFIER, Around, Handing, Wire
from polyrun.languages.tables import Table
from polyrun.model.values import DTYPES, Holds, Kind

_ALWAYS = (Kind.STR, Kind.LIST, Kind.MAP)
_COLUMNS = frozenset((*DTYPES, "str", "bytes", "date", "time", "timestamp", "duration", "decimal"))
_NAMES = ("imports", "exports")


def load_handing(table: Table) -> Handing:
    """What `table` says. Raises `LanguageError` for unknown keys and wrong types."""
    around = table.table("around")
    handing = Handing(
        holds=_holds(table.table("holds")),
        wire=cast("Wire", table.choice("wire", ("cbor", "shell"), "cbor")),
        identifier=table.pattern("identifier", IDENTIFIER),
        reserved=frozenset(word for line in table.texts("reserved") for word in line.split()),
        undefined=table.patterns("undefined"),
        named=not table.flag("nameless"),
        around=_around(around),
    )
    table.close()
    return handing


def _holds(table: Table) -> Holds:
    kinds = table.texts("kinds", required=True)
    for kind in kinds:
        if kind not in set(Kind):
            table.fail("kinds", f"holds `{kind}`, which is no type of values")
    dtypes, columns = table.texts("dtypes"), table.texts("columns")
    for name, words, known in (("dtypes", dtypes, DTYPES.keys()), ("columns", columns, _COLUMNS)):
        for word in words:
            if word not in known and word != "*":
                table.fail(name, f"holds `{word}`, which is no type of numbers")
    holds = Holds(
        kinds=frozenset(Kind(kind) for kind in kinds) | set(_ALWAYS),
        int_bits=table.optional_integer("int_bits", 0),
        digits=table.optional_integer("digits", 9),
        zone=table.flag("zone"),
        plain=table.flag("plain"),
        nul=table.flag("nul"),
        dtypes=frozenset(DTYPES if "*" in dtypes else dtypes),
        columns=_COLUMNS if "*" in columns else frozenset(columns),
    )
    table.close()
    return holds


def _around(table: Table) -> Around:
    around = Around(
        before=table.text("before", ""),
        after=table.text("after", ""),
        each_import=table.text("import", ""),
        each_export=table.text("export", ""),
    )
    for key, text in (("before", around.before), ("after", around.after)):
        table.check_placeholders(key, text, _NAMES)
    for key, text in (("import", around.each_import), ("export", around.each_export)):
        table.check_placeholders(key, text, ("name",))
    table.close()
    return around
