"""The page `docs/values/matrix.md`: what every language makes and takes, and what arrives from each in each.

`PYTHONPATH=tests python -m conformance.values.matrix > docs/values/matrix.md` renews it; a test compares the two. It
comes from the rules of the registry and from `languages/`; that both are true, the conformance suite tries.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby

from conformance.values.reference import Fact, facts
from conformance.values.samples import Sample, speakers

_INTRO = """\
# What arrives where

<!-- Written by `python -m conformance.values.matrix`; edit `tests/conformance/values/` instead. -->

{samples} sample values from each of {languages} languages into each of them, without those that a language cannot make:
{made} ways for a value to go. On {exact} it arrives equal in type, value, order, nulls and shape. On {refused} the
language that imports has nothing that holds it: its block is not started, and the message names the value, its type,
the lines of both ends, and a type to import it as, with which it arrives{never}.

`tests/conformance/values` runs every exact one of these ways. A refusal, and all types that its message names, are run
with the value from Python, in each language that refuses: what is decided is the value's type, which the suite
finds to be the same from every language.

## What each language makes and takes

Each cell has two signs, out of the language and into it.

| sign | out (`#export:`) | sign | into (`#import:`) |
|---|---|---|---|
| `●` | by itself | `●` | exactly |
| `○` | with a declared type, as in `day:date` | `s` `f` `b` | refused, but taken as `:str`, `:float`, `:bytes` |
| `–` | not at all | `✗` | refused, and no other type helps |

Samples with the same signs share a row. What is exact has the form that the language's own page names: Bash has
texts and paths of files only, and to Lua, Perl and PHP bytes are strings as texts are.
"""

_SIGNS = {"str": "s", "float": "f", "bytes": "b"}

_TITLES = {"javascript": "js", "typescript": "ts"}
"""Shorter heads of columns."""

_PAIRS = """
## From each language into each

How many samples arrive exactly, and behind the `+` how many as another type only. Languages that export stand on the
left; of the samples, each makes as many as the second column says.
"""

_SAMPLES = """
## The samples

| sample | type | value |
|---|---|---|
"""


def render() -> str:
    """The whole page as Markdown."""
    names = list(speakers())
    cells = [(name, sample) for name in names for sample in speakers()[name].makes]
    refused = sum(len(facts()[sample].refusals) for _, sample in cells)
    stuck = sum(not wrong.ways for _, sample in cells for wrong in facts()[sample].refusals.values())
    intro = _INTRO.format(
        samples=len(facts()),
        languages=len(names),
        made=f"{len(cells) * len(names):,}",
        exact=f"{len(cells) * len(names) - refused:,}",
        refused=f"{refused:,}",
        never=f"; on {stuck:,} there is no such type" if stuck else "",
    )
    return "".join([intro, *_kinds(names), _PAIRS, *_pairs(names), _SAMPLES, *_descriptions()])


def _kinds(names: list[str]) -> Iterator[str]:
    """A table for all samples, with a row for those of one type that do the same everywhere."""
    yield "\n| type | samples | " + " | ".join(_TITLES.get(name, name) for name in names) + " |\n"
    yield "|---|---|" + ":-:|" * len(names) + "\n"
    for kind, samples in groupby(facts(), key=_kind):
        rows: dict[tuple[str, ...], list[str]] = {}
        for sample in samples:
            signs = tuple(_sign(speakers()[name].samples[sample], facts()[sample], name) for name in names)
            rows.setdefault(signs, []).append(sample.partition("_")[2])
        for number, (signs, members) in enumerate(rows.items()):
            head = f"`{kind}`" if not number else ""
            yield f"| {head} | {', '.join(members)} | {' | '.join(signs)} |\n"


def _kind(sample: str) -> str:
    return sample.partition("_")[0]


def _sign(sample: Sample, fact: Fact, language: str) -> str:
    out = "–" if sample.make is None else "○" if sample.declare else "●"
    wrong = fact.refusals.get(language)
    if wrong is None:
        return f"{out} ●"
    return f"{out} {''.join(_SIGNS[way] for way in wrong.ways) or '✗'}"


def _pairs(names: list[str]) -> Iterator[str]:
    yield "\n| from \\ into | made | " + " | ".join(_TITLES.get(name, name) for name in names) + " |\n"
    yield "|---|--:|" + ":-:|" * len(names) + "\n"
    for name in names:
        made = speakers()[name].makes
        counts = [sum(other in facts()[sample].refusals for sample in made) for other in names]
        row = [f"{len(made) - count}" + (f" + {count}" if count else "") for count in counts]
        yield f"| {speakers()[name].title} | {len(made)} | {' | '.join(row)} |\n"


def _descriptions() -> Iterator[str]:
    for sample, fact in facts().items():
        shown = fact.preview.replace("|", "\\|")
        fence = "``" if "`" in shown else "`"
        value = f"{fence}{' ' if fence == '``' else ''}{shown}{' ' if fence == '``' else ''}{fence}" if shown else ""
        yield f"| {sample} | `{fact.type}` | {value} |\n"


if __name__ == "__main__":
    sys.stdout.write(render())
