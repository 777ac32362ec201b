"""What a failed program prints is searched with many patterns, on the event loop: no text makes that take long."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from polyrun.execute.denials import advice
from polyrun.languages import Registry, locate
from polyrun.languages.printed import in_short_lines
from polyrun.languages.stack import frames_in
from polyrun.model.outcomes import Feature
from polyrun.model.permissions import Permissions

REGISTRY = Registry.load()
KNOWN = [language for one in REGISTRY.ids if (language := REGISTRY.get(one)) is not None]
SIZE = 64 * 1024
BOUND_S = 2.0

UNDEFINED = sorted({one for language in KNOWN if language.values for one in language.values.undefined})
LOCATIONS = {pattern: language for language in KNOWN for pattern in language.locations}
STACKS = {language.id: language.stack for language in KNOWN if language.stack is not None}
CUTS = [(start, stop, end) for start in (0, 0.35) for stop in (0.5, 0.65, 0.8, 0.97) for end in ("", "\n")]
TOKEN = re.compile(r"\\.|\(\?P<\w+>|\(\?[:!=]|\[\^?.[^\]]*\]|\{[\d,]+\}|.", re.DOTALL)
CLASSES = {"\\d": "1", "\\w": "a", "\\S": "a", "\\s": " ", "\\n": "\n", "\\t": "\t", "\\b": "", ".": "a"}
CLASSES |= {"^": "", "$": ""}
DENIED = [
    "localhost ",
    "dial tcp: lookup a",
    "could not resolve ",
    "‘/",
    "'/a'\n",
    "(/",
    "no such file or directory ../",
]


def sample(pattern: str) -> str:
    """A text that a pattern matches, or nearly: its first alternatives, each part once, no lookarounds."""
    groups: list[tuple[str, str, bool]] = [("", "", True)]  # how it opened, its text so far, whether more counts
    for token in TOKEN.findall(pattern.replace("{document}", "d\\.mix")):
        opened, text, counts = groups[-1]
        if token.startswith("(") and token != "\\(":
            groups.append((token, "", True))
        elif token == ")":
            groups.pop()
            before, outer, more = groups.pop()
            groups.append((before, outer + (text if more and opened not in ("(?!", "(?=") else ""), more))
        elif token == "|":
            groups[-1] = (opened, text, False)
        elif counts and token not in "*+?" and not re.fullmatch(r"\{[\d,]+\}", token):
            first = "a" if token.startswith("[^") else token[1:-1].removeprefix("\\")[:1]
            one = first if token.startswith("[") else CLASSES.get(token, token.removeprefix("\\"))
            groups[-1] = (opened, text + one, True)
    return groups[0][1]


def hostile(pattern: str) -> Iterator[str]:
    """64 KiB each that begin like a match again and again, and never end like one."""
    text = sample(pattern)
    units = [text[int(len(text) * start) : max(int(len(text) * stop), 1)] + end for start, stop, end in CUTS]
    for unit in (*units, " ", text + "\n", text.replace("\n", " ")):
        yield ((unit or "a") * SIZE)[:SIZE]


def test_samples_are_near_enough_to_be_hostile() -> None:
    patterns = [*UNDEFINED, *LOCATIONS]
    matched = [one for one in patterns if re.search(one.replace("{document}", "d.mix"), sample(one), re.MULTILINE)]
    assert len(matched) > 0.9 * len(patterns), set(patterns) - set(matched)


@pytest.mark.parametrize("pattern", UNDEFINED)
def test_what_is_not_defined(pattern: str) -> None:
    for printed in hostile(pattern):
        text = in_short_lines(printed.encode())
        started = time.process_time()
        re.search(pattern, text, re.MULTILINE)
        assert time.process_time() - started < BOUND_S, printed[:200]


def test_a_name_ends_with_its_line() -> None:
    (pattern,) = (one for one in UNDEFINED if "object" in one)
    text = in_short_lines((" object ‘\n" * 10_000).encode()[:SIZE])
    started = time.process_time()
    assert re.search(pattern, text, re.MULTILINE) is None
    assert time.process_time() - started < BOUND_S
    found = re.search(pattern, "Error in f(x) : object ‘totals’ not found", re.MULTILINE)
    assert found is not None
    assert found["name"] == "totals"


@pytest.mark.parametrize("pattern", LOCATIONS)
def test_where_it_was(pattern: str) -> None:
    for printed in hostile(pattern):
        started = time.process_time()
        locate(LOCATIONS[pattern], printed.encode(), "d.mix")
        assert time.process_time() - started < BOUND_S, printed[:200]


@pytest.mark.parametrize("language", STACKS)
def test_a_stack(language: str) -> None:
    stack = STACKS[language]
    for pattern in (*stack.frames, *([stack.first] if stack.first else [])):
        for printed in hostile(pattern):
            started = time.process_time()
            frames_in(stack, printed.encode(), "d.mix", range(2, 3))
            assert time.process_time() - started < BOUND_S, printed[:200]


@pytest.mark.parametrize("ending", ["", "permission denied\n"])
@pytest.mark.parametrize("unit", DENIED)
def test_a_denial(unit: str, ending: str) -> None:
    text = ((unit + ending) * (SIZE // len(unit + ending) + 1))[:SIZE].encode()
    started = time.process_time()
    advice(text, text * 20, frozenset(Feature), Permissions(), "/nowhere")
    assert time.process_time() - started < BOUND_S
