"""Attacks take care of a host whose sandbox does not hold: they end before they do it harm."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from polyrun.selftest.catalogue.attack import PRELUDE
from polyrun.selftest.catalogue.register import ATTACKS
from polyrun.selftest.programs import Python

HARMFUL = re.compile(
    r"""kill\(-1|PRIO_USER|os\.rename\("/usr|target\ =\ 1|/proc/1/|"1",\ str\(os\.getppid|init_module|/proc"\)
    |chmod\(path,\ 0\)|monotonic\(\)\ <\ end|walk\("/sys|exe"\)\)""",
    re.VERBOSE,
)
HARMLESS = {
    "inherited-descriptors": "only reads",
    "runtime-descriptors": "only reads",
    "look-through-proc": "only reads",
}
"""Attack \u2192 why it may do what looks harmful."""


def end(namespaces: dict[str, int], tmp_path: Path) -> tuple[int, str]:
    path = tmp_path / "x.py"
    path.write_text(PRELUDE + 'must_be_apart()\ntell("went", "on")\n')
    argument = json.dumps({"namespaces": namespaces, "numbers": {}, "bound": 0})
    done = subprocess.run([Python.of_host().program, "-I", path, argument], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("name", ["pid", "mnt"])
def test_on_the_host_it_ends(name: str, tmp_path: Path) -> None:
    own = {each: os.stat(f"/proc/self/ns/{each}").st_ino for each in ("pid", "mnt")}
    assert end(own, tmp_path)[0] == 90
    apart = {**dict.fromkeys(own, 1), name: own[name]}
    assert end(apart, tmp_path) == (90, f"begun: yes\nin the host's own namespace: {name}\n")
    assert end(dict.fromkeys(own, 1), tmp_path) == (0, "begun: yes\nwent: on\n")


def test_folders_of_the_host_are_left_alone(tmp_path: Path) -> None:
    facts = tmp_path.stat()
    path = tmp_path / "x.py"
    path.write_text(PRELUDE + f'must_not_be_the_hosts("/nowhere", {str(tmp_path)!r})\ntell("went", "on")\n')
    for inode, answer in (
        (facts.st_ino, (90, f"begun: yes\nthe host's own folder: {tmp_path}\n")),
        (1, (0, "begun: yes\nwent: on\n")),
    ):
        argument = json.dumps({"folders": {str(tmp_path): [facts.st_dev, inode]}, "numbers": {}, "bound": 0})
        program = [Python.of_host().program, "-I", str(path), argument]
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == answer


def test_what_could_do_harm_looks_first() -> None:
    careless = [
        name
        for name, attack in ATTACKS.items()
        if HARMFUL.search(attack.program) and "must_be_apart()" not in attack.program
    ]
    assert sorted(careless) == sorted(HARMLESS)
    careful = [name for name, attack in ATTACKS.items() if "must_be_apart()" in attack.program]
    assert len(careful) >= 14
