"""What docs/audit.md says of the format is compared with records of real runs, and checked by its own rule."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from audit_story import stored, write
from cli_case import Case
from examples.pages import REPOSITORY

PAGE = (REPOSITORY / "docs/audit.md").read_text("utf-8")


def _table(heading: str) -> list[tuple[list[str], str]]:
    """The words in the first cell, and the second cell, of each row of the table that begins with `heading`."""
    body = PAGE.split(f"\n| {heading} |", 1)[1].split("|---|---|\n", 1)[1].split("\n\n", 1)[0]
    rows = [line.strip("|").split("|") for line in body.splitlines()]
    return [(re.findall(r"`(\w+)`", first), second) for first, second in rows]


def test_the_keys_of_records(tmp_path: Path) -> None:
    document = "#lang:bash\necho\n#end\n#lang:bash net=on\n:\n#end\n"
    Case(tmp_path).file("x.mix", document).env(XDG_STATE_HOME=str(tmp_path)).args("run", "x.mix").exits(4)
    records = [json.loads(line) for line in stored(tmp_path / "polyrun/audit")]
    always = {word for words, _ in _table("in every record") for word in words} - {"key", "lost"}
    kinds = {words[0]: set(re.findall(r"`(\w+)`", told)) for words, told in _table("`kind`")}
    of_block = {words_: told for words, told in _table("of a block") for words_ in words}
    kinds["block"] |= set(of_block)
    for record in records:
        assert set(record) == always | kinds[record["kind"]], record["kind"]
    assert {record["kind"] for record in records} == set(kinds) - {"security", "torn", "pruned"}
    block = records[2]
    for key in ("limits", "permissions", "usage"):
        assert list(block[key]) == re.findall(r"`(\w+)`", of_block[key])
    assert set(block["denials"][0]) <= set(re.findall(r"`(\w+)`", of_block["denials"]))
    for line in stored(tmp_path / "polyrun/audit"):
        body, _, rest = line.rpartition(b', "hash": "')
        assert rest == hashlib.sha256(body).hexdigest().encode() + b'"}\n'


def test_the_keys_of_records_about_the_log_itself(tmp_path: Path) -> None:
    write(tmp_path, *"abcd", max_bytes=500)
    (tmp_path / "audit.jsonl").write_bytes(stored(tmp_path)[0][:40])
    write(tmp_path, "e", max_bytes=500, keep_files=1)
    kinds = {words[0]: set(re.findall(r"`(\w+)`", told)) for words, told in _table("`kind`")}
    found = {record["kind"]: record for file in tmp_path.glob("*.jsonl") for record in _records(file)}
    assert {"torn", "pruned"} <= set(found)
    for kind in ("torn", "pruned"):
        assert kinds[kind] <= set(found[kind])


def _records(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_bytes().splitlines() if line.endswith(b'"}')]
