"""`polyrun explain`."""

from __future__ import annotations

import click

from polyrun.cli.framework import Command, Example
from polyrun.cli.streams import indented, look, out, print_data
from polyrun.model.codes import Code
from polyrun.model.errors import UsageError


@click.command(
    cls=Command,
    examples=(
        Example("polyrun explain PR103", "what it means, an example, and what to do about it"),
        Example("polyrun explain", "all codes with their titles"),
    ),
)
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Explain what a diagnostic's CODE means and what to do about it."""
    from polyrun import api

    style = look(out())
    if code is None:
        print_data("".join(f"{style.paint(one.value, 'bold')}  {api.explain(one).title}\n" for one in Code))
        return
    known = _known(code)
    found = api.explain(known)
    sections = [
        f"{style.paint(known.value, 'bold')}  {found.title}",
        found.means.strip(),
        f"{style.paint('example', 'cyan')}\n{indented(found.example)}",
        f"{style.paint('remedy', 'cyan')}\n{indented(found.remedy)}",
    ]
    print_data("\n\n".join(sections) + "\n")


def _known(text: str) -> Code:
    """The code that `text` names, in any case and with or without `PR`."""
    wanted = text.upper()
    for code in Code:
        if wanted in (code.value, code.value.removeprefix("PR")):
            return code
    raise UsageError(f"there is no code `{text}`", hint="`polyrun explain` lists all codes")
