"""The page about a run: what stands in it, and that nothing in it can act, whatever programs print."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import resource
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrun.model.capture import Capture, Spool
from polyrun.model.errors import UsageError
from polyrun.model.events import BlockInfo, RunStarted, SecurityEvent
from polyrun.model.frozen import replace
from polyrun.model.limits import MIB
from polyrun.model.outcomes import Outcome, Status
from polyrun.model.results import BlockResult, RunResult, StepResult
from polyrun.model.spans import Source, Span
from polyrun.model.values import Kind, Slice, ValueInfo, ValueType
from polyrun.report.html import HtmlReport, page
from report_story import EVERYTHING, NOON, Part, Story, err, out, problem, story

ATTACK = "</pre></style></title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e\0\x1b[2J&lt;"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
SVG = b'<?xml version="1.0"?>\n<!-- a -->\n<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

_ELEMENTS = (
    r"a|article|b|bdi|body|code|dd|div|dl|dt|figure|footer|h[1-3]|head|header|html|img|li|main|meta|p|pre|samp|section"
    r"|span|style|table|tbody|td|th|thead|title|tr|ul"
)
_ATTRIBUTES = r"alt|charset|class|content|decoding|download|href|http-equiv|id|lang|name|src|tabindex"
_EMPTY = {"img", "meta"}


class Page(HTMLParser):
    """A page taken apart: its text, elements with their attributes, and whether they are well nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words = ""
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.words += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def shown(result: RunResult, started: RunStarted | None = None, *warnings: str) -> Page:
    """The page about `result`, which holds nothing that could act."""
    text = "".join(page(result, started, warnings))
    found = Page(text)
    for tag, attributes in found.elements:
        assert re.fullmatch(_ELEMENTS, tag)
        assert all(re.fullmatch(_ATTRIBUTES, name) for name in attributes)
        assert re.fullmatch(r"|#b\d+|data:application/octet-stream;base64,[\w+/=]*", attributes.get("href", ""))
        assert re.fullmatch(r"|data:image/[a-z+]+;base64,[\w+/=]*", attributes.get("src", ""))
        assert tag == "meta" or all(re.fullmatch(r"[\w .#:;,+/=-]*", value) for value in attributes.values())
    assert not set(text) & {"\0", "\x1b", "\u202e", "\x9b", "\x7f"}
    return found


def started_of(made: Story, *bodies: Span) -> RunStarted:
    event = made.events()[0]
    assert isinstance(event, RunStarted)
    blocks = tuple(replace(block, body=body) for block, body in zip(event.blocks, bodies, strict=False))
    return replace(event, blocks=blocks)


def exporting(*exports: ValueInfo, imports: tuple[ValueInfo, ...] = ()) -> RunResult:
    block = BlockResult(1, "make", "python", 1, Status.OK, imports=imports, exports=exports)
    return replace(story(Part()).result(), blocks=(block,))


def file_of(folder: Path, data: bytes, media: str, name: str = "plot") -> ValueInfo:
    path = folder / f"{len(os.listdir(folder))}-content"
    path.write_bytes(b"before" + data + b"after")
    where = Slice(str(path), 6, 6 + len(data))
    return ValueInfo(name, ValueType((Kind.FILE,), media=media), len(data), "a.png", "make", 2, where)


def test_what_is_told_of_a_run() -> None:
    made = story(Part(name="load", printed=(out(b"7.5\n"), err(b"careful\n"))), log_path="/logs/a.log", saved=("o/x",))
    found = shown(made.result(), started_of(made, Span(13, 20)))
    for words in ("story.mix", "1 ok", "410 ms", "bubblewrap, level 2", "r1", "load", "python", "line 1", "9.0 MiB"):
        assert words in found.words
    for words in ("7.5\n", "careful\n", "2boom()\n", "/logs/a.log", "o/x"):
        assert words in found.words
    assert "not enforced" not in found.words


def test_what_was_not_enforced_is_said() -> None:
    made = story(Part(enforced=tuple(set(EVERYTHING) - {"memory"})), sandbox="local", level=0)
    found = shown(made.result(), None, "the sandbox is weaker than you asked for")
    for words in ("not enforcedmemory", "local, level 0 (not isolated)", "weaker than you asked for"):
        assert words in found.words


def test_a_failure_shows_its_problem_and_marks_its_line() -> None:
    source = Source(b"#lang:python\na\nboom()\n#end\n", "story.mix")
    part = Part(status=Status.NONZERO_EXIT, exit_code=1, problem=problem(Span(15, 21), "it <b>failed</b>"))
    made = Story((part, Part(status=Status.SKIPPED, reason="it needs <b>")), source)
    text = "".join(page(made.result(), started_of(made, Span(13, 22))))
    assert "<span><b>2</b>a\n</span>" in text
    assert '<span class="wrong"><b>3</b>boom()\n</span>' in text
    found = shown(made.result())
    for words in ("error[PR501]: it <b>failed</b>", "--> story.mix:3:1", "exit 1", "it needs <b>", "1 failed"):
        assert words in found.words


def test_no_text_can_act(tmp_path: Path) -> None:
    data = f"#lang:python\n{ATTACK}\n#end\n".encode()
    source = Source(data, f"{ATTACK}.mix")
    bad = Part(
        ATTACK,
        ATTACK,
        Status.NONZERO_EXIT,
        1,
        printed=(("build", "stderr", ATTACK.encode()), out(ATTACK.encode()), err(b"\xff" + ATTACK.encode())),
        problem=problem(Span(13, 20), ATTACK),
        reason=ATTACK,
    )
    made = Story((bad, Part(ATTACK, ATTACK, Status.SKIPPED, reason=ATTACK)), source, ATTACK)
    made.result_changes = {
        "notes": (ATTACK,),
        "artifacts": (ATTACK,),
        "saved": (ATTACK,),
        "artifacts_dir": ATTACK,
        "log_path": ATTACK,
        "run_id": ATTACK,
    }
    result = made.result()
    evil = replace(file_of(tmp_path, PNG, ATTACK, ATTACK), preview=ATTACK, producer=ATTACK)
    result = replace(result, blocks=tuple(replace(b, imports=(evil,), exports=(evil,)) for b in result.blocks))
    found = shown(result, started_of(made, Span(13, len(data) - 5)), ATTACK)
    seen = ATTACK.replace("\u202e", "<U+202E>").replace("\0", "␀").replace("\x1b", "␛")
    assert found.words.count(seen) > 25
    assert {one["download"] for one in found.all("a") if "download" in one} == {
        re.sub("[^A-Za-z0-9_]", "_", ATTACK)[:60] + ".bin"
    }


@given(st.text(max_size=80), st.binary(max_size=80), st.integers(0, 80))
def test_output_is_text_and_nothing_else(name: str, data: bytes, cut: int) -> None:
    made = story(
        Part(name=name, printed=(out(data[:cut]), out(data[cut:]))),
    )
    made.source = Source(b"#lang:python\n" + data + b"\n#end\n", name)
    shown(made.result(), started_of(made, Span(13, 14 + len(data))))


def test_the_browser_is_forbidden_what_the_page_does_not_need() -> None:
    text = "".join(page(story(Part()).result()))
    style = text.split("<style>")[1].split("</style>")[0]
    known = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(one["content"] for one in Page(text).all("meta") if "http-equiv" in one)
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert f"style-src 'sha256-{known}'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"url\(|@import|//", style)
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style


@pytest.mark.parametrize(
    ("media", "data"),
    [
        ("image/png", PNG),
        ("image/jpeg", b"\xff\xd8\xff\xe0" + bytes(50)),
        ("image/gif", b"GIF89a" + bytes(50)),
        ("image/webp", b"RIFF\n\n\n\nWEBP" + bytes(50)),
        ("image/svg+xml", SVG),
        ("image/svg+xml", b"\xef\xbb\xbf  <svg/>"),
        ("image/png", PNG + bytes(1_000_000)),
    ],
)
def test_a_picture_shows_itself(tmp_path: Path, media: str, data: bytes) -> None:
    found = shown(exporting(file_of(tmp_path, data, media)))
    head, _, code = found.all("img")[0]["src"].partition(",")
    assert head == f"data:{media};base64"
    assert base64.b64decode(code, validate=True) == data
    assert "file, " + media in found.words


@pytest.mark.parametrize(
    ("media", "data", "ending"),
    [
        ("image/png", b"<html><script>alert(1)</script>", "png"),
        ("image/svg+xml", b"<html><script>alert(1)</script></html>", "svg"),
        ("image/jpeg", PNG, "jpg"),
        ("text/html", PNG, "bin"),
        ("image/x-icon", PNG, "bin"),
        ("IMAGE/PNG", PNG, "bin"),
        ("image/png,", PNG, "bin"),
        ("text/plain", b"kept\n", "txt"),
        ("text/plain", b"", "txt"),
    ],
)
def test_every_other_file_can_only_be_saved(tmp_path: Path, media: str, data: bytes, ending: str) -> None:
    found = shown(exporting(file_of(tmp_path, data, media)))
    assert found.all("img") == []
    link = next(one for one in found.all("a") if "download" in one)
    assert link["download"] == f"plot.{ending}"
    assert base64.b64decode(link["href"].partition(",")[2]) == data
    forged = media in {"image/png", "image/svg+xml", "image/jpeg"}
    assert (f"not shown: it does not begin like {media}" in found.words) == forged


def test_files_have_their_bounds(tmp_path: Path) -> None:
    large = file_of(tmp_path, PNG, "image/png", "large")
    path = tmp_path / "sparse"
    path.write_bytes(PNG)
    os.truncate(path, 8 * MIB)
    full = replace(large, file=Slice(str(path), 0, 8 * MIB))
    os.truncate(path, 8 * MIB + 1)
    above = replace(large, file=Slice(str(path), 0, 8 * MIB + 1))
    zipped = replace(file_of(tmp_path, b"", "application/zip"), file=Slice(str(path), 0, MIB + 1))
    text = "".join(page(exporting(above, zipped, *[full] * 9)))
    assert text.count("<img") == 8
    assert text.count("not shown: there is room for at most 8.0 MiB each and 64.0 MiB in all") == 2
    assert text.count("not kept in this page") == 1


def test_a_file_that_is_gone_or_another_is_said(tmp_path: Path) -> None:
    gone = file_of(tmp_path, PNG, "image/png")
    for place in ("nowhere", "link", "pipe", "folder"):
        path = tmp_path / place
        if place == "link":
            path.symlink_to("/etc/passwd")
        elif place == "pipe":
            os.mkfifo(path)
        elif place == "folder":
            path.mkdir()
        found = shown(exporting(replace(gone, file=Slice(str(path), 0, 10))))
        assert found.all("img") == []
        assert "not shown: " in found.words
        assert "root:" not in found.words


def test_pictures_of_imports_are_not_shown_again(tmp_path: Path) -> None:
    found = shown(exporting(imports=(file_of(tmp_path, PNG, "image/png"),)))
    assert found.all("img") == []
    assert "from make, line 2" in found.words


def test_much_output_is_cut_in_the_middle_and_never_held_in_memory() -> None:
    spool = Spool()
    blocks = []
    for index in range(1, 71):
        capture = Capture(spool, 16 * MIB if index == 1 else MIB)
        capture.write(b"first\n")
        for _ in range(255 if index == 1 else 5):
            capture.write(b"<" * (64 << 10))
        capture.write(b"last\n")
        if index == 1:
            capture.write(bytes(16 * MIB))
        step = StepResult(Outcome(Status.OK, 0), capture, Capture(spool, 1))
        blocks.append(BlockResult(index, None, "python", 1, Status.OK, run=step))
    result = replace(story(Part()).result(), blocks=tuple(blocks))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sizes = [len(piece) for piece in page(result)]
    assert max(sizes) < MIB
    assert sum(sizes) < 70 * MIB  # a `<` takes four bytes
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024
    text = "".join(page(replace(result, blocks=(blocks[0],))))
    assert "\nfirst\n&lt;" in text
    assert "&lt;\nlast\n" not in text, "behind it come zeros"
    assert "15.8 MiB are left out here" in text
    assert "truncated: 16.0 MiB kept of 31.9 MiB" in text
    assert "first\n" not in "".join(page(result)).partition('id="b70"')[2], "there was no room any more"


def test_much_code_is_cut() -> None:
    data = b"#lang:python\n" + b"\n" * (4 * MIB) + b"#end\n"
    made = Story((Part(),), Source(data, "long.mix"))
    text = "".join(page(made.result(), started_of(made, Span(13, len(data) - 5))))
    assert len(text) < 2 * MIB
    assert re.search(r"from line \d+ on it is left out here", text)


@pytest.fixture
def report(tmp_path: Path) -> Iterator[HtmlReport]:
    with closing(HtmlReport(tmp_path / "out.html")) as made:
        yield made


def test_the_file_appears_whole_or_not_at_all(tmp_path: Path, report: HtmlReport) -> None:
    made = story(Part())
    for event in [*made.events(), SecurityEvent(NOON, "downgrade", "no user namespaces")]:
        report.handle(event)
    assert list(tmp_path.iterdir()) == []
    report.write(made.result())
    assert [path.name for path in tmp_path.iterdir()] == ["out.html"]
    assert "no user namespaces" in (tmp_path / "out.html").read_text()
    before = (tmp_path / "out.html").read_bytes()
    broken = BlockResult(1, None, "python", 1, Status.OK, run=_unreadable())
    with pytest.raises(OSError, match="Bad file descriptor"):
        report.write(replace(made.result(), blocks=(broken,)))
    assert [path.name for path in tmp_path.iterdir()] == ["out.html"]
    assert (tmp_path / "out.html").read_bytes() == before


def _unreadable() -> StepResult:
    class Broken(Capture):
        def chunks(self) -> Iterator[bytes]:
            yield b"x"
            raise OSError(9, "Bad file descriptor")

    broken = Broken(Spool(), 10)
    broken.write(b"xy")
    return StepResult(Outcome(Status.OK, 0), broken, Capture(Spool(), 1))


def test_what_a_block_puts_in_the_way_is_not_followed(tmp_path: Path) -> None:
    folder, precious = tmp_path / "out", tmp_path / "precious"
    folder.mkdir()
    precious.mkdir()
    (precious / "page.html").write_text("mine")
    with closing(HtmlReport(folder / "page.html")) as report:
        (folder / "page.html").symlink_to(precious / "page.html")
        folder.rename(tmp_path / "moved")
        folder.symlink_to(precious)
        report.write(story(Part()).result())
    assert (precious / "page.html").read_text() == "mine"
    assert "PolyRun" in (tmp_path / "moved/page.html").read_text()
    assert not (tmp_path / "moved/page.html").is_symlink()


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("nowhere/out.html", "there is no folder"),
        ("folder", "it is a folder"),
        ("file/out.html", "not a directory"),
        ("pipe", "it is no regular file"),
        ("/dev/stdout", "it is no regular file"),
        ("/proc/out.html", "cannot be written"),
        ("a\0b", "embedded null byte"),
        (".", "it is a folder"),
        ("x" * 300, "file name too long"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_refused(tmp_path: Path, place: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    path = tmp_path / place if place != "/dev/stdout" else tmp_path / "null"
    if place == "/dev/stdout":
        path.symlink_to(os.devnull)
    with pytest.raises(UsageError, match=reason):
        HtmlReport(path)


def test_a_link_leads_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "real.html").touch()
    (tmp_path / "link.html").symlink_to("real.html")
    with closing(HtmlReport(tmp_path / "link.html")) as report:
        report.write(story(Part()).result())
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "real.html").stat().st_size > 1000


def test_blocks_without_a_known_body_are_shown_without_code() -> None:
    event = started_of(story(Part(name="x")))
    found = shown(story(Part(name="x")).result(), replace(event, blocks=(BlockInfo(1, "x", "python", 1),)))
    assert all(one.get("class") != "code" for one in found.all("pre"))
