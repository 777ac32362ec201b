"""One line at the bottom of a terminal that says what runs now and for how long; rewritten in place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from polyrun.report.channel import Channel
from polyrun.report.look import Look
from polyrun.report.width import shorten
from polyrun.report.words import seconds

_PERIOD_S = 0.1
_PATIENCE_S = 0.4
_CLEAR = b"\r\x1b[2K"


class ProgressLine:
    """The line, drawn from its own thread so that the time goes on while nothing happens.

    Does nothing unless `look.live`. Every use must hold `lock`, and `hide` must be called before
    anything else is written to the terminal. The line is only drawn while `free()` says that the cursor
    stands at the start of a line, so it never destroys output.
    """

    def __init__(self, channel: Channel, look: Look, lock: threading.Lock, free: Callable[[], bool]) -> None:
        self._channel = channel
        self._look = look
        self._lock = lock
        self._free = free
        self._what: str | None = None
        self._since = 0.0
        self._visible = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def show(self, what: str) -> None:
        """From now on `what` is running; the line appears when it takes a while."""
        self._what, self._since = what, time.monotonic()
        if self._look.live and self._thread is None:
            self._thread = threading.Thread(target=self._draw_often, name="polyrun-progress", daemon=True)
            self._thread.start()

    def idle(self) -> None:
        """Nothing is running any more."""
        self.hide()
        self._what = None

    def hide(self) -> None:
        """Take the line away until it is next drawn."""
        if self._visible:
            self._channel.write(_CLEAR)
            self._channel.at_line_start = True
            self._visible = False

    def close(self) -> None:
        """End the thread. Must *not* hold the lock."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _draw_often(self) -> None:
        while not self._stop.wait(_PERIOD_S):
            with self._lock:
                self._draw()

    def _draw(self) -> None:
        elapsed = time.monotonic() - self._since
        if self._what is None or elapsed < _PATIENCE_S or not (self._visible or self._free()):
            return
        text = shorten(f"{self._what}  {seconds(elapsed)}", max(self._look.columns - 1, 10), self._look.ellipsis)
        self._channel.write(_CLEAR)
        self._channel.text(self._look.paint(text, "dim"))
        self._visible = True
