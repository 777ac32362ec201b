"""Taking what a block imports, and handing over what it exports when it ends."""

from __future__ import annotations

import atexit
import os

from .wire import Decoder, Encoder, Unsupported, head

TYPE_CHECKING = False  # `typing` and `re` are left out: they take longer than all that a block with a few values needs
if TYPE_CHECKING:
    from typing import Any

_VERSION = 1


class Handing:
    """The values of one block, whose code is `source` and whose variables are `names`."""

    def __init__(self, source: bytes, names: dict[str, Any]) -> None:
        from .incoming import Incoming

        self._names = names
        self._out = os.environ["POLYRUN_OUT"]
        self._pid = os.getpid()
        inbox = os.environ["POLYRUN_IN"]
        incoming = Incoming(inbox, source)
        with open(os.path.join(inbox, "values.cbor"), "rb") as file:
            facts = Decoder(file.read(), incoming.make).item()
        self._prefix: str = facts["prefix"]
        self._exports: dict[str, str | None] = facts["exports"]
        names.update((name, incoming.plain(value)) for name, value in facts["imports"].items())
        self._known = set(names)
        self.failed = False
        if self._exports:
            atexit.register(self._hand_over)  # the first one registered is the last one called

    def _hand_over(self) -> None:
        """Write what the block exports. A child that it has forked has nothing to hand over."""
        if self.failed or os.getpid() != self._pid:
            return
        from .outgoing import Outgoing

        outgoing = Outgoing(self._out, self._prefix)
        encoder = Encoder(outgoing.convert, outgoing.pack)
        values: list[bytes] = []
        refused: dict[str, str] = {}
        for name, declared in self._exports.items():
            if name not in self._names:
                continue
            try:
                values.append(encoder.encode(name) + encoder.encode(outgoing.top(self._names[name], declared)))
            except Unsupported as error:
                refused[name] = str(error)
            except OSError as error:
                refused[name] = _no_room(error)
        try:
            self._write(encoder, values, refused)
        except OSError as error:  # a file without them is small
            self._write(encoder, [], dict.fromkeys(self._exports, _no_room(error)))

    def _write(self, encoder: Encoder, values: list[bytes], refused: dict[str, str]) -> None:
        parts = [head(5, 4), encoder.encode("polyrun"), encoder.encode(_VERSION)]
        parts += [encoder.encode("exports"), head(5, len(values)), *values]
        parts += [encoder.encode("refused"), encoder.encode(refused)]
        parts += [encoder.encode("defined"), encoder.encode(self._defined())]
        part = os.path.join(self._out, "values.part")
        with open(part, "wb") as file:
            file.writelines(parts)
        os.rename(part, os.path.join(self._out, "values.cbor"))

    def _defined(self) -> list[str]:
        """The variables that the block has set, if one that it was to export is missing."""
        if self._exports.keys() <= self._names.keys():
            return []
        mine = (name for name, value in self._names.items() if not isinstance(value, type(os)))
        return sorted(name for name in mine if name not in self._known and not name.startswith("_"))[:100]


def _no_room(error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    return f"its data cannot be written ({reason}); `limits.disk` is what a block may write"
