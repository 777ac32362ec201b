"""Click's faults in PolyRun's words: one lower-case line without a final stop, and a hint."""

from __future__ import annotations

import click


def phrase(error: click.ClickException) -> tuple[str, str]:
    """The message and the hint for `error`."""
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx is not None else "polyrun"
    help_hint = f"`{path} --help` shows how it is used"
    match error:
        case click.NoSuchOption():
            near = _nearest(error.option_name, _options(error.ctx))
            return f"there is no option `{error.option_name}`", f"did you mean `{near}`?" if near else help_hint
        case click.BadOptionUsage() if error.message.endswith("requires an argument."):
            return f"`{error.option_name}` needs a value", help_hint
        case click.MissingParameter():
            return f"{_parameter(error)} is missing", help_hint
        case click.BadParameter():
            return f"{_parameter(error)}: {_lower(error.message)}", help_hint
        case _:
            return _lower(error.format_message()), getattr(error, "hint", None) or help_hint


def no_such_command(name: str, known: list[str], ctx: click.Context) -> click.UsageError:
    """The fault of naming a command that does not exist, with what may have been meant."""
    error = click.UsageError(f"there is no command `{name}`", ctx)
    near = _nearest(name, known)
    if near is not None:
        hint = f"did you mean `{ctx.command_path} {near}`?"
    elif name.endswith((".mix", ".md")) and "run" in known:
        hint = f"did you mean `{ctx.command_path} run {name}`?"
    else:
        hint = f"the commands are {', '.join(f'`{one}`' for one in known)}"
    error.hint = hint  # type: ignore[attr-defined]
    return error


def _nearest(name: str, known: list[str]) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, known, n=1, cutoff=0.5)), None)


def _options(ctx: click.Context | None) -> list[str]:
    if ctx is None:
        return []
    return [name for parameter in ctx.command.get_params(ctx) for name in parameter.opts if name.startswith("--")]


def _parameter(error: click.BadParameter) -> str:
    if error.param is None:
        return "the value"
    if isinstance(error.param, click.Argument):
        return f"`{error.param.make_metavar(error.ctx) if error.ctx else error.param.name}`"
    return f"`{max(error.param.opts, key=len)}`"


def _lower(text: str) -> str:
    text = text.strip().removesuffix(".").replace("'", "`")
    return text[:1].lower() + text[1:]
