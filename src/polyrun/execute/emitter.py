"""Hands events to whoever listens, and keeps a listener's failure from unwinding the engine half-way."""

from __future__ import annotations

from collections.abc import Callable

from polyrun.model.events import Event

Listener = Callable[[Event], None]


class Emitter:
    """Calls `listener` for each event until it fails once; then `on_failure` is called and it is left alone.

    Output events are emitted from deep inside the event loop, where an exception (a closed
    terminal, say) could not unwind the run in order. It is kept in `failure` and raised by the
    engine after everything has been cleaned up.
    """

    def __init__(self, listener: Listener | None, on_failure: Callable[[], None]) -> None:
        self._listener = listener
        self._on_failure = on_failure
        self.failure: Exception | None = None

    def __call__(self, event: Event) -> None:
        """Deliver `event`."""
        if self._listener is None or self.failure is not None:
            return
        try:
            self._listener(event)
        except Exception as error:  # noqa: BLE001 - whatever a listener raises must reach the caller, later
            self.failure = error
            self._on_failure()
