"""`polyrun policy`: list the rules of the static analysis, explain one, or test them all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from polyrun.cli import given
from polyrun.cli.exit_codes import ExitCode
from polyrun.cli.framework import CONTEXT, Command, Example, Group
from polyrun.cli.streams import indented, look, out, print_data
from polyrun.cli.table import render_table
from polyrun.model.codes import Code
from polyrun.model.errors import UsageError
from polyrun.report.neutral import safe_line
from polyrun.report.words import count

if TYPE_CHECKING:
    from polyrun.policy.rules import Rule

_CONFIG = click.option("-c", "--config", type=click.Path(), metavar="FILE", help="Read this polyrun.toml too.")


@click.group(
    cls=Group,
    context_settings=CONTEXT,
    examples=(
        Example("polyrun policy list python", "what is looked for in Python"),
        Example("polyrun policy explain python/shell", "why, with an example, and how to allow it"),
        Example("polyrun policy test -c polyrun.toml", "do the rules, yours too, find what they say?"),
    ),
)
def policy() -> None:
    """List the rules of the static analysis, explain one, or test them."""


@policy.command("list", cls=Command, examples=(Example("polyrun policy list bash --format json", "for programs"),))
@click.argument("grammar", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
@_CONFIG
def list_(grammar: str | None, form: str, config: str | None) -> None:
    """List the rules, all of them or those for GRAMMAR."""
    from polyrun import api

    rules = api.policy_rules(given.settings(config, None, {}))
    if grammar is not None:
        known = sorted({name for rule in rules for name in rule.grammars})
        rules = tuple(rule for rule in rules if grammar in rule.grammars)
        if not rules:
            raise UsageError(f"there are no rules for `{grammar}`", hint=f"there are for {', '.join(known)}")
    if form == "json":
        print_data(json.dumps([_facts(rule) for rule in rules], indent=2) + "\n")
        return
    rows = [(rule.code.value, rule.severity.value, rule.name, rule.message.replace("{name}", "…")) for rule in rules]
    print_data(render_table(("code", "severity", "rule", "says"), rows, look(out())))


@policy.command(cls=Command, examples=(Example("polyrun policy explain python/shell", "one rule"),))
@click.argument("name", metavar="RULE")
@_CONFIG
def explain(name: str, config: str | None) -> None:
    """Explain the RULE that a finding names, such as python/shell; for a code there is `polyrun explain`."""
    from polyrun import api

    rule = next((one for one in api.policy_rules(given.settings(config, None, {})) if one.name == name), None)
    if rule is None:
        is_code = name.upper() in set(Code)
        hint = f"`polyrun explain {name.upper()}` explains the code" if is_code else "`polyrun policy list` shows them"
        raise UsageError(f"there is no rule `{name}`", hint=hint)
    style = look(out())
    sections = [
        f"{style.paint(rule.name, 'bold')}  {rule.code}, {rule.severity}, for {', '.join(rule.grammars)}",
        f"{rule.message.replace('{name}', '…')}: {rule.reason}",
        f"{style.paint('example', 'cyan')}\n{indented(rule.example)}",
        *([f"{style.paint('not found', 'cyan')}\n{indented(rule.safe)}"] if rule.safe else []),
        f"{style.paint('remedy', 'cyan')}\n  {rule.remedy}",
        f"{style.paint('to allow it', 'cyan')}\n  polyrun run FILE --allow {rule.name}",
    ]
    print_data("\n\n".join(sections) + "\n")


@policy.command(cls=Command, examples=(Example("polyrun policy test -c polyrun.toml", "with rules of your own"),))
@_CONFIG
def test(config: str | None) -> int:
    """Try every rule on its own example and on the code that it calls safe.

    Exits with 1 if one of them does not do what it says.
    """
    from polyrun import api

    tried = api.test_policy(given.settings(config, None, {}))
    wrong = [one for one in tried if one.trouble is not None]
    for one in wrong:
        print_data(f"{safe_line(one.rule.name)} ({one.grammar}): {safe_line(one.trouble or '')}\n")
    rules = count(len({one.rule.name for one in tried}), "rule")
    print_data(f"{rules} tried in {count(len(tried), 'case')}: {len(wrong) or 'none'} wrong\n")
    return ExitCode.BLOCK_FAILED if wrong else ExitCode.OK


def _facts(rule: Rule) -> dict[str, object]:
    return {
        "name": rule.name,
        "code": rule.code.value,
        "severity": rule.severity.value,
        "grammars": list(rule.grammars),
        "message": rule.message,
        "reason": rule.reason,
        "remedy": rule.remedy,
        "example": rule.example,
    }
