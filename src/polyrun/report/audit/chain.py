"""How a record becomes a line of the audit log, and how a line is told from one that was changed. Pure.

A line is one JSON object whose last key, `hash`, is the SHA-256 (with a key the HMAC-SHA256, RFC 2104) of every byte
before that key. Among those bytes are the record's number, `seq`, and the `hash` of the record before it, `previous`:
so each record vouches for all that stand before it. Lines are checked as bytes; nothing is encoded anew for that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from polyrun.model.digest import sha256
from polyrun.model.frozen import frozen
from polyrun.report.facts import Facts, encode

SCHEMA = "polyrun.audit/1"
MAX_RECORD = 1 << 18
"""No record is longer than this, in bytes."""

_BLOCK = 64  # of SHA-256, in bytes
_BEFORE_HASH, _AFTER_HASH = b', "hash": "', b'"}'
_END_LENGTH = len(_BEFORE_HASH) + 64 + len(_AFTER_HASH)
_MAX_SEQUENCE = 10**15
_BEGINNING_OF_LINE = encode({"schema": SCHEMA})[:-1]


@frozen
class Head:
    """The end of a chain: the number of its last record and that record's hash. `str` gives `SEQ HASH`."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.sequence} {self.hash}"


BEGINNING = Head(0, "0" * 64)
"""What stands before the first record."""


@frozen
class Key:
    """A secret that records are sealed with. `name` tells keys apart and gives nothing of the secret away."""

    secret: bytes
    name: str

    @classmethod
    def of(cls, secret: bytes) -> Key:
        """The key that `secret` is."""
        return cls(secret, _hmac(secret, b"polyrun.audit: the name of this key")[:16])


@frozen
class Sealed:
    """One line that has the form of a record; whether it is what it says, `is_genuine` tells.

    `key` is the name of the key that it was sealed with, `None` without one. `facts` are all its keys as they were
    read: whoever can write the file may have written them. `body` are the bytes that were hashed.
    """

    sequence: int
    previous: str
    hash: str
    key: str | None
    facts: Mapping[str, object]
    body: bytes

    @property
    def head(self) -> Head:
        """The end of the chain as it was when this was its last record."""
        return Head(self.sequence, self.hash)


def seal(facts: Facts, head: Head, key: Key | None) -> tuple[bytes, Head]:
    """The line that holds `facts` behind `head`, and the head that it makes. Raises `ValueError` if it is too long."""
    numbered: Facts = {"schema": SCHEMA, "seq": head.sequence + 1, "previous": head.hash, **facts}
    if key is not None:
        numbered["key"] = key.name
    body = encode(numbered)[:-1]
    digest = _digest(body, key)
    line = body + _BEFORE_HASH + digest.encode() + _AFTER_HASH + b"\n"
    if len(line) > MAX_RECORD:
        raise ValueError(f"a record of {len(line)} bytes is too long")
    return line, Head(head.sequence + 1, digest)


def read_line(line: bytes) -> Sealed | None:
    """The record that `line` is, with or without its line end; `None` for what has not the form of one."""
    whole = line.removesuffix(b"\n")
    end = whole[-_END_LENGTH:]
    stated = end.removeprefix(_BEFORE_HASH).removesuffix(_AFTER_HASH).decode("ascii", "replace")
    if len(end) != len(stated) + len(_BEFORE_HASH + _AFTER_HASH) or not _is_hash(stated) or len(whole) >= MAX_RECORD:
        return None
    try:
        facts = json.loads(whole, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict) or facts.get("schema") != SCHEMA:
        return None
    sequence, previous, key = facts.get("seq"), facts.get("previous"), facts.get("key")
    if type(sequence) is not int or not 0 < sequence < _MAX_SEQUENCE:
        return None
    if not isinstance(previous, str) or not _is_hash(previous) or not isinstance(key, str | None):
        return None
    return Sealed(sequence, previous, stated, key, facts, whole[:-_END_LENGTH])


def is_fragment(line: bytes) -> bool:
    """Whether `line`, without a line end, may be what a crash left of a record: its beginning, or zeros for it."""
    rest = line.strip(b"\0")
    return rest.startswith(_BEGINNING_OF_LINE[: len(rest)])


def is_genuine(record: Sealed, key: Key | None) -> bool:
    """Whether the hash of `record` is that of its bytes, under the key that it names (`key`) or under none."""
    return record.hash == _digest(record.body, key if record.key is not None else None)


def parse_head(text: str) -> tuple[int | None, str] | None:
    """The number, if it is given, and the hash in `SEQ HASH`, `SEQ:HASH` or `HASH`; `None` for other text."""
    import re  # its patterns take longer to compile than a run's records to write

    match = re.fullmatch(r"\s*(?:(\d{1,15})[ :])?([0-9a-f]{64})\s*", text)
    return (None if match[1] is None else int(match[1]), match[2]) if match else None


def _finite(text: str) -> float:
    """The number that `text` is. Raises `ValueError` for what JSON has not, or only as text that is too large."""
    value = float(text)
    if value - value != 0:
        raise ValueError(f"`{text}` is no number of JSON")
    return value


def _is_hash(text: str) -> bool:
    return len(text) == 64 and not text.strip("0123456789abcdef")


def _digest(body: bytes, key: Key | None) -> str:
    return sha256(body).hexdigest() if key is None else _hmac(key.secret, body)


def _hmac(secret: bytes, data: bytes) -> str:
    """HMAC-SHA256; the standard library's loads OpenSSL, which takes longer than a short run's whole log."""
    block = (sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in block) + data).digest()
    return sha256(bytes(byte ^ 0x5C for byte in block) + inner).hexdigest()
