from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from audit_story import KEY, OTHER_KEY
from polyrun.report.audit.chain import (
    BEGINNING,
    MAX_RECORD,
    Head,
    Key,
    is_genuine,
    parse_head,
    read_line,
    seal,
)

FORGED = '\n{"schema": "polyrun.audit/1", "seq": 2}\r\u2028\x1b[2K\x85\ud800"\\'


@pytest.mark.parametrize("key", [None, KEY], ids=["no key", "key"])
def test_a_record_is_one_line_whose_hash_anybody_can_work_out(key: Key | None) -> None:
    line, head = seal({"kind": "block", "name": FORGED}, BEGINNING, key)
    body, _, rest = line.partition(b', "hash": ')
    digest = hmac.new(key.secret, body, "sha256").hexdigest() if key else hashlib.sha256(body).hexdigest()
    assert rest == f'"{digest}"}}\n'.encode()
    assert head == Head(1, digest)
    facts = json.loads(line)
    assert (facts["schema"], facts["seq"], facts["previous"]) == ("polyrun.audit/1", 1, "0" * 64)
    assert facts.get("key") == (key.name if key else None)
    assert facts["name"] == FORGED.replace("\ud800", "\ufffd")
    text = line.decode()
    assert text.splitlines(keepends=True) == [text], "no line end of any kind but the last one"
    assert not {"\x1b", "\x85", "\u2028"} & set(text)


def test_records_follow_one_another() -> None:
    first, head = seal({}, BEGINNING, None)
    second, end = seal({}, head, None)
    one, two = read_line(first), read_line(second)
    assert one is not None
    assert two is not None
    assert (two.sequence, two.previous) == (2, one.hash)
    assert (one.head, two.head) == (head, end)
    assert is_genuine(one, None)


def test_a_line_without_its_end_is_the_same_record() -> None:
    line, _ = seal({"name": "x"}, BEGINNING, KEY)
    assert read_line(line) == read_line(line[:-1])


def test_every_byte_counts() -> None:
    line, _ = seal({"kind": "block", "name": "x", "status": "ok"}, BEGINNING, None)
    for position in range(len(line) - 1):
        for byte in (0x20, 0x30, line[position] ^ 1):
            changed = line[:position] + bytes([byte]) + line[position + 1 :]
            record = read_line(changed)
            assert changed == line or record is None or not is_genuine(record, None), position


def test_keys_have_names_that_tell_them_apart() -> None:
    assert KEY.name != OTHER_KEY.name
    assert len(KEY.name) == 16
    assert KEY.secret.hex()[:8] not in KEY.name
    line, _ = seal({}, BEGINNING, OTHER_KEY)
    record = read_line(line)
    assert record is not None
    assert record.key == OTHER_KEY.name
    assert is_genuine(record, OTHER_KEY)
    assert not is_genuine(record, KEY)


@pytest.mark.parametrize("length", [16, 63, 64, 65, 4096])
def test_hmac_is_that_of_the_standard(length: int) -> None:
    secret = bytes(range(256)) * 16
    line, head = seal({}, BEGINNING, Key.of(secret[:length]))
    assert head.hash == hmac.new(secret[:length], line.partition(b', "hash"')[0], "sha256").hexdigest()


def test_a_record_has_a_bound() -> None:
    with pytest.raises(ValueError, match="too long"):
        seal({"name": "x" * MAX_RECORD}, BEGINNING, None)


GOOD = seal({"kind": "block"}, BEGINNING, None)[0]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[]\n",
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        GOOD.replace(b"audit/1", b"audit/2"),
        GOOD.replace(b'"seq": 1', b'"seq": 0'),
        GOOD.replace(b'"seq": 1', b'"seq": true'),
        GOOD.replace(b'"seq": 1', b'"seq": 1.0'),
        GOOD.replace(b'"seq": 1', b'"seq": ' + b"9" * 5000),
        GOOD.replace(b'"previous": "0', b'"previous": "g'),
        GOOD.replace(b'"kind": "block"', b'"key": 3'),
        *(GOOD.replace(b'"block"', value) for value in (b"NaN", b"Infinity", b"[-Infinity]", b"1e999", b"-1.5e400")),
        GOOD[:-3] + b"\n",
        GOOD + b"\n",
        b" " * MAX_RECORD + GOOD,
        b'{"x": ' + b"[" * 60_000 + b"]" * 1 + b', "hash": "' + b"0" * 64 + b'"}\n',
    ],
    ids=range(22),
)
def test_what_is_no_record(line: bytes) -> None:
    assert read_line(line) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3 " + "a" * 64, (3, "a" * 64)),
        ("3:" + "a" * 64 + "\n", (3, "a" * 64)),
        ("b" * 64, (None, "b" * 64)),
        ("b" * 63, None),
        ("B" * 64, None),
        ("x " + "a" * 64, None),
        ("head.txt", None),
    ],
)
def test_heads_as_people_write_them(text: str, found: object) -> None:
    assert parse_head(text) == found


def test_a_head_reads_back() -> None:
    head = Head(12, "c" * 64)
    assert parse_head(str(head)) == (12, "c" * 64)
