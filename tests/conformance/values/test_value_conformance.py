"""Every type of value, from every language to every other: it arrives equal, or it is refused before anything runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.values.reference import WISHED, facts
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
@pytest.mark.parametrize("built", [False, True], ids=["in_scripts", "in_programs"])
@pytest.mark.parametrize("name", list(speakers()))
def test_what_a_language_makes_arrives_everywhere(name: str, built: bool, tmp_path: Path) -> None:
    """One document for those languages that are built, which takes the longest, and one for the others."""
    producer = speakers()[name]
    others = [speaker for speaker in speakers().values() if speaker.built is built]
    document = producer.producer() + "".join(other.consumer(producer) for other in others)
    made, *taken = run(tmp_path, document)
    assert made["status"] == "ok", told(made)
    exports = made["exports"]
    assert isinstance(exports, dict)
    assert list(exports) == list(producer.makes)
    assert {key: export["type"] for key, export in exports.items()} == {key: facts()[key].type for key in exports}
    shown = [key for key in exports if facts()[key].type != "table" and key != "array_2d_f"]  # those show their layout
    assert {key: exports[key]["preview"] for key in shown} == {key: facts()[key].preview for key in shown}
    for other, block in zip(others, taken, strict=True):
        assert block["status"] == "ok", told(block)
        wrong = set(other.reports(producer).splitlines()) ^ set(str(block["stdout"]).splitlines())
        assert wrong == set(), f"from {name} to {other.id}"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [name for name, speaker in speakers().items() if speaker.refuses])
def test_what_a_language_cannot_hold_is_refused(name: str, tmp_path: Path) -> None:
    """One block for each such sample is not run, and the ways out that the messages name work in one more block."""
    consumer, python = speakers()[name], speakers()["python"]
    refusing = [f"#lang:{name} name=take_{one}\n#import: {one}\n{consumer.nothing}#end\n" for one in consumer.refuses]
    wishes = [(one, way) for one in consumer.refuses for way in facts()[one].refusals[name].ways]
    document = python.producer() + "".join(refusing) + consumer.wisher(wishes)
    _, *refused, wished = run(tmp_path, document)
    for sample, block in zip(consumer.refuses, refused, strict=True):
        assert block["status"] == "import_refused", f"{sample}: {told(block)}"
        _names_everything(block["problem"], sample, consumer, document.splitlines())
    assert wished["status"] == "ok", told(wished)
    shown = dict(line.split(" ", 1) for line in str(wished["stdout"]).splitlines())
    for sample, way in wishes:
        wanted = WISHED[sample][way]
        found = shown.pop(f"{sample}_as_{way}")
        assert (float(found) if isinstance(wanted, float) else found) == wanted, f"{sample}:{way}"
    assert shown == {}


def _names_everything(problem: object, sample: str, consumer: Speaker, lines: list[str]) -> None:
    """The message names the value, its type, the language, the line at either end, and the ways out."""
    assert isinstance(problem, dict)
    fact = facts()[sample]
    misfit = fact.refusals[consumer.id]
    assert problem["code"] == "PR608"
    assert problem["message"].startswith(f"`take_{sample}` cannot take `{sample}` ({fact.type}")
    assert f": {consumer.title} {misfit.reason}" in problem["message"]
    ends = [(label["text"], lines[label["line"] - 1]) for label in problem["labels"]]
    exports = next(line for line in lines if line.startswith("#export: "))
    assert ends == [("imported here", f"#import: {sample}"), ("exported here", exports)]
    column = problem["labels"][1]["column"] - 1
    assert exports[column:].partition(",")[0] == sample
    assert misfit.ways
    assert problem["hint"].startswith("import it as ")
    assert [part.partition("`")[0] for part in problem["hint"].split("`#import: ")[1:]] == [
        f"{sample}:{way}" for way in misfit.ways
    ]


@pytest.mark.parametrize("name", list(speakers()))
def test_the_rules_of_a_language_are_what_its_samples_say(name: str) -> None:
    assert speakers()[name].refuses == tuple(sample for sample, fact in facts().items() if name in fact.refusals)


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
