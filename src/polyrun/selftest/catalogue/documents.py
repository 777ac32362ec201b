"""Attacks that are whole documents: what PolyRun itself makes of them, whichever sandbox its boxes are of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from polyrun.model.frozen import frozen
from polyrun.selftest.catalogue.attack import SMALL, Expect, Promise

FORGED: Final = "1999-01-01T12:00:00.000+00:00 ERROR forged"
"""A line that no log of a run begins with."""

FORGED_RECORD: Final = '{"forged": true}'
"""A record that no log of a run has."""

NASTY: Final = f"a\n{FORGED}\r{FORGED}\u2028{FORGED}\x1b[2K\n{FORGED_RECORD}\n"
HARMLESS: Final = "a\nb\nc\n"
"""As many lines as `NASTY` ends with a line feed, and nothing else."""

OUTBOX: Final = """\
import os, socket, struct
OUT = os.environ["POLYRUN_OUT"]
def head(major, n):
    for info, size, limit in ((None, "", 24), (24, ">B", 1 << 8), (25, ">H", 1 << 16), (26, ">I", 1 << 32),
                              (27, ">Q", 1 << 64)):
        if n < limit:
            return bytes([major << 5 | n]) if info is None else bytes([major << 5 | info]) + struct.pack(size, n)
def text(s): s = s.encode() if isinstance(s, str) else s; return head(3, len(s)) + s
def tag(number, *items): return head(6, number) + head(4, len(items)) + b"".join(items)
def number(n): return head(0, n)
def ref(name, offset, length): return tag(50500, text(name), number(offset), number(length))
def mapping(*pairs): return head(5, len(pairs)) + b"".join(text(k) + v for k, v in pairs)
def exports(*pairs): return head(5, 2) + text("polyrun") + number(1) + text("exports") + mapping(*pairs)
def put(data, name="values.cbor"):
    with open(f"{OUT}/{name}", "wb") as file: file.write(data)
def array(name, length, shape, dtype="float64"):
    shape = head(4, len(shape)) + b"".join(map(number, shape))
    return tag(50508, text(dtype), shape, text("C"), ref(name, 256, length))
x = None
def end(): os._exit(0)
"""
"""Python that writes the folder of a block's exports by hand, behind the back of PolyRun's own guest."""


@frozen
class Trial:
    """One document and what must be told of it: `answer` and, where it is given, `says` match the whole.

    The answer to `run` is the status of each block with the code of what is wrong with it, or `refused` and the codes
    for a document or a `config` (a `polyrun.toml`) that is not taken; `ran` then says that something was run all the
    same. It says what PolyRun says, and what the blocks printed. The answer to `check` is `ok` or `refused`; it says
    the codes that were found.
    The answer to `logs` compares the logs of two runs: `{text}` and `{argument}` in the document and its name are once
    `NASTY` and once `HARMLESS`. For `naive` such a name is written into a file as it is. `{secret}` in a document
    becomes the path of a file on the host that no block may read.
    """

    name: str
    document: str
    answer: str
    says: str | None = None
    how: Literal["run", "check", "logs", "naive"] = "run"
    policy: str = "block"
    config: str | None = None

    @property
    def facts(self) -> dict[str, str]:
        """The patterns of what is told."""
        return {self.name: self.answer, **({f"{self.name} says": self.says} if self.says is not None else {})}


@frozen
class DocumentAttack:
    """Hostile documents, and as `honest` those that show that they are: harmless ones, or nothing in their way.

    `seconds` bounds all of `trials` together.
    """

    rows: tuple[int, ...]
    name: str
    title: str
    trials: tuple[Trial, ...]
    honest: tuple[Trial, ...]
    seconds: float = 20.0

    limits = SMALL

    @property
    def held(self) -> Expect:
        """What must be observed, of PolyRun's own memory too: it may grow by less than 100 MiB."""
        return Expect(facts={**_facts(self.trials), "memory": r"[0-9]{1,2} MiB more"}, seconds=self.seconds)

    @property
    def capable(self) -> Mapping[str, str]:
        """The facts that prove it."""
        return _facts(self.honest)

    def promise(self, _level: int) -> Promise:
        """The same in all sandboxes."""
        return Promise(self.held)


def _facts(trials: Iterable[Trial]) -> dict[str, str]:
    return {name: pattern for trial in trials for name, pattern in trial.facts.items()}


def _blocks(*blocks: tuple[str, str]) -> str:
    return "".join(f"#lang:{head}\n{code}\n#end\n" for head, code in blocks)


def _handing(does: str, language: str = "python", use: str = "print('got', x)") -> str:
    return _blocks(("python", f"#export: x\n{does}"), (language, f"#import: x\n{use}"))


def _limited(name: str, value: str, answer: str = "refused PR106", config: str = "refused PR802") -> tuple[Trial, ...]:
    """A limit in the three places that there are."""
    text, block = value.strip('"'), _blocks(("python", "print(1)"))
    return (
        Trial(f"{name} option", block.replace("python", f"python timeout={text}"), answer),
        Trial(f"{name} front matter", f"---\npolyrun: 1\ndefaults:\n  timeout: {text}\n---\n{block}", answer),
        Trial(f"{name} configuration", block, config, config=f"[limits]\ntimeout = {value}\n"),
    )


_ALIASES = _blocks(
    ("python", "from os import system as s\ns('echo got out')"),
    ("python", "import os as o\no.system('echo got out')"),
    ("python", "import os\ngetattr(os, 'sys' + 'tem')('echo got out')"),
)
_DEEP = 100_000
_BOMBS = {
    "python": "x = " + "[" * _DEEP + "]" * _DEEP + "\nimport os\nos.system('echo got out')",
    "javascript": "x = " + "[" * _DEEP + "]" * _DEEP + "\nrequire('child_process').execSync('echo got out')",
    "large": ("#" * 1023 + "\n") * 2048 + "import os\nos.system('echo got out')",
}
_LANGUAGES = {"python": "python", "javascript": "javascript", "large": "python"}
_BEHIND = {name: _blocks((_LANGUAGES[name], bomb)) for name, bomb in _BOMBS.items()}
_EARLY = "x = 42\nimport os, sys\nsys.stdout.flush()\n"
_REFUSED = "export_missing PR610 skipped"
_CUT = f"{OUTBOX}put(exports(('x', text('truncated')))[:-4]); end()"
_LINK = f"{OUTBOX}os.symlink({{secret}}, f'{{OUT}}/values.cbor'); end()"
_LIE = f"{OUTBOX}put(bytes(256), '1-0.npy')\nput(exports(('x', array('1-0.npy', 8 << 20, [1 << 20])))); end()"
_KEYS = "('__proto__', mapping(('polluted', number(1))))"
_POLLUTING = f"{OUTBOX}put(exports(('x', mapping({_KEYS})))); end()"
_LOOKS = "console.log(Object.keys(x).join(), String(({}).polluted))"
_MERGES = (
    "const merge = (a, b) => { for (const k of Object.keys(b)) { if (typeof b[k] === 'object') merge(a[k], b[k]);\n"
    "else a[k] = b[k]; } };\nmerge({}, x);\nconsole.log(String(({}).polluted))"
)

DOCUMENT_ATTACKS: Final = (
    DocumentAttack(
        rows=(28,),
        name="end-before-the-values",
        title="end well before the values that others wait for are handed on",
        trials=(Trial("early", _handing(f"{_EARLY}os._exit(0)"), "export_missing PR606 skipped"),),
        honest=(Trial("to its end", _handing(_EARLY), "ok ok", "got 42"),),
    ),
    DocumentAttack(
        rows=(74,),
        name="limits-that-are-none",
        title="lift a limit by 0, -1, NaN, 1e308 or a word",
        trials=(
            *_limited("zero", "0"),
            *_limited("minus one", "-1"),
            *_limited("not a number", "nan"),
            *_limited("1e308", "1e308"),
            *_limited("word", '"huge"'),
        ),
        honest=_limited("sane", "5", "ok", "ok"),
    ),
    DocumentAttack(
        rows=(80,),
        name="forge-the-logs",
        title="break lines, erase them and write records with names and printed text",
        trials=(
            Trial(
                "logs",
                _blocks(('python args="{argument}"', "import sys\nprint({text} + sys.argv[1], end='')")),
                "log 0 more 0 forged events 0 more 0 forged audit 0 more 0 forged intact",
                how="logs",
            ),
            Trial("name of a block", _blocks((r'python name="a\nb\x1b[2K"', "print(1)")), "refused PR112"),
        ),
        honest=(Trial("written as it is", "", "[1-9] more [1-9] forged", how="naive"),),
    ),
    DocumentAttack(
        rows=(82,),
        name="tamper-with-the-values",
        title="hand the next block what is cut off, elsewhere, or smaller than it says",
        trials=(
            Trial("cut off", _handing(_CUT), _REFUSED, ".*ends in the middle.*"),
            Trial("link", _handing(_LINK), _REFUSED, ".*cannot be read.*"),
            Trial("array that lies", _handing(_LIE), _REFUSED, ".*shorter than the value file says.*"),
        ),
        honest=(Trial("by hand", _handing(f"{OUTBOX}put(exports(('x', number(42)))); end()"), "ok ok", "got 42"),),
    ),
    DocumentAttack(
        rows=(82,),
        name="pollute-the-prototype",
        title="hand JavaScript a value with `__proto__` for a key",
        trials=(Trial("as data", _handing(_POLLUTING, "javascript", _LOOKS), "ok ok", "__proto__ undefined"),),
        honest=(Trial("merged without care", _handing(_POLLUTING, "javascript", _MERGES), "ok ok", "1"),),
    ),
    DocumentAttack(
        rows=(84,),
        name="another-name-for-system",
        title="start a program under a name that the static analysis may not know",
        trials=(Trial("three names", _ALIASES, "blocked PR701 blocked PR701 blocked PR701"),),
        honest=(Trial("three names", _ALIASES, "ok ok ok", "got out got out got out", policy="off"),),
    ),
    DocumentAttack(
        rows=(87,),
        name="bomb-the-analyser",
        title="hide a call behind 100,000 brackets or 2 MiB of comment",
        trials=tuple(Trial(name, _BEHIND[name], "refused", "PR701|PR710", how="check") for name in ("python", "large")),
        honest=(
            Trial("python", _BEHIND["python"], "nonzero_exit PR[0-9]+", ".*too many nested.*", policy="off"),
            Trial("large", _BEHIND["large"], "ok", "got out", policy="off"),
        ),
        seconds=30.0,
    ),
    DocumentAttack(
        rows=(87,),
        name="bomb-the-analyser-of-javascript",
        title="hide a call behind 100,000 brackets",
        trials=(Trial("javascript", _BEHIND["javascript"], "refused", "PR701|PR710", how="check"),),
        honest=(Trial("javascript", _BEHIND["javascript"], "nonzero_exit PR[0-9]+", ".*call stack.*", policy="off"),),
        seconds=30.0,
    ),
)
"""What the command runs besides programs in boxes."""
