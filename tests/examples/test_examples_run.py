"""Every document in `examples/`, through the real command: exit code, every block's status, what the blocks print."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli_case import Case
from examples.pages import EXAMPLES

WITH_PACKAGES = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
"""This environment's own Python, which has NumPy and pandas, comes first."""


@dataclass(frozen=True)
class Expected:
    """How an example ends. Blocks are named as in reports; those without a status here must be `ok`."""

    blocks: int
    output: dict[str, str]
    exit_code: int = 0
    status: dict[str, str] = field(default_factory=dict)
    problem: dict[str, tuple[str, int]] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()


BARS = "Mon  3917 " + 40 * "█" + "\n"
PARTS = "| night     |    670 |   3 % |\n| morning   |   7558 |  36 % |\n| afternoon |   8270 |  39 % |\n"

EXPECTED = {
    "tour.mix": Expected(
        blocks=11,
        output={
            "look": "169 lines, 4 with a hole\n",
            "clean": "4 holes filled with the hour before\n",
            "events": "2026-05-06 rain 06:00-20:00\n2026-05-08 closed 14:58-17:41\n",
            "days": BARS,
            "profile": "▁▁▁▁▁▁▃▆█▇▄▄▄▅▅▆▇██▅▃▂▁▁  0 to 23 h\n",
            "rush": "busiest hours:  05-05T17h (482)  05-04T17h (462)  05-04T08h (457)\n",
            "commute": "going north: 66 % before noon, 37 % after\n",
            "odd": "2026-05-08T15:00: only 26 riders (2026-05-08 closed 14:58-17:41)\n",
            "sure": "2000 resampled weeks: 95 % have 17705 to 24170 riders\n",
            "report": PARTS,
        },
        status={"publish": "nonzero_exit"},
        problem={"publish": ("PR501", 234)},
        artifacts=("out/commute.json", "out/events.txt", "out/hours.txt", "out/report.md"),
    ),
    "dice.mix": Expected(
        blocks=3,
        output={
            "block 2": "1 " + 25 * "#" + " 1012\n2 " + 24 * "#" + " 963\n",
            "block 3": "mean 3.5148333333333333\n",
        },
    ),
    "prices.mix": Expected(blocks=3, output={"block 3": "2 things for 516\n"}),
    "ozone.mix": Expected(
        blocks=6,
        output={
            "measured": "153 days, 37 without ozone\n",
            "celsius": "4  1973-05-05   <NA>  Saturday     13.3\n",
            "months": " August    | 60.0 | 1973-08-25 |   168 |    27.2\n",
            "levels": "July      █▒▒ ▒▒████ ░░ ░▒▒▒█▒░  ██░▒█▒▒▒\n",
            "check": "  bad     1    7  14\nafter a good day: 2 % bad ones\n",
        },
    ),
    "waves.mix": Expected(
        blocks=5,
        output={
            "play": "720896 numbers of float64, 5.8 MB\n",
            "again": "77 powers: equal to 1e-6\n",
            "listen": "second   C   D   E   F   G  A  B\n    1  161  21   8  25  21 25 20\n",
            "compare": "heard C D E C C D E C E F G\n",
        },
    ),
    "glossary.mix": Expected(
        blocks=5,
        output={
            "index": "10 sentences, 138 different words\n",
            "entries": "dedicate, nation, live, dead, great, people\n",
            "page": "Spoken on 1863-11-19, of a nation begun in 1776\n\n"
            "dedicate: 6 times, 2.2 % of all words, as dedicated, dedicate\n"
            "   1 in Liberty, and dedicated to the proposition\n",
        },
    ),
    "text.mix": Expected(
        blocks=5,
        output={
            "frequent": "     13 that\n     11 the\n     10 we\n      8 here\n      8 to\n",
            "readability": "271 words, 138 different\n27.1 words a sentence, 4.24 letters a word\n",
            "rhetoric": "three times: of the people, by the people, for the people\n",
            "rhythm": " 82 " + 82 * "-" + "\n",
            "agree": "271\nall agree\n",
        },
        artifacts=("out/bash.words", "out/javascript.words", "out/perl.words", "out/python.words"),
    ),
    "numeric.mix": Expected(
        blocks=3,
        output={
            "kernel": "401 points, 40000 steps, middle 0.537700\n",
            "repeat": "the same steps: equal to 1e-12\n",
            "exact": "the exact solution: equal to 1e-5\n",
        },
        artifacts=("out/rod.f64",),
    ),
    "sieve.mix": Expected(blocks=9, output={f"block {index}": "148933\n" for index in range(1, 10)}),
    "dangers.mix": Expected(
        blocks=4,
        exit_code=4,
        output={"fine": "15\n"},
        status={"alias": "blocked", "made": "blocked", "endless": "blocked"},
        problem={"alias": ("PR701", 12), "made": ("PR702", 19), "endless": ("PR709", 25)},
    ),
    "errors.mix": Expected(
        blocks=8,
        exit_code=4,
        output={"crash": "about to crash\n"},
        status={
            "build": "build_failed",
            "traceback": "nonzero_exit",
            "crash": "signalled",
            "forever": "time_limit",
            "greedy": "memory_limit",
            "offline": "nonzero_exit",
            "asks": "blocked",
            "waits": "skipped",
        },
        problem={
            "build": ("PR302", 10),
            "traceback": ("PR501", 17),
            "crash": ("PR502", 26),
            "forever": ("PR401", 37),
            "greedy": ("PR402", 42),
            "offline": ("PR501", 50),
            "asks": ("PR406", 55),
        },
    ),
    "runbook.mix": Expected(
        blocks=6,
        output={
            "disk": " full, ",
            "timeline": "from 09:15  42 requests   6 failed\n",
            "slow": "/api/stock         32 requests, 95 % within 3004 ms\n",
            "clients": "203.0.113.23  5 failed\n",
            "incident": "- `/api/stock` takes up to 3004 ms\n",
        },
        status={"restart": "blocked"},
        problem={"restart": ("PR406", 80)},
        artifacts=("out/incident.md", "out/slow.txt"),
    ),
}


def test_every_example_is_tested() -> None:
    assert {path.name for path in EXAMPLES.glob("*.mix")} == set(EXPECTED)


def test_every_example_is_listed() -> None:
    listed = (EXAMPLES / "README.md").read_text("utf-8")
    assert [name for name in EXPECTED if f"[{name}]({name})" not in listed] == []


@pytest.mark.parametrize("name", EXPECTED)
def test_example(name: str) -> None:
    expected = EXPECTED[name]
    before = _content(EXAMPLES)
    run = _run(name, expected)

    assert _content(EXAMPLES) == before, "a run changed the folder"
    blocks = {block["name"] or f"block {block['index']}": block for block in run["blocks"]}
    assert len(blocks) == expected.blocks
    statuses = {label: block["status"] for label, block in blocks.items()}
    assert statuses == dict.fromkeys(blocks, "ok") | expected.status
    missing = {
        label: blocks[label]["stdout"] for label, text in expected.output.items() if text not in blocks[label]["stdout"]
    }
    assert missing == {}
    found = {label: (it["code"], it["line"]) for label, block in blocks.items() if (it := block["problem"])}
    assert found == expected.problem
    assert {block["line"] for block in run["blocks"]} == _headers(EXAMPLES / name)
    assert set(expected.artifacts) <= set(run["artifacts"])


def test_a_part_of_the_sieve() -> None:
    done = Case(EXAMPLES).args("run", "sieve.mix", "--only", "dynamic", "--format", "json").exits(0)
    assert {block["language"] for block in json.loads(done.out)["blocks"]} == {"javascript", "python", "ruby", "perl"}


def _run(name: str, expected: Expected) -> dict[str, Any]:
    listed = json.loads(Case(EXAMPLES).args("languages", "list", "--format", "json").exits(0).out)
    here = {language["id"] for language in listed if language["available"]}
    absent = set(re.findall(r"^#lang:(\w+)", (EXAMPLES / name).read_text("utf-8"), re.MULTILINE)) - here
    if absent:
        pytest.skip(f"not installed: {', '.join(sorted(absent))}")
    done = Case(EXAMPLES).env(PATH=WITH_PACKAGES).args("run", name, "--format", "json").exits(expected.exit_code)
    run: dict[str, Any] = json.loads(done.out)
    return run


def _content(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _headers(document: Path) -> set[int]:
    """The lines of the headers, found without the parser."""
    lines = document.read_text("utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if line.startswith("#lang:")}
