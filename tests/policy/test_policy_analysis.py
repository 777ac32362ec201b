"""The analyser holds out against any code, and against code that is made to break it."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrun
from polyrun.api.analysis import MAX_CODE_BYTES, ask_afresh
from polyrun.model.spans import Source
from polyrun.policy.analyse import MAX_FINDINGS, Analyser
from polyrun.policy.grammars import GRAMMARS
from polyrun.policy.load_rules import load_rules
from polyrun.policy.protocol import Piece
from polyrun.policy.survey import Unreadable

ANALYSERS = {name: Analyser(name, load_rules()) for name in GRAMMARS}
WORDS = st.sampled_from(
    [
        "os",
        ".",
        "system",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
        "`",
        "import",
        "from",
        "as",
        "def",
        "f",
        "=",
        "while",
        "true",
        "(",
        ";",
        ";",
        ")",
        "do",
        "done",
        "loop",
        "eval",
        "$",
        "x",
        "+",
        "\n",
        "\t",
        "#",
        "//",
        "/*",
        "*/",
        "<<EOF",
        "fn",
        "main",
        "<",
        ">",
        "&&",
        "|",
        "!",
        "@",
        "?",
        ":",
        ",",
        "1",
        "é",
        "𝒆",
    ]
)


@pytest.mark.parametrize("grammar", GRAMMARS)
@given(words=st.lists(WORDS, max_size=40), rest=st.binary(max_size=10))
def test_any_code_gets_an_answer_with_places_in_it(grammar: str, words: list[str], rest: bytes) -> None:
    code = " ".join(words).encode() + rest
    lines = code.decode("utf-8", "replace").encode().split(b"\n")
    try:
        findings = ANALYSERS[grammar].findings(code)
    except Unreadable:
        return
    for found in findings:
        assert found.start <= found.end
        for line, column in (found.start, found.end):
            assert column <= len(lines[line])


def test_no_more_findings_than_anybody_reads() -> None:
    assert len(ANALYSERS["python"].findings(b"eval('')\n" * 1000)) == MAX_FINDINGS


def bombs() -> dict[str, bytes]:
    """Code that is nested, long or broken; the analyser must say what it finds or that it cannot."""
    return {
        "brackets": b"(" * 20_000,
        "braces": b"{" * 20_000,
        "calls": b"f(" * 3_000 + b")" * 3_000,
        "members": b"a" + b".a" * 2_000 + b"()",
        "sums": b"x = " + b"'a' + " * 3_000 + b"'b'",
        "indents": b"".join(b" " * i + b"if x:\n" for i in range(300)),
        "names": b"".join(b"v%d = v%d\n" % (i + 1, i) for i in range(3_000)) + b"v3000('x')",
        "quotes": b"'''" * 3_000,
        "not text": bytes(range(256)) * 100,
    }


@pytest.mark.parametrize("name", bombs())
@pytest.mark.parametrize("grammar", ["bash", "cpp", "javascript", "python", "ruby"])
def test_bombs(grammar: str, name: str) -> None:
    with suppress(Unreadable, RecursionError):
        ANALYSERS[grammar].findings(bombs()[name])


@pytest.mark.parametrize(
    ("grammar", "code"),
    [
        ("python", "x = 1 # c\rimport os; os.system('id')"),
        ("python", "# coding: utf-7\nprint(1)"),
        ("python", "#!/x\n# vim: set fileencoding=unicode_escape :\nprint(1)"),
        ("java", "\\u0052untime.getRuntime().exec(args);"),
        ("java", "// \\uu000a Runtime.getRuntime().exec(args);"),
        ("c", 'sys\\\ntem("ls");'),
        ("cpp", 'sys\\\r\ntem("ls");'),
        ("bash", 'ev\\\nal "$x"'),
        ("bash", 'ev\0al "$x"'),
    ],
)
def test_what_a_language_reads_otherwise_is_not_passed(grammar: str, code: str) -> None:
    with pytest.raises(Unreadable):
        ANALYSERS[grammar].findings(code.encode())


@pytest.mark.parametrize(
    ("grammar", "code"),
    [
        ("python", "# -*- coding: utf-8 -*-\r\nprint('coding: x')\r\n"),
        ("java", 'System.out.println("\\u001b[1m \\u00e9");'),
        ("c", '#define TWICE(x) \\\n    ((x) * 2)\nputs("a");'),
        ("bash", "ls \\\n  -l"),
    ],
)
def test_what_only_looks_like_it_is_read(grammar: str, code: str) -> None:
    assert ANALYSERS[grammar].findings(code.encode()) == []


@pytest.mark.parametrize(
    ("grammar", "code"),
    [
        ("python", "if 0:\n    exec = 0\nexec('x')"),
        ("lua", "if false then os = {} end\nos.execute('x')"),
        ("go", 'os.RemoveAll("/")'),
    ],
)
def test_what_was_hidden_is_found(grammar: str, code: str) -> None:
    assert ANALYSERS[grammar].findings(code.encode())


def test_the_folder_of_a_script_brings_no_analyser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python puts the folder of a script, or the current one, first on its path: there could be another analyser."""
    (tmp_path / "ast_grep_py.py").write_text("raise SystemExit(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    piece = Piece("python", b"eval('1')")
    assert ask_afresh([piece], [])[piece].findings


def test_a_bomb_that_takes_too_long_is_told() -> None:
    """Some text takes tree-sitter's parser minutes; the analyser's process has five seconds."""
    bomb, other = Piece("bash", b"f(" * 50_000 + b")" * 50_000), Piece("python", b"eval('1')")
    answers = ask_afresh([bomb, other], [])
    assert re.match("the analyser (?:used more than|did not end within) ", str(answers[bomb].failure))
    assert answers[other].findings


def test_what_is_hidden_deep_is_not_passed() -> None:
    """An alias behind more steps than are followed is said not to be analysed, never to be harmless."""
    chain = "import os\nf0 = os.system\n" + "".join(f"f{i + 1} = f{i}\n" for i in range(300)) + "f300('x')\n"
    answer = ask_afresh([Piece("python", chain.encode())], [])[Piece("python", chain.encode())]
    assert answer.failure == "it is nested too deeply"


def test_a_piece_that_breaks_the_analyser_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    """The process has 1 GiB: a tree that takes more ends it, and it is started again for what comes behind."""
    (tmp_path / "own.yml").write_text(
        "grammars: [python]\nrules:\n  - {name: end, code: PR702, severity: note, message: m, reason: r, remedy: r,\n"
        "     match: {rule: {kind: no_such_kind}}, example: x}\n"
    )
    pieces = [Piece("bash", b"sudo ls"), Piece("python", b"x"), Piece("bash", b"sudo ls # again")]
    answers = ask_afresh(pieces, [str(tmp_path)])
    assert answers[pieces[0]].findings
    assert answers[pieces[2]].findings
    failure = answers[pieces[1]].failure
    assert failure is not None
    assert failure.startswith("the analyser ended with exit code 1")


def test_a_block_that_cannot_be_analysed_does_not_run(tmp_path: Path) -> None:
    code = b"print('ran')  #" + b"x" * MAX_CODE_BYTES
    source = Source(b"#lang:python\n" + code + b"\n#end\n", "long.mix")
    result = polyrun.run(source, polyrun.Settings(keep_logs=False), folder=tmp_path)
    block = result.blocks[0]
    assert (block.status, block.stdout, result.exit_code) == ("blocked", b"", 4)
    assert [(one.code, one.severity) for one in block.findings] == [("PR710", "error")]
    allowed = polyrun.Settings(keep_logs=False, allow=("PR710",))
    assert polyrun.run(source, allowed, folder=tmp_path).block(1).stdout == b"ran\n"
    warned = polyrun.run(source, polyrun.Settings(keep_logs=False, policy="warn"), folder=tmp_path).block(1)
    assert (warned.stdout, [one.severity for one in warned.findings]) == (b"ran\n", ["warning"])


def test_places_in_the_document() -> None:
    text = "é\n\n#lang:python\n#: x\nimport os\nx = 'ü'; os.system(x)\n#end\n"
    found = polyrun.check(Source(text.encode(), "a.mix"))
    assert found.refused
    assert not found.ok
    (one,) = found.findings
    source = found.source
    assert source.text(one.primary.span) == "os.system"
    assert str(source.position(one.primary.span.start)) == "6:10"
    assert json.dumps(str(one.hint))


def test_the_document_cannot_allow_itself(tmp_path: Path) -> None:
    (tmp_path / "polyrun.toml").write_text('[policy]\nmode = "off"\nallow = ["PR702"]\n')
    (tmp_path / "a.mix").write_text("#lang:python\neval('1')\n#end\n")
    with pytest.raises(polyrun.ConfigError, match="would loosen what you allow"):
        polyrun.load_settings(document=tmp_path / "a.mix")
