"""`polyrun run --report`: the page after good, bad and interrupted runs, and where it cannot be written."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import time

import pytest

from cli_case import MakeCase

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="  # one pixel
PICTURE = f"""\
#lang:python name=draw
#export: plot:file, n
import base64
with open("plot.png", "wb") as file:
    file.write(base64.b64decode("{PNG}"))
plot, n = "plot.png", 3
print("</pre><script>alert(1)</script>")
#end

#lang:bash
#import: n, plot
echo "n is $n"
#end
"""


def test_a_page_with_a_picture(case: MakeCase) -> None:
    made = case(PICTURE).args("run", "doc.mix", "--report", "out.html")
    ended = made.stdout_has("n is 3").stderr_has("report: out.html").exits(0)
    text = (ended.folder / "out.html").read_text()
    assert (
        base64.b64decode(re.findall(r'<img [^>]*src="data:image/png;base64,([^"]*)"', text)[0]).hex()[:8] == "89504e47"
    )
    assert f"base64,{PNG}" in text
    assert "<span><b>7</b>print(&quot;&lt;/pre&gt;" in text
    assert "\n&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;\n" in text
    assert "from draw, line 2" in text
    assert sorted(path.name for path in ended.folder.iterdir()) == ["doc.mix", "out.html"]


def test_a_page_about_a_failure(case: MakeCase) -> None:
    made = case("#lang:python name=bad\nprint(1)\nboom()\n#end\n#lang:bash after=bad\necho never\n#end\n")
    ended = made.args("run", "doc.mix", "--report=out.html", "--format", "json").exits(1)
    assert json.loads(ended.out)["report"] == "out.html"
    text = (ended.folder / "out.html").read_text()
    assert '<span class="wrong"><b>3</b>boom()\n</span>' in text
    for words in ("<title>doc.mix: failed</title>", "error[PR501]", "NameError", ">exit 1<", ">skipped<"):
        assert words in text


def test_a_page_about_an_interrupted_run(case: MakeCase) -> None:
    made = case("#lang:bash\necho ready; touch there; sleep 60\n#end\n#lang:bash\necho never\n#end\n")
    process = made.args("run", "doc.mix", "--report", "out.html", "--allow-write").start()
    for _ in range(300):
        if (made.folder / "there").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    text = (made.folder / "out.html").read_text()
    assert "<title>doc.mix: cancelled</title>" in text
    assert "\nready\n" in text


def test_a_page_although_nobody_reads_the_output(case: MakeCase) -> None:
    made = case("#lang:bash\nfor i in {1..99999}; do echo $i; done; sleep 60\n#end\n").args(
        "run", "doc.mix", "--report", "out.html"
    )
    ended = made.within('polyrun "$@" | head -1; exit 0').stdout("1\n").exits(0)
    assert "<title>doc.mix: cancelled</title>" in (ended.folder / "out.html").read_text()


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("no/out.html", "error: `no/out.html` cannot be written: there is no folder `"),
        (".", "error: `.` cannot be written: it is a folder"),
        ("/dev/null", "error: `/dev/null` cannot be written: it is no regular file"),
        ("doc.mix", "error: `--report doc.mix` would overwrite the document"),
        ("link.mix", "error: `--report link.mix` would overwrite the document"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_told_before_anything_runs(
    case: MakeCase, place: str, message: str
) -> None:
    made = case(PICTURE)
    (made.folder / "link.mix").symlink_to("doc.mix")
    made.args("run", "doc.mix", "--report", place).stdout("").stderr_has(message).nowhere("PR901").exits(2)
    assert (made.folder / "doc.mix").read_text() == PICTURE


def test_a_place_that_is_lost_meanwhile_fails_the_run(case: MakeCase) -> None:
    made = case("#lang:bash\nmkdir out.html\necho done\n#end\n")
    ended = made.args("run", "doc.mix", "--report", "out.html", "--allow-write").stdout("done\n")
    ended.stderr_has("note: `out.html` is not written: Is a directory").exits(1)
    assert os.listdir(made.folder / "out.html") == []
    assert sorted(os.listdir(made.folder)) == ["doc.mix", "out.html"]


def test_a_run_without_it_does_not_pay_for_it(case: MakeCase) -> None:
    made = case("#lang:bash\necho 1\n#end\n").env(PYTHONPROFILEIMPORTTIME="1").args("run", "doc.mix")
    made.stdout("1\n").nowhere("polyrun.report.html", "polyrun.report.target").exits(0)
