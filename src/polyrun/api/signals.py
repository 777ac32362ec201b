"""Ending in order when the user or the system wants it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from typing import Any, Self


class Signals:
    """While entered, the first SIGINT, SIGTERM or SIGHUP calls `cancel`, and a second one has its former effect.

    `cancel` cancels the task that made this, until something better is put there. What was ignored stays
    ignored (`nohup`), and the caller's own handlers are put back.
    """

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.cancel: Callable[[], object] = task.cancel
        self._loop = asyncio.get_running_loop()
        self._former: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            former = signal.getsignal(number)
            if former is not signal.SIG_IGN and former is not None:
                self._former[number] = former
                self._loop.add_signal_handler(number, self._first)
        return self

    def _first(self) -> None:
        self._restore()
        self.cancel()

    def _restore(self) -> None:
        while self._former:
            number, former = self._former.popitem()
            self._loop.remove_signal_handler(number)
            signal.signal(number, former)

    def __exit__(self, *_: object) -> None:
        self._restore()
