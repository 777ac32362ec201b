"""`polyrun run FILE` is read without click; whatever is read so must mean what click would have said."""

from __future__ import annotations

import click
from hypothesis import example, given
from hypothesis import strategies as st

from polyrun.cli.quick import SWITCHES, plain_run
from polyrun.cli.run import run

_OTHERS = ["a.mix", "-", "--", "-x", "--no-log", "--only", "--format=json", "--quie", "-qv", "", "run", "--help"]
_WORDS = st.lists(st.sampled_from([*SWITCHES, *_OTHERS]), max_size=5)


@given(words=_WORDS)
@example(words=["a.mix", "-q", "-v", "--raw"])
@example(words=["-qv", "a.mix"])
@example(words=["--", "-q"])
def test_the_plain_forms_mean_what_click_makes_of_them(words: list[str]) -> None:
    plain = plain_run(["run", *words])
    if plain is None:
        return
    file, switches = plain
    context: click.Context = run.make_context("run", list(words))
    given = {name: value for name, value in context.params.items() if value not in (None, (), False)}
    assert given.pop("form") == "text"
    assert given.pop("log")
    assert given.pop("save_tables") == "arrow"
    assert given == {"file": file, **switches}


@given(words=_WORDS)
def test_only_run_is_read_so(words: list[str]) -> None:
    assert plain_run(["check", *words]) is None
    assert plain_run(words) is None or words[0] == "run"


def test_every_switch_is_one_of_click() -> None:
    flags = {name for option in run.params if getattr(option, "is_flag", False) for name in option.opts}
    assert SWITCHES.keys() <= flags
    assert plain_run(["run", "a.mix", *SWITCHES]) == ("a.mix", dict.fromkeys(SWITCHES.values(), True))
