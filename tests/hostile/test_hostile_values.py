"""Blocks that hand over what would harm whoever reads it (rows 28 to 35, 72 and 82 of the catalogue).

Each attack is a Python block that writes into its outbox itself. Nothing of it may be taken, the message must say why,
and PolyRun must be done soon, with little memory, whatever lies there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli_case import Case
from polyrun.selftest.catalogue.documents import OUTBOX

SECRET = "the host's own secret"

PRELUDE = f"""\
{OUTBOX}
def column(name, kind, validity, data, offsets=b"\\xf6"):
    return head(4, 5) + text(name) + text(kind) + validity + data + offsets
def table(rows, *columns): return tag(50509, number(rows), head(4, len(columns)) + b"".join(columns))
NULL = b"\\xf6"
"""


@dataclass(frozen=True)
class Attack:
    """What the block does, and what the message about it must match. `code` is the diagnostic's."""

    does: str
    refused: str
    code: str = "PR610"


ATTACKS = {
    "ended early": Attack("end()", "ended before it handed over `x`", "PR606"),
    "nothing in it": Attack("put(b''); end()", "the value file is empty"),
    "no value file": Attack("put(os.urandom(4096)); end()", "the value file"),
    "symlink to a secret": Attack("os.symlink(SECRET_FILE, f'{OUT}/values.cbor'); end()", "cannot be read"),
    "symlink as data": Attack(
        "os.symlink(SECRET_FILE, f'{OUT}/1-0'); put(exports(('x', ref('1-0', 0, 10)))); end()", "cannot be read"
    ),
    "hard link to the inbox": Attack(
        "put(b'', '1-0'); os.link(f'{OUT}/1-0', f'{OUT}/1-1'); put(exports(('x', ref('1-1', 0, 0)))); end()",
        "not a regular file with one name",
    ),
    "fifo": Attack("os.mkfifo(f'{OUT}/values.cbor'); end()", "not a regular file"),
    "fifo as data": Attack(
        "os.mkfifo(f'{OUT}/1-0'); put(exports(('x', ref('1-0', 0, 0)))); end()", "not a regular file"
    ),
    "socket": Attack(
        "os.chdir(OUT); socket.socket(socket.AF_UNIX).bind('values.cbor'); end()", "cannot be read|not a regular file"
    ),
    "folder": Attack("os.mkdir(f'{OUT}/values.cbor'); end()", "not a regular file|cannot be read"),
    "path outside": Attack("put(exports(('x', ref('../../etc/passwd', 0, 10)))); end()", "data file that cannot be"),
    "absolute path": Attack("put(exports(('x', ref('/etc/passwd', 0, 10)))); end()", "data file that cannot be"),
    "name with NUL": Attack("put(exports(('x', ref('1-0\\0', 0, 10)))); end()", "data file that cannot be"),
    "another block's file": Attack("put(exports(('x', ref('2-0', 0, 1)))); end()", "data file that cannot be"),
    "data that is not there": Attack("put(exports(('x', ref('1-7', 0, 1)))); end()", "`1-7` is missing"),
    "data that is too short": Attack(
        "put(b'1234', '1-0'); put(exports(('x', ref('1-0', 0, 5)))); end()", "shorter than the value file says"
    ),
    "sparse giant value file": Attack(
        "f = open(f'{OUT}/values.cbor', 'wb'); f.truncate(1 << 28); f.close(); end()", "larger than 32"
    ),
    "claims more than there is room for": Attack(
        "put(b'', '1-0'); put(exports(*((f'x{n}', ref('1-0', 0, (1 << 52))) for n in range(3)))); end()",
        "limit for disk use",
    ),
    "same bytes ten thousand times": Attack(
        "put(bytes(1 << 20), '1-0'); put(exports(('x', head(4, 9999) + ref('1-0', 0, 1 << 20) * 9999))); end()",
        "limit for disk use",
    ),
    "deep nesting": Attack("put(exports(('x', head(4, 1) * 100_000 + NULL))); end()", "nested deeper than 64"),
    "a list longer than the file": Attack("put(exports(('x', head(4, 1 << 40)))); end()", "ends in the middle"),
    "a text longer than the file": Attack("put(exports(('x', head(3, 1 << 60)))); end()", "ends in the middle"),
    "three million values": Attack(
        "put(exports(('x', head(4, 3_000_000) + NULL * 3_000_000))); end()", "more than 2,000,000"
    ),
    "twenty thousand names": Attack(
        "put(exports(*((f'x{n}', NULL) for n in range(20_000)))); end()", "names more than 10,000"
    ),
    "a key twice": Attack("put(exports(('x', head(5, 2) + (text('k') + NULL) * 2))); end()", "the key `k` twice"),
    "a key that is no text": Attack("put(exports(('x', head(5, 1) + number(1) + NULL))); end()", "text belongs"),
    "invalid UTF-8": Attack("put(exports(('x', text(b'\\xff\\xfe')))); end()", "not valid UTF-8"),
    "half a character": Attack("put(exports(('x', text(b'\\xed\\xa0\\x80')))); end()", "not valid UTF-8"),
    "endless length": Attack("put(exports(('x', b'\\x9f'))); end()", "length that is not given"),
    "unknown tag": Attack("put(exports(('x', head(6, 2) + head(2, 1) + b'1'))); end()", "unknown tag"),
    "short float": Attack("put(exports(('x', b'\\xf9\\x3c\\0'))); end()", "no meaning here"),
    "a number of a million digits": Attack(
        "put(exports(('x', head(6, 50501) + text('9' * 1_000_000)))); end()", "where an integer belongs"
    ),
    "a decimal that explodes": Attack("put(exports(('x', head(6, 50502) + text('1e999999999')))); end()", "no decimal"),
    "a day that is none": Attack("put(exports(('x', head(6, 50503) + text('2026-02-30')))); end()", "no day"),
    "more behind the end": Attack("put(exports(('x', NULL)) + NULL); end()", "goes on after its end"),
    "another version": Attack("put(head(5, 1) + text('polyrun') + number(2)); end()", "of another version"),
    "array that is shorter than its shape": Attack(
        "put(bytes(256 + 8), '1-0.npy'); put(exports(('x', array('1-0.npy', 8, [2])))); end()", "does not fit its shape"
    ),
    "array of more than there is": Attack(
        "put(bytes(256), '1-0.npy'); put(exports(('x', array('1-0.npy', 8 << 30, [1 << 30])))); end()",
        "shorter than the value file says|limit for disk use",
    ),
    "array whose shape overflows": Attack(
        "put(bytes(256), '1-0.npy'); put(exports(('x', array('1-0.npy', 0, [1 << 52, 1 << 52])))); end()",
        "fit its shape",
    ),
    "array of a hundred dimensions": Attack(
        "put(bytes(264), '1-0.npy'); put(exports(('x', array('1-0.npy', 8, [1] * 100)))); end()",
        "more than 8 dimensions",
    ),
    "array of objects": Attack(
        "put(bytes(264), '1-0.npy'); put(exports(('x', array('1-0.npy', 8, [1], 'object')))); end()", "unknown type"
    ),
    "two arrays in one file": Attack(
        "put(bytes(264), '1-0.npy'); a = array('1-0.npy', 8, [1]); put(exports(('x', a), ('y', a))); end()",
        "holds two values",
    ),
    "offsets that go back": Attack(
        """
put(bytes(4096) + struct.pack("<3i", 0, 5, 2).ljust(64, b"\\0") + b"hello", "1-0.arrow")
put(exports(("x", table(2, column("s", "str", NULL, ref("1-0.arrow", 4160, 5), ref("1-0.arrow", 4096, 12))))))
end()""",
        "offsets that go back",
    ),
    "offsets beyond the data": Attack(
        """
put(bytes(4096) + struct.pack("<2i", 0, 2**31 - 1).ljust(64, b"\\0") + b"hello", "1-0.arrow")
put(exports(("x", table(1, column("s", "str", NULL, ref("1-0.arrow", 4160, 5), ref("1-0.arrow", 4096, 8))))))
end()""",
        "do not end where its data ends",
    ),
    "offsets through a character": Attack(
        """
put(bytes(4096) + struct.pack("<3i", 0, 1, 2).ljust(64, b"\\0") + "ü".encode(), "1-0.arrow")
put(exports(("x", table(2, column("s", "str", NULL, ref("1-0.arrow", 4160, 2), ref("1-0.arrow", 4096, 12))))))
end()""",
        "cut a character",
    ),
    "a column in the place of the head": Attack(
        "put(bytes(8192), '1-0.arrow'); "
        "put(exports(('x', table(1, column('a', 'int64', NULL, ref('1-0.arrow', 0, 8)))))); end()",
        "do not lie as they must",
    ),
    "a column that is too short": Attack(
        "put(bytes(8192), '1-0.arrow'); "
        "put(exports(('x', table(9, column('a', 'int64', NULL, ref('1-0.arrow', 4096, 8)))))); end()",
        "8 bytes of data where 72 belong",
    ),
    "two columns of one name": Attack(
        "put(bytes(8192), '1-0.arrow'); c = column('a', 'int8', NULL, ref('1-0.arrow', 4096, 1)); "
        "put(exports(('x', table(1, c, c)))); end()",
        "two columns of one name",
    ),
    "a table of 2**52 rows without columns": Attack(
        "put(exports(('x', table(1 << 53)))); end()", "a size that cannot be"
    ),
    "a file with a path for a name": Attack(
        "put(b'x', '1-0'); "
        "put(exports(('x', tag(50510, text('../evil'), text('text/plain'), ref('1-0', 0, 1))))); end()",
        "a name that no file can have",
    ),
    "a file with a forged media type": Attack(
        "put(b'x', '1-0'); put(exports(('x', tag(50510, text('a'), text('a\\nb: c'), ref('1-0', 0, 1))))); end()",
        "a media type that is none",
    ),
    "escape codes in a refusal": Attack(
        "put(head(5, 2) + text('polyrun') + number(1) + text('refused') + head(5, 1) + text('x') "
        "+ text('\\x1b[31m' + 'A' * 100_000)); end()",
        r"^`x` cannot be exported: .{1,600}$",
        "PR609",
    ),
}


def run(folder: Path, does: str) -> dict[str, Any]:
    (folder / "secret.txt").write_text(SECRET)
    program = PRELUDE + f"SECRET_FILE = {str(folder / 'secret.txt')!r}\n" + does
    document = f"#lang:python\n#export: x\n{program}\n#end\n#lang:python\n#import: x\nprint(x)\n#end\n"
    case = Case(folder).file("doc.mix", document).args("run", "doc.mix", "--format", "json", "--save", "saved")
    found: dict[str, Any] = json.loads(case.nowhere(SECRET, "PR901").exits(1).out)
    return found


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_of_it_is_taken(name: str, tmp_path: Path) -> None:
    attack = ATTACKS[name]
    found = run(tmp_path, attack.does)
    producer, consumer = found["blocks"]
    problem = producer["problem"]
    assert producer["status"] == "export_missing", producer
    assert re.search(attack.refused, problem["message"], re.DOTALL), problem["message"]
    assert problem["code"] == attack.code
    assert len(problem["message"]) < 800
    assert producer["exports"] == {}
    assert consumer["status"] == "skipped"
    assert found["saved"] == []
    assert found["wall_s"] < 30
