"""Is the log what was written? Reads it once, in bounded memory, and names the first place where it is not."""

from __future__ import annotations

from collections.abc import Iterator

from polyrun.model.digest import sha256
from polyrun.model.frozen import frozen
from polyrun.report.audit.chain import BEGINNING, Head, Key, Sealed, is_fragment, is_genuine
from polyrun.report.audit.reading import Line, lines

_NOTES = 20


@frozen
class Fault:
    """The first place where a log is not as it was written.

    `kind` is `edited`, `replaced`, `removed`, `reordered`, `inserted`, `unreadable`, `torn` (the last line was cut
    short, by a crash, a full disk or a hand), `truncated` (it ends before the head that was given), `rewritten` (it is
    not the log of that head), `wrong_key` or `unsealed` (records without a key where there must be one).
    `sequence` is the number of the record; `file` and `line` are where it stands or should, if there is such a place.
    """

    kind: str
    message: str
    sequence: int | None = None
    file: str | None = None
    line: int | None = None


@frozen
class Verification:
    """What was found: `records` that hold, from number `first` to `head`, and the `fault` behind them, if there is one.

    `sealed` tells whether the key vouches for them: those from number `sealed_from` on are sealed with it, and the
    chain makes it vouch for those before, as they were when the key was set. `notes` are what is no fault and should
    be known all the same.
    """

    records: int
    first: int
    head: Head
    sealed: bool
    fault: Fault | None
    notes: tuple[str, ...] = ()
    sealed_from: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the log is what was written, as far as its chain can tell."""
        return self.fault is None


class KeyNeeded(Exception):
    """The log is sealed with a key, and none was given; what can be checked without it is as it was written."""


def verify(path: str, key: Key | None = None, head: tuple[int | None, str] | None = None) -> Verification:
    """Check the log in the folder `path`, against `key` and against a `head` that was noted earlier (`parse_head`).

    Raises `KeyNeeded` and `OSError`.
    """
    return _Verifier(lines(path), key, head).run()


class _Verifier:
    def __init__(self, given: Iterator[Line], key: Key | None, head: tuple[int | None, str] | None) -> None:
        self._lines = given
        self._key = key
        self._wanted = head
        self._met = head is not None and head[1] == BEGINNING.hash
        self._head = BEGINNING
        self._first: Sealed | None = None
        self._records = 0
        self._sealed_from: int | None = None
        self._other_key: str | None = None  # that records are sealed with, when none was given
        self._pruned = 0
        self._strange: _Strange | None = None  # what is no record, until the next record explains it
        self._notes: list[str] = []

    def run(self) -> Verification:
        fault = next((fault for line in self._lines if (fault := self._look(line)) is not None), None)
        fault = fault or self._at_end()
        if fault is None and self._other_key is not None:
            raise KeyNeeded
        return Verification(
            records=self._records,
            first=self._first.sequence if self._first is not None else 1,
            head=self._head,
            sealed=self._key is not None and self._sealed_from is not None,
            fault=fault,
            notes=tuple(self._notes[:_NOTES]),
            sealed_from=self._sealed_from,
        )

    def _look(self, line: Line) -> Fault | None:
        record = line.record
        if record is None:
            self._strange = self._strange or _Strange(line)
            self._strange.take(line)
            return None
        if self._strange is not None and not self._strange.is_closed_by(record):
            return self._unreadable(self._strange.first)
        fault = self._of_hash(record, line) or self._of_place(record, line) or self._of_key(record, line)
        if fault is None:
            self._take(record)
        return fault

    def _place(self, record: Sealed) -> int:
        """The number that a record here should have: what an edited one says of itself is not believed."""
        return self._head.sequence + 1 if self._first is not None else record.sequence

    def _of_key(self, record: Sealed, line: Line) -> Fault | None:
        if record.key is None:
            if self._sealed_from is not None:
                return _fault(
                    "unsealed", "is not sealed with the key, and those before it are", line, self._place(record)
                )
            return None
        if self._key is None:
            self._other_key = self._other_key or record.key  # tampering shows without the key, too
        if record.key != (self._other_key if self._key is None else self._key.name):
            what = f"was sealed with another key (`{_shown(record.key)}`)"
            return _fault("wrong_key", what, line, self._place(record))
        return None

    def _of_hash(self, record: Sealed, line: Line) -> Fault | None:
        """Whether `record` was edited, as far as that can be told: what another key sealed, only that one tells."""
        known = record.key is None or (self._key is not None and record.key == self._key.name)
        if known and not is_genuine(record, self._key):
            return _fault("edited", "was edited", line, self._place(record))
        return None

    def _of_place(self, record: Sealed, line: Line) -> Fault | None:
        """What is wrong with where `record` stands."""
        if self._first is None and record.sequence > 1:
            return None  # the beginning is gone; what that means is known at the end
        expected = self._head.sequence + 1
        if record.sequence > expected:
            return self._gap(record, line, expected)
        if record.sequence < expected:
            return self._again(record, line)
        if record.previous != self._head.hash:
            before = f"record {expected - 1}" if expected > 1 else "the beginning of a log"
            return _fault("replaced", f"does not follow {before}: one of the two was replaced", line, expected)
        return None

    def _again(self, record: Sealed, line: Line) -> Fault:
        """A record whose number was passed already."""
        if self._first is not None and record.sequence < self._first.sequence:
            return _fault("reordered", f"stands behind record {self._first.sequence}", line, record.sequence)
        return _fault("inserted", "stands here again: it, or the other one, was inserted", line, record.sequence)

    def _gap(self, record: Sealed, line: Line, expected: int) -> Fault:
        """A record that comes too early: those before it are gone, or stand further down."""
        if any(other.record is not None and other.record.sequence == expected for other in self._lines):
            return _fault("reordered", f"stands where record {expected} should", line, record.sequence)
        many = record.sequence - expected > 1
        gone = f"records {expected} to {record.sequence - 1} are" if many else f"record {expected} is"
        where = f"before line {line.number} of `{line.file}`"
        return Fault("removed", f"{gone} gone {where}", expected, line.file, line.number)

    def _take(self, record: Sealed) -> None:
        facts = record.facts
        if self._first is None:
            self._first = record
            if self._wanted in ((record.sequence - 1, record.previous), (None, record.previous)):
                self._met = True  # the head vouches for what stood before
                self._pruned = record.sequence - 1
        if self._wanted is not None and record.hash == self._wanted[1] and self._wanted[0] in (None, record.sequence):
            self._met = True
        if self._strange is not None:
            first, torn = self._strange.first, self._strange.length
            what = f"a torn record before record {record.sequence} (line {first.number} of `{first.file}`)"
            self._note(f"{what}: {torn} bytes that a crash or a full disk left, closed by the next run")
            self._strange = None
        through = facts.get("through")
        if facts.get("kind") == "pruned" and type(through) is int:
            self._pruned = max(self._pruned, through)
        if record.key is not None:
            self._sealed_from = self._sealed_from or record.sequence
        self._head = record.head
        self._records += 1

    def _at_end(self) -> Fault | None:
        """What only the end tells: a line cut short, a beginning that is gone, a head that was not met."""
        if self._strange is not None:
            first = self._strange.first
            if not self._strange.fragments:
                return self._unreadable(first)
            message = f"there is a torn record behind record {self._head.sequence}: {self._strange.length} bytes"
            return Fault("torn", message, self._head.sequence + 1, first.file, first.number)
        return self._of_beginning() or self._of_head() or self._of_seal()

    def _of_beginning(self) -> Fault | None:
        if self._first is None or self._first.sequence == 1:
            return None
        start = self._first.sequence
        if self._pruned < start - 1:
            known = f", and only those to {self._pruned} were removed by PolyRun" if self._pruned else ""
            message = f"the log starts at record {start}: those before it were removed{known}"
            return Fault("removed", message, self._pruned + 1)
        self._note(f"the beginning is gone: the log starts at record {start}; it says that older files were removed")
        return None

    def _of_head(self) -> Fault | None:
        if self._wanted is None or self._met:
            return None
        sequence, digest = self._wanted
        last = self._head.sequence
        if sequence is not None and sequence > last:
            message = f"the log was cut: it ends at record {last}, and the head that was noted is record {sequence}"
            return Fault("truncated", message, last + 1)
        if sequence is not None and self._first is not None and sequence < self._first.sequence - 1:
            message = f"the head that was noted, record {sequence}, stood before the beginning of what is left"
            return Fault("removed", message, sequence)
        what = f"record {sequence} is not the one" if sequence is not None else "no record has the hash"
        message = f"{what} that was noted (`{digest[:12]}…`): the log was cut or written anew"
        return Fault("rewritten", message, sequence)

    def _of_seal(self) -> Fault | None:
        if self._key is None or self._sealed_from is not None or not self._records:
            return None
        return Fault(
            "unsealed", "no record is sealed with the key: the log was written without it", self._head.sequence
        )

    def _unreadable(self, line: Line) -> Fault:
        message = f"line {line.number} of `{line.file}` is no audit record"
        return Fault("unreadable", message, self._head.sequence + 1, line.file, line.number)

    def _note(self, text: str) -> None:
        if len(self._notes) <= _NOTES:
            self._notes.append(text)


class _Strange:
    """Lines in a row that are no records: their length and hash as one text, and whether crashes may have left them."""

    def __init__(self, first: Line) -> None:
        self.first = first
        self.length = 0
        self.fragments = True
        self._digest = sha256()
        self._whole = True
        self._count = 0

    def take(self, line: Line) -> None:
        """Add the next of them, or the first."""
        text = line.data.removesuffix(b"\n")
        self._whole = self._whole and (not line.ended or line.data.endswith(b"\n"))
        self.fragments = self.fragments and (not line.ended or is_fragment(text))
        if self._count:
            self._digest.update(b"\n")
            self.length += 1
        self._count += 1
        self._digest.update(text)
        self.length += len(text)

    def is_closed_by(self, record: Sealed) -> bool:
        """Whether `record` was written to tell of them."""
        told = (record.facts.get("kind"), record.facts.get("bytes"), record.facts.get("sha256"))
        return self._whole and told == ("torn", self.length, self._digest.hexdigest())


def _fault(kind: str, what: str, line: Line, sequence: int) -> Fault:
    message = f"record {sequence} {what} (line {line.number} of `{line.file}`)"
    return Fault(kind, message, sequence, line.file, line.number)


def _shown(name: str) -> str:
    return name[:16] if name.isalnum() else "?"
