"""What `polyrun run` does with what it was given."""

from __future__ import annotations

import gc
import sys

from polyrun.cli import given
from polyrun.cli.exit_codes import ExitCode
from polyrun.cli.reporters import Reporters
from polyrun.cli.streams import print_data
from polyrun.model.errors import DocumentError, UsageError
from polyrun.model.frozen import replace


def execute(
    file: str,
    *,
    form: str = "text",
    config: str | None = None,
    verbose: bool = False,
    quiet: bool = False,
    raw: bool = False,
    only: tuple[str, ...] = (),
    allow_write: tuple[str, ...] = (),
    given_values: tuple[str, ...] = (),
    get: tuple[str, ...] = (),
    save_to: str | None = None,
    save_tables: str = "arrow",
    report_to: str | None = None,
    **flags: object,
) -> int:
    """Run the document `file` and return the exit code.

    `form` is `text`, `json` or `events`. `allow_write` holds paths, or an empty text for the document's own folder.
    `given_values` are `NAME=VALUE` each; `get`, `save_to`, `save_tables` and `report_to` are those of `Settings`.
    `flags` are those of `given.FLAGS` that were used. Raises what `api.run` raises.
    """
    _import_asyncio()
    from polyrun import api

    names = _names(only)
    chosen = {
        **flags,
        "allow_write": tuple(path for path in allow_write if path),
        "allow_write_workspace": "" in allow_write,
    }
    document = given.document(file)
    settings = given.settings(config, document, chosen)
    if names:
        settings = replace(settings, only=names)
    if given_values or get or save_to is not None or report_to is not None:
        from pathlib import Path  # only here: its import takes as long as all of this module

        target = Path(save_to) if save_to is not None else None
        page = Path(report_to) if report_to is not None else None
        outside = given.values(given_values)
        settings = replace(settings, given=outside, get=get, save_to=target, save_tables=save_tables, report_to=page)
    reporters = Reporters(form, raw=raw, verbose=verbose, quiet=quiet, values_only=bool(get) and form == "text")
    run = api.run
    gc.freeze()  # all that was imported stays, so that no collection needs to look at it
    gc.enable()
    try:
        result = run(document, settings, on_event=reporters.handle)
    except DocumentError as error:
        if reporters.refuse(error, ExitCode.USAGE):
            return ExitCode.USAGE
        raise
    finally:
        reporters.close()
    if form == "text":
        print_data("".join(f"{value}\n" for value in result.values.values()))
    return result.exit_code


def _import_asyncio() -> None:
    """Import `asyncio` without TLS: no run uses it, and OpenSSL takes a tenth of the time before the first block.

    This comes before all that imports `asyncio` for itself. `asyncio` is made for Pythons that have no `ssl` module;
    afterwards `ssl` can be imported as ever.
    """
    if "ssl" in sys.modules or "asyncio" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]  # makes `import ssl` an ImportError
    try:
        import asyncio  # noqa: F401 - for its place in `sys.modules`
    finally:
        del sys.modules["ssl"]


def _names(values: tuple[str, ...]) -> tuple[str, ...]:
    names = given.names(values)
    if values and not names:  # `--only "$STEP"` without a step must not run everything
        raise UsageError("`--only` names no block", hint="give a block's name, number or tag")
    return names
