"""Reading the table `[values]` of a language's specification."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from polyrun.languages.handing import IDENTIFIER, Around, Handing, Main, Returns, Wire
from polyrun.languages.tables import Table
from polyrun.model.bindings import Bindings
from polyrun.model.values import DTYPES, MOMENTS, Holds, Kind

_ALWAYS = (Kind.STR, Kind.LIST, Kind.MAP)
_COLUMNS = frozenset((*DTYPES, "str", "bytes", "date", "time", "timestamp", "duration", "decimal"))
_NAMES = ("imports", "exports")


def load_handing(table: Table, steps: Collection[str]) -> Handing:
    """What `table` says; `steps` are the placeholders of steps. Raises `LanguageError`."""
    around = table.table("around")
    main, bindings = table.optional_table("main"), table.optional_table("bindings")
    handing = Handing(
        holds=_holds(table.table("holds")),
        wire=cast("Wire", table.choice("wire", ("cbor", "shell"), "cbor")),
        identifier=table.pattern("identifier", IDENTIFIER),
        reserved=frozenset(word for line in table.texts("reserved") for word in line.split()),
        undefined=table.patterns("undefined"),
        named=not table.flag("nameless"),
        around=_around(around),
        main=None if main is None else _main(main),
        bindings=None if bindings is None else _bindings(bindings, steps),
    )
    table.close()
    return handing


def _holds(table: Table) -> Holds:
    kinds = table.texts("kinds", required=True)
    for kind in kinds:
        if kind not in set(Kind):
            table.fail("kinds", f"holds `{kind}`, which is no type of values")
    moments = table.texts("moments")
    for moment in moments:
        if moment not in MOMENTS:
            table.fail("moments", f"holds `{moment}`; known are {', '.join(MOMENTS)}")
    dtypes, columns = table.texts("dtypes"), table.texts("columns")
    for name, words, known in (("dtypes", dtypes, DTYPES.keys()), ("columns", columns, _COLUMNS)):
        for word in words:
            if word not in known and word != "*":
                table.fail(name, f"holds `{word}`, which is no type of numbers")
    digits = table.optional_integer("digits", 9)
    holds = Holds(
        kinds=frozenset(Kind(kind) for kind in kinds) | set(_ALWAYS),
        int_bits=table.optional_integer("int_bits", 0),
        digits=digits,
        column_digits=table.optional_integer("column_digits", digits),
        moments=frozenset(moments),
        nul=table.flag("nul"),
        dtypes=frozenset(DTYPES if "*" in dtypes else dtypes),
        columns=_COLUMNS if "*" in columns else frozenset(columns),
    )
    table.close()
    return holds


def _main(table: Table) -> Main:
    returns = table.optional_table("returns")
    main = Main(
        opening=table.pattern("opening"),
        each_import=table.text("import", ""),
        each_export=table.text("export", ""),
        declares=table.pattern("declares", ""),
        puts=table.pattern("puts", ""),
        items=table.text("items", ""),
        returns=None if returns is None else _returns(returns),
    )
    for key, text in (("import", main.each_import), ("export", main.each_export)):
        table.check_placeholders(key, text, ("name",))
    table.close()
    return main


def _returns(table: Table) -> Returns:
    returns = Returns(
        text=table.text("text"),
        each_put=table.text("put"),
        find=table.pattern("find"),
        nested=table.pattern("nested"),
        declares=table.pattern("declares"),
        puts=table.pattern("puts"),
        gives=table.pattern("gives"),
        end=table.text("end"),
        check=table.text("check", ""),
    )
    for key, text in (("check", returns.check), ("put", returns.each_put)):
        table.check_placeholders(key, text, ("name",))
    for key, text in (("text", returns.text), ("end", returns.end)):
        table.check_placeholders(key, text, ("exports", "value"))
    table.close()
    return returns


def _bindings(table: Table, steps: Collection[str]) -> Bindings:
    bindings = Bindings(
        file=table.text("file"),
        text=table.text("text"),
        types=table.text_table("types"),
        each_import=table.text("import", ""),
        each_export=table.text("export", ""),
        record=table.text("record", ""),
        uniform=table.text("uniform", ""),
        table=table.text("table", ""),
        field=table.text("field", ""),
        each=table.text("each", ""),
        column=table.text("column", ""),
        each_column=table.text("each_column", ""),
        made_list=table.text("list", ""),
        made_map=table.text("map", ""),
        each_made=table.text("each_made", ""),
        taken=table.texts("taken"),
        args=table.texts("args"),
        prepare=table.texts("prepare"),
    )
    for item in (*bindings.args, *bindings.prepare):
        table.check_placeholders("args", item, steps)
    table.close()
    return bindings


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
