"""How reports look on one channel: colours or none, Unicode signs or ASCII, how wide."""

from __future__ import annotations

from collections.abc import Mapping

from polyrun.model.frozen import frozen
from polyrun.report.channel import Channel

_MAX_COLUMNS = 100

_SGR = {"bold": "1", "dim": "2", "red": "1;31", "green": "32", "yellow": "33", "cyan": "1;36"}


@frozen
class Look:
    """The appearance of a report; readable in full without colour and in ASCII.

    `live` says that the channel is a terminal on which a line can be rewritten.
    """

    colour: bool = False
    unicode: bool = True
    live: bool = False
    columns: int = 80

    @classmethod
    def of(cls, channel: Channel, environment: Mapping[str, str]) -> Look:
        """What suits `channel`; honours NO_COLOR (no-color.org), FORCE_COLOR and TERM=dumb."""
        dumb = environment.get("TERM") == "dumb"
        forced = environment.get("FORCE_COLOR", "") not in ("", "0")
        return cls(
            colour=not environment.get("NO_COLOR") and (forced or (channel.terminal and not dumb)),
            unicode=_encodes(channel.encoding, "─·…✓✗"),
            live=channel.terminal and not dumb,
            columns=min(channel.columns, _MAX_COLUMNS),
        )

    def paint(self, text: str, style: str) -> str:
        """`text` in `style` (`bold`, `dim`, `red`, `green`, `yellow`, `cyan`), or plain."""
        return f"\x1b[{_SGR[style]}m{text}\x1b[0m" if self.colour and text else text

    @property
    def rule(self) -> str:
        """One column of a horizontal line."""
        return "─" if self.unicode else "-"

    @property
    def dot(self) -> str:
        """What stands between two facts on a line."""
        return "·" if self.unicode else "-"

    @property
    def ellipsis(self) -> str:
        """What stands for text left out."""
        return "…" if self.unicode else "..."


def _encodes(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
