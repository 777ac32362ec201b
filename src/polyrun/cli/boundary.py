"""The one place where exceptions become messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from polyrun.cli.exit_codes import ExitCode
from polyrun.cli.quick import plain_run
from polyrun.cli.streams import complain, err, look
from polyrun.model.codes import Code
from polyrun.model.errors import (
    AuditUnavailable,
    ConfigError,
    DocumentError,
    DocumentUnreadable,
    LanguageError,
    PolyRunError,
    SandboxUnavailable,
    UsageError,
)
from polyrun.report.neutral import safe_text


def guarded(arguments: Sequence[str]) -> int:
    """Run the command line `arguments` and return the exit code; never raises."""
    try:
        plain = plain_run(arguments) if "_POLYRUN_COMPLETE" not in os.environ else None
        if plain is not None:
            from polyrun.cli.running import execute

            file, switches = plain
            return execute(file, **switches)
        from polyrun.cli.commands import invoke

        return invoke(arguments)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the boundary: every fault gets its message and its code here
        return _code_of(error, verbose="-v" in arguments or "--verbose" in arguments)


def _code_of(error: Exception, *, verbose: bool) -> int:
    """Say what `error` means for the user and return the exit code."""
    match error:
        case PolyRunError():
            code = _refusal(error)
        case BrokenPipeError():
            code = ExitCode.PIPE_CLOSED
        case OSError():
            code = _surroundings(error, verbose=verbose)
        case _:
            code = _internal(error, verbose=verbose)
    return code


def _refusal(error: PolyRunError) -> int:
    if isinstance(error, ConfigError | DocumentError):
        from polyrun.report.diagnostics import render_text

        channel = err()
        channel.text(render_text(error.source, error.diagnostics, colour=look(channel).colour))
        return ExitCode.USAGE
    complain(str(error), error.hint, error.code)
    if isinstance(error, SandboxUnavailable | AuditUnavailable):
        return ExitCode.REFUSED
    if isinstance(error, DocumentUnreadable | LanguageError | UsageError):
        return ExitCode.USAGE
    return ExitCode.INTERNAL


def _surroundings(error: OSError, *, verbose: bool) -> int:
    """The operating system refused something that no part of PolyRun had an answer for."""
    if verbose:
        _show_traceback(error)
    where = f" (`{error.filename}`)" if error.filename else ""
    reason = error.strerror or str(error) or type(error).__name__
    complain(f"{reason[:1].lower()}{reason[1:]}{where}", None if verbose else "`-v` shows where it happened")
    return ExitCode.INTERNAL


def _internal(error: Exception, *, verbose: bool) -> int:
    message = f"PolyRun itself failed: {type(error).__name__}: {error}"
    if verbose:
        _show_traceback(error)
        complain(message, "please report this, with the lines above", Code.INTERNAL)
        return ExitCode.INTERNAL
    path = _save_traceback(error)
    hint = f"please report this, with the file `{path}`" if path else "run it again with `-v` for the details"
    complain(message, hint, Code.INTERNAL)
    return ExitCode.INTERNAL


def _show_traceback(error: Exception) -> None:
    import traceback

    err().text(safe_text("".join(traceback.format_exception(error))))


def _save_traceback(error: Exception) -> str | None:
    """Write the traceback and the versions to a file of the user's; `None` if that fails too."""
    import platform
    import tempfile
    import traceback

    from polyrun import __version__

    text = f"polyrun {__version__}, Python {sys.version}, {platform.platform()}\n\n"
    text += "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="backslashreplace", prefix="polyrun-crash-", suffix=".txt", delete=False
        ) as file:
            file.write(text)
    except OSError:
        return None
    return file.name
