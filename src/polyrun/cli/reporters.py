"""Which reports a run gets, for each `--format`."""

from __future__ import annotations

from collections.abc import Callable

from polyrun.cli.streams import err, look, out
from polyrun.model.errors import DocumentError
from polyrun.model.events import Event
from polyrun.report.console import Console


class Reporters:
    """The reports of one run.

    `text` is the console; `json` and `events` put their own format on stdout, and the console then
    only tells of progress and problems on stderr. So it does with `values_only`, when stdout carries exported values.
    """

    def __init__(self, form: str, *, raw: bool, verbose: bool, quiet: bool, values_only: bool = False) -> None:
        data, people = out(), err()
        text = form == "text" and not values_only
        self._console = Console(
            data, people, look(people), raw=raw, verbose=verbose and text, quiet=quiet or not text, data=text
        )
        self._handlers: list[Callable[[Event], None]] = [self._console.handle]
        self._json = None
        if form == "json":
            from polyrun.report.json import JsonReport

            self._json = JsonReport(data)
            self._handlers.append(self._json.handle)
        elif form == "events":
            from polyrun.report.events import EventReport

            self._handlers.append(EventReport(data).handle)

    def handle(self, event: Event) -> None:
        """Hand `event` to each report. Raises `OSError` when stdout cannot be written."""
        for handler in self._handlers:
            handler(event)

    def refuse(self, error: DocumentError, exit_code: int) -> bool:
        """Report a document that cannot be run; `False` when no report here has a form for that."""
        if self._json is None:
            return False
        from polyrun.report.json import refused_pieces

        self._json.write(refused_pieces(error.source, error.diagnostics, exit_code))
        return True

    def close(self) -> None:
        """Leave the terminal in order."""
        self._console.close()
