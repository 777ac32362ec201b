"""Every type of value, from every language to every other: it arrives equal, or it is refused before anything runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.values.samples import SAMPLES, Speaker, speakers

# This environment's own Python is the one that has NumPy and its kin.
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
_POLYRUN = [sys.executable, "-m", "polyrun", "run", "--format", "json"]


def run(folder: Path, document: str) -> list[dict[str, object]]:
    """Run `document` with the real command; what it says of its blocks."""
    (folder / "values.mix").write_text(document)
    done = subprocess.run(
        [*_POLYRUN, "values.mix"],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.stdout, done.stderr
    blocks: list[dict[str, object]] = json.loads(done.stdout)["blocks"]
    assert blocks, done.stdout
    return blocks


def told(block: dict[str, object]) -> str:
    return f"{block['language']}: {block['status']}: {block['reason']}\n{block['stderr']}\n{block['build']}"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", list(speakers()))
def test_what_a_language_makes_arrives_everywhere(name: str, tmp_path: Path) -> None:
    producer = speakers()[name]
    others = list(speakers().values())
    document = producer.producer() + "".join(other.consumer(producer) for other in others)
    made, *taken = run(tmp_path, document)
    assert made["status"] == "ok", told(made)
    assert list(made["exports"]) == list(producer.makes)  # type: ignore[call-overload]
    for other, block in zip(others, taken, strict=True):
        assert block["status"] == "ok", told(block)
        wrong = set(other.reports(producer).splitlines()) ^ set(str(block["stdout"]).splitlines())
        assert wrong == set(), f"from {name} to {other.id}"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", list(speakers()))
def test_what_a_language_cannot_hold_is_refused(name: str, tmp_path: Path) -> None:
    """One block for each such sample: it is not run, and the message names the value, the type and both ends."""
    consumer = speakers()[name]
    python = speakers()["python"]
    refused = [sample for sample in consumer.samples.values() if sample.refused]
    if not refused:
        return
    blocks = "".join(f"#lang:{name}\n#import: {sample.name}\n{_nothing(consumer)}#end\n" for sample in refused)
    _, *taken = run(tmp_path, python.producer() + blocks)
    for sample, block in zip(refused, taken, strict=True):
        assert block["status"] == "import_refused", f"{sample.name}: {told(block)}"
        problem = block["problem"]
        assert isinstance(problem, dict)
        assert problem["code"] == "PR608"
        assert sample.name in problem["message"]
        assert [label["text"] for label in problem["labels"]] == ["imported here", "exported here"]


def _nothing(speaker: Speaker) -> str:
    return f"{speaker.start}{speaker.end}"


def test_python_knows_every_sample() -> None:
    """It is what the others are refused with, so nothing may be missing there."""
    assert speakers()["python"].makes == SAMPLES


SHOWN = {
    "python": ("print(t)", "<table of 2 rows: n: int64, s: str>"),
    "javascript": ("console.log(t)", "<table of 2 rows: n: int64, s: str>"),
    "ruby": ("p t, a", "#<table of 2 rows: n: int64, s: str>\n#<array of float64, 2 x 1>"),
    "perl": (
        'print "$t $a", $t == $t && $t != $a && $a ? "" : "!", "\\n";',
        "<table of 2 rows: n: int64, s: str> <array of float64, 2 x 1>",
    ),
    "lua": ("print(t, a)", "table of 2 rows: n: int64, s: str\tarray(float64) of 2x1"),
    "php": (
        "<?php echo strtr(print_r($t, true), [' ' => '', \"\\n\" => ' ']), \"\\n\";",
        "[rows]=>2 [types]=>Array ( [n]=>int64",
    ),
    "java": ("System.out.println(t); System.out.println(a);", "table of 2 rows: [n, s]\nfloat64[2, 1]"),
}
"""How tables and arrays look when they are printed as they are: the first thing that people do with them."""


def test_a_table_that_is_printed_says_what_it_is(tmp_path: Path) -> None:
    values = "t, a = [{'n': 1, 's': 'x'}, {'n': None, 's': 'y'}], [[0.5], [1.5]]"
    made = f"#lang:python\n#export: t:table, a:array\n{values}\n#end\n"
    document = "".join(f"#lang:{name}\n#import: t, a\n{code}\n#end\n" for name, (code, _) in SHOWN.items())
    _, *blocks = run(tmp_path, made + document)
    for block, (_, shown) in zip(blocks, SHOWN.values(), strict=True):
        assert shown in str(block["stdout"]), told(block)
