"""The command on a real terminal (a pty)."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cli_case import COMMAND, Case, MakeCase

ACTING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class Terminal:
    """A running command and the screen it writes to."""

    def __init__(self, process: subprocess.Popen[bytes], leader: int) -> None:
        self.process = process
        self.leader = leader
        self.data = b""

    def until(self, part: bytes, seconds: float = 30) -> None:
        """Read until `part` has appeared."""
        deadline = time.monotonic() + seconds
        while part not in self.data:
            assert time.monotonic() < deadline, self.data
            if select.select([self.leader], [], [], 0.2)[0] and not self._read():
                assert part in self.data, self.data

    def end(self) -> tuple[int, str]:
        """The exit code and all that was written, with CR LF as LF."""
        while self._read():
            pass
        return self.process.wait(timeout=30), self.data.decode().replace("\r\n", "\n")

    def _read(self) -> bool:
        try:
            piece = os.read(self.leader, 1 << 16)
        except OSError:  # EIO: no process has the terminal open any more
            return False
        self.data += piece
        return bool(piece)


@contextmanager
def terminal(made: Case) -> Iterator[Terminal]:
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, *made.words],
        cwd=made.folder,
        env=made.environment,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    try:
        yield Terminal(process, leader)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(leader)


def without_progress(text: str) -> str:
    return re.sub(r"[^\n]*\r\x1b\[2K", "", text)


def test_programs_cannot_act_on_the_terminal(case: MakeCase) -> None:
    script = r"printf '\033]0;pwned\007\033[2J\033[31mred\rover\b\n'; printf '\302\2332Jno end' >&2"
    made = case(f"#lang:bash\n{script}\n#end\n").args("run", "doc.mix").env(NO_COLOR="1", TERM="xterm")
    with terminal(made) as screen:
        code, text = screen.end()
    assert code == 0
    shown = without_progress(text)
    assert "␛]0;pwned␇␛[2J␛[31mred␍over␈\n" in shown
    assert "<U+009B>2Jno end\n\n#  block" in shown
    assert not ACTING.search(shown)


def test_raw_lets_them(case: MakeCase) -> None:
    made = (
        case("#lang:bash\nprintf '\\033[31mred\\033[0m\\n'\n#end\n").args("run", "--raw", "doc.mix").env(NO_COLOR="1")
    )
    with terminal(made) as screen:
        code, text = screen.end()
    assert (code, "\x1b[31mred\x1b[0m\n" in text) == (0, True)


def test_colour_on_a_terminal_and_none_with_no_color(case: MakeCase) -> None:
    made = case("#lang:bash\nexit 3\n#end\n").args("run", "doc.mix").env(TERM="xterm")
    with terminal(made) as screen:
        code, coloured = screen.end()
    assert code == 1
    assert "\x1b[1;31mexit 3\x1b[0m" in coloured
    with terminal(made.env(NO_COLOR="1")) as screen:
        _, plain = screen.end()
    assert "exit 3" in plain
    assert "\x1b" not in without_progress(plain)


def test_progress_shows_a_slow_block_and_is_gone_afterwards(case: MakeCase) -> None:
    made = case("#lang:bash name=slow\nsleep 1.5; echo done\n#end\n").args("run", "doc.mix").env(NO_COLOR="1")
    with terminal(made.env(TERM="xterm")) as screen:
        code, text = screen.end()
    assert code == 0
    assert re.search(r"\r\x1b\[2K1/1 slow \(bash\)  \d+(\.\d+)? m?s", text)
    lines = without_progress(text).splitlines()
    assert lines[1] == "done"
    assert not any("slow (bash)" in line for line in lines)


def test_a_dumb_terminal_gets_plain_text(case: MakeCase) -> None:
    made = case("#lang:bash\nsleep 1; echo done\n#end\n").args("run", "doc.mix").env(TERM="dumb")
    with terminal(made) as screen:
        code, text = screen.end()
    assert (code, "\x1b" in text, "\r" in text) == (0, False, False)


def test_ctrl_c_ends_the_run_and_still_shows_the_summary(case: MakeCase) -> None:
    made = case("#lang:bash\necho started; sleep 60\n#end\n").args("run", "doc.mix").env(NO_COLOR="1")
    with terminal(made) as screen:
        screen.until(b"started")
        screen.process.send_signal(signal.SIGINT)
        code, text = screen.end()
    assert code == 130
    assert "1 cancelled" in text
    assert "Traceback" not in text
