from __future__ import annotations

import re

import pytest

from polyrun.model.outcomes import Status
from polyrun.report.look import Look
from polyrun.report.summary import not_enforced, render_summary
from polyrun.report.width import display_width
from polyrun.report.words import seconds
from report_story import EVERYTHING, Part, story

PLAIN = Look(unicode=True)


def test_the_whole_table() -> None:
    text = render_summary(
        story(
            Part(name="load"),
            Part("cpp", "漢字", Status.NONZERO_EXIT, 3, wall_s=12.34),
            Part("bash", None, Status.SIGNALLED, None, "SIGSEGV", memory_bytes=None),
            Part("r", "plot", Status.SKIPPED, None, reason="it needs `load`"),
            Part("go", status=Status.NONZERO_EXIT, exit_code=1, allowed_to_fail=True),
        ).result(),
        PLAIN,
    )
    assert text == (
        "#  block    language  line  status              time    cpu   memory\n"
        "1  load     python       1  ok                 30 ms  20 ms  9.0 MiB\n"
        "2  漢字     cpp          4  exit 3            12.3 s  20 ms  9.0 MiB\n"
        "3  block 3  bash         7  SIGSEGV            30 ms  20 ms\n"
        "4  plot     r           10  skipped\n"
        "5  block 5  go          13  exit 1 (allowed)   30 ms  20 ms  9.0 MiB\n"
        "────────────────────────────────────────────────────────────────────\n"
        "1 ok, 2 failed, 1 allowed to fail, 1 skipped · 410 ms · bubblewrap, level 2\n"
    )


def test_columns_stay_aligned_and_within_80_whatever_the_names() -> None:
    names = ["x" * 200, "漢" * 100, "a\nb\x1b[2J", "é", "🦀"]
    lines = render_summary(story(*(Part(name=name) for name in names)).result(), PLAIN).splitlines()[:6]
    assert {display_width(line) for line in lines} == {80}
    assert not re.search(r"[\x00-\x1f]", "".join(lines))


def test_colour_changes_nothing_but_colour() -> None:
    result = story(Part(), Part(status=Status.TIME_LIMIT, exit_code=None), Part(status=Status.SKIPPED)).result()
    coloured = render_summary(result, Look(colour=True))
    assert "\x1b[1;31mtime limit" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render_summary(result, PLAIN)


def test_ascii_is_enough() -> None:
    assert render_summary(story(Part(name="long" * 30)).result(), Look(unicode=False)).isascii()


def test_what_was_not_enforced_is_said() -> None:
    weak = tuple(name for name in EVERYTHING if name not in ("memory", "open_files"))
    result = story(Part(), Part(enforced=weak)).result()
    assert not_enforced(result.blocks) == ("memory", "open files")
    assert render_summary(result, PLAIN).endswith("\nnot enforced: memory, open files\n")


def test_level_0_is_called_not_isolated() -> None:
    local = story(Part(enforced=("wall",)), sandbox="local", level=0).result()
    assert "local, level 0 (not isolated)" in render_summary(local, PLAIN)


def test_a_run_without_a_started_block_claims_nothing_about_enforcement() -> None:
    assert not_enforced(story(Part(status=Status.TOOLCHAIN_MISSING)).result().blocks) == ()


def test_of_very_many_blocks_only_the_others_than_ok_get_a_row() -> None:
    parts = [Part() for _ in range(2000)]
    parts[1500].status, parts[1500].exit_code = Status.NONZERO_EXIT, 7
    text = render_summary(story(*parts).result(), PLAIN)
    assert "… and 1999 more blocks that ended ok\n" in text
    assert "exit 7" in text
    assert len(text.splitlines()) == 5


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 ms"),
        (0.0084, "8 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (9.996, "10.0 s"),
        (99.96, "1 min 40 s"),
        (125, "2 min 05 s"),
        (7200, "120 min 00 s"),
    ],
)
def test_times_are_short_and_round_up_into_the_next_unit(value: float, text: str) -> None:
    assert seconds(value) == text
