"""A self-test as a table, as JSON and as a page: the same facts in each, and nothing in them acts."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest

from polyrun.model.errors import UsageError
from polyrun.model.frozen import replace
from polyrun.model.selftest import AttackResult, Checked, SelfTestReport, Verdict
from polyrun.report.look import Look
from polyrun.report.selftest import render_selftest, to_json
from polyrun.report.selftest_html import SelfTestPage, page
from polyrun.report.width import display_width

NASTY = "</td></style><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e\0\x1b[2J&lt;"
HELD = AttackResult(
    rows=(1, 4),
    name="busy-and-deaf",
    title="use the processor for ever",
    verdict=Verdict.HELD,
    expected="time limit",
    got="time limit",
    capable=True,
    checks=(Checked("status", "time_limit", "time_limit: busy", ok=True),),
    wall_s=1.5,
)
RESULTS = (
    HELD,
    replace(HELD, name="not-shown", capable=False, why_not="it must simply go on"),
    replace(HELD, name="weak", verdict=Verdict.WEAKNESS, weakness="locks can be seen " * 9),
    replace(
        HELD,
        name="escapes",
        verdict=Verdict.NOT_HELD,
        got=f"secret: {NASTY}",
        checks=(Checked("secret", "not printed", NASTY, ok=False), Checked("status", "ok", "ok", ok=True)),
    ),
    replace(HELD, name="breaks", verdict=Verdict.BROKEN, got="", checks=(), reason="no box could be made"),
    replace(HELD, name="harmless", verdict=Verdict.NOT_CAPABLE, capable=False, why_not="user: EPERM"),
    replace(HELD, name="no-compiler", verdict=Verdict.NOT_RUN, got="", checks=(), reason="no C compiler"),
)
REPORT = SelfTestReport(
    sandbox="bubblewrap",
    level=1,
    enforced=("files",),
    missing=("memory: watched",),
    results=RESULTS,
    not_concerned={8: "needs a server"},
    version="0.1.0",
    system="Linux",
    wall_s=61.0,
)


def test_it_is_ok_as_long_as_nothing_holds_less_than_promised() -> None:
    fine = [one for one in RESULTS if not one.verdict.is_bad]
    assert {one.verdict for one in RESULTS} == set(Verdict)
    assert replace(REPORT, results=tuple(fine)).ok
    for bad in (one for one in RESULTS if one.verdict.is_bad):
        assert not replace(REPORT, results=(*fine, bad)).ok
    assert not replace(REPORT, results=tuple(fine), left=("container abc",)).ok


def test_it_is_not_ok_when_nothing_was_judged() -> None:
    silent = tuple(one for one in RESULTS if one.verdict in (Verdict.NOT_RUN, Verdict.NOT_CAPABLE))
    assert len(silent) == 2
    for results in (silent, silent[:1], ()):
        report = replace(REPORT, results=results)
        assert (report.ok, report.judged) == (False, False)
        assert "nothing was judged" in render_selftest(report, Look())
    assert "nothing was judged" not in render_selftest(REPORT, Look())


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("verbose", [False, True])
def test_the_table(columns: int, verbose: bool) -> None:
    text = render_selftest(REPORT, Look(columns=columns), verbose=verbose)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert max(display_width(line) for line in text.splitlines()) <= columns
    rows = {words[1]: line for line in text.splitlines() if len(words := line.split()) > 1 and words[0] == "1,4"}
    assert list(rows) == [one.name for one in RESULTS]
    ends = {name: line.rsplit("  ", 1)[-1] for name, line in rows.items()}
    assert list(ends.values()) == ["held", "held*", "weakness", "NOT HELD", "BROKEN", "not capable", "not run"]
    assert "2 held, 1 stated weakness, 1 not held, 1 broken, 1 not capable, 1 not run\n" in text
    assert text.splitlines()[0] == "bubblewrap, level 1 · PolyRun 0.1.0 · Linux · 61.0 s"
    assert "(expected not printed)" in text
    assert "no C compiler" in text.split("───")[-1]
    assert "* 1 not seen to succeed" in text
    assert ("it must simply go on" in text) == verbose
    assert ("status: time_limit: busy" in text) == verbose


def test_signs_without_unicode_and_colours() -> None:
    text = render_selftest(REPORT, Look(unicode=False, colour=True))
    assert "\x1b[1;31mNOT HELD\x1b[0m" in text
    assert not re.search("[…·─]", text)


def test_nothing_to_tell() -> None:
    assert "no attacks" in render_selftest(replace(REPORT, results=()), Look())


def test_json() -> None:
    found = json.loads(json.dumps(to_json(REPORT)))
    assert found["schema"] == "polyrun.selftest/1"
    assert found["ok"] is False
    counts = {"held": 2, "weakness": 1, "not_held": 1, "broken": 1, "not_capable": 1, "not_run": 1, "not_shown": 1}
    assert found["counts"] == counts
    assert [one["verdict"] for one in found["attacks"]] == [one.verdict for one in RESULTS]
    assert found["attacks"][3]["checks"][0] == {"name": "secret", "expected": "not printed", "got": NASTY, "ok": False}
    assert found["attacks"][1]["why_not_capable"] == "it must simply go on"
    assert found["not_concerned"] == {"8": "needs a server"}
    assert found["missing"] == ["memory: watched"]


class _Page(HTMLParser):
    """A page taken apart; it must be well nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.words += data


def test_the_page_is_whole_and_cannot_act() -> None:
    text = "".join(page(REPORT))
    found = _Page(text)
    allowed = (
        "html head meta title style body main header h1 span p dl div dt dd ul li b i table thead tbody tr th td "
        "details summary section h3 footer code"
    )
    assert {tag for tag, _ in found.tags} <= set(allowed.split())
    assert {name for _, attrs in found.tags for name in attrs} <= {
        "lang", "charset", "http-equiv", "content", "name", "class", "open"
    }  # fmt: skip
    assert "<script>alert(1)</script>" in found.words.replace("\u2400", "")
    assert not re.search("[\x00\x1b\u202e]", text)
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    policy = next(str(attrs["content"]) for _, attrs in found.tags if attrs.get("http-equiv"))
    assert style is not None
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in policy
    assert policy.startswith("default-src 'none'")
    for one in RESULTS:
        assert one.name in found.words
    opened = [attrs for tag, attrs in found.tags if tag == "details"]
    assert ["open" in attrs for attrs in opened] == [one.verdict.is_bad for one in RESULTS]
    assert "row 8: needs a server" in found.words
    assert "locks can be seen" in found.words


def test_the_page_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.html"
    with closing(SelfTestPage(path)) as target:
        assert not path.exists()
        target.write(REPORT)
    assert path.read_text("utf-8") == "".join(page(REPORT))
    with pytest.raises(UsageError, match="cannot be written"):
        SelfTestPage(tmp_path / "nowhere/x.html")
