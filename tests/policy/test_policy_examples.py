"""Every rule finds its example and not its near miss, through the command that users have for it."""

from __future__ import annotations

from polyrun import api


def test_every_rule_does_what_it_says() -> None:
    tried = api.test_policy()
    assert len(tried) > 100
    assert [(one.rule.name, one.grammar, one.trouble) for one in tried if one.trouble] == []
